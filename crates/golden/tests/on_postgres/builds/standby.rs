//! Builds from a standby that cancels queries to apply changes of its primary.

use std::{sync::OnceLock, time::Duration};

use eod_clients::Deadline;
use eod_testkit::postgres::{ADMIN, PostgresServer, SUPERUSER, servers};

use super::{Build, MARKER, source_server};
use crate::{
    BuildError, BuildStep, GoldenState,
    tests::on_postgres::{client, deadline, run, values},
};

/// A standby of the source server. Its conflicts are those of the whole server, so that one test uses it.
fn standby() -> &'static PostgresServer {
    static SERVER: OnceLock<PostgresServer> = OnceLock::new();
    SERVER.get_or_init(|| source_server().standby().unwrap())
}

/// Removes rows of the primary that a snapshot of the standby needs, each time that a build has begun with the structure, for
/// a number of times.
async fn disturb(build: &Build, times: usize) {
    let mut primary = client(source_server(), SUPERUSER, &build.source).connect(&deadline()).await.unwrap();
    for time in 1..=times {
        let begun =
            || build.progress.steps.lock().unwrap().iter().filter(|step| **step == BuildStep::Structure).count();
        while begun() < time {
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
        // Three transactions: a row that its own transaction removes was never visible.
        for sql in [
            "INSERT INTO \"Audit Log\".base VALUES (99, 'x')",
            "DELETE FROM ONLY \"Audit Log\".base WHERE id = 99",
            "VACUUM \"Audit Log\".base",
        ] {
            run(&mut primary, sql).await;
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn build_that_the_standby_cancels_begins_again_with_a_new_snapshot() {
    let mut build = Build::create(servers().last().unwrap(), ADMIN).await;
    let mut replica = client(standby(), SUPERUSER, "postgres").connect(&deadline()).await.unwrap();
    let there = format!("SELECT 1 FROM pg_database WHERE datname = '{}'", build.source);
    while values(&mut replica, &there).await.is_empty() {
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    build.origin = standby();
    build.settings.attempts = 3;
    let limit: Deadline = deadline();
    let (done, ()) = tokio::join!(build.run_within(&limit), disturb(&build, 1));
    let report = done.unwrap_or_else(|error| panic!("{}", error.chain()));
    assert_eq!(report.attempts, 2, "{report:?}");
    assert_eq!(build.progress.notes.lock().unwrap().len(), 1);
    let text = serde_json::to_string(&report).unwrap().to_lowercase();
    assert!(!text.contains(MARKER), "{text}");

    // A build that fails before its database is created keeps the former one.
    build.goldens().await.destroy(&build.name.next(), &deadline()).await.unwrap();
    build.settings.attempts = 2;
    build.progress.steps.lock().unwrap().clear();
    let (done, ()) = tokio::join!(build.run_within(&limit), disturb(&build, 2));
    let error = done.expect_err("conflicts");
    assert!(matches!(error, BuildError::Conflicts { attempts: 2, .. }), "{error:?}");
    assert!(error.to_string().contains("hot_standby_feedback"), "{error}");
    let state = build.goldens().await.look(&build.name.next(), &deadline()).await.unwrap();
    assert_eq!(state, GoldenState::Absent);
}
