//! The commands of `eod-cmp`, and what their exit codes mean.

mod discover;
mod generate;
mod init;
mod policy_check;
mod render;
mod serve;

use std::ffi::OsString;
use std::fmt::Display;
use std::io::{self, Write as _};
use std::process::ExitCode;

use eod_render::Refusals;

use crate::announcements;
use crate::arguments::{Command, HELP};
use crate::sandbox;

/// How a command ended.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Ended {
    Done,
    /// Refused or failed; stdout is empty.
    Failed,
    /// Not understood.
    Usage,
}

/// Runs the command that the arguments (those after the program's name) ask for.
pub fn run(arguments: impl IntoIterator<Item = OsString>) -> ExitCode {
    let mut arguments = arguments.into_iter().peekable();
    if arguments.next_if(|word| *word == sandbox::COMMAND).is_some() {
        return sandbox::launch(arguments);
    }
    let ended = match Command::parse(arguments) {
        Err(error) => complain(error, Ended::Usage),
        Ok(Command::Serve(options)) => serve::run(&options),
        Ok(Command::Generate(options)) => generate::run(&options),
        Ok(Command::Parameters) => print(&format!("{}\n", announcements::as_json())),
        Ok(Command::Discover) => discover::run(),
        Ok(Command::Render(options)) => render::run(*options),
        Ok(Command::PolicyCheck(file)) => policy_check::run(&file),
        Ok(Command::Init) => print(&init::text()),
        Ok(Command::Version) => print(&format!("eod-cmp {}\n", env!("CARGO_PKG_VERSION"))),
        Ok(Command::Help) => print(HELP),
    };
    match ended {
        Ended::Done => ExitCode::SUCCESS,
        Ended::Failed => ExitCode::from(1),
        Ended::Usage => ExitCode::from(2),
    }
}

/// Prints a result. A reader that went away is no failure of ours, but a full disk is.
fn print(text: &str) -> Ended {
    let mut out = io::stdout().lock();
    match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => {
            complain(format!("cannot write to stdout: {error}"), Ended::Failed)
        }
        _ => Ended::Done,
    }
}

/// Says on stderr why there is no result.
fn complain(what: impl Display, ended: Ended) -> Ended {
    // With stderr gone there is nobody left to tell.
    let _ = writeln!(io::stderr(), "{what}");
    ended
}

fn refuse(refusals: &Refusals) -> Ended {
    complain(refusals, Ended::Failed)
}

#[cfg(test)]
mod tests;
