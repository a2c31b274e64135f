//! Signals to processes that other processes started, and their state.

use std::process::Command;

use nix::{sys::signal, unistd::Pid};

pub use nix::sys::signal::Signal;

/// Sends a signal to one process.
///
/// # Panics
/// If the process does not exist or belongs to another user.
#[track_caller]
pub fn send_signal(signal: Signal, pid: u32) {
    try_send_signal(signal, pid).unwrap_or_else(|error| panic!("cannot send {signal} to process {pid}: {error}"));
}

/// Sends a signal to one process, which may have ended already.
pub(crate) fn try_send_signal(signal: Signal, pid: u32) -> nix::Result<()> {
    let pid = i32::try_from(pid).map_err(|_| nix::errno::Errno::ESRCH)?;
    signal::kill(Pid::from_raw(pid), signal)
}

/// True if the process runs. A zombie does not run: it has ended, and its parent has not read its status.
#[must_use]
pub fn is_running(pid: u32) -> bool {
    let stat = ps(&["-o", "stat=", "-p", &pid.to_string()]);
    let stat = stat.trim();
    !stat.is_empty() && !stat.starts_with('Z')
}

/// Ids of the providers that this process started.
pub(crate) fn providers_of(parent: u32) -> Vec<u32> {
    let provider = |line: &str| {
        let mut columns = line.split_whitespace();
        let (pid, ppid, name) = (columns.next()?, columns.next()?, columns.next()?);
        let name = name.rsplit('/').next()?;
        // The kernel keeps 15 bytes of a name.
        let matches = ppid.parse() == Ok(parent) && name.starts_with("terraform-provi");
        if matches { pid.parse().ok() } else { None }
    };
    ps(&["-A", "-o", "pid=,ppid=,comm="]).lines().filter_map(provider).collect()
}

fn ps(arguments: &[&str]) -> String {
    let output = Command::new("ps").args(arguments).output().expect("the tests need `ps`");
    String::from_utf8_lossy(&output.stdout).into_owned()
}
