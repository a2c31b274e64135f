//! How long an environment may live without activity.
//!
//! Two TTLs of the same length are equal however they were written, so `90m` and `1h30m` make no difference anywhere.
//! The canonical text counts in hours up to two days, as people speak of them (`24h`, `36h`), and in days above.

use std::fmt;
use std::str::FromStr;

use jiff::{SignedDuration, Timestamp};

use crate::text::as_text;

/// The time between the last activity and the end; at least one second, at most [`Ttl::CEILING`].
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct Ttl {
    seconds: u32,
}

/// Why a text is no TTL.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum TtlError {
    /// There is no text.
    #[error("a duration must not be empty; write for example `90m`, `4h` or `1d12h`")]
    Empty,
    /// A sign before the number.
    #[error("the duration `{0}` must not have a sign; write for example `90m`, `4h` or `1d12h`")]
    Signed(String),
    /// A number without a unit.
    #[error("the duration `{text}` has no unit after {number}; use s, m, h, d or w, for example `{number}h`")]
    NoUnit {
        /// What was given.
        text: String,
        /// The number that stands alone.
        number: String,
    },
    /// A unit without a number, or anything else where a number should be.
    #[error("the duration `{text}` has {found:?} where a number should be; write for example `90m`, `4h` or `1d12h`")]
    NoNumber {
        /// What was given.
        text: String,
        /// What stands there.
        found: char,
    },
    /// A unit that does not exist.
    #[error("the duration `{text}` has the unit {unit:?}; the units are s, m, h, d and w")]
    Unit {
        /// What was given.
        text: String,
        /// What stands where a unit should be.
        unit: char,
    },
    /// A unit given twice.
    #[error("the duration `{text}` gives the unit `{unit}` twice; add the two up")]
    Twice {
        /// What was given.
        text: String,
        /// The unit.
        unit: char,
    },
    /// Units out of order.
    #[error("the duration `{text}` has `{unit}` after a smaller unit; the order is w, d, h, m, s, as in `1d12h`")]
    Order {
        /// What was given.
        text: String,
        /// The unit that comes too late.
        unit: char,
    },
    /// No time at all.
    #[error("the duration `{0}` is zero; an environment needs at least 1s")]
    Zero(String),
    /// Over the ceiling, or too large to be counted.
    #[error("the duration `{0}` is longer than 90d, which no configuration can exceed")]
    TooLong(String),
}

const MINUTE: u64 = 60;
const HOUR: u64 = 60 * MINUTE;
const DAY: u64 = 24 * HOUR;
const WEEK: u64 = 7 * DAY;

as_text!(Ttl);

impl Ttl {
    /// No TTL is longer than this, whatever a tier allows: 90 days.
    pub const CEILING: Self = Self::days(90);

    /// A TTL of so many minutes, for constants.
    pub(crate) const fn minutes(minutes: u32) -> Self {
        Self { seconds: minutes * 60 }
    }

    /// A TTL of so many hours, for constants.
    pub(crate) const fn hours(hours: u32) -> Self {
        Self::minutes(hours * 60)
    }

    /// A TTL of so many days, for constants.
    pub(crate) const fn days(days: u32) -> Self {
        Self::hours(days * 24)
    }

    /// The length in seconds.
    pub fn seconds(self) -> u32 {
        self.seconds
    }

    /// The length as a duration.
    pub fn duration(self) -> SignedDuration {
        SignedDuration::from_secs(i64::from(self.seconds))
    }

    /// Half the length: after so much silence an environment is idle.
    pub fn half(self) -> SignedDuration {
        SignedDuration::from_millis(i64::from(self.seconds) * 500)
    }

    /// The end of a TTL that begins at `now`; the last moment of time where that lies beyond it.
    pub fn from(self, now: Timestamp) -> Timestamp {
        now.checked_add(self.duration()).unwrap_or(Timestamp::MAX)
    }
}

impl FromStr for Ttl {
    type Err = TtlError;

    fn from_str(text: &str) -> Result<Self, TtlError> {
        if text.is_empty() {
            return Err(TtlError::Empty);
        }
        if text.starts_with(['-', '+']) {
            return Err(TtlError::Signed(text.to_owned()));
        }
        let mut total = 0_u64;
        let mut smallest = u64::MAX;
        let mut rest = text;
        while !rest.is_empty() {
            let (number, unit, after) = part(text, rest)?;
            let size = unit_seconds(text, unit)?;
            if size == smallest {
                return Err(TtlError::Twice { text: text.to_owned(), unit });
            }
            if size > smallest {
                return Err(TtlError::Order { text: text.to_owned(), unit });
            }
            smallest = size;
            let too_long = || TtlError::TooLong(text.to_owned());
            let number: u64 = number.parse().map_err(|_| too_long())?;
            total = number.checked_mul(size).and_then(|add| total.checked_add(add)).ok_or_else(too_long)?;
            rest = after;
        }
        if total == 0 {
            return Err(TtlError::Zero(text.to_owned()));
        }
        let seconds = u32::try_from(total).map_err(|_| TtlError::TooLong(text.to_owned()))?;
        if seconds > Self::CEILING.seconds {
            return Err(TtlError::TooLong(text.to_owned()));
        }
        Ok(Self { seconds })
    }
}

impl fmt::Display for Ttl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut rest = u64::from(self.seconds);
        if rest > 2 * DAY {
            write!(f, "{}d", rest / DAY)?;
            rest %= DAY;
        }
        for (unit, size) in [("h", HOUR), ("m", MINUTE), ("s", 1)] {
            if rest >= size {
                write!(f, "{}{unit}", rest / size)?;
                rest %= size;
            }
        }
        Ok(())
    }
}

/// The next number and its unit, and what comes after them.
fn part<'a>(text: &str, rest: &'a str) -> Result<(&'a str, char, &'a str), TtlError> {
    let end = rest.find(|c: char| !c.is_ascii_digit()).unwrap_or(rest.len());
    let (number, tail) = rest.split_at(end);
    let mut characters = tail.chars();
    match (number.is_empty(), characters.next()) {
        (true, found) => Err(TtlError::NoNumber { text: text.to_owned(), found: found.unwrap_or(' ') }),
        (false, None) => Err(TtlError::NoUnit { text: text.to_owned(), number: number.to_owned() }),
        (false, Some(unit)) => Ok((number, unit, characters.as_str())),
    }
}

fn unit_seconds(text: &str, unit: char) -> Result<u64, TtlError> {
    match unit {
        's' => Ok(1),
        'm' => Ok(MINUTE),
        'h' => Ok(HOUR),
        'd' => Ok(DAY),
        'w' => Ok(WEEK),
        unit => Err(TtlError::Unit { text: text.to_owned(), unit }),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn reads_and_prints() {
        for (text, seconds, canonical) in [
            ("1s", 1, "1s"),
            ("90m", 5400, "1h30m"),
            ("4h", 14_400, "4h"),
            ("24h", 86_400, "24h"),
            ("1d", 86_400, "24h"),
            ("1d12h", 129_600, "36h"),
            ("48h", 172_800, "48h"),
            ("2d1s", 172_801, "2d1s"),
            ("72h", 259_200, "3d"),
            ("7d", 604_800, "7d"),
            ("1w", 604_800, "7d"),
            ("1w1d1h1m1s", 694_861, "8d1h1m1s"),
            ("090m", 5400, "1h30m"),
            ("90d", 7_776_000, "90d"),
            ("7776000s", 7_776_000, "90d"),
        ] {
            let ttl: Ttl = text.parse().expect(text);
            assert_eq!(ttl.seconds(), seconds, "{text}");
            assert_eq!(ttl.to_string(), canonical, "{text}");
        }
    }

    #[test]
    fn refuses_with_a_reason() {
        for (text, part) in [
            ("", "must not be empty"),
            ("-4h", "must not have a sign"),
            ("+4h", "must not have a sign"),
            ("4", "no unit after 4"),
            ("1h30", "no unit after 30"),
            ("h", "'h' where a number should be"),
            ("1hh", "'h' where a number should be"),
            (" 4h", "' ' where a number should be"),
            ("4h ", "' ' where a number should be"),
            ("4 h", "the unit ' '"),
            ("1.5h", "the unit '.'"),
            ("4H", "the unit 'H'"),
            ("4h4h", "gives the unit `h` twice"),
            ("30m1h", "`h` after a smaller unit"),
            ("1m1h1m", "`h` after a smaller unit"),
            ("0h", "is zero"),
            ("0d0h", "is zero"),
            ("91d", "longer than 90d"),
            ("90d1s", "longer than 90d"),
            ("18446744073709551615w", "longer than 90d"),
            ("99999999999999999999999h", "longer than 90d"),
            ("4٣h", "the unit '٣'"),
        ] {
            let error = text.parse::<Ttl>().expect_err(text).to_string();
            assert!(error.contains(part), "{text}: {error}");
        }
    }

    #[test]
    fn ends_after_its_length() {
        let now: Timestamp = "2026-03-01T12:00:00Z".parse().unwrap();
        let ttl: Ttl = "1d12h".parse().unwrap();
        assert_eq!(ttl.from(now).to_string(), "2026-03-03T00:00:00Z");
        assert_eq!(ttl.half(), SignedDuration::from_hours(18));
        assert_eq!(ttl.from(Timestamp::MAX), Timestamp::MAX);
    }

    proptest! {
        #[test]
        fn canonical_text_round_trips(seconds in 1_u32..=7_776_000) {
            let ttl = Ttl { seconds };
            prop_assert_eq!(ttl.to_string().parse::<Ttl>(), Ok(ttl));
        }

        #[test]
        fn order_is_the_order_of_seconds(a in 1_u32..=7_776_000, b in 1_u32..=7_776_000) {
            let (x, y): (Ttl, Ttl) = (format!("{a}s").parse().unwrap(), format!("{b}s").parse().unwrap());
            prop_assert_eq!(x.cmp(&y), a.cmp(&b));
        }

        #[test]
        fn never_panics(text in "[0-9smhdw+ .-]{0,24}|\\PC{0,12}") {
            let _ = text.parse::<Ttl>();
        }
    }
}
