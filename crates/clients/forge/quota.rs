//! Quota of requests of a token.

use std::time::{Duration, SystemTime};

use http::HeaderMap;

/// Number of requests that are left to other users of the token.
const RESERVE: u64 = 50;

/// The quota as of the last response.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) struct RequestQuota {
    /// Number of requests until the quota is used up.
    pub(super) remaining: u64,
    /// Time of the next full quota.
    pub(super) reset: SystemTime,
}

impl RequestQuota {
    /// Reads the quota from two headers: a number of requests, and seconds since the epoch.
    pub(super) fn read(headers: &HeaderMap, remaining: &str, reset: &str) -> Option<Self> {
        let number = |name: &str| headers.get(name)?.to_str().ok()?.trim().parse::<u64>().ok();
        let reset = SystemTime::UNIX_EPOCH + Duration::from_secs(number(reset)?);
        Some(Self { remaining: number(remaining)?, reset })
    }

    /// True if only the reserve remains.
    pub(super) fn is_used_up(&self, now: SystemTime) -> bool {
        self.remaining <= RESERVE && now < self.reset
    }

    /// Time until the next full quota.
    pub(super) fn until_reset(&self, now: SystemTime) -> Duration {
        self.reset.duration_since(now).unwrap_or_default()
    }
}
