//! SIGKILL of the server process of a build while it runs a given statement: the server ends all sessions and recovers from
//! WAL; the database is closed and marked, and the next build is whole.

use std::{
    process::Command,
    sync::{
        OnceLock,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};

use eod_testkit::postgres::{ADMIN, PostgresServer, SUPERUSER, servers};

use super::{
    Build,
    kill::{next_build_is_whole, what_is_left_is_closed_and_marked},
};
use crate::tests::on_postgres::{client, deadline, values};

/// Conditions on `pg_stat_activity` for the statements of a build, in their order.
const STATEMENTS: &[&str] = &[
    "query LIKE 'BEGIN; CREATE ROLE%'",
    "query LIKE 'CREATE DATABASE%'",
    "query LIKE 'BEGIN; REVOKE CONNECT%'",
    "query LIKE '%CREATE EXTENSION%'",
    "query LIKE 'CREATE TABLE%'",
    "application_name LIKE '%load%' AND query LIKE '%LOCK TABLE%'",
    "application_name LIKE '%load%' AND query LIKE '%TRUNCATE%'",
    "query LIKE 'COPY % FROM STDIN%'",
    "application_name LIKE '%index%'",
    "query LIKE '%ADD CONSTRAINT%'",
    "query LIKE 'REFRESH MATERIALIZED VIEW%'",
    "query LIKE 'VACUUM (FREEZE%'",
    "query LIKE 'VACUUM (FULL)%'",
    "query LIKE 'COPY % TO STDOUT%'",
    "query LIKE '%eod.manifest%'",
    "query LIKE '%COMMENT ON DATABASE%'",
];
/// Rounds for each statement, because the shortest ones are not always seen.
const ROUNDS: usize = 2;

fn server() -> &'static PostgresServer {
    static SERVER: OnceLock<PostgresServer> = OnceLock::new();
    SERVER.get_or_init(|| PostgresServer::start(&servers().last().unwrap().programs).unwrap())
}

/// Kills the process of a build as soon as it runs the statement. False if the build ends before.
async fn kill_at(build: &Build, condition: &str, is_done: &AtomicBool) -> bool {
    let mut superuser = client(server(), SUPERUSER, "postgres").connect(&deadline()).await.unwrap();
    let sql = format!(
        "SELECT pid FROM pg_stat_activity WHERE backend_type = 'client backend' AND pid <> pg_backend_pid() \
         AND state = 'active' AND (application_name LIKE '{}%' OR datname = '{}') AND {condition} LIMIT 1",
        build.installation,
        build.name.next()
    );
    while !is_done.load(Ordering::Relaxed) {
        if let Some(pid) = values(&mut superuser, &sql).await.first() {
            // Fails if the process has ended meanwhile.
            let killed = Command::new("kill").args(["-9", pid.trim_matches(['(', ')'])]).output().unwrap();
            return killed.status.success();
        }
    }
    false
}

async fn server_is_back() {
    let begun = Instant::now();
    while client(server(), SUPERUSER, "postgres").connect(&deadline()).await.is_err() {
        assert!(begun.elapsed() < Duration::from_secs(60));
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn process_that_is_killed_at_a_statement_leaves_a_closed_database() {
    let build = Build::create(server(), ADMIN).await;
    let mut missed = Vec::new();
    for condition in STATEMENTS {
        let mut is_killed = false;
        for _ in 0..ROUNDS {
            let is_done = AtomicBool::new(false);
            let work = async {
                let done = build.run().await;
                is_done.store(true, Ordering::Relaxed);
                done
            };
            let (done, killed) = tokio::join!(work, kill_at(&build, condition, &is_done));
            server_is_back().await;
            assert!(!killed || done.is_err() || condition.contains("COMMENT ON DATABASE"), "{condition}");
            if done.is_err() {
                what_is_left_is_closed_and_marked(&build).await;
            }
            is_killed |= killed;
            if is_killed {
                break;
            }
        }
        if !is_killed {
            missed.push(*condition);
        }
    }
    println!("statements that were too short to see: {missed:?}");
    assert!(missed.len() <= STATEMENTS.len() / 3, "{missed:?}");
    next_build_is_whole(&build).await;
}
