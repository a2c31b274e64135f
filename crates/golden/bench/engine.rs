//! The engine in a process of its own, which reports its time and its memory.

use std::{
    env, fmt,
    path::PathBuf,
    process::{Command, Stdio},
    sync::Arc,
    time::{Duration, Instant},
};

use anyhow::{Context, ensure};
use eod_clients::{
    Deadline,
    postgres::{Postgres, PostgresAccess, PostgresSettings},
};
use eod_golden::{BuildRequest, BuildSettings, GoldenBuild, GoldenName, MaskedCopy, ToolSearch};
use eod_masking::{MaskingKey, parse_masking_policy};
use eod_testkit::postgres::{PASSWORD, SUPERUSER};
use nix::sys::resource::{UsageWho, getrusage};
use serde::{Deserialize, Serialize};
use tokio_util::sync::CancellationToken;

use crate::bench::customers::POLICY;

/// Variable with the order of a process.
const ORDER: &str = "EOD_BENCH_ENGINE";
/// Time limit of any work.
const LIMIT: Duration = Duration::from_secs(3600);
/// Name of the golden database.
const GOLDEN: &str = "bench";

/// Work of the engine.
#[derive(Clone, Copy, Debug, Deserialize, Serialize)]
pub(crate) enum EngineWork {
    /// All rows into a database with the same structure, with indexes and ANALYZE.
    Copy,
    /// A golden database: structure, rows, statistics, verification, manifest.
    Build,
}

/// Order to do work between two servers.
#[derive(Debug, Deserialize, Serialize)]
pub(crate) struct EngineOrder {
    pub(crate) work: EngineWork,
    /// Ports of the servers of the source and of the target.
    pub(crate) ports: (u16, u16),
    pub(crate) source: String,
    /// Target of a copy.
    pub(crate) target: String,
    /// Folder of `pg_dump`.
    pub(crate) programs: PathBuf,
}

/// Usage of a finished order.
#[derive(Clone, Copy, Debug, Deserialize, Serialize)]
pub(crate) struct EngineCost {
    pub(crate) seconds: f64,
    /// Peak memory of the process in KiB.
    pub(crate) peak_kib: u64,
}

/// A database of a server of the kit.
///
/// # Errors
/// If the settings are not valid.
pub(crate) fn database(port: u16, name: &str) -> anyhow::Result<Postgres> {
    let mut settings = PostgresSettings::default();
    let port = port.to_string();
    let values =
        [("host", "127.0.0.1"), ("port", &*port), ("dbname", name), ("user", SUPERUSER), ("password", PASSWORD)];
    for (keyword, value) in values.into_iter().chain([("sslmode", "disable"), ("application_name", "bench")]) {
        settings.set(keyword, value)?;
    }
    Ok(Postgres::new(PostgresAccess::new(&settings)?))
}

/// Time limit of any work.
pub(crate) fn deadline() -> Deadline {
    Deadline::within(LIMIT, CancellationToken::new())
}

impl EngineOrder {
    /// The order in this process's environment.
    ///
    /// # Errors
    /// If it is not valid.
    pub(crate) fn given() -> anyhow::Result<Option<Self>> {
        let Some(text) = env::var_os(ORDER) else { return Ok(None) };
        Ok(Some(serde_json::from_str(&text.to_string_lossy()).with_context(|| format!("{ORDER} is not valid"))?))
    }

    /// Runs another process with this order.
    ///
    /// # Errors
    /// If it fails.
    pub(crate) fn run(&self) -> anyhow::Result<EngineCost> {
        let mut command = Command::new(env::current_exe()?);
        let output = command.env(ORDER, serde_json::to_string(self)?).stdin(Stdio::null()).output()?;
        let messages = String::from_utf8_lossy(&output.stderr);
        ensure!(output.status.success(), "{:?} failed: {messages}", self.work);
        Ok(serde_json::from_slice(&output.stdout)?)
    }

    /// Does the work.
    ///
    /// # Errors
    /// If it fails.
    pub(crate) fn carry_out(&self) -> anyhow::Result<EngineCost> {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
        let begun = Instant::now();
        runtime.block_on(self.work())?;
        let seconds = begun.elapsed().as_secs_f64();
        let usage = getrusage(UsageWho::RUSAGE_SELF).context("cannot ask the kernel for the usage of this process")?;
        // Linux counts in KiB, macOS in bytes.
        let divisor = if cfg!(target_os = "macos") { 1024 } else { 1 };
        Ok(EngineCost { seconds, peak_kib: u64::try_from(usage.max_rss())? / divisor })
    }

    async fn work(&self) -> anyhow::Result<()> {
        let policy = parse_masking_policy(POLICY.as_bytes())?;
        let key = MaskingKey::from_secret(b"0123456789abcdef0123456789abcdef")?;
        let source = database(self.ports.0, &self.source)?;
        match self.work {
            EngineWork::Copy => {
                let target = database(self.ports.1, &self.target)?;
                let copy = MaskedCopy { source: &source, target: &target, policy: &policy, key: &key, workers: 2 };
                copy.run(&deadline()).await?;
            }
            EngineWork::Build => {
                let (server, name) = (database(self.ports.1, "postgres")?, GoldenName::new(GOLDEN)?);
                let request = BuildRequest {
                    server: &server,
                    installation: "bench",
                    name: &name,
                    policy: &policy,
                    policy_text: POLICY.as_bytes(),
                    key: &key,
                    settings: BuildSettings::default(),
                    progress: Arc::new(()),
                };
                let tools = ToolSearch { folder: Some(self.programs.clone()), path: None };
                let build = GoldenBuild { request, source: &source, tools };
                build.run(&deadline()).await.map_err(|error| anyhow::anyhow!("{}", error.chain()))?;
            }
        }
        Ok(())
    }
}

impl fmt::Display for EngineCost {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&serde_json::to_string(self).unwrap_or_default())
    }
}
