//! Stories of `eod mask clones`: clones of golden databases are listed, and what nobody needs any more is removed.

use std::time::Duration;

use eod_clients::{
    Deadline,
    postgres::{Postgres, PostgresAccess, PostgresSession, PostgresSettings},
};
use eod_domain::Nonce;
use eod_golden::GoldenName;
use eod_snapshot::{CloneName, CloneOwner, ClonePassword, CloneRequest, CloneServer, KeptClone};
use eod_testkit::{
    command::{self, Finished},
    postgres::{ADMIN, PASSWORD, SUPERUSER, servers},
    wait::wait_until,
};
use jiff::Timestamp;
use serde_json::{Value, json};
use tokio::runtime::Runtime;
use tokio_util::sync::CancellationToken;

use super::golden::GoldenStory;

const HOUR: Duration = Duration::from_hours(1);

/// A golden database and its clones.
struct CloneStory {
    golden: GoldenStory,
    runtime: Runtime,
}

/// A long time limit, which ends a broken test.
fn deadline() -> Deadline {
    Deadline::within(Duration::from_secs(60), CancellationToken::new())
}

impl CloneStory {
    /// One story per server, with different roles.
    #[track_caller]
    fn all() -> Vec<Self> {
        let story = |golden: GoldenStory| {
            golden.publish();
            let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
            Self { golden, runtime }
        };
        GoldenStory::all().into_iter().map(story).collect()
    }

    fn client(&self, user: &str, password: &str, database: &str) -> Postgres {
        let mut settings = PostgresSettings::default();
        let port = self.golden.mask.server.port.to_string();
        for (keyword, value) in
            [("host", "127.0.0.1"), ("port", &port), ("dbname", database), ("user", user), ("password", password)]
        {
            settings.set(keyword, value).unwrap();
        }
        Postgres::new(PostgresAccess::new(&settings).unwrap())
    }

    fn name(&self, environment: &str) -> CloneName {
        CloneName::of(&GoldenName::new(&self.golden.name).unwrap(), &environment.parse().unwrap())
    }

    fn owner(&self, environment: &str) -> CloneOwner {
        CloneOwner {
            environment: environment.parse().unwrap(),
            installation: self.golden.installation.parse().unwrap(),
        }
    }

    async fn server(&self) -> CloneServer {
        let server = self.client(self.golden.role, PASSWORD, "postgres");
        CloneServer::connect(&server, &self.golden.installation.parse().unwrap(), &deadline()).await.unwrap()
    }

    /// A clone that is not open yet. The run works on it until the result is dropped.
    fn begin(&self, environment: &str) -> CloneServer {
        let (name, owner) = (self.name(environment), self.owner(environment));
        let golden = GoldenName::new(&self.golden.name).unwrap();
        let nonce = Nonce::new([1; 16]);
        let request = CloneRequest { name: &name, owner: &owner, golden: &golden, nonce: &nonce };
        self.runtime.block_on(async {
            let mut server = self.server().await;
            server.begin(request, &deadline()).await.unwrap_or_else(|error| panic!("{}", error.chain()));
            server
        })
    }

    fn open(&self, environment: &str) -> ClonePassword {
        let mut server = self.begin(environment);
        let (name, owner, password) = (self.name(environment), self.owner(environment), ClonePassword::new([1; 32]));
        self.runtime.block_on(server.open(&name, &owner, &password, &deadline())).unwrap();
        password
    }

    fn keep(&self, environment: &str, keep_for: Duration) -> KeptClone {
        self.open(environment);
        let (name, owner) = (self.name(environment), self.owner(environment));
        let kept =
            self.runtime.block_on(async { self.server().await.keep(&name, &owner, None, keep_for, &deadline()).await });
        kept.unwrap_or_else(|error| panic!("{}", error.chain())).unwrap()
    }

    /// A temporary login without any time left.
    fn login(&self, environment: &str) -> String {
        let (name, owner, nonce) = (self.name(environment), self.owner(environment), Nonce::new([2; 16]));
        let (password, limit) = (ClonePassword::new([2; 32]), Duration::ZERO);
        let made = self.runtime.block_on(async {
            self.server().await.create_login(&name, &owner, &nonce, &password, limit, &deadline()).await
        });
        made.unwrap().role
    }

    fn session(&self, user: &str, password: &str, database: &str) -> PostgresSession {
        self.runtime.block_on(self.client(user, password, database).connect(&deadline())).unwrap()
    }

    fn end(&self, session: PostgresSession) {
        self.runtime.block_on(session.close(&deadline())).unwrap();
    }

    #[track_caller]
    fn eod(&self, arguments: &[&str]) -> Finished {
        let server = self.golden.mask.dsn(self.golden.role, "postgres");
        let all = [&["mask", "clones"], arguments, &["--server", &server, "--installation", &self.golden.installation]]
            .concat();
        let finished = command::run(&mut self.golden.mask.command(&all), "");
        let printed = format!("{}{}", finished.stdout, finished.stderr);
        assert!(!printed.contains(PASSWORD) && !printed.to_lowercase().contains("canary"), "{printed}");
        finished
    }

    /// JSON output of a command that ends with this exit code.
    #[track_caller]
    fn json(&self, code: i32, arguments: &[&str]) -> Value {
        let finished = self.eod(&[arguments, &["-o", "json"]].concat());
        assert_eq!(finished.code, Some(code), "{}", finished.report());
        serde_json::from_str(&finished.stdout).unwrap_or_else(|error| panic!("{error}: {}", finished.report()))
    }

    /// The server releases the lock of a run a moment after its session has ended.
    #[track_caller]
    fn wait_for_the_end_of_the_run(&self) {
        wait_until("the end of the run", Duration::from_secs(30), || {
            let listed = self.eod(&["list"]);
            if listed.stderr.contains("was interrupted") { Ok(()) } else { Err(listed.report()) }
        });
    }

    /// State and environment of all clones.
    #[track_caller]
    fn states(&self, code: i32) -> Vec<String> {
        let listed = self.json(code, &["list"]);
        let clones = listed["clones"].as_array().unwrap().iter();
        clones.map(|clone| format!("{} {}", text(clone, "environment"), text(clone, "state"))).collect()
    }
}

fn text<'a>(value: &'a Value, key: &str) -> &'a str {
    value[key].as_str().unwrap_or_else(|| panic!("no {key} in {value}"))
}

#[test]
fn clones_are_listed_with_state_size_and_last_connection() {
    for story in CloneStory::all() {
        let label = story.golden.label();
        assert_eq!(story.states(0), [""; 0], "{label}");
        let password = story.open("pr-1");
        let kept = story.keep("pr-2", HOUR);
        let name = story.name("pr-1");
        let listed = story.json(0, &["list"]);
        assert_eq!(listed["installation"], story.golden.installation.as_str(), "{label}");
        let clones = listed["clones"].as_array().unwrap();
        assert_eq!(clones.len(), 2, "{label}: {listed}");
        let clone = &clones[0];
        assert_eq!((text(clone, "database"), text(clone, "state")), (name.as_str(), "open"), "{label}");
        assert_eq!(text(clone, "golden"), story.golden.name, "{label}");
        assert_eq!(text(clone, "golden_version").len(), 14, "{label}");
        assert!(clone["bytes"].as_u64().unwrap() > 1 << 20, "{label}: {clone}");
        // The servers of the kit copy all blocks.
        assert_eq!(clone["own_bytes"], clone["bytes"], "{label}");
        assert_eq!((&clone["sessions"], &clone["last_connection_at"]), (&json!(0), &Value::Null), "{label}");
        assert_eq!(
            (text(&clones[1], "database"), text(&clones[1], "state")),
            (kept.name().as_str(), "kept"),
            "{label}"
        );
        assert_eq!(text(&clones[1], "kept_until"), kept.facts.plan.until.to_string(), "{label}");

        let session = story.session(&name.login(), password.reveal(), name.as_str());
        let listed = story.json(0, &["list", "--environment", "pr-1"]);
        assert_eq!(listed["clones"].as_array().unwrap().len(), 1, "{label}: {listed}");
        let clone = &listed["clones"][0];
        assert_eq!(clone["sessions"], 1, "{label}");
        let time = |key: &str| text(clone, key).parse::<Timestamp>().unwrap();
        assert!(time("last_connection_at") > time("opened_at"), "{label}: {clone}");
        let table = story.eod(&["list"]).expect_ok();
        assert!(table.starts_with("ENVIRONMENT") && table.contains("now, 1 session"), "{label}: {table}");
        story.end(session);
    }
}

#[test]
fn prune_removes_what_is_interrupted_or_past_its_time_and_nothing_else() {
    for story in CloneStory::all() {
        let label = story.golden.label();
        story.open("pr-1");
        story.keep("pr-2", HOUR);
        // Before the next clone: a create sweeps what is past its time.
        let running = story.begin("pr-3");
        let killed = story.begin("pr-4");
        let over = story.keep("pr-5", Duration::ZERO);
        let login = story.login("pr-1");
        drop(killed);
        story.wait_for_the_end_of_the_run();
        let all = ["pr-1 open", "pr-2 kept", "pr-3 unfinished", "pr-4 unfinished", "pr-5 kept"];
        let listed = story.eod(&["list"]);
        assert_eq!(listed.code, Some(3), "{label}: {}", listed.report());
        for expected in [
            format!("{} was kept until", over.name()),
            format!("the create or the removal of {} was interrupted", story.name("pr-4")),
        ] {
            assert!(listed.stderr.contains(&expected), "{label}: {}", listed.report());
        }
        assert!(!listed.stderr.contains(story.name("pr-3").as_str()), "{label}: {}", listed.report());
        assert_eq!(story.states(3), all, "{label}");

        let dry = story.json(0, &["prune", "--dry-run"]);
        let expected = json!([
            { "database": story.name("pr-4"), "environment": "pr-4", "reason": "interrupted", "removed": false, "error": null },
            { "database": over.name(), "environment": "pr-5", "reason": "over", "removed": false, "error": null },
        ]);
        assert_eq!((&dry["dry_run"], &dry["pruned"]), (&json!(true), &expected), "{label}");
        assert_eq!(text(&dry["logins"][0], "role"), login, "{label}: {dry}");
        assert_eq!(story.states(3), all, "{label}: a dry run writes nothing");

        let pruned = story.eod(&["prune"]).expect_ok();
        let lines: Vec<_> = pruned.lines().collect();
        assert_eq!(lines.len(), 3, "{label}: {pruned}");
        assert!(lines[0].ends_with("was removed: its create or its removal was interrupted"), "{label}: {pruned}");
        assert!(lines[1].ends_with("was removed: the time that it is kept has passed"), "{label}: {pruned}");
        assert!(lines[2].starts_with(&format!("login {login} of ")), "{label}: {pruned}");
        assert_eq!(story.states(0), ["pr-1 open", "pr-2 kept", "pr-3 unfinished"], "{label}");
        assert_eq!(story.eod(&["prune"]).expect_ok(), "nothing to remove\n", "{label}");
        drop(running);
    }
}

#[test]
fn clone_that_cannot_be_removed_is_named() {
    for story in CloneStory::all().into_iter().filter(|story| story.golden.role == ADMIN) {
        let name = story.name("pr-1");
        drop(story.begin("pr-1"));
        story.wait_for_the_end_of_the_run();
        // Only a superuser can end a session of a superuser.
        let person = story.session(SUPERUSER, PASSWORD, name.as_str());
        let pruned = story.eod(&["prune"]);
        assert_eq!(pruned.code, Some(3), "{}", pruned.report());
        let expected = format!("warning: {name} could not be removed: clone `{name}` cannot be removed yet");
        assert!(pruned.stderr.contains(&expected), "{}", pruned.report());
        assert!(pruned.stderr.contains("a session of role `postgres`"), "{}", pruned.report());
        story.end(person);
        story.eod(&["prune"]).expect_ok();
        assert_eq!(story.states(0), [""; 0]);
    }
}

#[test]
fn server_that_cannot_be_used_is_one_error() {
    let story = super::MaskStory::new(&servers()[0]);
    for command in ["list", "prune"] {
        let refused = story.eod(&["mask", "clones", command, "--server", "host=127.0.0.1 port=1 user=eod"]);
        assert!(refused.code == Some(1) && refused.stderr.starts_with("error: "), "{}", refused.report());
        assert_eq!(story.eod(&["mask", "clones", command]).code, Some(2), "no server is set");
    }
}
