//! Time limit and cancellation of an operation.
//!
//! A [`Deadline`] is created once per operation and passed to every remote call of the operation, so that all calls
//! together have one time limit and one cancellation.

use std::{future::Future, time::Duration};

use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

/// Time limit and cancellation token of one operation.
#[derive(Clone, Debug)]
pub struct Deadline {
    limit: Duration,
    expires: Instant,
    cancel: CancellationToken,
}

/// Interruptions of an operation before its result exists.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
pub enum Interruption {
    /// The caller cancelled the token.
    #[error("the operation was cancelled")]
    Cancelled,
    /// The time limit in this variant expired.
    #[error("timed out after {}", seconds(.0))]
    TimedOut(Duration),
}

impl Deadline {
    /// A deadline that expires `limit` from now, or when `cancel` is cancelled.
    pub fn within(limit: Duration, cancel: CancellationToken) -> Self {
        Self { limit, expires: Instant::now() + limit, cancel }
    }

    /// A deadline without cancellation, for the cleanup after an operation that was interrupted.
    pub fn for_cleanup(limit: Duration) -> Self {
        Self::within(limit, CancellationToken::new())
    }

    /// A deadline for one step: the same cancellation, and the earlier of this deadline and `limit` from now.
    pub fn at_most(&self, limit: Duration) -> Self {
        let step = Self::within(limit, self.cancel.clone());
        if step.expires < self.expires { step } else { self.clone() }
    }

    /// Time until the deadline expires.
    pub fn remaining(&self) -> Duration {
        self.expires.saturating_duration_since(Instant::now())
    }

    /// Time limit of the whole operation.
    pub fn limit(&self) -> Duration {
        self.limit
    }

    /// True if the caller cancelled the operation.
    pub fn is_cancelled(&self) -> bool {
        self.cancel.is_cancelled()
    }

    /// Runs `work` until it ends, the time limit expires or the token is cancelled.
    ///
    /// # Errors
    ///
    /// The [`Interruption`] if one comes first. `work` is dropped then.
    pub async fn run<T>(&self, work: impl Future<Output = T>) -> Result<T, Interruption> {
        tokio::select! {
            biased;
            () = self.cancel.cancelled() => Err(Interruption::Cancelled),
            () = tokio::time::sleep_until(self.expires) => Err(Interruption::TimedOut(self.limit)),
            done = work => Ok(done),
        }
    }

    /// Sleeps for `pause`.
    ///
    /// # Errors
    ///
    /// The [`Interruption`] if one comes first.
    pub async fn pause(&self, pause: Duration) -> Result<(), Interruption> {
        self.run(tokio::time::sleep(pause)).await
    }
}

/// A duration for messages: whole seconds from ten on, one decimal below.
pub(crate) fn seconds(duration: &Duration) -> String {
    if duration.as_secs() >= 10 {
        format!("{} s", duration.as_secs())
    } else {
        format!("{:.1} s", duration.as_secs_f64())
    }
}

#[cfg(test)]
mod tests;
