//! Memory of a running process, from `/proc`.

use std::fs;

use anyhow::Context;

use crate::bench::measured::megabytes;

/// Peak memory since its start or [`start_over`], in MB.
///
/// # Errors
/// If the process does not exist.
pub(super) fn peak(pid: u32) -> anyhow::Result<f64> {
    status(pid, "VmHWM:")
}

/// Current memory, in MB.
///
/// # Errors
/// If the process does not exist.
pub(super) fn resident(pid: u32) -> anyhow::Result<f64> {
    status(pid, "VmRSS:")
}

/// Resets the peak memory.
///
/// # Errors
/// If the kernel does not permit it.
pub(super) fn start_over(pid: u32) -> anyhow::Result<()> {
    fs::write(format!("/proc/{pid}/clear_refs"), "5").with_context(|| format!("cannot reset the peak of {pid}"))
}

fn status(pid: u32, line: &str) -> anyhow::Result<f64> {
    let text =
        fs::read_to_string(format!("/proc/{pid}/status")).with_context(|| format!("there is no process {pid}"))?;
    let value = text.lines().find_map(|shown| shown.strip_prefix(line)).context("the kernel says more of a process")?;
    Ok(megabytes(value.trim().trim_end_matches(" kB").parse()?))
}
