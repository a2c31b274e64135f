//! Quota of requests of a token.

use std::time::{Duration, SystemTime};

use http::HeaderMap;

/// Maximum number of requests that are left to other users of the token.
const RESERVE_MAX: u64 = 50;
/// Divisor of the limit for the reserve: a small limit has a small reserve.
const RESERVE_DIVISOR: u64 = 10;

/// The quota as of the last response.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) struct RequestQuota {
    /// Number of requests until the quota is used up.
    pub(super) remaining: u64,
    /// Number of requests that are left to other users of the token.
    reserve: u64,
    /// Time of the next full quota.
    pub(super) reset: SystemTime,
}

impl RequestQuota {
    /// Reads the quota from the headers of a forge. Each name begins with `prefix`: the number of requests that remain, the
    /// seconds since the epoch of the next full quota, and the number of requests of a full quota, which may be missing.
    pub(super) fn read(headers: &HeaderMap, prefix: &str) -> Option<Self> {
        let number = |name: &str| headers.get(format!("{prefix}-{name}"))?.to_str().ok()?.trim().parse::<u64>().ok();
        let reset = SystemTime::UNIX_EPOCH + Duration::from_secs(number("reset")?);
        let reserve = number("limit").map_or(RESERVE_MAX, |limit| RESERVE_MAX.min(limit / RESERVE_DIVISOR));
        Some(Self { remaining: number("remaining")?, reserve, reset })
    }

    /// True if only the reserve remains.
    pub(super) fn is_used_up(&self, now: SystemTime) -> bool {
        self.remaining <= self.reserve && now < self.reset
    }

    /// Time until the next full quota.
    pub(super) fn until_reset(&self, now: SystemTime) -> Duration {
        self.reset.duration_since(now).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests;
