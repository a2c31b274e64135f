//! `eod mask golden verify`: rows, rules and constraints of a finished golden database, and values of the source.

use std::sync::Arc;

use eod_clients::postgres::Postgres;
use eod_golden::{BuildProgress, CheckEstimate, CheckReport, GoldenCheck, GoldenName, GoldenState};
use serde_json::json;

use super::failure::build_failure;
use super::{connect_to, golden_name, privileges_text};
use crate::arguments::{GoldenVerifyArguments, OutputFormat};
use crate::command::mask::MaskContext;
use crate::command::mask::access::{server, source, statement_failure};
use crate::command::mask::display::ProgressDisplay;
use crate::command::mask::policy_file::PolicyFile;
use crate::command::mask::quantity::{counted, size_text};
use crate::failure::{Failure, Outcome};
use crate::output::{note, print};
use crate::table::printable;

/// Runs the command.
pub(super) async fn run(context: &MaskContext, arguments: &GoldenVerifyArguments) -> Result<Outcome, Failure> {
    let name = golden_name(&arguments.target.name)?;
    let file = PolicyFile::read(&arguments.reading.policy)?;
    let policy = file.policy()?;
    let server = server(context, &arguments.target.server)?;
    let source = source(context, &arguments.reading.source).await?;
    let built = !arguments.published && is_built(context, &server, &name).await?;
    let display = ProgressDisplay::on_stderr();
    let progress: Arc<dyn BuildProgress> = display.clone();
    let check = GoldenCheck {
        server: &server,
        installation: context.installation().as_str(),
        name: &name,
        built,
        source: source.as_ref(),
        policy: &policy,
        policy_text: &file.bytes,
        workers: arguments.reading.jobs.get(),
        progress,
    };
    if arguments.dry_run {
        let estimate = check.estimate(&context.deadline).await.map_err(|error| build_failure(&error, &file))?;
        print_estimate(context, &file, &estimate)?;
        return Ok(Outcome::Done);
    }
    note(&format!("verifying a copy of {}", if built { name.next() } else { name.clone() }));
    let checked = display.during(&context.deadline, check.run(&context.deadline)).await;
    let report = checked.map_err(|error| build_failure(&error, &file))?;
    print_report(context, &file, &report)?;
    Ok(if report.findings.is_empty() { Outcome::Done } else { Outcome::Found })
}

/// True if there is a finished build that is not published yet.
async fn is_built(context: &MaskContext, server: &Postgres, name: &GoldenName) -> Result<bool, Failure> {
    let mut goldens = connect_to(context, server).await?;
    let state = goldens.look(&name.next(), &context.deadline).await;
    let state = state.map_err(|error| statement_failure(&error))?;
    Ok(matches!(state, GoldenState::Finished(_)))
}

fn print_estimate(context: &MaskContext, file: &PolicyFile, estimate: &CheckEstimate) -> Result<(), Failure> {
    let CheckEstimate { database, facts, same_policy, bytes, seconds, .. } = estimate;
    warn_other_policy(file, *same_policy);
    if context.output == OutputFormat::Json {
        return context.print_document(json!({ "dry_run": true, "estimate": estimate }));
    }
    let size = bytes.map_or_else(|| "of unknown size".to_owned(), |bytes| format!("of {}", size_text(bytes)));
    let duration = seconds.map_or_else(|| "an unknown time".to_owned(), |seconds| counted(seconds, "second"));
    print(&format!(
        "dry run: a copy of {database} {size} with {} in {} would be created, verified and removed\n\
         estimate: {duration}; disks can be slower. Nothing was written\n",
        counted(facts.rows, "row"),
        counted(facts.tables, "table"),
    ))
}

fn print_report(context: &MaskContext, file: &PolicyFile, report: &CheckReport) -> Result<(), Failure> {
    let CheckReport { database, facts, same_policy, tables, rows, values, findings, privileges, .. } = report;
    warn_other_policy(file, *same_policy);
    if context.output == OutputFormat::Json {
        return context.print_document(json!({ "ok": findings.is_empty(), "dry_run": false, "report": report }));
    }
    let verdict = if findings.is_empty() { "ok".to_owned() } else { counted(findings.len(), "problem") };
    let mut text = format!(
        "{database}: {verdict}: {} in {}, snapshot {}, manifest {}\n",
        counted(*rows, "row"),
        counted(*tables, "table"),
        facts.taken_at,
        facts.manifest,
    );
    match values {
        0 => text.push_str(
            "rows, rules and constraints were verified; values were not searched for, because no source is set\n",
        ),
        values => text.push_str(&format!("{} of the source were searched for\n", counted(*values, "value"))),
    }
    text.extend(findings.iter().map(|finding| format!("problem: {}\n", printable(finding))));
    text.push_str(&privileges_text(privileges));
    print(&text)
}

fn warn_other_policy(file: &PolicyFile, same_policy: bool) {
    if !same_policy {
        note(&format!("warning: {} is not the policy file of the build; its rules are compared", file.name));
    }
}
