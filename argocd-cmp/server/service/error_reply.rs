//! Error replies, in the form that a user of Argo CD reads them.
//!
//! repo-server puts the text of a gRPC status into a condition of the Application, newlines included. The code only
//! changes one word before the text, so the text contains all information.

use std::fmt::Write as _;
use std::time::Duration;

use eod_render::Refusals;
use tonic::{Code, Status};

use crate::metrics::CallOutcome;
use crate::progress::Phase;
use crate::renderer::RenderError;

/// Error reply to repo-server, with its outcome for the metrics.
#[derive(Debug)]
pub(super) struct ErrorReply {
    outcome: CallOutcome,
    status: Status,
    refusals: Option<Refusals>,
}

/// Maximum size of the text in bytes. It is sent in a header and stored in a condition and in caches.
const MAX_TEXT_BYTES: usize = 24 << 10;

impl ErrorReply {
    /// The deadline expired in `phase`.
    pub(super) fn late(phase: Phase, allowed: Duration) -> Self {
        let text = format!(
            "timed out after {:.0} s while {}: nothing was rendered\n  remedy: {}",
            allowed.as_secs_f64(),
            phase.as_str(),
            phase.remedy(),
        );
        Self::new(CallOutcome::Late, Code::DeadlineExceeded, text)
    }

    /// More than `limit` calls are running.
    pub(super) fn busy(limit: usize) -> Self {
        let text = format!(
            "eod-cmp runs at most {limit} calls at once: nothing was rendered\n  remedy: refresh the Application later, \
             give the sidecar more CPU, or limit repo-server with --parallelismlimit"
        );
        Self::new(CallOutcome::Busy, Code::ResourceExhausted, text)
    }

    /// The user of the caller is not in the list of `--peer-uid`.
    pub(super) fn denied(user: Option<u32>) -> Self {
        let caller = user.map_or_else(|| "a caller without a user id".to_owned(), |user| format!("user {user}"));
        let text = format!(
            "{caller} is not allowed to call eod-cmp\n  remedy: call as the user of repo-server, or add the user with \
             --peer-uid"
        );
        Self::new(CallOutcome::Denied, Code::PermissionDenied, text)
    }

    /// The render panicked.
    pub(super) fn bug() -> Self {
        let text = "bug in eod-cmp: nothing was rendered\n  remedy: report it with the lines of the sidecar's log that \
                    have the level ERROR";
        Self::new(CallOutcome::Bug, Code::Internal, text.to_owned())
    }

    /// The messages of the stream are not a request of repo-server.
    pub(super) fn invalid_request(what: &str) -> Self {
        let text = format!("invalid request: {what}\n  remedy: check the version and the log of repo-server");
        Self::new(CallOutcome::Refused, Code::InvalidArgument, text)
    }

    /// The caller disconnected.
    pub(super) fn gone(status: Status) -> Self {
        Self { outcome: CallOutcome::Gone, status, refusals: None }
    }

    fn new(outcome: CallOutcome, code: Code, text: String) -> Self {
        Self { outcome, status: Status::new(code, text), refusals: None }
    }

    /// Outcome for the metrics.
    pub(super) fn outcome(&self) -> CallOutcome {
        self.outcome
    }

    /// Refusals for the metrics, if the render was refused.
    pub(super) fn refusals(&self) -> Option<&Refusals> {
        self.refusals.as_ref()
    }

    /// Status that the caller receives.
    pub(super) fn into_status(self) -> Status {
        self.status
    }
}

impl From<RenderError> for ErrorReply {
    fn from(error: RenderError) -> Self {
        let (refusals, code) = match error {
            RenderError::Archive(error) => (error.refusal().into(), Code::InvalidArgument),
            RenderError::Refused(refusals) => (refusals, Code::FailedPrecondition),
            RenderError::Cancelled => return Self::gone(Status::cancelled("the caller cancelled the render")),
        };
        let status = Status::new(code, text_of(&refusals));
        Self { outcome: CallOutcome::Refused, status, refusals: Some(refusals) }
    }
}

/// Text with as many complete refusals as fit. The first line is a heading, because Argo CD writes its own text in
/// front of it.
fn text_of(refusals: &Refusals) -> String {
    let all = refusals.as_slice();
    let mut text = match all.len() {
        1 => "eod-cmp refuses this render for 1 reason".to_owned(),
        number => format!("eod-cmp refuses this render for {number} reasons"),
    };
    for (at, refusal) in all.iter().enumerate() {
        let block = refusal.to_string();
        if text.len() + block.len() > MAX_TEXT_BYTES {
            // Writing to a string cannot fail.
            let _ = write!(text, "\n\nand {} more; `eod-cmp render` prints all", all.len() - at);
            break;
        }
        text.push_str("\n\n");
        text.push_str(&block);
    }
    text
}

#[cfg(test)]
mod tests;
