//! How long a call may take, and how it is stopped early.
//!
//! A [`Call`] is made once per operation (from a Terraform `timeouts` block, say) and handed to every remote call
//! the operation makes, so that all of them together respect one deadline and one cancellation.

use std::{future::Future, time::Duration};

use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

/// The deadline and the cancellation of one operation.
#[derive(Clone, Debug)]
pub struct Call {
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

impl Call {
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
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_call_ends_at_its_deadline() {
        let call = Call::within(Duration::from_secs(12), CancellationToken::new());
        let stopped = call.run(std::future::pending::<()>()).await;
        assert_eq!(stopped, Err(Stop::Deadline(Duration::from_secs(12))));
        assert_eq!(stopped.unwrap_err().to_string(), "the 12 s allowed for this operation are over");
        assert_eq!(call.remaining(), Duration::ZERO);
    }

    #[tokio::test(start_paused = true)]
    async fn cancellation_ends_a_pause_at_once() {
        let cancel = CancellationToken::new();
        let call = Call::within(Duration::from_secs(3600), cancel.clone());
        let before = Instant::now();
        let (stopped, ()) = tokio::join!(call.pause(Duration::from_secs(600)), async { cancel.cancel() });
        assert_eq!(stopped, Err(Stop::Cancelled));
        assert_eq!(Instant::now(), before);
    }

    #[tokio::test(start_paused = true)]
    async fn a_step_never_outlives_its_operation() {
        let call = Call::within(Duration::from_secs(5), CancellationToken::new());
        assert_eq!(call.at_most(Duration::from_secs(60)).remaining(), Duration::from_secs(5));
        assert_eq!(call.at_most(Duration::from_secs(1)).remaining(), Duration::from_secs(1));
    }
}
