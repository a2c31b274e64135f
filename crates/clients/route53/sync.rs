//! Pauses between two reads of the state of a batch.

use std::time::Duration;

/// Pause before a read, counted from 0. A change needs some seconds at least, and usually less than a minute; each read counts
/// against the limit of requests.
pub(super) fn pause_before_poll(polls: u32) -> Duration {
    if polls == 0 { Duration::from_secs(5) } else { Duration::from_secs(10) }
}

#[cfg(test)]
mod tests;
