//! Stories of `eod mask golden`: masked rows of a source on one server become a golden database on another one.

mod concurrent;
mod raw;
mod refused;
mod secrets;
mod shadow;
mod vault;

use std::{
    path::Path,
    process::Command,
    sync::{
        OnceLock,
        atomic::{AtomicU32, Ordering},
    },
    thread,
    time::Duration,
};

use eod_testkit::{
    command::{self, Finished},
    postgres::{ADMIN, PostgresServer, SUPERUSER, servers},
    wait::wait_until,
};
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use super::{MaskDatabase, MaskStory};

/// Key of all stories.
const KEY: &str = "wallaby-0123456789-abcdef-ghijkl";
/// Policy for the tables of a story.
const POLICY: &str = "\
version: 1
domains:
  email: { kind: email }
tables:
  app.customers:
    id: keep
    email: { domain: email }
    name: { kind: full_name }
    plate: { kind: national_id }
    profile: { kind: json }
  app.orders:
    customer_id: keep
    buyer: { domain: email }
    state: keep
    note: { kind: text }
";

/// A source, and a preview server.
pub(super) struct GoldenStory {
    pub(super) mask: MaskStory,
    /// Maintenance database of the preview server.
    preview: MaskDatabase,
    source: MaskDatabase,
    /// Role on the preview server.
    pub(super) role: &'static str,
    pub(super) name: String,
    pub(super) installation: String,
}

/// Server of the sources: a second one of the oldest version, whose programs include `pg_dump`.
fn source_server() -> &'static PostgresServer {
    static SERVER: OnceLock<PostgresServer> = OnceLock::new();
    SERVER.get_or_init(|| PostgresServer::start(&servers()[0].programs).unwrap())
}

impl GoldenStory {
    fn new(preview: &'static PostgresServer, role: &'static str) -> Self {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let number = COUNT.fetch_add(1, Ordering::Relaxed);
        let mask = MaskStory::new(preview);
        mask.write("masking.yaml", POLICY);
        Self {
            mask,
            preview: MaskDatabase::maintenance(preview),
            source: MaskDatabase::create(source_server(), "golden"),
            role,
            name: format!("golden_story_{number}"),
            installation: format!("golden-story-{number}"),
        }
    }

    /// One story per server, with different roles.
    pub(super) fn all() -> Vec<Self> {
        let roles = [SUPERUSER, ADMIN].into_iter().cycle();
        servers().iter().zip(roles).map(|(preview, role)| Self::new(preview, role)).collect()
    }

    /// Connection string of the source for a role.
    fn source_dsn(&self, role: &str) -> String {
        let port = source_server().port;
        format!("host=127.0.0.1 port={port} user={role} dbname={} sslmode=disable", self.source.name)
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let server = self.mask.dsn(self.role, "postgres");
        let all =
            [&["mask", "golden"], arguments, &["--server", &server, "--installation", &self.installation]].concat();
        let mut command = self.mask.command(&all);
        command.env("EOD_MASKING_KEY", KEY);
        command
    }

    /// Runs a command. No value of the source, no password and no key is printed.
    #[track_caller]
    pub(super) fn eod(&self, arguments: &[&str]) -> Finished {
        let finished = command::run(&mut self.command(arguments), "");
        let printed = format!("{}{}", finished.stdout, finished.stderr).to_lowercase();
        assert!(!printed.contains("canary") && !printed.contains(KEY), "{printed}");
        finished
    }

    /// JSON output of a command that ends with this exit code.
    #[track_caller]
    fn json(&self, code: i32, arguments: &[&str]) -> Value {
        let finished = self.eod(&[arguments, &["-o", "json"]].concat());
        assert_eq!(finished.code, Some(code), "{}", finished.report());
        serde_json::from_str(&finished.stdout).unwrap_or_else(|error| panic!("{error}: {}", finished.report()))
    }

    /// Options of a build from the source.
    fn build<'a>(&'a self, dsn: &'a str) -> Vec<&'a str> {
        let tools: &Path = &servers()[0].programs;
        vec!["build", &self.name, "--policy", "masking.yaml", "--source", dsn, "--tools", tools.to_str().unwrap()]
    }

    /// Waits until a statement waits for a lock.
    #[track_caller]
    fn waits(&self, beginning: &str) {
        let sql = format!(
            "SELECT count(*) FROM pg_stat_activity WHERE query LIKE '{beginning}%' AND wait_event_type = 'Lock'"
        );
        wait_until(&format!("`{beginning}` to wait"), Duration::from_secs(60), || {
            let count = self.preview.values(&sql).remove(0);
            if count == "0" { Err(count) } else { Ok(()) }
        });
    }

    /// State and database of all versions.
    #[track_caller]
    fn versions(&self) -> Vec<String> {
        let listed = self.json(0, &["list"]);
        let text = |golden: &Value, key: &str| golden[key].as_str().unwrap().to_owned();
        let goldens = listed["goldens"].as_array().unwrap().iter();
        goldens.map(|golden| format!("{} {}", text(golden, "state"), text(golden, "database"))).collect()
    }

    /// Databases and roles of the golden database that exist on the server.
    fn objects(&self) -> Vec<String> {
        self.preview.values(&format!(
            "SELECT datname FROM pg_database WHERE datname LIKE '{0}%' UNION ALL SELECT rolname FROM pg_roles WHERE rolname \
             LIKE '{0}%' ORDER BY 1",
            self.name
        ))
    }

    /// Publishes a golden database of the source.
    #[track_caller]
    pub(super) fn publish(&self) {
        let dsn = self.source_dsn(SUPERUSER);
        self.eod(&self.build(&dsn)).expect_ok();
        self.eod(&["publish", &self.name]).expect_ok();
    }

    /// Name for messages.
    pub(super) fn label(&self) -> String {
        format!("PostgreSQL {} as {}", self.mask.server.version, self.role)
    }
}

fn time(value: &Value) -> Timestamp {
    value.as_str().unwrap().parse().unwrap()
}

#[test]
fn golden_is_built_verified_published_listed_and_pruned() {
    for story in GoldenStory::all() {
        let (label, name) = (story.label(), story.name.as_str());
        let dsn = story.source_dsn(SUPERUSER);
        let build = story.build(&dsn);
        let next = format!("{name}_next");

        // A dry run checks and estimates, and writes nothing.
        let dry = story.json(0, &[&build[..], &["--dry-run"]].concat());
        assert_eq!(dry["dry_run"], true, "{label}");
        assert_eq!((&dry["estimate"]["rows"], &dry["estimate"]["tools_version"]), (&json!(500), &json!(15)), "{label}");
        assert!(dry["estimate"]["bytes"].as_u64().unwrap() > 0, "{label}: {dry}");
        let text = story.eod(&[&build[..], &["--dry-run"]].concat()).expect_ok();
        assert!(text.contains("app.customers") && text.contains("Nothing was written"), "{label}: {text}");
        assert_eq!(story.objects(), [""; 0], "{label}");

        let built = story.json(0, &build);
        assert_eq!((&built["version"], &built["installation"]), (&json!(1), &json!(story.installation)), "{label}");
        let report = &built["report"];
        assert_eq!((&report["database"], &report["facts"]["rows"]), (&json!(next), &json!(500)), "{label}");
        let masked: Vec<_> = report["tables"].as_array().unwrap().iter().map(|table| &table["masked"]).collect();
        assert_eq!(masked, [&json!(4), &json!(2)], "{label}");
        assert!(report["values"].as_u64().unwrap() > 100, "{label}: {report}");
        assert_eq!(story.versions(), [format!("built {next}")], "{label}");

        // Without a published version the build is verified.
        let verify = ["verify", name, "--policy", "masking.yaml", "--source", &dsn];
        let estimate = story.json(0, &[&verify[..], &["--dry-run"]].concat());
        assert_eq!(estimate["estimate"]["database"], next.as_str(), "{label}");
        let verified = story.json(0, &verify);
        assert_eq!((&verified["ok"], &verified["report"]["rows"]), (&json!(true), &json!(500)), "{label}");
        assert!(verified["report"]["values"].as_u64().unwrap() > 100, "{label}: {verified}");
        let text = story.eod(&verify);
        for line in ["check", "copy", "verify", "verify: table app.orders: 300 rows; "] {
            assert!(text.stderr.lines().any(|found| found.starts_with(line)), "{label}: {line}: {}", text.report());
        }
        assert_eq!(story.eod(&[&verify[..], &["--published"]].concat()).code, Some(1), "{label}");

        let before = story.objects();
        let dry = story.json(0, &["publish", name, "--dry-run"]);
        assert_eq!(
            (&dry["dry_run"], &dry["kept_as"], story.objects()),
            (&json!(true), &Value::Null, before),
            "{label}"
        );
        let published = story.json(0, &["publish", name]);
        let validity = time(&published["valid_until"]).duration_since(time(&report["facts"]["taken_at"]));
        assert_eq!(validity, SignedDuration::from_hours(30 * 24), "{label}");
        assert_eq!(story.versions(), [format!("published {name}")], "{label}");
        let text = story.eod(&["list"]).expect_ok();
        assert!(text.starts_with("NAME") && text.contains(name), "{label}: {text}");

        clone_has_masked_rows_only(&story);
        next_version_replaces_the_published_one(&story, &build);
    }
}

/// The golden database is closed. A clone has all rows, and equal values stay equal.
fn clone_has_masked_rows_only(story: &GoldenStory) {
    let (label, name) = (story.label(), &story.name);
    let open = story.preview.values(&format!("SELECT datallowconn FROM pg_database WHERE datname = '{name}'"));
    assert_eq!(open, ["f"], "{label}");
    let clone = format!("{name}_clone");
    story.preview.run_in("postgres", &format!("CREATE DATABASE {clone} TEMPLATE {name}"));
    let value = |sql: &str| story.preview.values_in(&clone, sql).remove(0);
    let joined = "SELECT count(*) FROM app.orders o JOIN app.customers c ON c.email = o.buyer";
    assert_eq!(value(joined), story.source.values(joined)[0], "{label}");
    for table in ["app.customers", "app.orders"] {
        assert_eq!(value(&format!("SELECT count(*) FROM {table} t WHERE t::text ILIKE '%canary%'")), "0", "{label}");
    }
    story.preview.run_in("postgres", &format!("DROP DATABASE {clone}"));
}

fn next_version_replaces_the_published_one(story: &GoldenStory, build: &[&str]) {
    let (label, name) = (story.label(), story.name.as_str());
    let text = story.eod(build);
    assert_eq!(text.code, Some(0), "{label}: {}", text.report());
    assert!(text.stderr.contains("load: table app.orders: 300 rows; "), "{label}: {}", text.report());
    assert!(text.stdout.ends_with(&format!("next: eod mask golden publish {name}\n")), "{label}: {}", text.report());
    // The snapshot is older than a second then.
    thread::sleep(Duration::from_secs(1));
    let short = story.eod(&["publish", name, "--valid-for", "1s"]);
    assert!(short.code == Some(1) && short.stderr.contains("was valid until"), "{label}: {}", short.report());
    let published = story.json(0, &["publish", name, "--valid-for", "2d"]);
    let kept = published["kept_as"].as_str().unwrap();
    assert_eq!(story.versions(), [format!("published {name}"), format!("kept {kept}")], "{label}");
    let again = story.eod(&["publish", name]);
    assert!(again.code == Some(1) && again.stderr.contains("has no finished build"), "{label}: {}", again.report());

    assert!(story.eod(&["prune"]).expect_ok().contains("nothing to remove"), "{label}");
    let prune = ["prune", name, "--keep", "0"];
    let dry = story.json(0, &[&prune[..], &["--dry-run"]].concat());
    let expected = json!([{ "database": kept, "reason": "older", "removed": false, "error": null }]);
    assert_eq!((&dry["pruned"], story.versions().len()), (&expected, 2), "{label}");
    let text = story.eod(&prune).expect_ok();
    assert_eq!(text, format!("{kept} was removed: newer versions are kept\n"), "{label}");
    assert_eq!(story.versions(), [format!("published {name}")], "{label}");
}
