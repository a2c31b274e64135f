//! Sandbox of helm and kustomize: a launcher that restricts its own process and then executes the tool.
//!
//! Rust cannot run code between fork and exec without `unsafe`, so eod-cmp starts itself again as a launcher:
//! `eod-cmp sandbox MODE PARENT HOME PROGRAM ARGUMENTS...`. The launcher is killed with its parent, sets resource
//! limits and `no_new_privs`, restricts itself to its home and the tool (Landlock) and to the system calls that such a
//! tool needs (seccomp: no sockets and no processes), and executes the tool. The environment of the tool is empty
//! except for two variables with the path of its home.
//!
//! # Guarantees
//!
//! - With [`SandboxMode::Required`] the tool starts only if all restrictions are active.
//! - A tool cannot start another process, so none of its processes is left behind.

mod calls;
mod paths;

use std::ffi::OsString;
use std::io::{self, Write as _};
use std::os::unix::process::CommandExt as _;
use std::path::PathBuf;
use std::process::{Command, ExitCode};
use std::str::FromStr;

use rustix::process::{Resource, Rlimit, Signal, getpid, getppid, set_parent_process_death_signal, setrlimit};
use rustix::thread::set_no_new_privs;

/// Strictness of the sandbox.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum SandboxMode {
    /// The tool starts only if all restrictions are active.
    Required,
    /// Restrictions that the kernel does not support are skipped.
    BestEffort,
    /// All restrictions are set and no tool is started, to test the support of the kernel.
    Probe,
}

/// Exit code of a launcher that did not execute the tool. Tools do not use this code.
pub(crate) const NOT_LAUNCHED: i32 = 125;
/// Name of the internal command.
pub(crate) const COMMAND: &str = "sandbox";

/// Maximum memory of a tool in bytes (`RLIMIT_DATA`). helm and kustomize usually need a tenth of it.
pub(crate) const DATA_LIMIT: u64 = 1 << 30;
/// Maximum size of a file written by a tool, in bytes.
const FILE_SIZE_LIMIT: u64 = 64 << 20;
/// Maximum number of open files.
const OPEN_FILE_LIMIT: u64 = 256;
/// Maximum CPU time in seconds. The caller's deadline is usually earlier.
const CPU_LIMIT: u64 = 120;

/// Reasons for a launcher that did not execute the tool.
#[derive(Debug, thiserror::Error)]
enum LaunchError {
    #[error("expected MODE PARENT HOME PROGRAM ARGUMENTS...; eod-cmp starts this command itself")]
    Usage,
    #[error("the parent process has ended")]
    Orphaned,
    #[error("the kernel does not support {what}: {why}")]
    Kernel { what: &'static str, why: String },
    #[error("cannot start `{program}`: {source}")]
    Exec { program: PathBuf, source: io::Error },
}

/// Arguments of the launcher.
struct Launch {
    mode: SandboxMode,
    parent: i32,
    home: PathBuf,
    program: PathBuf,
    arguments: Vec<OsString>,
}

impl SandboxMode {
    /// Value on the command line.
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Required => "required",
            Self::BestEffort => "best-effort",
            Self::Probe => "probe",
        }
    }
}

impl FromStr for SandboxMode {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        [Self::Required, Self::BestEffort, Self::Probe].into_iter().find(|mode| mode.as_str() == text).ok_or(())
    }
}

/// Runs the launcher. Returns only if the tool was not executed.
pub(crate) fn launch(arguments: impl Iterator<Item = OsString>) -> ExitCode {
    let launched = Launch::parse(arguments).and_then(Launch::run);
    match launched {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            // An error of stderr cannot be reported.
            let _ = writeln!(io::stderr(), "{error}");
            ExitCode::from(u8::try_from(NOT_LAUNCHED).unwrap_or(1))
        }
    }
}

impl Launch {
    fn parse(mut arguments: impl Iterator<Item = OsString>) -> Result<Self, LaunchError> {
        let mut next = || arguments.next().ok_or(LaunchError::Usage);
        let text = |argument: OsString| argument.into_string().map_err(|_| LaunchError::Usage);
        let mode = text(next()?)?.parse().map_err(|()| LaunchError::Usage)?;
        let parent = text(next()?)?.parse().map_err(|_| LaunchError::Usage)?;
        let (home, program) = (next()?.into(), next()?.into());
        Ok(Self { mode, parent, home, program, arguments: arguments.collect() })
    }

    fn run(self) -> Result<(), LaunchError> {
        set_parent_process_death_signal(Some(Signal::KILL)).map_err(|error| kernel_error("PR_SET_PDEATHSIG", error))?;
        // The parent may have ended before the signal was set.
        if getppid().map(|parent| parent.as_raw_nonzero().get()) != Some(self.parent) {
            return Err(LaunchError::Orphaned);
        }
        for (resource, most) in [
            (Resource::Core, 0),
            (Resource::Cpu, CPU_LIMIT),
            (Resource::Data, DATA_LIMIT),
            (Resource::Fsize, FILE_SIZE_LIMIT),
            (Resource::Nofile, OPEN_FILE_LIMIT),
        ] {
            let limit = Rlimit { current: Some(most), maximum: Some(most) };
            setrlimit(resource, limit).map_err(|error| kernel_error("resource limits", error))?;
        }
        set_no_new_privs(true).map_err(|error| kernel_error("no_new_privs", error))?;
        self.ignore_if_best_effort(paths::restrict(&self.home, &self.program))?;
        self.ignore_if_best_effort(calls::restrict(getpid().as_raw_nonzero().get()))?;
        if self.mode == SandboxMode::Probe {
            return Ok(());
        }
        let source = Command::new(&self.program)
            .args(self.arguments)
            .env_clear()
            .env("HOME", &self.home)
            .env("TMPDIR", &self.home)
            .exec();
        Err(LaunchError::Exec { program: self.program, source })
    }

    /// Ignores an error in best-effort mode.
    fn ignore_if_best_effort(&self, result: Result<(), LaunchError>) -> Result<(), LaunchError> {
        match self.mode {
            SandboxMode::BestEffort => Ok(()),
            SandboxMode::Required | SandboxMode::Probe => result,
        }
    }
}

fn kernel_error(what: &'static str, why: impl std::fmt::Display) -> LaunchError {
    LaunchError::Kernel { what, why: why.to_string() }
}

#[cfg(test)]
mod tests;
