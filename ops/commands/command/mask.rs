//! `eod mask`: policies, scopes of migrations, golden databases, and PostgreSQL servers. No command needs a cluster.

mod access;
mod bar;
mod check;
mod clones;
mod constraints;
mod display;
mod doctor;
mod golden;
mod masking_key;
mod policy_file;
mod quantity;
mod run;
mod samples;
mod scope;
mod shadow;
mod suggest;
mod vault_field;
mod watch;

use std::collections::BTreeMap;
use std::time::{Duration, SystemTime};

use eod_clients::Deadline;
use eod_domain::Installation;
use jiff::Timestamp;
use serde_json::Value;
use tokio::signal::unix::{SignalKind, signal};
use tokio_util::sync::CancellationToken;

pub(super) use self::access::may_have_password;

use crate::arguments::{CommonArguments, DEFAULT_TIMEOUT, MaskCommand, MaskGoldenCommand, OutputFormat};
use crate::failure::{Failure, Outcome};
use crate::output::{document, print};
use crate::settings::OpsSettings;

/// Default time limit of commands that end with their work, whose duration depends on the size of a database.
const WORK_LIMIT: Duration = Duration::from_secs(7 * 24 * 3600);

/// Settings of a command of `eod mask`.
struct MaskContext {
    settings: OpsSettings,
    output: OutputFormat,
    variables: BTreeMap<String, String>,
    deadline: Deadline,
    /// True if nothing is asked.
    yes: bool,
}

/// Runs a command.
pub(super) fn run(
    common: &CommonArguments,
    command: &MaskCommand,
    variables: BTreeMap<String, String>,
) -> Result<Outcome, Failure> {
    let settings = OpsSettings::read(common, &variables)?;
    let runtime = match command {
        // Tables are masked on all cores.
        MaskCommand::Golden { .. } | MaskCommand::Run(_) => {
            tokio::runtime::Builder::new_multi_thread().enable_all().build()
        }
        _ => tokio::runtime::Builder::new_current_thread().enable_all().build(),
    };
    let runtime = runtime.map_err(|error| Failure::failed(format!("cannot start the runtime: {error}")))?;
    runtime.block_on(async {
        let cancel = CancellationToken::new();
        let deadline = Deadline::within(common.time_limit(default_limit(command)), cancel.clone());
        tokio::spawn(async move {
            interruption().await;
            cancel.cancel();
        });
        let context = MaskContext { settings, output: common.output, variables, deadline, yes: common.yes };
        match command {
            MaskCommand::Check(arguments) => check::run(&context, arguments).await,
            MaskCommand::Scope(arguments) if arguments.shadow => shadow::run(&context, arguments).await,
            MaskCommand::Scope(arguments) => scope::run(&context, arguments),
            MaskCommand::Run(arguments) => run::run(&context, arguments).await,
            MaskCommand::Suggest(arguments) => suggest::run(&context, arguments).await,
            MaskCommand::Doctor(arguments) => doctor::run(&context, arguments).await,
            MaskCommand::Watch(arguments) => watch::run(&context, arguments).await,
            MaskCommand::Golden { command } => golden::run(&context, command).await,
            MaskCommand::Clones { command } => clones::run(&context, command).await,
        }
    })
}

/// Default time limit of a command.
fn default_limit(command: &MaskCommand) -> Duration {
    match command {
        MaskCommand::Scope(arguments) if arguments.shadow => WORK_LIMIT,
        MaskCommand::Run(_)
        | MaskCommand::Watch(_)
        | MaskCommand::Golden { command: MaskGoldenCommand::Build(_) | MaskGoldenCommand::Verify(_) } => WORK_LIMIT,
        _ => DEFAULT_TIMEOUT,
    }
}

/// Waits for Ctrl-C or SIGTERM. After it the running statement is cancelled at the server, and the command removes what it
/// has created.
async fn interruption() {
    let Ok(mut terminate) = signal(SignalKind::terminate()) else {
        // Without a handler the signal ends the process, and the server the statement.
        return std::future::pending().await;
    };
    tokio::select! {
        _ = tokio::signal::ctrl_c() => {}
        _ = terminate.recv() => {}
    }
}

impl MaskContext {
    /// Prints a JSON document with these fields.
    fn print_document(&self, fields: Value) -> Result<(), Failure> {
        print(&document(now(), self.installation(), fields))
    }

    fn installation(&self) -> &Installation {
        &self.settings.installation
    }
}

/// Time of this machine: these commands have no API server.
fn now() -> Timestamp {
    Timestamp::try_from(SystemTime::now()).unwrap_or(Timestamp::UNIX_EPOCH)
}
