//! Summary of the newest run, stored in the control namespace. The next run continues from it.

use std::collections::{BTreeMap, BTreeSet};

use eod_domain::HeadSha;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::mutation::mutated;
use crate::report::{RunOutcome, RunReport};

/// Version of the format.
const VERSION: u32 = 1;
/// Maximum number of problems in the summary.
const PROBLEMS_MAX: usize = 100;

/// Summary of the newest run.
#[derive(Clone, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
#[serde(default)]
pub struct RunSummary {
    /// Version of the format.
    pub v: u32,
    /// Start of the run; none before the first run.
    pub at: Option<Timestamp>,
    /// Exit code of the run.
    pub exit_code: u8,
    /// Number of environments in the last complete list.
    pub environments: usize,
    /// Start of the run that read this list; none in a summary of an older version, which believed every list.
    pub counted_at: Option<Timestamp>,
    /// Number of actions by name.
    pub actions: BTreeMap<String, usize>,
    /// Problems, as `target: problem`.
    pub problems: Vec<String>,
    /// Orphans, by backend, kind, name and version.
    pub sightings: BTreeMap<String, OrphanSighting>,
    /// Start of the last complete search for orphans, with their removal.
    pub swept_at: Option<Timestamp>,
    /// Start of the last run that has read the branches of all ended environments.
    pub branches_at: Option<Timestamp>,
    /// Last environment with a branch that was read, if a run has not read all of them.
    pub branches_up_to: Option<String>,
    /// Ended environments with a branch that was found deleted, and with something that ends then.
    pub deleted_branches: BTreeSet<String>,
    /// Environments with a lifted end and a branch that was found deleted once.
    pub lifted_in_vain: BTreeSet<String>,
    /// Last reminder of an approval, by environment.
    pub reminded: BTreeMap<String, Timestamp>,
    /// Time of the last notification of a blocked end, by environment.
    pub blocked: BTreeMap<String, Timestamp>,
    /// Last push that was counted as activity before it was deployed, by environment.
    pub pushes: BTreeMap<String, HeadSha>,
    /// Environments that the reaper has put to sleep.
    pub asleep: BTreeSet<String>,
    /// Environments with the label for sleep, set by a person or by the reaper.
    pub labelled_asleep: BTreeSet<String>,
    /// Last time that a person removed the label for sleep, by environment.
    pub woken: BTreeMap<String, Timestamp>,
    /// Environments with a namespace that was created again after their end, although nobody wants it.
    pub recreated: BTreeSet<String>,
    /// Last environment with a ledger that was sealed without a change.
    pub sealed_up_to: Option<String>,
}

/// Sightings of an orphan.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct OrphanSighting {
    /// First sighting.
    pub first: Timestamp,
    /// Last sighting.
    pub last: Timestamp,
}

impl RunSummary {
    /// Parses a stored summary. A summary that cannot be parsed is the same as none: it holds only counters and waiting
    /// times, so its loss delays a removal and causes none.
    pub fn from_json(text: &str) -> Option<Self> {
        serde_json::from_str(text).ok().filter(|summary: &Self| summary.v == VERSION)
    }

    /// Text of the summary.
    pub fn to_json(&self) -> String {
        let summary = Self { v: VERSION, ..self.clone() };
        serde_json::to_string(&summary).expect("a summary has only strings and numbers")
    }

    /// Forgets environments without a namespace and without a ledger, so that the summary does not grow for ever.
    pub(crate) fn keep_only(&mut self, names: &BTreeSet<&str>) {
        self.reminded.retain(|name, _| names.contains(name.as_str()));
        self.blocked.retain(|name, _| names.contains(name.as_str()));
        self.pushes.retain(|name, _| names.contains(name.as_str()));
        self.asleep.retain(|name| names.contains(name.as_str()));
        self.labelled_asleep.retain(|name| names.contains(name.as_str()));
        self.woken.retain(|name, _| names.contains(name.as_str()));
        self.recreated.retain(|name| names.contains(name.as_str()));
        self.deleted_branches.retain(|name| names.contains(name.as_str()));
        self.lifted_in_vain.retain(|name| names.contains(name.as_str()));
    }

    /// Adds the results of a run. The number of environments changes only if the run has believed its list: else the next run
    /// would compare with a list that was cut short.
    pub(crate) fn update(&mut self, report: &RunReport) {
        self.v = VERSION;
        self.at = report.started.or(self.at);
        self.exit_code = report.exit_code();
        if !matches!(report.outcome, RunOutcome::NoEnds(_)) || mutated!(ShortListRemembered) {
            self.environments = report.environments.values().sum();
            self.counted_at = self.at;
        }
        self.actions = BTreeMap::new();
        for action in &report.actions {
            *self.actions.entry(action.action.to_owned()).or_default() += 1;
        }
        let problems = report.problems.iter().take(PROBLEMS_MAX);
        self.problems = problems.map(|problem| format!("{}: {}", problem.target, problem.problem)).collect();
    }
}

#[cfg(test)]
mod tests;
