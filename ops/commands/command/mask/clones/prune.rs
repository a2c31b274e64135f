//! `eod mask clones prune`: removes kept clones past their time, interrupted creates, and temporary logins past their end.

use eod_snapshot::{PrunedClone, PrunedLogin};
use serde_json::json;

use super::connect;
use crate::arguments::{ClonesPruneArguments, OutputFormat};
use crate::command::mask::MaskContext;
use crate::command::mask::access::statement_failure;
use crate::failure::{Failure, Outcome};
use crate::output::{note, print};
use crate::table::printable;

/// Runs the command.
pub(super) async fn run(context: &MaskContext, arguments: &ClonesPruneArguments) -> Result<Outcome, Failure> {
    let ClonesPruneArguments { server, dry_run } = arguments;
    let mut server = connect(context, server).await?;
    let deadline = &context.deadline;
    let clones = server.prune(*dry_run, deadline).await.map_err(|error| statement_failure(&error))?;
    let logins = server.prune_logins(*dry_run, deadline).await.map_err(|error| statement_failure(&error))?;
    match context.output {
        OutputFormat::Json => {
            context.print_document(json!({ "dry_run": dry_run, "pruned": clones, "logins": logins }))?;
        }
        OutputFormat::Table => print(&text(&clones, &logins, *dry_run))?,
    }
    let failed = clones.iter().filter_map(|clone| Some((&clone.database, clone.error.as_ref()?)));
    let failed: Vec<_> =
        failed.chain(logins.iter().filter_map(|login| Some((&login.role, login.error.as_ref()?)))).collect();
    for (name, error) in &failed {
        note(&format!("warning: {name} could not be removed: {}", printable(error)));
    }
    Ok(if failed.is_empty() { Outcome::Done } else { Outcome::Found })
}

fn text(clones: &[PrunedClone], logins: &[PrunedLogin], dry_run: bool) -> String {
    let done = |removed: bool| match (dry_run, removed) {
        (true, _) => "would be removed",
        (false, true) => "was removed",
        (false, false) => "was not removed",
    };
    let clones = clones.iter().map(|clone| {
        let PrunedClone { database, environment, reason, removed, .. } = clone;
        format!("{database} of environment {environment} {}: {reason}\n", done(*removed))
    });
    let logins = logins.iter().map(|login| {
        let PrunedLogin { role, database, valid_until, removed, .. } = login;
        format!("login {role} of {database} {}: it was valid until {valid_until}\n", done(*removed))
    });
    let lines: String = clones.chain(logins).collect();
    if lines.is_empty() { "nothing to remove\n".to_owned() } else { lines }
}

#[cfg(test)]
mod tests;
