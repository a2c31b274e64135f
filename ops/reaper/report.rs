//! Report of a run: its actions, its problems and its exit code.

use std::collections::BTreeMap;

use eod_domain::Status;
use eod_domain::ledger::EndStep;
use jiff::{SignedDuration, Timestamp};

/// Report of one run.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct RunReport {
    /// Start of the run, by the clock of the API server.
    pub started: Option<Timestamp>,
    /// Duration of the run.
    pub duration: SignedDuration,
    /// Result of the run.
    pub outcome: RunOutcome,
    /// Number of environments by status.
    pub environments: BTreeMap<Status, usize>,
    /// Actions, in order. A dry run has the same actions as the run after it, as far as they do not depend on the result of a
    /// step.
    pub actions: Vec<ReportedAction>,
    /// Problems that a person has to know, in order.
    pub problems: Vec<ReportedProblem>,
    /// Environments with steps that an end has left.
    pub left: BTreeMap<String, Vec<EndStep>>,
    /// Number of things of ended environments, by backend.
    pub orphans: BTreeMap<String, usize>,
    /// Number of things of environments on no record, by backend. They are never removed.
    pub unknown: BTreeMap<String, usize>,
}

/// Result of a run.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub enum RunOutcome {
    /// All that was due is done or begun.
    #[default]
    Complete,
    /// Another run holds the lease: nothing was done.
    Busy {
        /// Id of the other run.
        holder: String,
    },
    /// Nothing was ended, because something is not certain: the reason.
    NoEnds(String),
    /// A breaker has stopped the run before the first end without a warning.
    Breaker {
        /// Number of ends without a warning that were due.
        due: usize,
        /// Maximum number.
        limit: usize,
    },
    /// The run could not read what it needs: the reason.
    Failed(String),
}

/// Action of a run.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct ReportedAction {
    /// Environment, or the thing that was removed.
    pub target: String,
    /// Name of the action.
    pub action: &'static str,
    /// Reason: a sentence without a final dot.
    pub reason: String,
}

/// Problem that a person has to know.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct ReportedProblem {
    /// Environment or system.
    pub target: String,
    /// Problem with its remedy, if there is one: no final dot.
    pub problem: String,
}

impl RunReport {
    /// Adds an action.
    #[expect(clippy::needless_pass_by_value, reason = "callers pass names of many types, some of them temporary")]
    pub(crate) fn act(&mut self, target: impl ToString, action: &'static str, reason: impl Into<String>) {
        self.actions.push(ReportedAction { target: target.to_string(), action, reason: reason.into() });
    }

    /// Adds a problem. The same problem is added once.
    #[expect(clippy::needless_pass_by_value, reason = "callers pass names and errors of many types")]
    pub(crate) fn problem(&mut self, target: impl ToString, problem: impl ToString) {
        let problem = ReportedProblem { target: target.to_string(), problem: problem.to_string() };
        if !self.problems.contains(&problem) {
            self.problems.push(problem);
        }
    }

    /// Exit code of the command: 0 done, 1 failed, 3 done with problems or things left, 4 stopped by a breaker.
    pub fn exit_code(&self) -> u8 {
        match self.outcome {
            RunOutcome::Failed(_) => 1,
            RunOutcome::Breaker { .. } => 4,
            RunOutcome::NoEnds(_) => 3,
            RunOutcome::Busy { .. } | RunOutcome::Complete if self.problems.is_empty() && self.left.is_empty() => 0,
            RunOutcome::Busy { .. } | RunOutcome::Complete => 3,
        }
    }
}
