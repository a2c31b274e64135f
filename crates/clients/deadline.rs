//! How long a call may take, and how it is stopped early.
//!
//! A [`Deadline`] is made once per operation (from a Terraform `timeouts` block, say) and handed to every remote call
//! the operation makes, so that all of them together respect one deadline and one cancellation.

use std::{future::Future, time::Duration};

use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

/// The deadline and the cancellation of one operation.
#[derive(Clone, Debug)]
pub struct Deadline {
    limit: Duration,
    deadline: Instant,
    cancel: CancellationToken,
}

/// Why a call ended before its answer came.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
pub enum Stop {
    /// The caller's token was cancelled, because Terraform asked the provider to stop.
    #[error("the run was stopped before this was done")]
    Cancelled,
    /// The time allowed for the operation is over.
    #[error("the {} allowed for this operation are over", seconds(.0))]
    Deadline(Duration),
}

impl Deadline {
    /// A call that may take `limit` from now and ends at once when `cancel` is cancelled.
    pub fn within(limit: Duration, cancel: CancellationToken) -> Self {
        Self { limit, deadline: Instant::now() + limit, cancel }
    }

    /// The same cancellation and deadline, but at most `limit` from now: for one step of a longer operation.
    pub fn at_most(&self, limit: Duration) -> Self {
        let step = Self::within(limit, self.cancel.clone());
        if step.deadline < self.deadline { step } else { self.clone() }
    }

    /// The time that is left.
    pub fn remaining(&self) -> Duration {
        self.deadline.saturating_duration_since(Instant::now())
    }

    /// The whole time that was allowed.
    pub fn limit(&self) -> Duration {
        self.limit
    }

    /// Whether the caller asked to stop.
    pub fn is_cancelled(&self) -> bool {
        self.cancel.is_cancelled()
    }

    /// Runs `work` until it is done, the deadline passes or the call is cancelled, whichever is first.
    pub async fn run<T>(&self, work: impl Future<Output = T>) -> Result<T, Stop> {
        tokio::select! {
            biased;
            () = self.cancel.cancelled() => Err(Stop::Cancelled),
            () = tokio::time::sleep_until(self.deadline) => Err(Stop::Deadline(self.limit)),
            done = work => Ok(done),
        }
    }

    /// Sleeps for `pause`, or until the call ends.
    pub async fn pause(&self, pause: Duration) -> Result<(), Stop> {
        self.run(tokio::time::sleep(pause)).await
    }
}

/// A duration as people read it: whole seconds from ten on, one digit below.
pub(crate) fn seconds(duration: &Duration) -> String {
    if duration.as_secs() >= 10 {
        format!("{} s", duration.as_secs())
    } else {
        format!("{:.1} s", duration.as_secs_f64())
    }
}

#[cfg(test)]
mod tests;
