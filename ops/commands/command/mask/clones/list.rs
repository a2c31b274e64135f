//! `eod mask clones list`: all clones of the installation.

use eod_snapshot::{CloneStage, ListedClone};
use jiff::Timestamp;
use serde_json::{Value, json};

use super::connect;
use crate::arguments::{ClonesListArguments, OutputFormat};
use crate::command::mask::access::statement_failure;
use crate::command::mask::quantity::size_text;
use crate::command::mask::{MaskContext, now};
use crate::duration_text::age;
use crate::failure::{Failure, Outcome};
use crate::output::{note, print};
use crate::table::TextTable;

/// Runs the command.
pub(super) async fn run(context: &MaskContext, arguments: &ClonesListArguments) -> Result<Outcome, Failure> {
    let mut server = connect(context, &arguments.server).await?;
    let clones = server.list(&context.deadline).await.map_err(|error| statement_failure(&error))?;
    let is_listed =
        |clone: &ListedClone| arguments.environment.as_ref().is_none_or(|wanted| wanted.as_str() == clone.environment);
    let clones: Vec<_> = clones.into_iter().filter(is_listed).collect();
    match context.output {
        OutputFormat::Json => {
            let clones: Vec<_> = clones.iter().map(document).collect();
            context.print_document(json!({ "clones": clones }))?;
        }
        OutputFormat::Table => print(&text(&clones, now()))?,
    }
    let problems: Vec<_> = clones.iter().filter_map(problem).collect();
    for problem in &problems {
        note(&format!("warning: {problem}"));
    }
    Ok(if problems.is_empty() { Outcome::Done } else { Outcome::Found })
}

fn text(clones: &[ListedClone], now: Timestamp) -> String {
    let titles = [
        "ENVIRONMENT",
        "DATABASE",
        "STATE",
        "GOLDEN",
        "VERSION",
        "AGE",
        "SIZE",
        "OWN",
        "KEPT-UNTIL",
        "LAST-CONNECTION",
    ];
    let mut table = TextTable::new(&titles);
    for clone in clones {
        table.row(vec![
            clone.environment.clone(),
            clone.database.clone(),
            clone.state.to_string(),
            clone.golden.clone(),
            clone.golden_version.clone(),
            age(clone.begun_at, now),
            clone.bytes.map(size_text).unwrap_or_default(),
            clone.own_bytes.map(size_text).unwrap_or_default(),
            clone.kept_until.map(|until| until.to_string()).unwrap_or_default(),
            last_connection(clone, now),
        ]);
    }
    table.text()
}

fn last_connection(clone: &ListedClone, now: Timestamp) -> String {
    match (clone.sessions, clone.last_connection_at) {
        (0, Some(at)) => format!("{} ago", age(at, now)),
        (0, None) => String::new(),
        (1, _) => "now, 1 session".to_owned(),
        (sessions, _) => format!("now, {sessions} sessions"),
    }
}

/// Problem of a clone with its remedy.
fn problem(clone: &ListedClone) -> Option<String> {
    let ListedClone { database, environment, state, is_busy, is_blocked, is_over, kept_until, .. } = clone;
    let pruned = "remove it with `eod mask clones prune`";
    Some(match state {
        _ if *is_busy => return None,
        CloneStage::Keeping | CloneStage::Kept if *is_over => {
            let until = kept_until.map(|until| until.to_string()).unwrap_or_default();
            format!("{database} was kept until {until}; {pruned}")
        }
        CloneStage::Unfinished => format!("the create or the removal of {database} was interrupted; {pruned}"),
        CloneStage::Keeping => format!(
            "{database} is closed and was not kept to the end, because the run was interrupted; repeat the destroy of \
             environment {environment}, or create its database again"
        ),
        CloneStage::Foreign => format!(
            "the comment of database {database} was changed by hand, so it is neither used nor removed; remove the database and \
             its owner role by hand"
        ),
        CloneStage::Open if *is_blocked => {
            format!("{database} was closed by hand; run `ALTER DATABASE {database} ALLOW_CONNECTIONS true`")
        }
        CloneStage::Open | CloneStage::Kept => return None,
    })
}

fn document(clone: &ListedClone) -> Value {
    let ListedClone { database, environment, golden, golden_version, state, is_busy, is_blocked, .. } = clone;
    json!({
        "database": database, "environment": environment, "golden": golden, "golden_version": golden_version,
        "state": state, "busy": is_busy, "blocked": is_blocked, "created_at": clone.begun_at,
        "opened_at": clone.opened_at, "kept_until": clone.kept_until, "over": clone.is_over, "bytes": clone.bytes,
        "own_bytes": clone.own_bytes, "sessions": clone.sessions, "last_connection_at": clone.last_connection_at,
    })
}

#[cfg(test)]
mod tests;
