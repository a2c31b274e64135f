//! Usage of ended child processes, as the kernel reports it.
//!
//! `/proc` of a running process misses its end and rounds to 10 ms, which is longer than a start of a provider. The kernel's
//! sum over ended children is exact and includes their children.

use std::time::Duration;

use anyhow::Context;
use nix::sys::{
    resource::{UsageWho, getrusage},
    time::TimeValLike,
};

/// Usage of this process's ended descendants.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Usage {
    pub(crate) cpu: Duration,
    /// Peak memory of a single process, in KiB.
    pub(crate) peak_kib: u64,
}

impl Usage {
    /// All children so far.
    ///
    /// # Errors
    /// If the system call fails.
    pub(crate) fn of_children() -> anyhow::Result<Self> {
        let usage = getrusage(UsageWho::RUSAGE_CHILDREN).context("cannot ask the kernel for the children's usage")?;
        let microseconds = usage.user_time().num_microseconds() + usage.system_time().num_microseconds();
        // Linux counts in KiB, macOS in bytes.
        let divisor = if cfg!(target_os = "macos") { 1024 } else { 1 };
        Ok(Self {
            cpu: Duration::from_micros(u64::try_from(microseconds)?),
            peak_kib: u64::try_from(usage.max_rss())? / divisor,
        })
    }
}
