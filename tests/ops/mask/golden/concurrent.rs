//! A publication and a clone at the same time, in both orders: a clone is always of one version, and the publication is done.

use std::process::{Child, Stdio};

use eod_testkit::postgres::servers;

use super::GoldenStory;

/// Prints the comment of the clone's owner role, which has the version of the golden database.
const COMMENT: &str =
    "SELECT shobj_description(oid, 'pg_authid') FROM pg_roles WHERE rolname = current_database() || '_owner'";

/// A story with a published version and a build, and both versions.
fn prepared(story: &GoldenStory) -> [String; 2] {
    let dsn = story.source_dsn("postgres");
    let version = |listed: &serde_json::Value| listed["goldens"][0]["golden_version"].as_str().unwrap().to_owned();
    story.eod(&story.build(&dsn)).expect_ok();
    let first = version(&story.json(0, &["list"]));
    story.eod(&["publish", &story.name]).expect_ok();
    // Versions are times in seconds.
    std::thread::sleep(std::time::Duration::from_secs(1));
    let built = story.json(0, &story.build(&dsn));
    let taken_at = built["report"]["facts"]["taken_at"].as_str().unwrap();
    let second = taken_at.chars().filter(char::is_ascii_digit).take(14).collect();
    [first, second]
}

/// Begins a clone that prints its comment and is removed.
fn begin_clone(story: &GoldenStory) -> Child {
    let psql = servers()[0].programs.join("psql");
    let server = story.mask.dsn(story.role, "postgres");
    let options = ["mask", "scope", "--shadow", "--golden", &story.name, "--server", &server];
    let run =
        ["--installation", &story.installation, "--", psql.to_str().unwrap(), "--no-psqlrc", "--command", COMMENT];
    let mut command = story.mask.command(&[&options[..], &run].concat());
    command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
}

/// Begins the publication of the build.
fn begin_publication(story: &GoldenStory) -> Child {
    story.command(&["publish", &story.name]).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
}

/// Exit code and output of a command.
fn finished(child: Child) -> (Option<i32>, String) {
    let output = child.wait_with_output().unwrap();
    let text = [output.stdout, output.stderr].map(|text| String::from_utf8_lossy(&text).into_owned()).concat();
    (output.status.code(), text)
}

#[test]
fn publication_waits_for_a_clone_that_began_before_it() {
    for story in GoldenStory::all() {
        let [first, second] = prepared(&story);
        let label = story.label();
        let lock = story.preview.lock_databases();
        let clone = begin_clone(&story);
        // The clone has the lock of the published version then.
        story.waits(&format!("CREATE DATABASE \"{}", story.name));
        let publication = begin_publication(&story);
        story.waits("BEGIN; ALTER DATABASE");
        drop(lock);
        let ((code, text), published) = (finished(clone), finished(publication));
        assert_eq!((code, published.0), (Some(0), Some(0)), "{label}: {text}{}", published.1);
        assert!(text.contains(&first) && !text.contains(&second), "{label}: {first} {second}: {text}");
        assert!(published.1.contains(&second), "{label}: {}", published.1);
        assert_eq!(story.versions(), [format!("published {}", story.name), format!("kept {}_{first}", story.name)]);
    }
}

#[test]
fn clone_that_begins_during_a_publication_is_refused_or_of_the_new_version() {
    for story in GoldenStory::all() {
        let [_, second] = prepared(&story);
        let label = story.label();
        // The last statement of the publication writes this row: it has both names then, and is not committed.
        let comment = format!(
            "BEGIN; SELECT FROM pg_shdescription WHERE classoid = 'pg_database'::regclass AND objoid = \
             (SELECT oid FROM pg_database WHERE datname = '{}_next') FOR UPDATE",
            story.name
        );
        let lock = story.preview.locked(&comment);
        let publication = begin_publication(&story);
        story.waits("BEGIN; ALTER DATABASE");
        let clone = begin_clone(&story);
        story.waits(&format!("CREATE DATABASE \"{}", story.name));
        drop(lock);
        let ((code, text), published) = (finished(clone), finished(publication));
        assert_eq!(published.0, Some(0), "{label}: {}", published.1);
        // The clone has read the facts of the former version, and copied the new one.
        assert_eq!(code, Some(1), "{label}: {text}");
        assert!(text.contains("has changed while it was cloned; try again"), "{label}: {text}");
        let databases = format!("SELECT count(*) FROM pg_database WHERE datname LIKE '{}_shadow%'", story.name);
        assert_eq!(story.preview.values(&databases), ["0"], "{label}: no clone is left");
        let (code, text) = finished(begin_clone(&story));
        assert!(code == Some(0) && text.contains(&second), "{label}: {second}: {text}");
    }
}
