//! Stories of `eod mask scope --shadow`: a command runs in a clone of a golden database.

use std::{
    io::{BufRead, BufReader},
    process::Stdio,
};

use eod_testkit::{
    command::{self, Finished},
    postgres::{SUPERUSER, servers},
};
use serde_json::{Value, json};

use super::GoldenStory;

/// Statements of a tool that generates SQL.
const MIGRATIONS: &str = "\
DO $$BEGIN EXECUTE 'ALTER TABLE app.customers ADD COLUMN nick' || 'name text'; END$$;
UPDATE app.orders SET state = 'paid' WHERE state = 'new';
CREATE TABLE app.invoices (id int PRIMARY KEY);
SELECT count(*) FROM app.customers";

/// Runs `eod mask scope --shadow` with a command.
fn scope(story: &GoldenStory, command: &[&str]) -> Finished {
    let server = story.mask.dsn(story.role, "postgres");
    let options = ["mask", "scope", "--shadow", "--golden", &story.name, "--server", &server];
    let all = [&options[..], &["--installation", &story.installation, "-o", "json", "--"], command].concat();
    command::run(&mut story.mask.command(&all), "")
}

#[test]
fn tables_that_a_command_touches_are_found_in_a_clone_that_is_removed() {
    let psql = servers()[0].programs.join("psql");
    let psql = psql.to_str().unwrap();
    for story in GoldenStory::all() {
        story.publish();
        let before = story.objects();
        let run = scope(&story, &[psql, "--no-psqlrc", "--set=ON_ERROR_STOP=1", "--command", MIGRATIONS]);
        assert_eq!(run.code, Some(0), "{}", run.report());
        let found: Value = serde_json::from_str(&run.stdout).unwrap();
        let tables = json!([
            { "table": "app.customers", "renamed_to": null, "uses": ["altered", "read"] },
            { "table": "app.invoices", "renamed_to": null, "uses": ["created"] },
            { "table": "app.orders", "renamed_to": null, "uses": ["written", "read"] },
        ]);
        assert_eq!(found["tables"], tables, "{}", run.report());
        assert_eq!(story.objects(), before, "the clone is removed");

        let run = scope(&story, &[psql, "--no-psqlrc", "--command", "SELECT 1 FROM app.missing"]);
        assert_eq!((run.code, run.stdout.as_str()), (Some(1), ""), "{}", run.report());
        assert!(
            run.stderr.contains("app.missing") && run.stderr.contains("its scope is not known"),
            "{}",
            run.report()
        );
        let run = scope(&story, &["/missing/program"]);
        assert!(run.code == Some(1) && run.stderr.contains("cannot run `/missing/program`"), "{}", run.report());
        assert_eq!(story.objects(), before, "the clone is removed");
    }
}

#[test]
fn command_gets_the_address_of_the_clone_and_not_the_login_of_the_server() {
    let story = GoldenStory::new(servers().last().unwrap(), SUPERUSER);
    story.publish();
    let run = scope(&story, &["/usr/bin/env"]);
    assert_eq!(run.code, Some(0), "{}", run.report());
    let value = |name: &str| {
        let line = run.stderr.lines().find_map(|line| line.strip_prefix(&format!("{name}=")));
        line.unwrap_or_else(|| panic!("{name} is not set: {}", run.stderr)).to_owned()
    };
    let (user, password, database) = (value("PGUSER"), value("PGPASSWORD"), value("PGDATABASE"));
    assert!(database.starts_with(&story.name) && user == format!("{database}_app"), "{user}");
    assert_ne!(password, eod_testkit::postgres::PASSWORD);
    let url = value("DATABASE_URL");
    assert!(url.starts_with(&format!("postgres://{user}:{password}@127.0.0.1:")), "{url}");
    assert!(!run.stdout.contains(&password));
}

#[test]
fn interrupted_command_leaves_no_clone_and_a_dry_run_creates_none() {
    let story = GoldenStory::new(servers().last().unwrap(), SUPERUSER);
    story.publish();
    let before = story.objects();
    let server = story.mask.dsn(story.role, "postgres");
    let options = ["mask", "scope", "--shadow", "--golden", &story.name, "--server", &server];
    let options = [&options[..], &["--installation", &story.installation]].concat();
    let dry = command::run(&mut story.mask.command(&[&options[..], &["--dry-run", "--", "/missing"]].concat()), "");
    assert!(dry.expect_ok().contains("with 500 rows in 2 tables would be created"));
    let json = [&options[..], &["--dry-run", "-o", "json", "--", "/missing"]].concat();
    let json = command::run(&mut story.mask.command(&json), "").expect_ok();
    let json: Value = serde_json::from_str(&json).unwrap();
    assert_eq!((&json["dry_run"], &json["rows"]), (&json!(true), &json!(500)), "{json}");
    assert_eq!(story.objects(), before);

    let mut run =
        story.mask.command(&[&options[..], &["--", "/bin/sh", "-c", "echo started; exec sleep 600"]].concat());
    let mut run = run.stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
    let mut lines = BufReader::new(run.stderr.take().unwrap()).lines().map(Result::unwrap);
    assert!(lines.any(|line| line == "started"));
    assert_ne!(story.objects(), before);
    command::run(std::process::Command::new("kill").args(["-INT", &run.id().to_string()]), "").expect_ok();
    assert_eq!(run.wait().unwrap().code(), Some(1), "{:?}", lines.collect::<Vec<_>>());
    assert_eq!(story.objects(), before);
}

#[test]
fn golden_database_and_command_are_required() {
    let story = GoldenStory::new(&servers()[0], SUPERUSER);
    let run = scope(&story, &["/usr/bin/env"]);
    assert!(run.code == Some(1) && run.stderr.contains("is not published"), "{}", run.report());
    for arguments in [&["mask", "scope", "--shadow"][..], &["mask", "scope", "--shadow", "--golden", "shop"]] {
        let run = command::run(&mut story.mask.command(arguments), "");
        assert_eq!(run.code, Some(2), "{}", run.report());
    }
}
