//! The engine, UPDATE in place, `pg_dump | psql` without masking, and other tools if they are there, on the same two servers.

use std::{
    env,
    path::{Path, PathBuf},
    process::{Command, Stdio},
    time::Instant,
};

use anyhow::{Context, ensure};
use eod_clients::postgres::{PostgresSession, SqlStatement};
use eod_testkit::postgres::{PASSWORD, PostgresServer, SUPERUSER, servers};
use tokio::runtime::Runtime;

use crate::bench::{
    anonymizer,
    customers::{CHECK, INDEXES, TABLE, UPDATE, rows},
    engine::{EngineCost, EngineOrder, EngineWork, database, deadline},
    greenmask,
    measured::{Pair, Unit, megabytes},
    pganonymize,
    table::Table,
};

/// Settings of both servers: those that the guide recommends for a preview server, and memory for the indexes.
pub(crate) const SETTINGS: &[(&str, &str)] = &[
    ("wal_level", "minimal"),
    ("max_wal_senders", "0"),
    ("synchronous_commit", "off"),
    ("full_page_writes", "off"),
    ("max_wal_size", "16GB"),
    ("shared_buffers", "1GB"),
    ("maintenance_work_mem", "512MB"),
    ("log_min_messages", "warning"),
];
/// Database with the rows.
pub(crate) const SOURCE: &str = "shop";
/// Database that `pg_dump | psql` fills, and that UPDATE masks in place afterwards.
const PLAIN: &str = "plain";
/// Database that the engine fills.
const MASKED: &str = "masked";

/// Both servers, with a runtime for statements.
pub(crate) struct Servers {
    pub(crate) source: PostgresServer,
    pub(crate) preview: PostgresServer,
    runtime: Runtime,
}

/// Measures all contestants with a number of rows.
///
/// # Errors
/// If one of them fails, or leaves a row unmasked.
pub(crate) fn measure(count: u32, table: &mut Table) -> anyhow::Result<()> {
    let servers = Servers::start()?;
    eprintln!("bench: {count} rows are generated");
    servers.create(servers.source.port, SOURCE, &[TABLE, &rows(count), INDEXES, "VACUUM (FREEZE, ANALYZE)"])?;
    let what = format!("{count} rows, 11 of 17 columns masked, 4 indexes");

    eprintln!("bench: pg_dump | psql without masking");
    servers.create(servers.preview.port, PLAIN, &[])?;
    let plain = servers.dump_and_load()?;
    eprintln!("bench: UPDATE in place");
    let updated = servers.timed(PLAIN, UPDATE)?;
    servers.check(PLAIN, count)?;
    eprintln!("bench: masked copy");
    servers.create(servers.preview.port, MASKED, &[TABLE, INDEXES])?;
    let copied = servers.engine(EngineWork::Copy)?;
    servers.check(MASKED, count)?;
    eprintln!("bench: golden database");
    let built = servers.engine(EngineWork::Build)?;

    let mut add = |name: &str, wanted, ours: f64, peer: f64| {
        table.add(&format!("{what}, {name}"), Unit::Seconds, wanted, Pair { ours: Some(ours), peer: Some(peer) });
    };
    add("masked copy with indexes (peer: UPDATE in place)", "4x less, aim 5x", copied.seconds, updated);
    add("masked copy with indexes (peer: pg_dump | psql, nothing masked)", "less", copied.seconds, plain);
    let name = "golden database, verified and closed (peer: pg_dump | psql, nothing masked)";
    add(name, "less", built.seconds, plain);
    if let Some(program) = variable("EOD_BENCH_GREENMASK") {
        let peer = greenmask::measure(&servers, &program, count)?;
        add("masked copy with indexes (peer: Greenmask, dump and restore)", "3x less", copied.seconds, peer);
        add("golden database, verified and closed (peer: Greenmask, dump and restore)", "", built.seconds, peer);
    }
    if let Some(programs) = variable("EOD_BENCH_ANON") {
        let peer = anonymizer::measure(&servers, &programs, count)?;
        add("masked copy with indexes (peer: PostgreSQL Anonymizer, in place)", "", copied.seconds, peer);
    }
    if let Some(program) = variable("EOD_BENCH_PGANONYMIZE") {
        let peer = pganonymize::measure(&servers, &program, count)?;
        let values = Pair { ours: Some(copied.seconds * 1e6 / f64::from(count)), peer: Some(peer) };
        table.add(
            "1000 rows masked (peer: pganonymize, in place, at most 100000 rows)",
            Unit::Milliseconds,
            "",
            values,
        );
    }
    let mut memory = |name: &str, cost: EngineCost| {
        let values = Pair { ours: Some(megabytes(cost.peak_kib)), peer: None };
        table.add(&format!("{what}, {name}, peak memory"), Unit::Megabytes, "under 200 MB", values);
    };
    memory("masked copy", copied);
    memory("golden database", built);
    Ok(())
}

/// Path in a variable; none if it is not set.
fn variable(name: &str) -> Option<PathBuf> {
    env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from)
}

impl Servers {
    fn start() -> anyhow::Result<Self> {
        let servers = servers();
        let (first, last) = (servers.first().context("no server")?, servers.last().context("no server")?);
        let start = |server: &PostgresServer| {
            PostgresServer::start_with(&server.programs, SETTINGS).map_err(anyhow::Error::msg)
        };
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build()?;
        // The programs of the first version are complete, and read a server of their own version only.
        Ok(Self { source: start(first)?, preview: start(last)?, runtime })
    }

    /// Creates a database with the result of some statements.
    pub(crate) fn create(&self, port: u16, name: &str, statements: &[&str]) -> anyhow::Result<()> {
        self.run(port, "postgres", &[&format!("CREATE DATABASE {name} TEMPLATE template0")])?;
        self.run(port, name, statements)
    }

    pub(crate) fn run(&self, port: u16, name: &str, statements: &[&str]) -> anyhow::Result<()> {
        self.runtime.block_on(async {
            let mut session = database(port, name)?.connect(&deadline()).await?;
            for sql in statements {
                execute(&mut session, sql).await?;
            }
            Ok(())
        })
    }

    /// Seconds of statements on the preview server.
    fn timed(&self, name: &str, sql: &str) -> anyhow::Result<f64> {
        self.settle()?;
        let begun = Instant::now();
        self.run(self.preview.port, name, &[sql])?;
        Ok(begun.elapsed().as_secs_f64())
    }

    /// Both servers have no work left from the contestant before.
    pub(crate) fn settle(&self) -> anyhow::Result<()> {
        for port in [self.source.port, self.preview.port] {
            self.run(port, "postgres", &["CHECKPOINT"])?;
        }
        Ok(())
    }

    /// Seconds of `pg_dump | psql`, with ANALYZE as for the others.
    fn dump_and_load(&self) -> anyhow::Result<f64> {
        self.settle()?;
        let programs = &self.source.programs;
        let begun = Instant::now();
        let mut dump = client(programs, "pg_dump", self.source.port, SOURCE).stdout(Stdio::piped()).spawn()?;
        let rows = dump.stdout.take().context("pg_dump has no output")?;
        let mut load = client(programs, "psql", self.preview.port, PLAIN);
        load.args(["--quiet", "--no-psqlrc", "--set=ON_ERROR_STOP=1"]).stdin(rows).stdout(Stdio::null());
        let (loaded, dumped) = (load.status()?, dump.wait()?);
        ensure!(loaded.success() && dumped.success(), "pg_dump | psql failed: {dumped}, {loaded}");
        self.run(self.preview.port, PLAIN, &["ANALYZE app.customers"])?;
        Ok(begun.elapsed().as_secs_f64())
    }

    fn engine(&self, work: EngineWork) -> anyhow::Result<EngineCost> {
        self.settle()?;
        let order = EngineOrder {
            work,
            ports: (self.source.port, self.preview.port),
            source: SOURCE.to_owned(),
            target: MASKED.to_owned(),
            programs: self.source.programs.clone(),
        };
        order.run()
    }

    /// All rows of a database of the preview server are masked and the indexes are there.
    pub(crate) fn check(&self, name: &str, count: u32) -> anyhow::Result<()> {
        self.check_on(self.preview.port, name, count)
    }

    /// All rows of a database are masked and the indexes are there.
    pub(crate) fn check_on(&self, port: u16, name: &str, count: u32) -> anyhow::Result<()> {
        let found: Vec<i64> = self.runtime.block_on(async {
            let mut session = database(port, name)?.connect(&deadline()).await?;
            let statement = SqlStatement::new("read", "the result", CHECK);
            let rows = session.query(&statement, &[], &deadline()).await?;
            let row = rows.first().context("no row")?;
            anyhow::Ok((0..4).map(|at| row.get(at)).collect())
        })?;
        let count = i64::from(count);
        ensure!(found == [count, count, 0, 4], "database {name}: expected {count} masked rows, got {found:?}");
        Ok(())
    }
}

async fn execute(session: &mut PostgresSession, sql: &str) -> anyhow::Result<()> {
    let done = session.batch(&SqlStatement::new("run", "a statement", sql), &deadline()).await;
    done.map_err(|error| anyhow::anyhow!("{}: {sql:.60}", error.chain()))
}

fn client(programs: &Path, program: &str, port: u16, database: &str) -> Command {
    let mut command = Command::new(programs.join(program));
    command.args(["--host=127.0.0.1", &format!("--port={port}"), &format!("--username={SUPERUSER}"), database]);
    command.env("PGPASSWORD", PASSWORD).env("PGSSLMODE", "disable");
    command
}
