//! Commands of `eod-cmp` and their exit codes.

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

use clap_complete::Shell;
use eod_render::Refusals;

use crate::announcements;
use crate::arguments::{CmpCommand, PolicyCommand};
use crate::sandbox;

/// Result of a command, which is its exit code.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum CommandResult {
    /// The command succeeded: exit code 0.
    Done,
    /// The command was refused or failed, and stdout is empty: exit code 1.
    Failed,
    /// The command line is invalid: exit code 2.
    Usage,
}

/// Runs the command in `arguments`, which are the arguments after the program's name.
pub fn run(arguments: impl IntoIterator<Item = OsString>) -> ExitCode {
    let mut arguments = arguments.into_iter().peekable();
    if arguments.next_if(|argument| *argument == sandbox::COMMAND).is_some() {
        return sandbox::launch(arguments);
    }
    let result = match CmpCommand::parse(arguments) {
        Err(error) if error.use_stderr() => print_error(error.render().to_string().trim_end(), CommandResult::Usage),
        Err(help) => print(&help.render().to_string()),
        Ok(command) => run_command(command),
    };
    match result {
        CommandResult::Done => ExitCode::SUCCESS,
        CommandResult::Failed => ExitCode::from(1),
        CommandResult::Usage => ExitCode::from(2),
    }
}

fn run_command(command: CmpCommand) -> CommandResult {
    match command {
        CmpCommand::Serve(options) => serve::run(&options),
        CmpCommand::Generate(options) => generate::run(&options),
        CmpCommand::Parameters => print(&format!("{}\n", announcements::to_json())),
        CmpCommand::Discover => discover::run(),
        CmpCommand::Render(options) => render::run(*options),
        CmpCommand::Policy { command: PolicyCommand::Check { file } } => policy_check::run(&file),
        CmpCommand::Init { format } => print(&init::text(format)),
        CmpCommand::Completions { shell } => print(&completions(shell)),
    }
}

/// Script with the completions of a shell.
fn completions(shell: Shell) -> String {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut CmpCommand::definition(), "eod-cmp", &mut script);
    String::from_utf8_lossy(&script).into_owned()
}

/// Prints a result. A closed stdout is not a failure, but a full disk is.
fn print(text: &str) -> CommandResult {
    let mut out = io::stdout().lock();
    match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => {
            print_error(format!("cannot write to stdout: {error}"), CommandResult::Failed)
        }
        _ => CommandResult::Done,
    }
}

/// Prints an error to stderr and returns `result`.
fn print_error(error: impl Display, result: CommandResult) -> CommandResult {
    // An error of stderr cannot be reported.
    let _ = writeln!(io::stderr(), "{error}");
    result
}

fn print_refusals(refusals: &Refusals) -> CommandResult {
    print_error(refusals, CommandResult::Failed)
}

#[cfg(test)]
mod tests;
