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
            refreshed: number("BENCH_REFRESH", environments.saturating_mul(3))?,
        })
    }
}

fn number(name: &str, otherwise: usize) -> anyhow::Result<usize> {
    let Some(text) = env::var_os(name).filter(|text| !text.is_empty()) else { return Ok(otherwise) };
    let text = text.to_string_lossy();
    let number = text.parse().with_context(|| format!("{name} is {text}; expected a number from 1 to 1024"))?;
    ensure!((1..=1024).contains(&number), "{name} is {number}; expected a number from 1 to 1024");
    Ok(number)
}
