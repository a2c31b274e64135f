//! `eod mask golden publish`: the last build gets the name that clones are made from.

use std::fmt::Write as _;

use eod_golden::{PublishReport, PublishSettings};
use serde_json::{Value, json};

use super::failure::golden_failure;
use super::{connect, golden_name};
use crate::arguments::{GoldenPublishArguments, OutputFormat};
use crate::command::mask::MaskContext;
use crate::failure::{Failure, Outcome};
use crate::output::{note, print};
use crate::table::printable;

/// Runs the command.
pub(super) async fn run(context: &MaskContext, arguments: &GoldenPublishArguments) -> Result<Outcome, Failure> {
    let name = golden_name(&arguments.target.name)?;
    let settings =
        PublishSettings { valid_for: arguments.valid_for.signed().unsigned_abs(), keep: arguments.keep.count };
    let mut goldens = connect(context, &arguments.target.server).await?;
    let report = if arguments.dry_run {
        goldens.estimate_publication(&name, settings, &context.deadline).await
    } else {
        goldens.publish(&name, settings, &context.deadline).await
    };
    let report = report.map_err(|error| golden_failure(&error))?;
    match context.output {
        OutputFormat::Json => context.print_document(document(name.as_str(), arguments.dry_run, &report))?,
        OutputFormat::Table => print(&text(name.as_str(), arguments.dry_run, &report))?,
    }
    for (database, problem) in &report.not_removed {
        note(&format!("warning: {database} could not be removed: {}; `prune` tries again", printable(problem)));
    }
    Ok(if report.not_removed.is_empty() { Outcome::Done } else { Outcome::Found })
}

fn document(name: &str, dry_run: bool, report: &PublishReport) -> Value {
    let PublishReport { published, kept_as, removed, not_removed } = report;
    let not_removed: Vec<_> =
        not_removed.iter().map(|(database, error)| json!({ "database": database, "error": error })).collect();
    json!({
        "dry_run": dry_run, "golden": name, "golden_version": published.version(), "published": published,
        "published_at": published.published_at, "valid_until": published.valid_until, "kept_as": kept_as,
        "removed": removed, "not_removed": not_removed,
    })
}

fn text(name: &str, dry_run: bool, report: &PublishReport) -> String {
    let PublishReport { published, kept_as, removed, .. } = report;
    let (published_as, former, older) = if dry_run {
        ("would be published", "would be kept as", "would be removed")
    } else {
        ("published", "is kept as", "was removed")
    };
    let version = published.version();
    let mut text = format!("golden database {name}: version {version} {published_as}");
    if let Some(until) = published.valid_until {
        let _ = write!(text, ", valid until {until}");
    }
    text.push('\n');
    if let Some(kept) = kept_as {
        let _ = writeln!(text, "the former version {former} {kept}");
    }
    for database in removed {
        let _ = writeln!(text, "{database} {older}");
    }
    text
}

#[cfg(test)]
mod tests;
