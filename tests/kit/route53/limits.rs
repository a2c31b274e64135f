//! Limits of an account: token buckets for requests and for changes.

use std::{collections::BTreeMap, time::Duration};

/// Limits of an account, each as the size of a bucket and the tokens per second.
#[derive(Clone, Copy, Debug)]
pub struct Route53Rates {
    /// Requests of all actions together.
    pub account: (f64, f64),
    /// Requests of one action.
    pub action: (f64, f64),
    /// Changes of record sets, in all batches together.
    pub changes: (f64, f64),
}

/// Buckets of an account.
pub(super) struct RateBuckets {
    rates: Route53Rates,
    buckets: BTreeMap<&'static str, RateBucket>,
}

#[derive(Clone, Copy)]
struct RateBucket {
    tokens: f64,
    filled: Duration,
}

impl Default for Route53Rates {
    /// The documented limits of requests. That of changes is not documented.
    fn default() -> Self {
        Self { account: (50.0, 10.0), action: (50.0, 10.0), changes: (1000.0, 100.0) }
    }
}

impl RateBuckets {
    pub(super) fn new(rates: Route53Rates) -> Self {
        Self { rates, buckets: BTreeMap::new() }
    }

    /// Takes a token for a request of an action; false if there is none.
    pub(super) fn take_request(&mut self, action: &'static str, now: Duration) -> bool {
        let Route53Rates { account, action: of_action, changes: _ } = self.rates;
        // A refused request takes a token of the account, too.
        let is_below_account = self.take("account", account, 1.0, now);
        is_below_account && self.take(action, of_action, 1.0, now)
    }

    /// Takes tokens for the changes of a batch; false if there are not enough.
    pub(super) fn take_changes(&mut self, changes: usize, now: Duration) -> bool {
        let changes = f64::from(u32::try_from(changes).unwrap());
        self.take("changes", self.rates.changes, changes, now)
    }

    fn take(&mut self, name: &'static str, (size, rate): (f64, f64), tokens: f64, now: Duration) -> bool {
        let bucket = self.buckets.entry(name).or_insert(RateBucket { tokens: size, filled: now });
        let passed = now.saturating_sub(bucket.filled).as_secs_f64();
        bucket.tokens = (bucket.tokens + passed * rate).min(size);
        bucket.filled = now;
        let is_enough = bucket.tokens >= tokens;
        if is_enough {
            bucket.tokens -= tokens;
        }
        is_enough
    }
}
