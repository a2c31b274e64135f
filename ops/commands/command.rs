//! Commands of `eod` and their exit codes.

mod approve;
mod audit;
mod clock;
mod doctor;
mod end;
mod list;
mod mask;
mod pipeline;
mod reap;
mod rights;
mod show;
mod sleep;
mod timeline;
mod wake;

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::process::ExitCode;
use std::time::Duration;

use clap::{CommandFactory as _, Parser as _};
use clap_complete::Shell;
use eod_clients::Deadline;
use tokio_util::sync::CancellationToken;

use crate::arguments::{CommonArguments, DEFAULT_TIMEOUT, DoctorSubject, EodCommand, EodCommandLine};
use crate::failure::{Failure, Outcome};
use crate::log;
use crate::output::{note, print, set_colors};
use crate::session::OpsSession;

/// Time for the calls of `eod end` before and after its wait for the namespace.
const END_MARGIN: Duration = Duration::from_secs(60);

/// Runs the command of a command line, program name included, with these environment variables.
pub fn run(arguments: impl IntoIterator<Item = OsString>, variables: BTreeMap<String, String>) -> ExitCode {
    let arguments: Vec<OsString> = arguments.into_iter().collect();
    let line = match EodCommandLine::try_parse_from(&arguments) {
        Ok(line) => line,
        Err(error) if error.use_stderr() => {
            note(without_passwords(error.render().to_string(), &arguments).trim_end());
            return ExitCode::from(2);
        }
        Err(help) => return finish(print(&help.render().to_string()).map(|()| Outcome::Done)),
    };
    log::install(line.common.log_format);
    set_colors(line.common.color, &variables);
    finish(run_command(&line.common, &line.command, variables))
}

fn finish(result: Result<Outcome, Failure>) -> ExitCode {
    match result {
        Ok(outcome) => outcome.exit_code(),
        Err(failure) => {
            note(&failure.text());
            failure.exit_code()
        }
    }
}

fn run_command(
    common: &CommonArguments,
    command: &EodCommand,
    variables: BTreeMap<String, String>,
) -> Result<Outcome, Failure> {
    match command {
        EodCommand::Version => {
            return print(&format!("eod {}\n", env!("CARGO_PKG_VERSION"))).map(|()| Outcome::Done);
        }
        EodCommand::Completions { shell } => return print(&completions(*shell)).map(|()| Outcome::Done),
        EodCommand::Mask { command } => return mask::run(common, command, variables),
        _ => {}
    }
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime = runtime.map_err(|error| Failure::failed(format!("cannot start the runtime: {error}")))?;
    let mut session = OpsSession::new(common, command.name(), variables)?;
    session.deadline = Deadline::within(command.time_limit(common), CancellationToken::new());
    runtime.block_on(run_on_cluster(common, command, &session))
}

async fn run_on_cluster(
    common: &CommonArguments,
    command: &EodCommand,
    session: &OpsSession,
) -> Result<Outcome, Failure> {
    match command {
        EodCommand::List(arguments) => list::run(session, common.output, arguments).await,
        EodCommand::Show(argument) => show::run(session, common.output, &argument.environment).await,
        EodCommand::Touch(argument) => clock::touch(session, &argument.environment).await,
        EodCommand::Event(arguments) => pipeline::run(session, arguments).await,
        EodCommand::Extend(arguments) => clock::extend(session, arguments).await,
        EodCommand::Approve(arguments) => approve::run(session, arguments).await,
        EodCommand::End(arguments) => end::run(session, common, arguments).await,
        EodCommand::Reap(arguments) => reap::run(session, common.output, arguments).await,
        EodCommand::Sleep(argument) => sleep::run(session, &argument.environment).await,
        EodCommand::Wake(arguments) => wake::run(session, arguments).await,
        EodCommand::Audit(argument) => audit::run(session, common.output, &argument.environment).await,
        EodCommand::Doctor { subject: DoctorSubject::Rights } => rights::run(session, common.output).await,
        EodCommand::Doctor { subject: DoctorSubject::Namespace { namespace, force_finalize } } => {
            doctor::run(session, common, namespace, *force_finalize).await
        }
        EodCommand::Mask { .. } | EodCommand::Version | EodCommand::Completions { .. } => Ok(Outcome::Done),
    }
}

/// Text of an error about the command line. It quotes arguments, and one of them may be a connection string with a
/// password in a wrong place.
fn without_passwords(text: String, arguments: &[OsString]) -> String {
    let arguments = arguments.iter().filter_map(|argument| argument.to_str());
    let arguments = arguments.filter(|argument| mask::may_have_password(argument));
    arguments.fold(text, |text, argument| {
        let value = argument.split_once('=').filter(|(name, _)| name.starts_with("--")).map_or(argument, |(_, it)| it);
        text.replace(value, "(connection string)")
    })
}

/// Script with the completions of a shell.
fn completions(shell: Shell) -> String {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut EodCommandLine::command(), "eod", &mut script);
    String::from_utf8_lossy(&script).into_owned()
}

impl EodCommand {
    /// Time limit of the command: `--timeout`, and for `end` at least `--wait` plus a margin for its calls. An end that is cut
    /// off keeps its hold, and the next run has to wait for it.
    fn time_limit(&self, common: &CommonArguments) -> Duration {
        let timeout = common.time_limit(DEFAULT_TIMEOUT);
        match self {
            Self::End(arguments) => timeout.max(arguments.wait.signed().unsigned_abs().saturating_add(END_MARGIN)),
            _ => timeout,
        }
    }

    /// Name of the command, for the user agent.
    fn name(&self) -> &'static str {
        match self {
            Self::List(_) => "list",
            Self::Show(_) => "show",
            Self::Touch(_) => "touch",
            Self::Event(_) => "event",
            Self::Extend(_) => "extend",
            Self::Approve(_) => "approve",
            Self::End(_) => "end",
            Self::Reap(_) => "reap",
            Self::Sleep(_) => "sleep",
            Self::Wake(_) => "wake",
            Self::Audit(_) => "audit",
            Self::Doctor { .. } => "doctor",
            Self::Mask { .. } => "mask",
            Self::Version => "version",
            Self::Completions { .. } => "completions",
        }
    }
}

#[cfg(test)]
mod tests;
