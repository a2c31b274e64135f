//! Key and password of a build: in no output and in no argument of a process.

use std::{
    fs,
    process::Stdio,
    sync::atomic::{AtomicBool, Ordering},
    thread,
    time::Duration,
};

use eod_testkit::postgres::{PASSWORD, SUPERUSER, servers};

use super::{GoldenStory, KEY};
use crate::ops::mask::PASSWORD_CANARY;

/// Password of a role of the source that no other test uses: some of them put theirs into arguments, which are refused.
const SOURCE_PASSWORD: &str = "kookaburra-5Tz8@:/%x";

/// Arguments of all processes of the machine.
fn all_arguments() -> String {
    let processes = fs::read_dir("/proc").unwrap();
    let arguments = processes.filter_map(|process| fs::read(process.ok()?.path().join("cmdline")).ok());
    arguments.map(|text| String::from_utf8_lossy(&text).replace('\0', " ")).collect::<Vec<_>>().join("\n")
}

#[test]
fn build_shows_neither_key_nor_password() {
    let story = GoldenStory::new(&servers()[0], SUPERUSER);
    let role = format!("{}_reader", story.name);
    story.source.run_in(
        "postgres",
        &format!("CREATE ROLE {role} LOGIN BYPASSRLS PASSWORD '{SOURCE_PASSWORD}' IN ROLE pg_read_all_data"),
    );
    story.mask.write("dsn", &format!("{} password='{SOURCE_PASSWORD}'\n", story.source_dsn(&role)));
    story.mask.write("key", &format!("{KEY}\n"));
    let tools = servers()[0].programs.display().to_string();
    let mut build = story.command(&[
        "build",
        &story.name,
        "--policy",
        "masking.yaml",
        "--source-file",
        "dsn",
        "--key-file",
        "key",
        "--tools",
        &tools,
        "--log-format",
        "json",
    ]);
    // The log has no level that shows more.
    build.env_remove("EOD_MASKING_KEY").env("RUST_LOG", "trace").stdout(Stdio::piped()).stderr(Stdio::piped());
    let child = build.spawn().unwrap();
    let (ended, saw_dump) = (AtomicBool::new(false), AtomicBool::new(false));
    let output = thread::scope(|scope| {
        let looks = scope.spawn(|| {
            while !ended.load(Ordering::Relaxed) {
                let arguments = all_arguments();
                assert!(!arguments.contains(SOURCE_PASSWORD) && !arguments.contains(KEY), "{arguments}");
                if arguments.contains("pg_dump") {
                    saw_dump.store(true, Ordering::Relaxed);
                }
                thread::sleep(Duration::from_millis(2));
            }
        });
        let output = child.wait_with_output().unwrap();
        ended.store(true, Ordering::Relaxed);
        looks.join().unwrap();
        output
    });
    let printed = format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{printed}");
    assert!(saw_dump.load(Ordering::Relaxed), "no process pg_dump was seen");
    for secret in [SOURCE_PASSWORD, PASSWORD, KEY] {
        assert!(!printed.contains(secret), "{printed}");
    }
    // The comment of the database, which every role can read, has the check value of the key only.
    let comments = "SELECT string_agg(shobj_description(oid, 'pg_database'), ' ') FROM pg_database";
    let comments = story.preview.values(comments).remove(0);
    assert!(comments.contains("key_check") && !comments.contains(KEY), "{comments}");
}

#[test]
fn password_in_an_argument_of_a_build_is_refused() {
    let story = GoldenStory::new(&servers()[0], SUPERUSER);
    let dsn = format!("{} password={PASSWORD_CANARY}", story.source_dsn(SUPERUSER));
    let uri = format!("postgres://{SUPERUSER}:{PASSWORD_CANARY}@127.0.0.1:{}/postgres", story.mask.server.port);
    for secret in [dsn.as_str(), uri.as_str()] {
        for arguments in [
            vec!["build", "shop", "--policy", "masking.yaml", "--source", secret],
            vec!["build", "shop", "--policy", "masking.yaml", "--from", "x", "--source", secret],
            vec!["verify", "shop", "--policy", "masking.yaml", "--source", secret],
            vec!["publish", "shop", secret],
        ] {
            let refused = story.eod(&arguments);
            assert_eq!(refused.code, Some(2), "{}", arguments[0]);
        }
    }
    assert_eq!(story.objects(), [""; 0]);
}
