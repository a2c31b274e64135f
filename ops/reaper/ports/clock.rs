//! Clocks: the machine's own and the API server's.

use jiff::{SignedDuration, Timestamp};

use super::call::CallError;

/// Times of both clocks, read together.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct ClockReading {
    /// Clock of this machine.
    pub local: Timestamp,
    /// Clock of the API server: the `Date` of its newest response, moved on by the time since that response. All decisions
    /// and records use this one.
    pub server: Timestamp,
    /// Time since an arbitrary start, never set back: for measuring a duration.
    pub elapsed: SignedDuration,
}

/// Source of both clocks.
pub trait ClockPort {
    /// Reads both clocks. Makes a request if no response of the API server is known yet.
    ///
    /// # Errors
    ///
    /// No response of the API server had a `Date` header.
    async fn read(&self) -> Result<ClockReading, CallError>;

    /// Waits, at most until the time limit of the run is nearly used up.
    async fn sleep(&self, duration: SignedDuration);

    /// True if the time limit of the run is nearly used up: no further work begins, and held leases and ends are released. A run
    /// without a time limit has always time.
    fn is_time_over(&self) -> bool {
        false
    }
}
