//! Retries of failed requests: one policy and one table for every client.
//!
//! The decision is pure: the time already spent and the jitter are arguments. The [`crate::Deadline`] of the operation
//! limits all attempts together.

use std::{
    hash::{BuildHasher, RandomState},
    time::Duration,
};

/// Outcome of a failed attempt, as input of the policy.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Symptom {
    /// The server responded.
    Answered {
        /// The HTTP status.
        code: u16,
        /// The `Retry-After` header, if there is one.
        retry_after: Option<Duration>,
    },
    /// The connection was closed, or no response arrived, after the request was sent: the server may have carried it
    /// out.
    Interrupted,
    /// No connection could be opened, so nothing was sent: connection refused, unknown host, or TLS failed.
    Unreachable,
    /// A failure that a further attempt cannot change, such as an untrusted certificate.
    Permanent,
}

/// Time limits and pauses of retries.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct RetryPolicy {
    /// Time limit of one attempt. A lost connection may never report an error.
    pub attempt: Duration,
    /// Pause after the first failure; it doubles with every further failure.
    pub first_pause: Duration,
    /// Maximum pause without a `Retry-After` header.
    pub longest_pause: Duration,
    /// Maximum pause that a `Retry-After` header can set.
    pub longest_retry_after: Duration,
    /// Maximum time for attempts to reach a server that cannot be reached.
    pub unreachable: Duration,
}

/// Status, true if requests that are not idempotent may be sent again, and the maximum number of retries. A server
/// sends 429 before it does anything; 500 is the status while etcd changes its leader, which takes a short time.
const TABLE: [(u16, bool, u32); 5] =
    [(429, true, 20), (500, false, 3), (502, false, 10), (503, false, 10), (504, false, 10)];

/// Maximum number of retries of an interrupted request.
const INTERRUPTIONS: u32 = 3;

/// Attempts of one request so far.
#[derive(Debug)]
pub struct Tries {
    policy: RetryPolicy,
    idempotent: bool,
    failures: u32,
    unreachable_since: Option<Duration>,
}

impl Default for RetryPolicy {
    fn default() -> Self {
        Self {
            attempt: Duration::from_secs(60),
            first_pause: Duration::from_millis(250),
            longest_pause: Duration::from_secs(10),
            longest_retry_after: Duration::from_secs(30),
            unreachable: Duration::from_secs(20),
        }
    }
}

impl Tries {
    /// No attempts yet. A request that is not `idempotent` is sent again only if it was certainly not carried out.
    pub fn new(policy: RetryPolicy, idempotent: bool) -> Self {
        Self { policy, idempotent, failures: 0, unreachable_since: None }
    }

    /// Pause before the next attempt; `None` if there is no further attempt. `spent` is the time since the request
    /// was first sent, `jitter` is a number from 0 to 1.
    pub fn next(&mut self, symptom: Symptom, spent: Duration, jitter: f64) -> Option<Duration> {
        self.failures += 1;
        let RetryPolicy { first_pause, longest_pause, longest_retry_after, unreachable, .. } = self.policy;
        let doublings = (self.failures - 1).min(16);
        let chosen = first_pause.saturating_mul(1 << doublings).min(longest_pause).mul_f64(0.5 + jitter / 2.0);
        if symptom != Symptom::Unreachable {
            self.unreachable_since = None;
        }
        match symptom {
            Symptom::Permanent => None,
            Symptom::Interrupted => (self.idempotent && self.failures <= INTERRUPTIONS).then_some(chosen),
            Symptom::Unreachable => {
                let since = *self.unreachable_since.get_or_insert(spent);
                (spent.saturating_sub(since) + chosen <= unreachable).then_some(chosen)
            }
            Symptom::Answered { code, retry_after } => {
                let (_, always, times) = TABLE.into_iter().find(|(listed, ..)| *listed == code)?;
                let again = (always || self.idempotent) && self.failures <= times;
                // Never earlier than the server requests, and not all clients at the same moment.
                let required =
                    retry_after.map(|required| required.min(longest_retry_after).mul_f64(1.0 + jitter / 10.0));
                again.then_some(required.unwrap_or(chosen))
            }
        }
    }
}

/// A number from 0 to 1 that differs between processes and calls. The random seed of the standard library's hash maps
/// is random enough to spread retries, and needs no further crate.
pub fn jitter() -> f64 {
    let bits = u32::try_from(RandomState::new().hash_one(0u8) >> 32).unwrap_or(u32::MAX / 2);
    f64::from(bits) / f64::from(u32::MAX)
}

#[cfg(test)]
mod tests;
