//! `eod mask golden`: golden databases on a preview server.

mod build;
mod build_text;
mod check_constraints;
mod display;
mod failure;
mod list;
mod prune;
mod publish;
mod verify;

use eod_clients::postgres::Postgres;
use eod_golden::{GoldenName, GoldenServer, RolePrivileges};

use super::MaskContext;
use super::access::{server, statement_failure};
use crate::arguments::{MaskGoldenCommand, MaskServerArguments};
use crate::failure::{Failure, Outcome};

/// Runs a command.
pub(super) async fn run(context: &MaskContext, command: &MaskGoldenCommand) -> Result<Outcome, Failure> {
    match command {
        MaskGoldenCommand::Build(arguments) => build::run(context, arguments).await,
        MaskGoldenCommand::Verify(arguments) => verify::run(context, arguments).await,
        MaskGoldenCommand::Publish(arguments) => publish::run(context, arguments).await,
        MaskGoldenCommand::List(arguments) => list::run(context, arguments).await,
        MaskGoldenCommand::Prune(arguments) => prune::run(context, arguments).await,
    }
}

fn golden_name(text: &str) -> Result<GoldenName, Failure> {
    GoldenName::new(text).map_err(|error| Failure::usage(error.to_string()))
}

/// Session in the maintenance database of the preview server.
async fn connect(context: &MaskContext, arguments: &MaskServerArguments) -> Result<GoldenServer, Failure> {
    let server = server(context, arguments)?;
    connect_to(context, &server).await
}

async fn connect_to(context: &MaskContext, server: &Postgres) -> Result<GoldenServer, Failure> {
    let session = GoldenServer::connect(server, context.installation().as_str(), &context.deadline).await;
    session.map_err(|error| statement_failure(&error))
}

/// Privileges of roles, one role per line.
fn privileges_text(privileges: &[RolePrivileges]) -> String {
    let one = |role: &RolePrivileges| {
        let login = if role.is_superuser {
            " (superuser)"
        } else if role.can_login {
            " (can log in)"
        } else {
            ""
        };
        format!("privileges of {}{login}: {}\n", role.role, role.privileges.join(", "))
    };
    privileges.iter().map(one).collect()
}

/// Size for people.
pub(super) fn size_text(bytes: u64) -> String {
    match bytes {
        0..0x10_0000 => format!("{} kB", bytes.div_ceil(1 << 10)),
        0x10_0000..0x2_8000_0000 => format!("{} MB", bytes >> 20),
        _ => format!("{} GB", bytes >> 30),
    }
}

/// Number with its noun.
fn counted(count: u64, noun: &str) -> String {
    if count == 1 { format!("1 {noun}") } else { format!("{count} {noun}s") }
}
