//! Deadline of a gRPC call.
//!
//! Argo CD sends its deadline in the header `grpc-timeout`. When it expires, the user reads only "context deadline
//! exceeded" and no reason, so the service replies a little earlier and names the phase that took too long.

use std::time::Duration;

use tokio::time::Instant;
use tonic::metadata::MetadataMap;

/// Points in time of one call.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct CallDeadline {
    /// End of the work; later, a timeout is reported.
    pub(crate) work: Instant,
    /// Latest time of the reply, even if the caller has not sent everything.
    pub(crate) answer: Instant,
    /// Start of the call.
    pub(crate) start: Instant,
    /// Timeout set by the caller.
    pub(crate) allowed: Duration,
}

/// Timeout for a caller that sets none.
const DEFAULT: Duration = Duration::from_secs(300);
/// Maximum timeout.
const MAX: Duration = Duration::from_secs(3600);
/// Maximum time reserved for the reply.
const MAX_RESERVE: Duration = Duration::from_millis(1000);

impl CallDeadline {
    /// Reads `grpc-timeout`. An invalid value counts as not set; tonic rejects such a call anyway.
    pub(crate) fn from_metadata(metadata: &MetadataMap, now: Instant) -> Self {
        let timeout = metadata.get("grpc-timeout").and_then(|value| parse(value.to_str().ok()?));
        Self::after(timeout.unwrap_or(DEFAULT).min(MAX), now)
    }

    fn after(allowed: Duration, now: Instant) -> Self {
        let reserve = (allowed / 10).min(MAX_RESERVE);
        Self { work: now + (allowed - reserve), answer: now + (allowed - reserve / 2), start: now, allowed }
    }
}

/// Parses up to eight digits and a unit: <https://github.com/grpc/grpc/blob/master/doc/PROTOCOL-HTTP2.md>.
fn parse(text: &str) -> Option<Duration> {
    let (number, unit) = text.split_at_checked(text.len().checked_sub(1)?)?;
    if number.len() > 8 || !number.bytes().all(|digit| digit.is_ascii_digit()) {
        return None;
    }
    let number: u64 = number.parse().ok()?;
    match unit {
        "H" => Some(Duration::from_secs(number * 3600)),
        "M" => Some(Duration::from_secs(number * 60)),
        "S" => Some(Duration::from_secs(number)),
        "m" => Some(Duration::from_millis(number)),
        "u" => Some(Duration::from_micros(number)),
        "n" => Some(Duration::from_nanos(number)),
        _ => None,
    }
}

#[cfg(test)]
mod tests;
