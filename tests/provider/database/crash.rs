//! Providers that are killed in the middle. The next apply or destroy ends whole.

use std::{
    thread,
    time::{Duration, Instant},
};

use eod_clients::postgres::lock_key;
use eod_testkit::{
    postgres::{PASSWORD, READER, SUPERUSER},
    process::Signal,
    workspace::Running,
};
use nix::{sys::signal::kill, unistd::Pid};

use super::{DatabaseStory, run_story};

/// Number of kills of one operation.
const ROUNDS: u32 = 8;
/// Longest wait for the first statement of an operation.
const PATIENCE: Duration = Duration::from_secs(60);

/// Kills the provider a while after it has taken the lock of the clone, or after the number of databases and roles has become
/// another one.
#[track_caller]
fn kill_after(story: &DatabaseStory, running: &Running, objects: usize, pause: Duration) {
    let database = story.database();
    let key = lock_key(&format!("clone {database}"));
    let seen = format!(
        "SELECT ((SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND (classid::int8 << 32) | objid::int8 = {key}) > 0 \
         OR (SELECT count(*) FROM pg_roles WHERE starts_with(rolname, '{database}')) <> {objects})::text"
    );
    let mut session = story.server.hold(SUPERUSER, PASSWORD, "postgres");
    let begun = Instant::now();
    while session.values(&seen) != ["true"] && begun.elapsed() < PATIENCE {
        thread::sleep(Duration::from_millis(1));
    }
    thread::sleep(pause);
    kill_providers(running);
}

/// Kills the providers that run. One can have ended since it was listed.
fn kill_providers(running: &Running) {
    for provider in running.providers() {
        let _ended = kill(Pid::from_raw(i32::try_from(provider).unwrap()), Signal::SIGKILL);
    }
}

/// Panics if a role that has no right to it can connect to the database, which may not exist.
#[track_caller]
fn expect_closed_to_others(story: &DatabaseStory) {
    assert!(!story.server.enters(READER, PASSWORD, &story.database()));
}

#[test]
fn killed_create_is_finished_by_the_next_apply_or_removed_by_a_destroy() {
    run_story("db-kill-create", "", |story| {
        let mut killed = 0;
        for round in 0..ROUNDS {
            let running = story.spawn(&["apply", "-no-color", "-auto-approve"]);
            kill_after(story, &running, 0, Duration::from_millis(30) * round);
            let run = running.wait();
            killed += u32::from(run.code != Some(0));
            expect_closed_to_others(story);
            if round % 2 == 0 {
                story.apply().expect_ok();
                story.expect_no_changes();
                story.expect_whole();
            }
            story.destroy().expect_ok();
            if story.server.objects(&story.database()).is_empty() && story.secret().is_none() {
                continue;
            }
            // A create that was killed has left no state, so a destroy has nothing to do. The next apply finds the rest.
            story.apply().expect_ok();
            story.expect_whole();
            story.destroy().expect_ok();
            story.expect_nothing_left();
        }
        assert!(killed > 0, "no round was killed");
        thread::sleep(Duration::from_secs(1));
        story.expect_nothing_left();
    });
}

#[test]
fn killed_destroy_is_finished_by_the_next_one() {
    run_story("db-kill-destroy", "", |story| {
        let mut killed = 0;
        for round in 0..ROUNDS {
            story.apply().expect_ok();
            let running = story.spawn(&["destroy", "-no-color", "-auto-approve"]);
            kill_after(story, &running, 2, Duration::from_millis(4) * round);
            killed += u32::from(running.wait().code != Some(0));
            expect_closed_to_others(story);
            story.destroy().expect_ok();
            story.expect_nothing_left();
        }
        assert!(killed > 0, "no round was killed");
    });
}

#[test]
fn killed_rotation_is_repeated_by_the_next_apply() {
    run_story("db-kill-update", "credentials_version = 1", |story| {
        story.settle();
        let role = format!("{}_app", story.database());
        let password = format!("SELECT rolpassword FROM pg_authid WHERE rolname = '{role}'");
        for round in 2..2 + ROUNDS / 2 {
            let before = story.server.values("postgres", &password);
            story.arguments(&format!("credentials_version = {round}"));
            let running = story.spawn(&["apply", "-no-color", "-auto-approve"]);
            let begun = Instant::now();
            while story.server.values("postgres", &password) == before && begun.elapsed() < PATIENCE {
                thread::sleep(Duration::from_millis(2));
            }
            kill_providers(&running);
            drop(running.wait());
            story.settle();
            story.expect_whole();
        }
        story.destroy().expect_ok();
        story.expect_nothing_left();
    });
}
