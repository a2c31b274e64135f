//! Answers that are no manifests, as the user of Argo CD reads them.
//!
//! repo-server puts the text of a Status into the Application's condition, newlines and all; the code only changes a
//! word before it. So the text says everything.

use std::fmt::Write as _;
use std::time::Duration;

use eod_render::Refusals;
use tonic::{Code, Status};

use crate::metrics::Outcome;
use crate::renderer::Failure;
use crate::watch::Phase;

/// Why there are no manifests.
#[derive(Debug)]
pub(super) struct Answer {
    outcome: Outcome,
    status: Status,
    refusals: Option<Refusals>,
}

/// Bytes of a text. It travels in a header, and lands in a condition and in caches.
const LONGEST: usize = 24 << 10;

impl Answer {
    pub(super) fn late(phase: Phase, allowed: Duration) -> Self {
        let text = format!(
            "nothing was rendered: Argo CD waits {:.0} s for manifests, and the time was over while {}\n  remedy: {}",
            allowed.as_secs_f64(),
            phase.as_str(),
            phase.remedy(),
        );
        Self::new(Outcome::Late, Code::DeadlineExceeded, text)
    }

    pub(super) fn busy(most: usize) -> Self {
        let text = format!(
            "nothing was rendered: eod-cmp answers {most} calls at once, and this one is above\n  remedy: refresh the \
             Application later, give the sidecar more CPU, or limit repo-server with --parallelismlimit"
        );
        Self::new(Outcome::Busy, Code::ResourceExhausted, text)
    }

    pub(super) fn denied(user: Option<u32>) -> Self {
        let who = user.map_or_else(|| "somebody without a user".to_owned(), |user| format!("user {user}"));
        let text = format!(
            "{who} may not use eod-cmp
  remedy: call as the user that repo-server runs as, or name the user with \
             --peer-uid"
        );
        Self::new(Outcome::Denied, Code::PermissionDenied, text)
    }

    pub(super) fn bug() -> Self {
        let text = "this is a bug in eod-cmp, and nothing was rendered\n  remedy: report it with the lines of the \
                    sidecar's log that have the level ERROR";
        Self::new(Outcome::Bug, Code::Internal, text.to_owned())
    }

    pub(super) fn order(what: &str) -> Self {
        let text =
            format!("this is no request of Argo CD's: {what}\n  remedy: look at repo-server's version and its log");
        Self::new(Outcome::Refused, Code::InvalidArgument, text)
    }

    pub(super) fn gone(status: Status) -> Self {
        Self { outcome: Outcome::Gone, status, refusals: None }
    }

    fn new(outcome: Outcome, code: Code, text: String) -> Self {
        Self { outcome, status: Status::new(code, text), refusals: None }
    }

    pub(super) fn outcome(&self) -> Outcome {
        self.outcome
    }

    pub(super) fn refusals(&self) -> Option<&Refusals> {
        self.refusals.as_ref()
    }

    pub(super) fn status(self) -> Status {
        self.status
    }
}

impl From<Failure> for Answer {
    fn from(failure: Failure) -> Self {
        let (refusals, code) = match failure {
            Failure::Archive(error) => (error.refusal().into(), Code::InvalidArgument),
            Failure::Refused(refusals) => (refusals, Code::FailedPrecondition),
            Failure::Over => return Self::gone(Status::cancelled("nobody waits for this render any more")),
        };
        let status = Status::new(code, text(&refusals));
        Self { outcome: Outcome::Refused, status, refusals: Some(refusals) }
    }
}

/// Whole blocks, as many as there is room for. The first line is a heading, because Argo CD writes its own words
/// before.
fn text(refusals: &Refusals) -> String {
    let all = refusals.as_slice();
    let mut text = match all.len() {
        1 => "eod-cmp refuses this for 1 reason".to_owned(),
        number => format!("eod-cmp refuses this for {number} reasons"),
    };
    for (at, refusal) in all.iter().enumerate() {
        let block = refusal.to_string();
        if text.len() + block.len() > LONGEST {
            // Writing to a string cannot fail.
            let _ = write!(text, "\n\nand {} more; `eod-cmp render` shows all", all.len() - at);
            break;
        }
        text.push_str("\n\n");
        text.push_str(&block);
    }
    text
}

#[cfg(test)]
mod tests;
