//! Metrics of a run in the text format of Prometheus, for a file that a collector reads.

use std::collections::BTreeMap;
use std::fmt::Write;

use crate::report::{RunOutcome, RunReport};

/// Text of all metrics of a run. Each metric is a gauge, because a run starts at zero.
pub fn metrics_text(report: &RunReport) -> String {
    let mut text = String::new();
    let started = report.started.map_or(0, jiff::Timestamp::as_second);
    gauge(&mut text, "last_run_timestamp_seconds", "Start of the last run.", [("", started.to_string())]);
    gauge(
        &mut text,
        "run_duration_seconds",
        "Duration of the last run.",
        [("", format!("{}", report.duration.as_secs_f64()))],
    );
    gauge(&mut text, "exit_code", "Exit code of the last run.", [("", report.exit_code().to_string())]);
    let is_tripped = matches!(report.outcome, RunOutcome::Breaker { .. });
    gauge(
        &mut text,
        "breaker_tripped",
        "1 if a breaker has stopped the last run.",
        [("", u8::from(is_tripped).to_string())],
    );
    let statuses = report.environments.iter().map(|(status, count)| (status.to_string(), *count)).collect();
    family(&mut text, "environments", "status", "Environments by status.", &statuses);
    let mut actions: BTreeMap<String, usize> = BTreeMap::new();
    for action in &report.actions {
        *actions.entry(action.action.to_owned()).or_default() += 1;
    }
    family(&mut text, "actions", "action", "Actions of the last run.", &actions);
    family(&mut text, "orphans", "backend", "Things of ended environments.", &report.orphans);
    family(&mut text, "unknown_things", "backend", "Things of environments on no record.", &report.unknown);
    gauge(&mut text, "problems", "Problems of the last run.", [("", report.problems.len().to_string())]);
    gauge(&mut text, "ends_left", "Ended environments with steps left.", [("", report.left.len().to_string())]);
    text
}

fn family(text: &mut String, name: &str, label: &str, help: &str, values: &BTreeMap<String, usize>) {
    let lines: Vec<(String, String)> =
        values.iter().map(|(value, count)| (format!("{{{label}=\"{value}\"}}"), count.to_string())).collect();
    gauge(text, name, help, lines);
}

fn gauge<L: AsRef<str>>(text: &mut String, name: &str, help: &str, lines: impl IntoIterator<Item = (L, String)>) {
    // Writing to a string cannot fail.
    let _ = writeln!(text, "# HELP eod_reaper_{name} {help}\n# TYPE eod_reaper_{name} gauge");
    for (labels, value) in lines {
        let _ = writeln!(text, "eod_reaper_{name}{} {value}", labels.as_ref());
    }
}

#[cfg(test)]
mod tests;
