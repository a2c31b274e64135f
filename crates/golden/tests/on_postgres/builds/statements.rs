//! SIGKILL at each kind of statement of a build, before the server has it and after it was carried out: of the server process,
//! after which the server ends all sessions and recovers from WAL, and of the builder. What is left is closed and marked, and
//! the next build is whole. No round depends on timing: a proxy stops the session at the statement.
//!
//! A test kills each kind once, by either way. With `EOD_KILLS=all`, as in `make soak`, each kind is killed in all ways.

use std::{
    collections::BTreeSet,
    pin::pin,
    process::Command,
    sync::OnceLock,
    time::{Duration, Instant},
};

use eod_testkit::postgres::{ADMIN, PostgresServer, READER, SUPERUSER, servers};

use super::{
    Build, MARKER,
    kill::{child, next_build_is_whole, what_is_left_is_closed_and_marked},
    statement_proxy::{Moment, SentStatement, StatementProxy},
};
use crate::{
    BuildError, BuildReport, RawCopyBuild, VersionStage,
    tests::on_postgres::{client, client_at, deadline, run, values},
};

/// Begins of kinds that a build must have, so that they are killed.
const KINDS: [&str; 35] = [
    "DROP DATABASE IF EXISTS",
    "DROP ROLE IF EXISTS",
    "CREATE ROLE NOLOGIN",
    "COMMENT ON ROLE",
    "GRANT TO",
    "CREATE DATABASE",
    "REVOKE CONNECT TEMPORARY ON DATABASE",
    "ALTER DATABASE",
    "GRANT CREATE ON DATABASE",
    "ALTER SCHEMA OWNER TO",
    "CREATE EXTENSION",
    "CREATE TYPE",
    "CREATE DOMAIN",
    "CREATE TABLE",
    "CREATE SEQUENCE",
    "CREATE FUNCTION",
    "CREATE VIEW",
    "CREATE INDEX",
    "CREATE TRIGGER",
    "CREATE POLICY",
    "CREATE PUBLICATION",
    "LOCK TABLE ONLY IN ACCESS",
    "ALTER TABLE DROP CONSTRAINT",
    "DROP INDEX",
    "TRUNCATE ONLY",
    "COPY FROM STDIN FORMAT FREEZE",
    "COPY DONE",
    "ALTER TABLE ADD CONSTRAINT",
    "ALTER TABLE VALIDATE CONSTRAINT",
    "SELECT setval",
    "REFRESH MATERIALIZED VIEW",
    "VACUUM FREEZE ANALYZE",
    "VACUUM FULL",
    "CREATE SCHEMA IF NOT EXISTS",
    "COMMENT ON DATABASE IS",
];

/// Tests that crash the server exclude each other.
static CRASHES: tokio::sync::Mutex<()> = tokio::sync::Mutex::const_new(());

/// A server of its own, because a crash ends the sessions of all tests.
fn server() -> &'static PostgresServer {
    static SERVER: OnceLock<PostgresServer> = OnceLock::new();
    SERVER.get_or_init(|| PostgresServer::start(&servers().last().unwrap().programs).unwrap())
}

/// Kinds that only a build from a raw copy has.
const RAW_KINDS: [&str; 4] =
    ["REVOKE ALL ON DATABASE FROM", "VACUUM FREEZE", "DROP EVENT TRIGGER IF EXISTS", "DROP SERVER IF EXISTS"];

/// Begins of kinds that are killed before and after the statement. The others alternate.
const BOTH: [&str; 6] =
    ["CREATE ROLE", "CREATE DATABASE", "REVOKE", "COPY FROM STDIN", "COPY DONE", "COMMENT ON DATABASE"];

/// Kinds of a build from a raw copy that are killed without `EOD_KILLS`: one of so many, because it has most kinds of the others.
const SHARE_OF_RAW: usize = 4;

/// True if all kinds are killed in all ways.
fn all_kills() -> bool {
    std::env::var_os("EOD_KILLS").is_some_and(|value| value == "all")
}

/// Origin of the rows.
#[derive(Clone, Copy, Eq, PartialEq)]
enum Origin {
    Source,
    RawCopy,
}

/// A build, and a proxy in front of its preview server.
struct Rounds {
    build: Build,
    origin: Origin,
    proxy: StatementProxy,
    /// One kind per text that a build sends, and true for those of EoD.
    targets: Vec<(String, bool)>,
}

impl Rounds {
    /// Runs two builds to know their statements. The second one removes the first.
    async fn begin(preview: &'static PostgresServer, origin: Origin) -> Self {
        let build = match origin {
            Origin::Source => Build::create(preview, ADMIN).await,
            Origin::RawCopy => Build::create_on(preview, preview, SUPERUSER, MARKER).await,
        };
        let proxy = StatementProxy::start(preview.port).await;
        let mut rounds = Self { build, origin, proxy, targets: Vec::new() };
        for _ in 0..2 {
            rounds.run(rounds.proxy.port).await.unwrap_or_else(|error| panic!("{}", error.chain()));
        }
        let (targets, kinds) = targets(&rounds.proxy.take_sent());
        let expected = if origin == Origin::Source { &KINDS[..] } else { &RAW_KINDS };
        for expected in expected {
            assert!(kinds.iter().any(|kind| kind.starts_with(expected)), "no `{expected}` in {kinds:#?}");
        }
        println!("{} kinds of statements in {} texts", kinds.len(), targets.len());
        rounds.targets = targets;
        rounds
    }

    /// Builds through a port.
    async fn run(&self, port: u16) -> Result<BuildReport, BuildError> {
        let Build { role, installation, source: database, .. } = &self.build;
        let server = client_at(port, role, "postgres", installation);
        let source = self.build.source();
        let build = self.build.described(&server, &source);
        match self.origin {
            Origin::Source => build.run(&deadline()).await,
            Origin::RawCopy => {
                // The superuser of the kit may copy raw pages.
                let allowed = BTreeSet::from([SUPERUSER.to_owned()]);
                let build = RawCopyBuild { request: build.request, database, drop_raw: false, allowed };
                build.run(&deadline()).await
            }
        }
    }

    /// Prepares a round. Only a build that finds a former one removes it.
    async fn prepare(&self, kind: &str) {
        if kind.starts_with("DROP DATABASE") || kind.starts_with("DROP ROLE") {
            self.run(self.build.preview.port).await.unwrap_or_else(|error| panic!("{}", error.chain()));
        }
    }

    /// All sessions have ended on the server, also those of `pg_restore`.
    async fn nothing_runs(&self) {
        let begun = Instant::now();
        let sql = format!(
            "SELECT application_name, query FROM pg_stat_activity WHERE pid <> pg_backend_pid() \
             AND backend_type = 'client backend' AND (application_name LIKE '{}%' OR datname = '{}')",
            self.build.installation,
            self.build.name.next()
        );
        loop {
            assert!(begun.elapsed() < Duration::from_secs(60), "sessions are left");
            if let Ok(mut session) = client(self.build.preview, SUPERUSER, "postgres").connect(&deadline()).await {
                let found = values(&mut session, &sql).await;
                if found.is_empty() {
                    return;
                }
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }
}

/// The first kind of each text that has a kind which no text before has; and all kinds.
fn targets(sent: &[SentStatement]) -> (Vec<(String, bool)>, BTreeSet<String>) {
    let (mut targets, mut known) = (Vec::new(), BTreeSet::new());
    for SentStatement { kinds, is_own } in sent {
        let new: Vec<_> = kinds.iter().filter(|kind| known.insert((*kind).clone())).collect();
        targets.extend(new.first().map(|kind| ((*kind).clone(), *is_own)));
    }
    (targets, known)
}

#[track_caller]
fn kill(process: i32) {
    let killed = Command::new("kill").args(["-9", &process.to_string()]).output().unwrap();
    assert!(killed.status.success(), "{killed:?}");
}

/// The server accepts sessions again, with another process than before.
async fn server_is_back() {
    let begun = Instant::now();
    while client(server(), SUPERUSER, "postgres").connect(&deadline()).await.is_err() {
        assert!(begun.elapsed() < Duration::from_secs(60));
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

/// Kills the server process that runs a kind of statement, and waits for the end of the work and the recovery. True if the work
/// has failed.
async fn crash<T, E: std::fmt::Debug>(
    proxy: &StatementProxy,
    (kind, moment): (&str, Moment),
    work: impl Future<Output = Result<T, E>>,
) -> bool {
    let stopped = proxy.stop_at(kind, moment);
    let mut work = pin!(work);
    let process = tokio::select! {
        process = stopped => process.unwrap(),
        done = &mut work => panic!("`{kind}` was not sent: {:?}", done.err()),
    };
    kill(process);
    proxy.release();
    let done = work.await;
    server_is_back().await;
    done.is_err()
}

#[tokio::test(flavor = "multi_thread")]
async fn server_process_that_is_killed_at_each_kind_of_statement_leaves_a_closed_database() {
    let _alone = CRASHES.lock().await;
    let rounds = Rounds::begin(server(), Origin::Source).await;
    let Rounds { build, proxy, targets, .. } = &rounds;
    let mut hit = 0;
    for (number, (kind, _)) in targets.iter().enumerate() {
        let moments: &[Moment] = match number % 2 {
            _ if BOTH.iter().any(|begin| kind.starts_with(begin)) => &[Moment::Before, Moment::After],
            1 => &[Moment::After],
            _ if all_kills() => &[Moment::Before],
            // The builder is killed at these.
            _ => &[],
        };
        for moment in moments {
            rounds.prepare(kind).await;
            let has_failed = crash(proxy, (kind, *moment), rounds.run(proxy.port)).await;
            assert!(has_failed, "{kind}, {moment:?}");
            rounds.nothing_runs().await;
            what_is_left_is_closed_and_marked(build).await;
            hit += 1;
        }
    }
    println!("{hit} kills of server processes");
    next_build_is_whole(build).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn builder_that_is_killed_at_each_kind_of_statement_leaves_a_closed_database() {
    let rounds = Rounds::begin(servers().last().unwrap(), Origin::Source).await;
    let Rounds { build, proxy, targets, .. } = &rounds;
    for (number, (kind, _)) in targets.iter().enumerate() {
        // The server process is killed at the others.
        if number % 2 == 1 && !all_kills() {
            continue;
        }
        let moment = if number % 4 < 2 { Moment::Before } else { Moment::After };
        rounds.prepare(kind).await;
        let stopped = proxy.stop_at(kind, moment);
        let mut builder = child(build, proxy.port).spawn().unwrap();
        let stopped = tokio::time::timeout(Duration::from_secs(60), stopped).await;
        // SIGKILL.
        builder.kill().unwrap();
        builder.wait().unwrap();
        proxy.release();
        assert!(stopped.is_ok(), "`{kind}` was not sent");
        rounds.nothing_runs().await;
        what_is_left_is_closed_and_marked(build).await;
    }
    next_build_is_whole(build).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn build_from_a_raw_copy_that_is_killed_at_each_kind_of_statement_leaves_closed_databases() {
    let _alone = CRASHES.lock().await;
    let rounds = Rounds::begin(server(), Origin::RawCopy).await;
    let Rounds { build, proxy, targets, .. } = &rounds;
    for (number, (kind, _)) in targets.iter().enumerate() {
        let is_of_raw_only = RAW_KINDS.iter().any(|begin| kind.starts_with(begin));
        if !is_of_raw_only && number % SHARE_OF_RAW != 0 && !all_kills() {
            continue;
        }
        // A second build has nothing to revoke.
        if kind.starts_with("REVOKE ALL ON DATABASE") {
            let grant = format!("GRANT CONNECT ON DATABASE {} TO PUBLIC", build.source);
            run(&mut client(server(), SUPERUSER, "postgres").connect(&deadline()).await.unwrap(), &grant).await;
        }
        rounds.prepare(kind).await;
        let moment = if number % 2 == 0 { Moment::Before } else { Moment::After };
        assert!(crash(proxy, (kind, moment), rounds.run(proxy.port)).await, "{kind}, {moment:?}");
        rounds.nothing_runs().await;
        what_is_left_is_closed_and_marked(build).await;
    }
    let report = rounds.run(server().port).await.unwrap_or_else(|error| panic!("{}", error.chain()));
    assert_eq!(report.tables.iter().find(|table| table.name.name == "customers").unwrap().rows, 201);
    // The raw copy has its rows, and is closed.
    let mut raw = client(server(), SUPERUSER, &build.source).connect(&deadline()).await.unwrap();
    assert_eq!(values(&mut raw, "SELECT count(*) FROM app.customers").await, ["(201)"]);
    assert!(client(server(), READER, &build.source).connect(&deadline()).await.is_err());
}

#[tokio::test(flavor = "multi_thread")]
async fn publication_that_is_killed_is_whole_or_absent() {
    let _alone = CRASHES.lock().await;
    let build = Build::create(server(), ADMIN).await;
    let proxy = StatementProxy::start(server().port).await;
    build.run().await.unwrap_or_else(|error| panic!("{}", error.chain()));
    build.publish(1).await;
    for moment in [Moment::Before, Moment::After] {
        build.run().await.unwrap_or_else(|error| panic!("{}", error.chain()));
        let maintenance = client_at(proxy.port, build.role, "postgres", &build.installation);
        let settings = crate::PublishSettings { valid_for: Duration::from_secs(86400), keep: 1 };
        let publish = async {
            let mut goldens = crate::GoldenServer::connect(&maintenance, &build.installation, &deadline()).await?;
            goldens.publish(&build.name, settings, &deadline()).await
        };
        assert!(crash(&proxy, ("ALTER DATABASE RENAME TO", moment), publish).await, "{moment:?}");
        let states = || async {
            let listed = build.goldens().await.list(&deadline()).await.unwrap();
            assert!(listed.iter().all(|version| version.is_closed), "{listed:?}");
            listed.iter().map(|version| version.state).collect::<Vec<_>>()
        };
        if moment == Moment::Before {
            assert_eq!(states().await, [VersionStage::Published, VersionStage::Built]);
            build.publish(1).await;
        }
        assert_eq!(states().await, [VersionStage::Published, VersionStage::Kept], "{moment:?}");
        build.goldens().await.prune(Some(&build.name), 0, false, &deadline()).await.unwrap();
    }
}
