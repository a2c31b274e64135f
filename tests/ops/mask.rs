//! Stories of `eod mask` on real PostgreSQL servers, without a cluster.

mod clones;
mod database;
mod golden;
mod oracle;
mod run;

use std::{
    fs,
    io::{BufRead, BufReader},
    process::{Command, Stdio},
    time::Duration,
};

use eod_testkit::{
    command::{self, Finished},
    postgres::{ADMIN, LoopFileSystem, LoopMount, PASSWORD, PostgresServer, READER, SUPERUSER, servers},
    wait::wait_until,
};
use serde_json::{Value, json};
use tempfile::TempDir;

use self::database::MaskDatabase;

/// Part of the password of the kit that no escape changes.
const PASSWORD_CANARY: &str = "canary-7Zq9";

/// A folder with the files of a story, and a server.
struct MaskStory {
    server: &'static PostgresServer,
    folder: TempDir,
}

impl MaskStory {
    fn new(server: &'static PostgresServer) -> Self {
        Self { server, folder: tempfile::tempdir().unwrap() }
    }

    /// Connection string without a password.
    fn dsn(&self, user: &str, database: &str) -> String {
        format!("host=127.0.0.1 port={} user={user} dbname={database} sslmode=disable", self.server.port)
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_eod"));
        command.args(arguments).env_clear().env("PGPASSWORD", PASSWORD).current_dir(self.folder.path());
        command
    }

    #[track_caller]
    fn eod(&self, arguments: &[&str]) -> Finished {
        let finished = command::run(&mut self.command(arguments), "");
        // The report also has the arguments, some of them with a password that must be refused.
        let printed = format!("{}{}", finished.stdout, finished.stderr);
        assert!(!printed.contains(PASSWORD_CANARY), "a password is printed: {printed}");
        finished
    }

    /// JSON output of a command that ends with this exit code.
    #[track_caller]
    fn json(&self, code: i32, arguments: &[&str]) -> Value {
        let finished = self.eod(&[arguments, &["-o", "json"]].concat());
        assert_eq!(finished.code, Some(code), "{}", finished.report());
        serde_json::from_str(&finished.stdout).unwrap_or_else(|error| panic!("{error}: {}", finished.report()))
    }

    fn write(&self, name: &str, text: &str) {
        fs::write(self.folder.path().join(name), text).unwrap();
    }
}

#[test]
fn suggested_policy_fits_its_database_and_has_no_value() {
    for server in servers() {
        let story = MaskStory::new(server);
        let database = MaskDatabase::create(server, "suggest");
        let dsn = story.dsn(SUPERUSER, &database.name);
        let policy = story.eod(&["mask", "suggest", "--source", &dsn]).expect_ok();
        assert!(!policy.to_lowercase().contains("canary"), "{policy}");
        for line in [
            "  email: { kind: email }",
            "    email: { domain: email }  # by its values",
            "    buyer: { domain: email }  # by its values",
            "    customer_id: keep",
            "    state: keep  # few different values, check that none is personal",
            "    profile: { kind: json }  # by its type",
        ] {
            assert!(policy.lines().any(|found| found.starts_with(line)), "no `{line}` in\n{policy}");
        }
        story.write("masking.yaml", &policy);
        let checked = story.eod(&["mask", "check", "--policy", "masking.yaml", "--source", &dsn]).expect_ok();
        assert!(checked.contains("masking.yaml: ok: ") && checked.contains("pass 1 CHECK constraint\n"), "{checked}");
        // A role without SELECT gets rules by names and types, and a warning with the GRANT.
        let blind = story.eod(&["mask", "suggest", "--source", &story.dsn(READER, &database.name)]);
        assert_eq!(blind.code, Some(3), "{}", blind.report());
        assert!(blind.stderr.contains("GRANT pg_read_all_data TO <role>"), "{}", blind.report());
        assert!(blind.stdout.contains("    buyer: { kind: text }  # by its type"), "{}", blind.report());
        let document = story.json(0, &["mask", "suggest", "--no-samples", "--source", &dsn]);
        assert_eq!(document["database"], database.name.as_str());
        assert!(document["columns"].as_array().unwrap().iter().all(|column| column["decided"] == true), "{document}");
    }
}

#[test]
fn check_names_columns_rules_and_constraints_that_do_not_fit() {
    for server in servers() {
        let story = MaskStory::new(server);
        let database = MaskDatabase::create(server, "check");
        let dsn = story.dsn(SUPERUSER, &database.name);
        let policy = |email: &str| {
            format!(
                "version: 1\ntables:\n  app.customers:\n    email: {email}\n    name: {{ kind: full_name }}\n    \
                 plate: {{ kind: national_id }}\n    profile: {{ kind: json }}\n  app.orders: keep\n"
            )
        };
        let check = ["mask", "check", "--policy", "masking.yaml", "--source", &dsn];
        story.write("masking.yaml", &policy("{ kind: email }").replace("    name:", "    nome:"));
        let document = story.json(3, &check);
        assert_eq!((&document["ok"], &document["version"]), (&json!(false), &json!(1)));
        let findings = document["findings"].as_array().unwrap();
        let find = |part: &str| {
            let found = findings.iter().find(|finding| finding["message"].as_str().unwrap().contains(part));
            found.unwrap_or_else(|| panic!("no `{part}` in {document}"))
        };
        assert_eq!(find("has no column `nome`")["line"], 5);
        assert_eq!(find("column app.customers.name of type text has no rule")["line"], Value::Null);
        // The CHECK of the column requires a domain that no masked address has.
        story.write("masking.yaml", &policy("{ kind: email }"));
        let wrong = story.eod(&check);
        assert_eq!(wrong.code, Some(3), "{}", wrong.report());
        assert!(
            wrong.stdout.contains("CHECK constraint `at_canary` of table app.customers refuses "),
            "{}",
            wrong.report()
        );
        assert!(wrong.stdout.contains("app.customers.email"), "{}", wrong.report());
        // A domain with columns of different lengths.
        story.write(
            "masking.yaml",
            "version: 1\ndomains: { mail: { kind: email } }\ntables:\n  app.customers:\n    email: { domain: mail }\n    \
             name: keep\n    plate: { domain: mail }\n    profile: keep\n  app.orders: keep\n",
        );
        let lengths = story.eod(&check);
        assert_eq!(lengths.code, Some(3), "{}", lengths.report());
        assert!(
            lengths.stdout.contains("are in one domain, so they must have the same length"),
            "{}",
            lengths.report()
        );
        story.write("masking.yaml", &policy("keep"));
        let right = story.eod(&check).expect_ok();
        assert!(right.contains("masked values pass 1 CHECK constraint"), "{right}");
    }
}

#[test]
fn mistakes_of_a_policy_and_of_the_command_line_have_exit_code_2() {
    let story = MaskStory::new(&servers()[0]);
    story.write("masking.yaml", "version: 2\ntables:\n  customers: keep\n  public.x: { a: { kind: emial } }\n");
    let finished = story.eod(&["mask", "check", "--policy", "masking.yaml"]);
    assert_eq!(finished.code, Some(2), "{}", finished.report());
    for begin in ["masking.yaml:1:10: ", "masking.yaml:3:3: ", "masking.yaml:4:26: "] {
        assert!(finished.stdout.lines().any(|line| line.starts_with(begin)), "{begin}: {}", finished.report());
    }
    let document = story.json(2, &["mask", "check", "--policy", "masking.yaml"]);
    assert_eq!(document["findings"].as_array().unwrap().len(), 3, "{document}");
    let schema = story.eod(&["mask", "check", "--schema"]).expect_ok();
    let schema: Value = serde_json::from_str(&schema).unwrap();
    assert_eq!(schema["$schema"], "https://json-schema.org/draft/2020-12/schema");
    // Passwords in arguments are refused, in every form and place.
    let port = story.server.port;
    let uri = format!("postgres://{SUPERUSER}:{PASSWORD_CANARY}@127.0.0.1:{port}/postgres");
    let list = format!("host=127.0.0.1 port={port} user={SUPERUSER} password={PASSWORD_CANARY}");
    for dsn in [uri.as_str(), list.as_str()] {
        for arguments in [
            vec!["mask", "suggest", "--source", dsn],
            vec!["mask", "doctor", "--server", dsn],
            vec!["mask", "watch", "postgres", "--server", dsn],
            vec!["mask", "suggest", dsn],
        ] {
            assert_eq!(story.eod(&arguments).code, Some(2), "{}", arguments[1]);
        }
    }
    assert_eq!(story.eod(&["mask", "check", "--policy", "missing.yaml"]).code, Some(2));
    assert_eq!(story.eod(&["mask", "suggest"]).code, Some(2), "no server is set");
}

#[test]
fn connection_string_can_have_a_password_in_a_file_or_variable() {
    let story = MaskStory::new(&servers()[0]);
    let database = MaskDatabase::create(story.server, "secret");
    let dsn = format!("{} password='{PASSWORD}'", story.dsn(SUPERUSER, &database.name));
    story.write("dsn", &format!("{dsn}\n"));
    let with = |variable: Option<&str>, arguments: &[&str]| {
        let mut command = story.command(arguments);
        command.env_remove("PGPASSWORD");
        command.envs(variable.map(|value| ("EOD_SOURCE_DSN", value)));
        let finished = command::run(&mut command, "");
        assert!(!finished.report().contains(PASSWORD_CANARY), "{}", finished.report());
        finished
    };
    with(None, &["mask", "suggest", "--source-file", "dsn"]).expect_ok();
    with(Some(&dsn), &["mask", "suggest"]).expect_ok();
    let wrong = with(Some(&dsn.replace(PASSWORD, "wrong-canary-7Zq9")), &["mask", "suggest"]);
    assert_eq!(wrong.code, Some(1), "{}", wrong.report());
    assert!(wrong.stderr.contains("cannot connect to database"), "{}", wrong.report());
}

#[test]
fn scope_of_migrations_is_printed() {
    let story = MaskStory::new(&servers()[0]);
    story.write("1.sql", "ALTER TABLE app.customers\n  ADD COLUMN vat text;\nDO $$ BEGIN EXECUTE x; END $$;\n");
    let finished = story.eod(&["mask", "scope", "1.sql"]).expect_ok();
    assert!(finished.contains("app.customers.vat"), "{finished}");
    let document = story.json(0, &["mask", "scope", "1.sql"]);
    assert_eq!(document["tables"], json!([{ "table": "app.customers", "file": "1.sql", "line": 1, "created": false }]));
    assert_eq!((&document["all_tables"], &document["reasons"][0]["line"]), (&json!(true), &json!(3)));
    assert_eq!(story.eod(&["mask", "scope", "missing.sql"]).code, Some(2));
    let mut stdin = story.command(&["mask", "scope", "-"]);
    assert!(command::run(&mut stdin, "DELETE FROM orders").expect_ok().contains("orders"));
}

#[test]
fn doctor_prints_sql_and_removes_its_databases() {
    for server in servers() {
        let story = MaskStory::new(server);
        let dsn = story.dsn(ADMIN, "postgres");
        let script = story.eod(&["mask", "doctor", "--server", &dsn]);
        assert_eq!(script.code, Some(3), "{}", script.report());
        assert!(
            script.stdout.contains("-- measured: ") && script.stdout.contains("GRANT pg_monitor TO"),
            "{}",
            script.report()
        );
        assert!(script.stdout.contains("REVOKE CONNECT ON DATABASE \"template1\" FROM PUBLIC;"), "{}", script.report());
        // Everything that is not a comment is SQL that the server accepts.
        let database = MaskDatabase::create(server, "doctor");
        for statement in script.stdout.lines().filter(|line| !line.starts_with("--") && !line.is_empty()) {
            assert!(statement.ends_with(';'), "{statement}");
            database.parses(statement);
        }
        let document = story.json(3, &["mask", "doctor", "--server", &story.dsn(SUPERUSER, "postgres")]);
        assert!(document["measured"]["clone_seconds"].as_f64().unwrap() > 0.0, "{document}");
        assert!(document["measured"]["files"].as_u64().unwrap() > 100, "{document}");
        let quick = story.json(3, &["mask", "doctor", "--no-measure", "--server", &dsn]);
        assert_eq!(quick["measured"], Value::Null);
        let owned = "SELECT datname FROM pg_database d JOIN pg_roles r ON r.oid = d.datdba WHERE datname LIKE 'eod_doctor%' AND rolname = 'eod_admin'";
        assert_eq!(database.values(owned), [""; 0]);
    }
}

#[test]
fn doctor_measures_blocks_that_a_file_system_shares() {
    let newest = servers().last().unwrap();
    for kind in LoopFileSystem::ALL {
        let Some(mount) = LoopMount::create(kind) else { return };
        for (method, sharing, strategy) in [("clone", "shared", "clone"), ("copy", "copied", "copy")] {
            let server = PostgresServer::start_on(&newest.programs, &mount, &[("file_copy_method", method)]).unwrap();
            let folder = tempfile::tempdir().unwrap();
            let dsn = format!("host=127.0.0.1 port={} user={SUPERUSER} dbname=postgres sslmode=disable", server.port);
            let mut doctor = Command::new(env!("CARGO_BIN_EXE_eod"));
            doctor.args(["mask", "doctor", "--server", &dsn, "-o", "json"]).env_clear().env("PGPASSWORD", PASSWORD);
            let doctor = command::run(doctor.current_dir(folder.path()), "");
            assert_eq!(doctor.code, Some(3), "{}", doctor.report());
            let document: Value = serde_json::from_str(&doctor.stdout).unwrap();
            let measured = &document["measured"];
            // Btrfs counts the blocks of a copy only when it has written them.
            let expected = if (kind, method) == (LoopFileSystem::Btrfs, "copy") && measured["strategy"] == "unknown" {
                ("unknown", "unknown")
            } else {
                (sharing, strategy)
            };
            let found = (&measured["block_sharing"], &measured["strategy"]);
            assert_eq!(found, (&json!(expected.0), &json!(expected.1)), "{kind:?}, {method}: {document}");
        }
    }
}

#[test]
fn interrupted_doctor_leaves_no_database() {
    let server = &servers()[0];
    let story = MaskStory::new(server);
    let database = MaskDatabase::create(server, "interrupt");
    // No database can be created or removed until the lock is released.
    let lock = database.lock_databases();
    let mut doctor = story.command(&["mask", "doctor", "--server", &story.dsn(SUPERUSER, "postgres")]);
    let doctor = doctor.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let waiting =
        "SELECT count(*) FROM pg_stat_activity WHERE query LIKE 'CREATE DATABASE \"eod_doctor%' AND state = 'active'";
    wait_until("doctor to create a database", Duration::from_secs(30), || {
        let count = database.values(waiting).remove(0);
        if count == "0" { Err(count) } else { Ok(()) }
    });
    let pid = doctor.id().to_string();
    command::run(Command::new("kill").args(["-INT", &pid]), "").expect_ok();
    drop(lock);
    let output = doctor.wait_with_output().unwrap();
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(1), "{stderr}");
    assert!(stderr.contains("cancelled; the databases of the measurement were removed"), "{stderr}");
    let left = database.values(&format!("SELECT datname FROM pg_database WHERE datname LIKE 'eod_doctor_{pid}%'"));
    assert_eq!(left, [""; 0]);
}

#[test]
fn watch_shows_the_work_and_ends_with_it() {
    let server = &servers()[0];
    let story = MaskStory::new(server);
    let database = MaskDatabase::create(server, "watch");
    let dsn = story.dsn(SUPERUSER, "postgres");
    let idle = story.eod(&["mask", "watch", &database.name, "--server", &dsn]).expect_ok();
    assert!(idle.contains("no work of EoD is running"), "{idle}");
    assert_eq!(story.eod(&["mask", "watch", "missing", "--server", &dsn]).code, Some(1));
    let work = database.work("eod: load app.orders");
    let document = story.json(0, &["mask", "watch", &database.name, "--server", &dsn]);
    assert_eq!(document["sessions"][0]["work"], "eod: load app.orders", "{document}");
    let mut watch = story.command(&["mask", "watch", &database.name, "--server", &dsn]);
    let mut watch = watch.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
    // The work ends only after the command has shown it.
    let mut lines = BufReader::new(watch.stdout.take().unwrap()).lines().map(Result::unwrap);
    let shown = lines.find(|line| line.contains("eod: load app.orders"));
    assert!(shown.is_some(), "the command ended without a line for the work");
    drop(work);
    let last = lines.last().unwrap_or_default();
    assert!(last.ends_with("the work has ended"), "{last}");
    assert!(watch.wait().unwrap().success());
}
