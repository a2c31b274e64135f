//! When a failed request is sent again: one policy, one table, for every client.
//!
//! Callers never sleep in a loop of their own. What is decided here is pure: the time already spent and the jitter
//! are arguments. The overall end is the [`crate::Deadline`]'s deadline.

use std::{
    hash::{BuildHasher, RandomState},
    time::Duration,
};

/// What a failed request looked like.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Symptom {
    /// The server answered with this status, and perhaps how long to wait.
    Answered {
        /// The HTTP status.
        code: u16,
        /// The `Retry-After` header.
        retry_after: Option<Duration>,
    },
    /// The connection ended, or no answer came, after the request was sent: it may have been carried out.
    Interrupted,
    /// No connection came about, so nothing was sent: refused, no such host, or TLS.
    Unreachable,
    /// Nothing that time heals, such as a certificate that is not trusted.
    Permanent,
}

/// How patient a client is.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct RetryPolicy {
    /// How long one attempt may take, because a lost connection may never say so.
    pub attempt: Duration,
    /// The pause after the first failure; it doubles with every further one.
    pub first_pause: Duration,
    /// The longest pause we choose.
    pub longest_pause: Duration,
    /// The longest pause a server's `Retry-After` can make us take.
    pub longest_retry_after: Duration,
    /// How long a server that cannot be reached is tried again.
    pub unreachable: Duration,
}

/// Status, whether it is safe for requests that must not be carried out twice, and how often it is tried again.
/// 429 is answered before anything is done; 500 is what etcd's change of leader looks like and passes soon.
const TABLE: [(u16, bool, u32); 5] =
    [(429, true, 20), (500, false, 3), (502, false, 10), (503, false, 10), (504, false, 10)];

/// How often an interrupted request is sent again.
const INTERRUPTIONS: u32 = 3;

/// The tries of one request.
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
    /// For one request. One that is not `idempotent` is sent again only if it was certainly not carried out.
    pub fn new(policy: RetryPolicy, idempotent: bool) -> Self {
        Self { policy, idempotent, failures: 0, unreachable_since: None }
    }

    /// How long to wait before the next try; none when it is time to give up. `spent` is the time since the request
    /// was first sent, `jitter` a number from 0 to 1.
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
                // Never earlier than asked, and not all clients at the same moment.
                let asked = retry_after.map(|asked| asked.min(longest_retry_after).mul_f64(1.0 + jitter / 10.0));
                again.then_some(asked.unwrap_or(chosen))
            }
        }
    }
}

/// A number from 0 to 1 that differs between processes and calls. The standard library seeds its hash maps at
/// random, which is random enough to spread retries and needs no further crate.
pub fn jitter() -> f64 {
    let bits = u32::try_from(RandomState::new().hash_one(0u8) >> 32).unwrap_or(u32::MAX / 2);
    f64::from(bits) / f64::from(u32::MAX)
}

#[cfg(test)]
mod tests;
