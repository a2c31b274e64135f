//! `eod mask golden prune`: removes versions that are over, older ones, and interrupted builds.

use eod_golden::PrunedVersion;
use serde_json::json;

use super::{connect, golden_name};
use crate::arguments::{GoldenPruneArguments, OutputFormat};
use crate::command::mask::MaskContext;
use crate::command::mask::access::statement_failure;
use crate::failure::{Failure, Outcome};
use crate::output::{note, print};
use crate::table::printable;

/// Runs the command.
pub(super) async fn run(context: &MaskContext, arguments: &GoldenPruneArguments) -> Result<Outcome, Failure> {
    let GoldenPruneArguments { name, keep, server, dry_run } = arguments;
    let name = name.as_deref().map(golden_name).transpose()?;
    let mut goldens = connect(context, server).await?;
    let pruned = goldens.prune(name.as_ref(), keep.count, *dry_run, &context.deadline).await;
    let pruned = pruned.map_err(|error| statement_failure(&error))?;
    match context.output {
        OutputFormat::Json => context.print_document(json!({ "dry_run": dry_run, "pruned": pruned }))?,
        OutputFormat::Table => print(&text(&pruned, *dry_run))?,
    }
    let mut is_whole = true;
    for PrunedVersion { database, error, .. } in &pruned {
        if let Some(error) = error {
            is_whole = false;
            note(&format!("warning: {database} could not be removed: {}", printable(error)));
        }
    }
    Ok(if is_whole { Outcome::Done } else { Outcome::Found })
}

fn text(pruned: &[PrunedVersion], dry_run: bool) -> String {
    if pruned.is_empty() {
        return "nothing to remove\n".to_owned();
    }
    let one = |version: &PrunedVersion| {
        let done = match (dry_run, version.removed) {
            (true, _) => "would be removed",
            (false, true) => "was removed",
            (false, false) => "was not removed",
        };
        format!("{} {done}: {}\n", version.database, version.reason)
    };
    pruned.iter().map(one).collect()
}
