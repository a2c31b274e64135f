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
mod tests;
