//! What a running process uses, as the kernel tells it in `/proc`.

use std::fs;

use anyhow::Context;

use crate::bench::measured::megabytes;

/// The most memory it had at a time since its start or [`start_over`], in MB.
///
/// # Errors
/// When there is no such process.
pub(super) fn peak(pid: u32) -> anyhow::Result<f64> {
    status(pid, "VmHWM:")
}

/// The memory it has now, in MB.
///
/// # Errors
/// When there is no such process.
pub(super) fn resident(pid: u32) -> anyhow::Result<f64> {
    status(pid, "VmRSS:")
}

/// Lets the most memory be counted from now on.
///
/// # Errors
/// When the kernel does not allow it.
pub(super) fn start_over(pid: u32) -> anyhow::Result<()> {
    fs::write(format!("/proc/{pid}/clear_refs"), "5").with_context(|| format!("cannot reset the peak of {pid}"))
}

fn status(pid: u32, line: &str) -> anyhow::Result<f64> {
    let text =
        fs::read_to_string(format!("/proc/{pid}/status")).with_context(|| format!("there is no process {pid}"))?;
    let value = text.lines().find_map(|shown| shown.strip_prefix(line)).context("the kernel says more of a process")?;
    Ok(megabytes(value.trim().trim_end_matches(" kB").parse()?))
}
