//! `eod reap`: one run of the reaper.

use std::collections::BTreeSet;
use std::path::Path;
use std::time::Duration;

use eod_domain::EnvironmentName;
use eod_domain::ReapPolicy;
use eod_reaper::{Breakers, ReaperSettings, RunOptions, RunOutcome, RunReport, metrics_text, reap};
use jiff::SignedDuration;
use serde_json::{Value, json};

use crate::arguments::{OutputFormat, ReapArguments};
use crate::config::{KeepVaultPolicy, ReapConfig, RevivePolicy};
use crate::failure::{Failure, Outcome};
use crate::output::{document, note, print};
use crate::ports::{OpsPorts, work_left};
use crate::session::OpsSession;
use crate::table::TextTable;

/// Runs the command.
pub(super) async fn run(
    session: &OpsSession,
    format: OutputFormat,
    arguments: &ReapArguments,
) -> Result<Outcome, Failure> {
    let ReapArguments { dry_run, only, accept, no_sweep, metrics_file } = arguments;
    if !session.settings.has_installation {
        let failure = Failure::usage("no installation is set, and the reaper acts for one installation only");
        return Err(failure.remedy("set --installation, EOD_INSTALLATION, or `installation` in the configuration file"));
    }
    let settings = settings(session, half(session));
    let options = RunOptions {
        holder: holder(session),
        dry_run: *dry_run,
        only: only.iter().cloned().collect(),
        accept: *accept,
        no_sweep: *no_sweep,
        lease_wait: Some(lease_wait(session, &settings, SignedDuration::ZERO)),
    };
    let report = run_engine(session, &settings, &options).await;
    print_report(session, format, &report)?;
    if let Some(file) = metrics_file {
        write_metrics(file, &metrics_text(&report))?;
    }
    outcome(&report)
}

/// Ends one environment now, with its mark already written.
pub(super) async fn end_one(
    session: &OpsSession,
    name: &EnvironmentName,
    wait: SignedDuration,
) -> Result<RunReport, Failure> {
    let settings = settings(session, wait);
    let options = RunOptions {
        holder: holder(session),
        only: BTreeSet::from([name.clone()]),
        accept: Some(1),
        no_sweep: true,
        lease_wait: Some(lease_wait(session, &settings, wait)),
        ..RunOptions::default()
    };
    Ok(run_engine(session, &settings, &options).await)
}

/// Exit code of a report, as the outcome or the failure of a command.
pub(super) fn outcome(report: &RunReport) -> Result<Outcome, Failure> {
    match (&report.outcome, report.exit_code()) {
        (RunOutcome::Failed(problem), _) => Err(Failure::failed(problem.clone())),
        (RunOutcome::Breaker { due, limit }, _) => {
            note(&format!(
                "error: {due} ends without a warning are due, and the limit is {limit}; nothing was ended\n\
                 remedy: look at them with `eod reap --dry-run --accept {due}`, then run `eod reap --accept {due}`"
            ));
            Ok(Outcome::Breaker)
        }
        (RunOutcome::Busy { holder }, code) => {
            note(&format!("another run holds the lease: {holder}"));
            Ok(if code == 0 { Outcome::Done } else { Outcome::Found })
        }
        (RunOutcome::Complete | RunOutcome::NoEnds(_), 0) => Ok(Outcome::Done),
        (RunOutcome::Complete | RunOutcome::NoEnds(_), _) => Ok(Outcome::Found),
    }
}

/// Prints the problems of a report to stderr.
pub(super) fn print_problems(report: &RunReport) {
    for problem in &report.problems {
        note(&format!("warning: {}: {}", problem.target, problem.problem));
    }
    for (environment, steps) in &report.left {
        let steps: Vec<&str> = steps.iter().map(|step| step.as_str()).collect();
        note(&format!("warning: {environment}: left: {}; the next run tries again", steps.join(", ")));
    }
}

async fn run_engine(session: &OpsSession, settings: &ReaperSettings, options: &RunOptions) -> RunReport {
    let ports = OpsPorts::new(session);
    reap(&ports, settings, options).await
}

fn print_report(session: &OpsSession, format: OutputFormat, report: &RunReport) -> Result<(), Failure> {
    match format {
        OutputFormat::Json => print(&document(session.now()?, &session.settings.installation, report_json(report))),
        OutputFormat::Table => {
            let mut table = TextTable::new(&["ENVIRONMENT", "ACTION", "REASON"]);
            for action in &report.actions {
                table.row(vec![action.target.clone(), action.action.to_owned(), action.reason.clone()]);
            }
            print_problems(report);
            let actions = if report.actions.is_empty() { no_actions(report).to_owned() } else { table.text() };
            print(&format!("{actions}{}", counts(report)))
        }
    }
}

/// Line with the number of environments by status; empty for a run that has read none of them.
fn counts(report: &RunReport) -> String {
    let counts = report.environments.iter().map(|(status, count)| format!("{count} {status}"));
    let counts = counts.collect::<Vec<_>>().join(", ");
    match report.outcome {
        RunOutcome::Busy { .. } | RunOutcome::Failed(_) if counts.is_empty() => String::new(),
        _ if counts.is_empty() => "environments: none\n".to_owned(),
        _ => format!("environments: {counts}\n"),
    }
}

/// Line in place of the actions of a run without any. "Nothing was due" is true only for a run that has decided about
/// everything and has left nothing.
fn no_actions(report: &RunReport) -> &'static str {
    match report.outcome {
        RunOutcome::Complete if report.exit_code() == 0 => "Nothing was due.\n",
        RunOutcome::Complete => "Nothing was done; the warnings have the reasons.\n",
        RunOutcome::NoEnds(_) => "Nothing was done, and this run ends no environment.\n",
        RunOutcome::Busy { .. } => "Nothing was done: another run holds the lease.\n",
        RunOutcome::Breaker { .. } => "Nothing was done: a breaker stopped the run.\n",
        RunOutcome::Failed(_) => "Nothing was done: the run failed.\n",
    }
}

fn report_json(report: &RunReport) -> Value {
    let (outcome, detail) = match &report.outcome {
        RunOutcome::Complete => ("complete", None),
        RunOutcome::Busy { holder } => ("busy", Some(holder.clone())),
        RunOutcome::NoEnds(reason) => ("no-ends", Some(reason.clone())),
        RunOutcome::Breaker { due, limit } => ("breaker", Some(format!("{due} due, limit {limit}"))),
        RunOutcome::Failed(reason) => ("failed", Some(reason.clone())),
    };
    let environments: serde_json::Map<String, Value> =
        report.environments.iter().map(|(status, count)| (status.to_string(), json!(count))).collect();
    json!({
        "outcome": outcome,
        "detail": detail,
        "duration_seconds": report.duration.as_secs_f64(),
        "environments": environments,
        "actions": report.actions.iter()
            .map(|action| json!({ "target": action.target, "action": action.action, "reason": action.reason }))
            .collect::<Vec<_>>(),
        "problems": report.problems.iter()
            .map(|problem| json!({ "target": problem.target, "problem": problem.problem }))
            .collect::<Vec<_>>(),
        "left": report.left,
        "orphans": report.orphans,
        "unknown": report.unknown,
    })
}

/// Policy for decisions, of the configuration file.
pub(super) fn policy(session: &OpsSession) -> ReapPolicy {
    let ReapConfig { handover, sleep_when_idle, .. } = &session.settings.reap;
    ReapPolicy { handover: handover.signed(), sleep_when_idle: sleep_when_idle.clone() }
}

fn settings(session: &OpsSession, deletion_wait: SignedDuration) -> ReaperSettings {
    let settings = &session.settings;
    let ReapConfig { revive, keep_vault, ends_per_run, breakers, in_deletion, sweep_every, retention, .. } =
        settings.reap.clone();
    let number = |number: u32| usize::try_from(number).unwrap_or(usize::MAX);
    ReaperSettings {
        tiers: settings.tiers.clone(),
        prices: settings.prices,
        policy: policy(session),
        revive_on_push: revive == RevivePolicy::Push,
        keep_vault_until_closed: keep_vault == KeepVaultPolicy::UntilClosed,
        ends_per_run: number(ends_per_run),
        breakers: Breakers {
            count: number(breakers.count),
            percent: number(breakers.percent),
            minimum: number(breakers.minimum),
        },
        in_deletion: number(in_deletion),
        sweep_every: sweep_every.signed(),
        retention: retention.signed(),
        deletion_wait,
        ..ReaperSettings::new(settings.installation.clone())
    }
}

/// Half of the time limit: the rest is for the calls of the run.
fn half(session: &OpsSession) -> SignedDuration {
    SignedDuration::try_from(session.deadline.limit() / 2).unwrap_or(SignedDuration::ZERO)
}

/// Maximum time to wait for another run that holds the lease.
fn lease_wait(session: &OpsSession, settings: &ReaperSettings, deletion_wait: SignedDuration) -> SignedDuration {
    let signed = |duration: Duration| SignedDuration::try_from(duration).unwrap_or(SignedDuration::MAX);
    let (left, work_left) = (signed(session.deadline.remaining()), signed(work_left(session)));
    lease_wait_of(left, work_left, deletion_wait, settings.takeover_wait())
}

/// Two thirds of the time that is left, without the time for namespaces in deletion: the rest is for the run itself. At least the
/// time for the takeover of a lease, if any time for work is left after it: else the lease of a run that was killed would stop
/// every later run.
fn lease_wait_of(
    left: SignedDuration,
    work_left: SignedDuration,
    deletion_wait: SignedDuration,
    takeover: SignedDuration,
) -> SignedDuration {
    let share = left.saturating_sub(deletion_wait).max(SignedDuration::ZERO) / 3 * 2;
    if takeover < work_left { share.max(takeover) } else { share }
}

/// Id of this run, different from that of every other run.
fn holder(session: &OpsSession) -> String {
    let host = session.variables.get("HOSTNAME").map_or("eod", String::as_str);
    let since = std::time::SystemTime::UNIX_EPOCH.elapsed().unwrap_or_default().as_millis();
    format!("{host}-{}-{since:x}", std::process::id())
}

/// Writes the file of a collector as a whole, so that it never reads a part.
fn write_metrics(file: &Path, text: &str) -> Result<(), Failure> {
    let temporary = file.with_extension("tmp");
    let written = std::fs::write(&temporary, text).and_then(|()| std::fs::rename(&temporary, file));
    written.map_err(|error| Failure::failed(format!("cannot write {}: {error}", file.display())))
}

#[cfg(test)]
mod tests;
