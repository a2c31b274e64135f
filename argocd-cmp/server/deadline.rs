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
mod tests {
    use super::*;

    #[test]
    fn the_callers_word_in_every_unit() {
        for (text, expected) in [
            ("59999m", Some(Duration::from_millis(59_999))),
            ("1H", Some(Duration::from_secs(3600))),
            ("2M", Some(Duration::from_secs(120))),
            ("60S", Some(Duration::from_secs(60))),
            ("5u", Some(Duration::from_micros(5))),
            ("99999999n", Some(Duration::from_nanos(99_999_999))),
            ("", None),
            ("S", None),
            ("100000000S", None),
            ("-1S", None),
            ("1 S", None),
            ("1x", None),
            ("1\u{e9}", None),
        ] {
            assert_eq!(parse(text), expected, "{text:?}");
        }
    }

    #[test]
    fn our_answer_leaves_before_the_callers_deadline() {
        let now = Instant::now();
        for allowed in [1, 10, 1000, 60_000, 3_600_000] {
            let allowed = Duration::from_millis(allowed);
            let deadline = Deadline::after(allowed, now);
            assert!(deadline.work < deadline.answer && deadline.answer < now + allowed, "{allowed:?}");
            assert!(deadline.work >= now + allowed - allowed / 10, "{allowed:?}");
        }
        let mut metadata = MetadataMap::new();
        assert_eq!(Deadline::of(&metadata, now).allowed, UNNAMED);
        metadata.insert("grpc-timeout", "99999999H".parse().unwrap());
        assert_eq!(Deadline::of(&metadata, now).allowed, LONGEST);
    }
}
