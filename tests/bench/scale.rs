//! Sizes of the measurements.

use std::env;

use anyhow::{Context, ensure};

/// Sizes of one run of the benchmark.
pub(crate) struct Scale {
    /// Number of starts of each provider.
    pub(crate) starts: usize,
    /// Number of environments for plan, apply and destroy.
    pub(crate) environments: usize,
    /// Number of environments in the refreshed state.
    pub(crate) refreshed: usize,
    /// Number of copied subtrees in the refreshed state.
    pub(crate) copies: usize,
    /// Number of calls to the plugin's socket per measurement.
    pub(crate) renders: usize,
    /// Number of calls to the repo-server per measurement.
    pub(crate) rounds: usize,
    /// Number of Applications of one large repository in a parallel refresh.
    pub(crate) applications: usize,
    /// Number of generated sources to render.
    pub(crate) sources: usize,
    /// Number of renders in one process.
    pub(crate) soak: usize,
    /// Number of environments that `eod` lists.
    pub(crate) fleet: usize,
}

impl Scale {
    /// Reads the variables that `make bench` documents.
    ///
    /// # Errors
    /// If a value is not a number, or is over the limit of Terraform's `range`.
    pub(crate) fn from_environment() -> anyhow::Result<Self> {
        let environments = number("BENCH_ENVIRONMENTS", 100)?;
        Ok(Self {
            starts: number("BENCH_STARTS", 200)?,
            environments,
            copies: number("BENCH_COPIES", 100)?,
            renders: number("BENCH_RENDERS", 400)?,
            rounds: number("BENCH_ROUNDS", 40)?,
            applications: number("BENCH_APPLICATIONS", 64)?,
            sources: number("BENCH_SOURCES", 300)?,
            soak: number("BENCH_SOAK", 10_000)?,
            fleet: number("BENCH_FLEET", 10_000)?,
            refreshed: number("BENCH_REFRESH", environments.saturating_mul(3))?,
        })
    }
}

/// Terraform's `range` is limited to 1024 elements; the plugin has no such limit.
const MOST: usize = 100_000;

fn number(name: &str, otherwise: usize) -> anyhow::Result<usize> {
    let Some(text) = env::var_os(name).filter(|text| !text.is_empty()) else { return Ok(otherwise) };
    let text = text.to_string_lossy();
    let number = text.parse().with_context(|| format!("{name} is {text}; expected a number from 1 to {MOST}"))?;
    ensure!((1..=MOST).contains(&number), "{name} is {number}; expected a number from 1 to {MOST}");
    Ok(number)
}
