//! `eod mask golden list`: all versions of the golden databases of the installation.

use eod_golden::{GoldenFacts, GoldenVersion, VersionStage};
use serde_json::{Value, json};

use super::connect;
use crate::arguments::{GoldenListArguments, OutputFormat};
use crate::command::mask::MaskContext;
use crate::command::mask::access::statement_failure;
use crate::command::mask::quantity::size_text;
use crate::failure::{Failure, Outcome};
use crate::output::{note, print};
use crate::table::TextTable;

/// Runs the command.
pub(super) async fn run(context: &MaskContext, arguments: &GoldenListArguments) -> Result<Outcome, Failure> {
    let mut goldens = connect(context, &arguments.server).await?;
    let versions = goldens.list(&context.deadline).await.map_err(|error| statement_failure(&error))?;
    match context.output {
        OutputFormat::Json => {
            let goldens: Vec<_> = versions.iter().map(document).collect();
            context.print_document(json!({ "goldens": goldens }))?;
        }
        OutputFormat::Table => print(&text(&versions))?,
    }
    let problems: Vec<_> = versions.iter().flat_map(problems).collect();
    for problem in &problems {
        note(&format!("warning: {problem}"));
    }
    Ok(if problems.is_empty() { Outcome::Done } else { Outcome::Found })
}

fn text(versions: &[GoldenVersion]) -> String {
    let mut table = TextTable::new(&["NAME", "STATE", "DATABASE", "SNAPSHOT", "VALID-UNTIL", "TABLES", "ROWS", "SIZE"]);
    for version in versions {
        let facts = version.facts.as_ref();
        table.row(vec![
            version.name.clone(),
            version.state.to_string(),
            version.database.clone(),
            facts.map(|facts| facts.taken_at.to_string()).unwrap_or_default(),
            facts.and_then(|facts| facts.valid_until).map(|until| until.to_string()).unwrap_or_default(),
            facts.map(|facts| facts.tables.to_string()).unwrap_or_default(),
            facts.map(|facts| facts.rows.to_string()).unwrap_or_default(),
            version.bytes.map(size_text).unwrap_or_default(),
        ]);
    }
    table.text()
}

/// Problems of a version, each with its remedy.
fn problems(version: &GoldenVersion) -> Vec<String> {
    let GoldenVersion { name, database, state, facts, is_closed, is_over, .. } = version;
    let mut problems = Vec::new();
    if let (true, Some(until)) = (*is_over, facts.as_ref().and_then(|facts| facts.valid_until)) {
        let remedy = if *state == VersionStage::Published {
            format!("build and publish {name} again, or remove it with `eod mask golden prune {name}`")
        } else {
            format!("remove it with `eod mask golden prune {name}`")
        };
        problems.push(format!("{database} was valid until {until}; {remedy}"));
    }
    // A build has sessions in its own database.
    if !is_closed && *state != VersionStage::Unfinished {
        problems.push(format!(
            "{database} is open, so that its rows may have been changed; run `ALTER DATABASE {database} ALLOW_CONNECTIONS \
             false`, and verify it"
        ));
    }
    problems
}

fn document(version: &GoldenVersion) -> Value {
    let GoldenVersion { name, database, state, facts, bytes, is_closed, is_over } = version;
    let facts = facts.as_ref();
    json!({
        "name": name, "database": database, "state": state, "golden_version": facts.map(GoldenFacts::version),
        "taken_at": facts.map(|facts| facts.taken_at), "built_at": facts.map(|facts| facts.built_at),
        "published_at": facts.and_then(|facts| facts.published_at),
        "valid_until": facts.and_then(|facts| facts.valid_until), "tables": facts.map(|facts| facts.tables),
        "rows": facts.map(|facts| facts.rows), "bytes": bytes, "manifest": facts.map(|facts| &facts.manifest),
        "policy_digest": facts.map(|facts| &facts.policy), "key_check": facts.map(|facts| &facts.key_check),
        "closed": is_closed, "over": is_over,
    })
}

#[cfg(test)]
mod tests;
