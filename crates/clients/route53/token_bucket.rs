//! A token bucket without a clock.

use std::time::Duration;

use super::limits::RateLimit;

/// A bucket of tokens that is filled at a constant rate. Tokens are reserved: a caller that must wait is told the time, and
/// later callers wait longer, so that callers are served in their order.
#[derive(Clone, Copy, Debug)]
pub(super) struct TokenBucket {
    limit: RateLimit,
    /// Negative if callers wait for tokens.
    tokens: f64,
    /// Time of the last change.
    filled: Duration,
}

impl TokenBucket {
    /// A full bucket.
    pub(super) fn full(limit: RateLimit) -> Self {
        Self { limit, tokens: limit.burst, filled: Duration::ZERO }
    }

    /// Reserves tokens at the time `now`, and returns the time to wait for them. A request for more tokens than the bucket
    /// holds is served from a full bucket.
    pub(super) fn reserve(&mut self, tokens: f64, now: Duration) -> Duration {
        self.fill(now);
        let missing = tokens.min(self.limit.burst) - self.tokens;
        self.tokens -= tokens;
        if missing <= 0.0 { Duration::ZERO } else { Duration::from_secs_f64(missing / self.limit.per_second) }
    }

    /// Removes the unreserved tokens: the service has refused a request, so others use its limit, too.
    pub(super) fn drain(&mut self, now: Duration) {
        self.fill(now);
        self.tokens = self.tokens.min(0.0);
    }

    fn fill(&mut self, now: Duration) {
        let passed = now.saturating_sub(self.filled).as_secs_f64();
        self.tokens = (self.tokens + passed * self.limit.per_second).min(self.limit.burst);
        self.filled = self.filled.max(now);
    }
}

#[cfg(test)]
mod tests;
