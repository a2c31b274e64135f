//! How long an answer may take.
//!
//! Argo CD's own deadline comes along as `grpc-timeout`. At that moment the caller reads "context deadline exceeded"
//! and nothing else, so we answer a little earlier with what we were doing.

use std::time::Duration;

use tokio::time::Instant;
use tonic::metadata::MetadataMap;

/// The moments of one call.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct Deadline {
    /// When work stops and our own answer is made.
    pub(crate) work: Instant,
    /// When that answer has to leave, whether or not the caller has sent everything.
    pub(crate) answer: Instant,
    /// When the call came.
    pub(crate) start: Instant,
    /// What the caller allows in all.
    pub(crate) allowed: Duration,
}

/// For a caller that names none.
const UNNAMED: Duration = Duration::from_secs(300);
/// The longest that is believed.
const LONGEST: Duration = Duration::from_secs(3600);
/// What is kept for the answer, at most.
const RESERVE: Duration = Duration::from_millis(1000);

impl Deadline {
    /// Reads the caller's word. What cannot be read is none; tonic refuses such a call anyway.
    pub(crate) fn of(metadata: &MetadataMap, now: Instant) -> Self {
        let named = metadata.get("grpc-timeout").and_then(|value| parse(value.to_str().ok()?));
        Self::after(named.unwrap_or(UNNAMED).min(LONGEST), now)
    }

    fn after(allowed: Duration, now: Instant) -> Self {
        let reserve = (allowed / 10).min(RESERVE);
        Self { work: now + (allowed - reserve), answer: now + (allowed - reserve / 2), start: now, allowed }
    }
}

/// Up to eight digits and a unit: <https://github.com/grpc/grpc/blob/master/doc/PROTOCOL-HTTP2.md>.
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
