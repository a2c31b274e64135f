//! `eod mask doctor`: the state of a preview server, with the SQL that repairs it.

mod findings;
mod measure;

use std::fmt::Write as _;

use eod_clients::Error as ClientError;
use serde_json::{Value, json};

use self::findings::{DoctorFinding, FindingGroup, ServerFacts, findings};
use self::measure::{BlockSharing, Measurement, measure};
use super::MaskContext;
use super::access::{server, statement_failure};
use crate::arguments::{MaskDoctorArguments, OutputFormat};
use crate::failure::{Failure, Outcome};
use crate::output::{note, print};
use crate::table::printable;

/// Runs the command.
pub(super) async fn run(context: &MaskContext, arguments: &MaskDoctorArguments) -> Result<Outcome, Failure> {
    let failed = |error: ClientError| statement_failure(&error);
    let server = server(context, &arguments.server)?;
    let mut session = server.connect(&context.deadline).await.map_err(failed)?;
    let facts = ServerFacts::read(&mut session, &context.deadline).await.map_err(failed)?;
    let measurement = if arguments.no_measure {
        Err("not measured: --no-measure".to_owned())
    } else if !facts.can_create_databases() {
        Err("not measured: the role has no CREATEDB".to_owned())
    } else {
        measure(&server, &mut session, facts.setting("data_directory"), &context.deadline).await.map_err(|error| {
            if context.deadline.is_cancelled() {
                "cancelled".to_owned()
            } else {
                format!("not measured: {}", error.chain())
            }
        })
    };
    if context.deadline.is_cancelled() {
        return Err(Failure::failed("cancelled; the databases of the measurement were removed"));
    }
    let findings = findings(&facts, measurement.as_ref().ok());
    session.close(&context.deadline).await.map_err(failed)?;
    match context.output {
        OutputFormat::Json => context.print_document(document(&facts, &findings, &measurement))?,
        OutputFormat::Table => print(&text(&facts, &findings, &measurement))?,
    }
    if findings.is_empty() {
        return Ok(Outcome::Done);
    }
    let unsafe_count = findings.iter().filter(|finding| finding.group == FindingGroup::Access).count();
    if unsafe_count > 0 {
        note(&format!("warning: {unsafe_count} findings concern access to rows that are not masked yet"));
    }
    Ok(Outcome::Found)
}

/// SQL script: each finding is a comment, followed by its statements.
fn text(facts: &ServerFacts, findings: &[DoctorFinding], measurement: &Result<Measurement, String>) -> String {
    let mut text = format!("-- PostgreSQL {}, as role {}\n", facts.version_text(), comment(&facts.role));
    match measurement {
        Ok(found) => {
            let _ = writeln!(text, "-- measured: {}", comment(&found.text()));
        }
        Err(reason) => {
            let _ = writeln!(text, "-- {}", comment(reason));
        }
    }
    for finding in findings {
        let _ = writeln!(text, "\n-- {}: {}", finding.group, comment(&finding.message));
        for statement in &finding.sql {
            let _ = writeln!(text, "{statement}");
        }
        if let Some(after) = finding.after {
            let _ = writeln!(text, "-- then {after}");
        }
    }
    if findings.is_empty() {
        text.push_str("-- nothing to change\n");
    }
    text
}

/// Text of a comment in one line, without control characters of names.
fn comment(text: &str) -> String {
    printable(text)
}

fn document(facts: &ServerFacts, findings: &[DoctorFinding], measurement: &Result<Measurement, String>) -> Value {
    let findings: Vec<_> = findings
        .iter()
        .map(|finding| {
            let group: &'static str = finding.group.into();
            json!({ "group": group, "message": finding.message, "sql": finding.sql, "then": finding.after })
        })
        .collect();
    let measured = measurement.as_ref().ok().map(|found| {
        let sharing: &'static str = found.sharing.into();
        json!({
            "block_sharing": sharing, "clone_seconds": found.clone_seconds, "empty_clone_seconds": found.empty_seconds,
            "files": found.files, "milliseconds_per_file": found.milliseconds_per_file(),
            "strategy": if found.sharing == BlockSharing::Shared { "clone" } else if found.sharing == BlockSharing::Copied { "copy" } else { "unknown" },
        })
    });
    json!({
        "server_version": facts.version, "role": facts.role, "findings": findings, "measured": measured,
        "not_measured": measurement.as_ref().err(),
    })
}

#[cfg(test)]
mod tests;
