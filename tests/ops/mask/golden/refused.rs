//! Builds that are refused: one clear error, nothing published, and the published version not changed.

use std::process::Stdio;

use eod_testkit::{
    command::{self, Finished},
    postgres::{READER, SUPERUSER, servers},
};

use super::{GoldenStory, KEY, MaskDatabase, POLICY};

#[track_caller]
fn expect(finished: &Finished, code: i32, parts: &[&str]) {
    assert_eq!(finished.code, Some(code), "{}", finished.report());
    for part in parts {
        assert!(finished.stderr.contains(part), "no `{part}` in {}", finished.report());
    }
}

#[test]
fn wrong_policies_keys_and_sources_change_nothing() {
    let story = GoldenStory::new(&servers()[0], SUPERUSER);
    let (name, dsn) = (story.name.as_str(), story.source_dsn(SUPERUSER));
    let build = story.build(&dsn);
    story.eod(&build).expect_ok();
    story.eod(&["publish", name]).expect_ok();
    let before = (story.versions(), story.objects());
    let comment = format!("SELECT shobj_description(oid, 'pg_database') FROM pg_database WHERE datname = '{name}'");
    let facts = story.preview.values(&comment);

    story.mask.write("other-key", "another-0123456789-abcdef-ghijkl\n");
    let other = story.eod(&[&build[..], &["--key-file", "other-key"]].concat());
    expect(&other, 2, &["the key is not that of the published golden database", "--allow-other-key"]);
    let mut without = story.command(&build);
    expect(&command::run(without.env_remove("EOD_MASKING_KEY"), ""), 2, &["masking key is not set", "--key-vault"]);
    let mut short = story.command(&build);
    expect(&command::run(short.env("EOD_MASKING_KEY", "short"), ""), 2, &["EOD_MASKING_KEY: ", "openssl rand -hex 32"]);

    for (from, to, parts) in [
        ("    plate:", "    plade:", &["wrong.yaml:9:5: ", "plade", "app.customers.plate"][..]),
        ("    note: { kind: text }\n", "", &["column app.orders.note of type text has no rule"]),
        ("{ kind: text }", "{ kind: tekst }", &["wrong.yaml:15:19: ", "got `tekst`; write one of these"]),
        ("plate: { kind: national_id }", "plate: { domain: email }", &["app.customers.plate"]),
    ] {
        story.mask.write("wrong.yaml", &POLICY.replace(from, to));
        let wrong = [&["build", name, "--policy", "wrong.yaml"][..], &build[4..]].concat();
        expect(&story.eod(&wrong), 2, parts);
        expect(&story.eod(&[&wrong[..], &["--dry-run"]].concat()), 2, parts);
    }

    // A CHECK that no masked value passes is found before the build.
    story.source.run_in(
        &story.source.name,
        "ALTER TABLE app.customers ADD CONSTRAINT shop_mail CHECK (email LIKE '%@canary.example')",
    );
    let parts = ["CHECK constraint `shop_mail` of table app.customers refuses ", "give app.customers.email rules"];
    expect(&story.eod(&[&build[..], &["--dry-run"]].concat()), 2, &parts);
    expect(&story.eod(&build), 2, &parts);
    story.source.run_in(&story.source.name, "ALTER TABLE app.customers DROP CONSTRAINT shop_mail");

    let same = story.mask.dsn(SUPERUSER, "postgres");
    let source = |dsn: &str| story.eod(&[&build[..4], &["--source", dsn], &build[6..]].concat());
    expect(&source(&same), 2, &["is a database of the preview server itself", "--from DATABASE"]);
    let blind = story.source_dsn(READER);
    expect(&source(&blind), 1, &["GRANT SELECT ON TABLE \"app\".\"orders\" TO \"eod_reader\";"]);
    expect(&source("host=127.0.0.1 port=1 user=x dbname=x"), 1, &["cannot connect to database"]);
    expect(
        &story.eod(&[&build[..4], &build[6..]].concat()),
        2,
        &["the source of the rows is not set", "EOD_SOURCE_DSN"],
    );
    let missing = story.eod(&[&build[..6], &["--tools", "/nonexistent"]].concat());
    expect(&missing, 1, &["pg_dump and pg_restore of version 15 to 15 are required", "--tools"]);
    expect(&story.eod(&["publish", "Shop"]), 2, &["invalid name `Shop`"]);

    assert_eq!((story.versions(), story.objects()), before);
    assert_eq!(story.preview.values(&comment), facts);
}

#[test]
fn database_of_others_is_refused_and_stays() {
    let story = GoldenStory::new(&servers()[0], SUPERUSER);
    let (name, dsn) = (story.name.as_str(), story.source_dsn(SUPERUSER));
    story.preview.run_in("postgres", &format!("CREATE DATABASE {name}"));
    let part = format!("database `{name}` is not a golden database of installation `{}`", story.installation);
    expect(&story.eod(&story.build(&dsn)), 1, &[&part, "choose another name"]);
    expect(&story.eod(&["verify", name, "--policy", "masking.yaml"]), 1, &[&part]);
    assert!(story.eod(&["prune", "--keep", "0"]).expect_ok().contains("nothing to remove"));
    assert_eq!(story.objects(), [name]);
    // The golden databases of another installation are databases of others, too.
    story.preview.run_in("postgres", &format!("DROP DATABASE {name}"));
    story.eod(&story.build(&dsn)).expect_ok();
    let other = story.eod(&["publish", name, "--installation", "other"]);
    assert_eq!(other.code, Some(2), "the option is set twice: {}", other.report());
    let mut other = story.mask.command(&["mask", "golden", "publish", name, "--installation", "other"]);
    other.args(["--server", &story.mask.dsn(SUPERUSER, "postgres")]);
    let other = command::run(&mut other, "");
    expect(&other, 1, &["is not a golden database of installation `other`"]);
    assert_eq!(story.versions(), [format!("built {name}_next")]);
}

/// Interrupts a command while it creates a database of this name. No database can be created or removed until it is.
#[track_caller]
fn interrupt(story: &GoldenStory, arguments: &[&str], database: &str) {
    let locker = MaskDatabase::maintenance(story.mask.server);
    let lock = locker.lock_databases();
    let child = story.command(arguments).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    story.waits(&format!("CREATE DATABASE \"{database}\""));
    let pid = child.id().to_string();
    command::run(std::process::Command::new("kill").args(["-INT", &pid]), "").expect_ok();
    drop(lock);
    let output = child.wait_with_output().unwrap();
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(1), "{stderr}");
    assert!(stderr.contains("what was made is being removed"), "{stderr}");
    assert!(stderr.contains("cancelled; nothing was published, and nothing is open"), "{stderr}");
    assert!(!stderr.contains(KEY), "{stderr}");
}

#[test]
fn cancelled_build_and_verification_leave_nothing() {
    let story = GoldenStory::new(&servers()[0], SUPERUSER);
    let (name, dsn) = (story.name.as_str(), story.source_dsn(SUPERUSER));
    let build = story.build(&dsn);
    interrupt(&story, &build, &format!("{name}_next"));
    assert_eq!(story.objects(), [""; 0]);
    story.eod(&build).expect_ok();
    let before = story.objects();
    interrupt(&story, &["verify", name, "--policy", "masking.yaml"], &format!("{name}_verify"));
    assert_eq!(story.objects(), before);
}
