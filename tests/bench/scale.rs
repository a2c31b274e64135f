//! How much is measured.

use std::env;

use anyhow::{Context, ensure};

/// The sizes of one run of the benchmark.
pub(crate) struct Scale {
    /// How often a provider is started for the first numbers.
    pub(crate) starts: usize,
    /// How many environments live through plan, apply and destroy.
    pub(crate) environments: usize,
    /// How many environments are refreshed in one state.
    pub(crate) refreshed: usize,
    /// How many copied subtrees are refreshed in one state.
    pub(crate) copies: usize,
    /// How often the plugin's socket is asked for one number.
    pub(crate) renders: usize,
    /// How often the repo-server is asked for one number.
    pub(crate) rounds: usize,
    /// How many Applications of one large repository are refreshed at once.
    pub(crate) applications: usize,
    /// How many renders the plugin does without an end.
    pub(crate) soak: usize,
}

impl Scale {
    /// Reads the variables that `make bench` documents.
    ///
    /// # Errors
    /// When one is no number, or one that Terraform's `range` does not allow.
    pub(crate) fn from_environment() -> anyhow::Result<Self> {
        let environments = number("BENCH_ENVIRONMENTS", 100)?;
        Ok(Self {
            starts: number("BENCH_STARTS", 200)?,
            environments,
            copies: number("BENCH_COPIES", 100)?,
            renders: number("BENCH_RENDERS", 400)?,
            rounds: number("BENCH_ROUNDS", 40)?,
            applications: number("BENCH_APPLICATIONS", 64)?,
            soak: number("BENCH_SOAK", 10_000)?,
            refreshed: number("BENCH_REFRESH", environments.saturating_mul(3))?,
        })
    }
}

/// What Terraform's `range` can still make a list of is 1024; the plugin is asked more often.
const MOST: usize = 10_000;

fn number(name: &str, otherwise: usize) -> anyhow::Result<usize> {
    let Some(text) = env::var_os(name).filter(|text| !text.is_empty()) else { return Ok(otherwise) };
    let text = text.to_string_lossy();
    let number = text.parse().with_context(|| format!("{name} is {text}; expected a number from 1 to {MOST}"))?;
    ensure!((1..=MOST).contains(&number), "{name} is {number}; expected a number from 1 to {MOST}");
    Ok(number)
}
