//! `eod mask clones`: clones of golden databases on a preview server.

mod list;
mod prune;

use eod_snapshot::CloneServer;

use super::MaskContext;
use super::access::{server, statement_failure};
use crate::arguments::{MaskClonesCommand, MaskServerArguments};
use crate::failure::{Failure, Outcome};

/// Runs a command.
pub(super) async fn run(context: &MaskContext, command: &MaskClonesCommand) -> Result<Outcome, Failure> {
    match command {
        MaskClonesCommand::List(arguments) => list::run(context, arguments).await,
        MaskClonesCommand::Prune(arguments) => prune::run(context, arguments).await,
    }
}

/// Session in the maintenance database of the preview server.
async fn connect(context: &MaskContext, arguments: &MaskServerArguments) -> Result<CloneServer, Failure> {
    let server = server(context, arguments)?;
    let session = CloneServer::connect(&server, context.installation(), &context.deadline).await;
    session.map_err(|error| statement_failure(&error))
}
