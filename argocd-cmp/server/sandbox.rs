//! The sandbox of helm and kustomize: a process that takes everything from itself and then becomes the tool.
//!
//! Rust cannot run code between fork and exec without `unsafe`, so this binary starts itself again as a launcher:
//! `eod-cmp sandbox MODE PARENT HOME PROGRAM ARGUMENTS...`. The launcher dies with its parent, bounds what it may use,
//! gives up gaining rights, sees only its home and the tool (Landlock), keeps only the system calls that such a tool
//! needs (seccomp; no sockets and no processes among them) and replaces itself. The tool starts with an empty
//! environment but for two variables that name its home.
//!
//! # Guarantees
//!
//! - With [`Mode::Required`] the tool does not start unless all of this was done.
//! - A tool can start no other process, so nothing of it outlives it.

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

/// How much has to succeed.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Mode {
    /// Everything, or the tool does not start.
    Required,
    /// What the kernel gives.
    BestEffort,
    /// Everything, and then nothing is started: to see what the kernel gives.
    Probe,
}

/// The exit code of a launcher that did not become the tool. Tools have no such code of their own.
pub(crate) const NOT_LAUNCHED: i32 = 125;
/// The command's name.
pub(crate) const COMMAND: &str = "sandbox";

/// Bytes of a tool's data, which tools of this kind use a tenth of.
const DATA: u64 = 1 << 30;
/// Bytes of one file that it writes.
const FILE: u64 = 64 << 20;
/// Open files.
const FILES: u64 = 256;
/// Seconds of processor time. The caller's deadline is usually earlier.
const CPU: u64 = 120;

/// Why the launcher did not become the tool.
#[derive(Debug, thiserror::Error)]
enum LaunchError {
    #[error("expected MODE PARENT HOME PROGRAM ARGUMENTS...; eod-cmp starts this command itself")]
    Usage,
    #[error("the process that wanted the tool is gone")]
    Orphaned,
    #[error("the kernel refuses {what}: {why}")]
    Kernel { what: &'static str, why: String },
    #[error("cannot start `{program}`: {source}")]
    Exec { program: PathBuf, source: io::Error },
}

/// What to launch.
struct Launch {
    mode: Mode,
    parent: i32,
    home: PathBuf,
    program: PathBuf,
    arguments: Vec<OsString>,
}

impl Mode {
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Required => "required",
            Self::BestEffort => "best-effort",
            Self::Probe => "probe",
        }
    }
}

impl FromStr for Mode {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        [Self::Required, Self::BestEffort, Self::Probe].into_iter().find(|mode| mode.as_str() == text).ok_or(())
    }
}

/// The launcher. It returns only where it did not become the tool, or was not to.
pub(crate) fn launch(arguments: impl Iterator<Item = OsString>) -> ExitCode {
    let launched = Launch::parse(arguments).and_then(Launch::run);
    match launched {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            // With stderr gone there is nobody left to tell.
            let _ = writeln!(io::stderr(), "{error}");
            ExitCode::from(u8::try_from(NOT_LAUNCHED).unwrap_or(1))
        }
    }
}

impl Launch {
    fn parse(mut arguments: impl Iterator<Item = OsString>) -> Result<Self, LaunchError> {
        let mut next = || arguments.next().ok_or(LaunchError::Usage);
        let text = |word: OsString| word.into_string().map_err(|_| LaunchError::Usage);
        let mode = text(next()?)?.parse().map_err(|()| LaunchError::Usage)?;
        let parent = text(next()?)?.parse().map_err(|_| LaunchError::Usage)?;
        let (home, program) = (next()?.into(), next()?.into());
        Ok(Self { mode, parent, home, program, arguments: arguments.collect() })
    }

    fn run(self) -> Result<(), LaunchError> {
        set_parent_process_death_signal(Some(Signal::KILL))
            .map_err(|error| kernel("a death with the parent", error))?;
        // It may have died before that.
        if getppid().map(|parent| parent.as_raw_nonzero().get()) != Some(self.parent) {
            return Err(LaunchError::Orphaned);
        }
        for (resource, most) in [
            (Resource::Core, 0),
            (Resource::Cpu, CPU),
            (Resource::Data, DATA),
            (Resource::Fsize, FILE),
            (Resource::Nofile, FILES),
        ] {
            let limit = Rlimit { current: Some(most), maximum: Some(most) };
            setrlimit(resource, limit).map_err(|error| kernel("limits", error))?;
        }
        set_no_new_privs(true).map_err(|error| kernel("no_new_privs", error))?;
        self.tolerate(paths::restrict(&self.home, &self.program))?;
        self.tolerate(calls::restrict(getpid().as_raw_nonzero().get()))?;
        if self.mode == Mode::Probe {
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

    fn tolerate(&self, result: Result<(), LaunchError>) -> Result<(), LaunchError> {
        match self.mode {
            Mode::BestEffort => Ok(()),
            Mode::Required | Mode::Probe => result,
        }
    }
}

fn kernel(what: &'static str, why: impl std::fmt::Display) -> LaunchError {
    LaunchError::Kernel { what, why: why.to_string() }
}

#[cfg(test)]
mod tests;
