//! Limits of this process towards Route 53.

use std::time::Duration;

use eod_domain::dns::BatchLimits;

use crate::retry::RetryPolicy;

/// Rate of requests or of changes.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct RateLimit {
    /// Tokens per second.
    pub per_second: f64,
    /// Number of tokens that may be used at once.
    pub burst: f64,
}

/// Limits and times of the client. The defaults are below the limits of an account, which are shared with other users.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Route53Limits {
    /// Rate of requests, default 8 per second and 40 at once. The account has 10 and 50, per action and for all actions.
    pub requests: RateLimit,
    /// Rate of changes of record sets, default 100 per second and 1,000 at once. The limit of the account is not documented.
    pub changes: RateLimit,
    /// Maximum number of requests in flight, default 8.
    pub in_flight: usize,
    /// Time limit of one operation with all its attempts, default 2 minutes.
    pub operation: Duration,
    /// Limits of a batch.
    pub batch: BatchLimits,
    /// Maximum time for which changes of several callers are collected, default 100 milliseconds.
    pub collect: Duration,
    /// Attempts and pauses. The default pauses are those of the mode `standard` of the SDK: from 1 to 20 seconds, with jitter.
    pub retry: RetryPolicy,
}

impl Default for Route53Limits {
    fn default() -> Self {
        Self {
            requests: RateLimit { per_second: 8.0, burst: 40.0 },
            changes: RateLimit { per_second: 100.0, burst: 1_000.0 },
            in_flight: 8,
            operation: Duration::from_secs(120),
            batch: BatchLimits::default(),
            collect: Duration::from_millis(100),
            retry: RetryPolicy {
                attempt: Duration::from_secs(30),
                first_pause: Duration::from_secs(1),
                longest_pause: Duration::from_secs(20),
                longest_retry_after: Duration::from_secs(60),
                unreachable: Duration::from_secs(20),
            },
        }
    }
}
