//! What processes that have ended have used, as the kernel counted it.
//!
//! Reading `/proc` while a process runs would miss its last moments and round to a
//! hundredth of a second, which is more than a start of a provider takes. The kernel's
//! count of children that were waited for is exact and includes theirs.

use std::time::Duration;

use anyhow::Context;
use nix::sys::{
    resource::{UsageWho, getrusage},
    time::TimeValLike,
};

/// What this process's ended children have used, and the children of those.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Usage {
    pub(crate) cpu: Duration,
    /// The most memory that a single one had at a time, in KiB.
    pub(crate) peak_kib: u64,
}

impl Usage {
    /// All children so far.
    ///
    /// # Errors
    /// When the kernel does not answer.
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
