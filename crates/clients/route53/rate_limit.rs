//! Waiting for the rate limits of this process.

use std::sync::Mutex;

use tokio::time::Instant;

use super::{limits::RateLimit, token_bucket::TokenBucket};
use crate::{
    deadline::{Deadline, Interruption},
    send::lock,
};

/// A token bucket that callers wait for.
pub(super) struct RateLimiter {
    started: Instant,
    bucket: Mutex<TokenBucket>,
}

impl RateLimiter {
    /// A limiter with a full bucket.
    pub(super) fn new(limit: RateLimit) -> Self {
        Self { started: Instant::now(), bucket: Mutex::new(TokenBucket::full(limit)) }
    }

    /// Waits for tokens. An interrupted caller does not return its tokens.
    ///
    /// # Errors
    /// The deadline ends the wait.
    pub(super) async fn take(&self, tokens: u32, deadline: &Deadline) -> Result<(), Interruption> {
        let wait = lock(&self.bucket).reserve(f64::from(tokens), self.started.elapsed());
        if wait.is_zero() { Ok(()) } else { deadline.pause(wait).await }
    }

    /// Removes the free tokens, after the service has refused a request.
    pub(super) fn drain(&self) {
        lock(&self.bucket).drain(self.started.elapsed());
    }
}
