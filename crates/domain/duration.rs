//! Durations in text form, such as `90m`, `4h` or `1d12h`.
//!
//! Two durations of the same length are equal, so `90m` and `1h30m` never make a difference. The canonical text has
//! hours up to two days, as people use them (`24h`, `36h`), and days above.

use std::fmt;
use std::str::FromStr;

use jiff::SignedDuration;

use crate::text::serde_as_text;

/// Duration in whole seconds with a text form: at least `1s`, at most [`HumanDuration::MAX`].
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct HumanDuration {
    seconds: u32,
}

/// Reasons to refuse a text as a duration.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum DurationError {
    /// The text is empty.
    #[error("duration must not be empty: expected for example `90m`, `4h` or `1d12h`")]
    Empty,
    /// A sign before the number.
    #[error("duration must not have a sign, got `{0}`: expected for example `90m`, `4h` or `1d12h`")]
    Signed(String),
    /// A number without a unit.
    #[error("duration `{text}` has no unit after {number}: add s, m, h, d or w, for example `{number}h`")]
    NoUnit {
        /// Input text.
        text: String,
        /// Number without a unit.
        number: String,
    },
    /// A unit without a number, or another character in place of a number.
    #[error("duration `{text}` has {found:?} in place of a number: expected for example `90m`, `4h` or `1d12h`")]
    NoNumber {
        /// Input text.
        text: String,
        /// Character in place of the number.
        found: char,
    },
    /// A unit that does not exist.
    #[error("duration `{text}` has the unsupported unit {unit:?}: supported are s, m, h, d and w")]
    Unit {
        /// Input text.
        text: String,
        /// Character in place of a unit.
        unit: char,
    },
    /// A unit given twice.
    #[error("duration `{text}` has the unit `{unit}` twice: add the two numbers")]
    Twice {
        /// Input text.
        text: String,
        /// Repeated unit.
        unit: char,
    },
    /// Units out of order.
    #[error("duration `{text}` has `{unit}` after a smaller unit: expected the order w, d, h, m, s, as in `1d12h`")]
    Order {
        /// Input text.
        text: String,
        /// First unit out of order.
        unit: char,
    },
    /// No time at all.
    #[error("duration must be at least 1s, got {0}")]
    Zero(String),
    /// Over [`HumanDuration::MAX`].
    #[error("duration must be at most {max}, got {0}", max = HumanDuration::MAX)]
    TooLong(String),
}

const MINUTE: u64 = 60;
const HOUR: u64 = 60 * MINUTE;
const DAY: u64 = 24 * HOUR;
const WEEK: u64 = 7 * DAY;

serde_as_text!(HumanDuration);

impl HumanDuration {
    /// Maximum duration: 10 years of 365 days, far above every real timeout or TTL.
    pub const MAX: Self = Self::from_days(3650);

    /// Duration in minutes, for constants.
    pub(crate) const fn from_minutes(minutes: u32) -> Self {
        Self { seconds: minutes * 60 }
    }

    /// Duration in hours, for constants.
    pub(crate) const fn from_hours(hours: u32) -> Self {
        Self::from_minutes(hours * 60)
    }

    /// Duration in days of 24 hours, for constants.
    pub(crate) const fn from_days(days: u32) -> Self {
        Self::from_hours(days * 24)
    }

    /// Duration in seconds.
    pub const fn seconds(self) -> u32 {
        self.seconds
    }

    /// Duration for arithmetic with timestamps.
    pub fn signed(self) -> SignedDuration {
        SignedDuration::from_secs(i64::from(self.seconds))
    }

    /// Half of the duration.
    pub fn half(self) -> SignedDuration {
        SignedDuration::from_millis(i64::from(self.seconds) * 500)
    }
}

impl FromStr for HumanDuration {
    type Err = DurationError;

    fn from_str(text: &str) -> Result<Self, DurationError> {
        if text.is_empty() {
            return Err(DurationError::Empty);
        }
        if text.starts_with(['-', '+']) {
            return Err(DurationError::Signed(text.to_owned()));
        }
        let too_long = || DurationError::TooLong(text.to_owned());
        let mut total = 0_u64;
        let mut smallest = u64::MAX;
        let mut rest = text;
        while !rest.is_empty() {
            let (number, unit, after) = number_and_unit(text, rest)?;
            let size = unit_seconds(text, unit)?;
            if size == smallest {
                return Err(DurationError::Twice { text: text.to_owned(), unit });
            }
            if size > smallest {
                return Err(DurationError::Order { text: text.to_owned(), unit });
            }
            smallest = size;
            let number: u64 = number.parse().map_err(|_| too_long())?;
            total = number.checked_mul(size).and_then(|add| total.checked_add(add)).ok_or_else(too_long)?;
            rest = after;
        }
        if total == 0 {
            return Err(DurationError::Zero(text.to_owned()));
        }
        let seconds = u32::try_from(total).ok().filter(|seconds| *seconds <= Self::MAX.seconds);
        Ok(Self { seconds: seconds.ok_or_else(too_long)? })
    }
}

impl fmt::Display for HumanDuration {
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

/// Splits the next number and its unit from the rest of the text.
fn number_and_unit<'a>(text: &str, rest: &'a str) -> Result<(&'a str, char, &'a str), DurationError> {
    let end = rest.find(|c: char| !c.is_ascii_digit()).unwrap_or(rest.len());
    let (number, tail) = rest.split_at(end);
    let mut characters = tail.chars();
    match (number.is_empty(), characters.next()) {
        (true, found) => Err(DurationError::NoNumber { text: text.to_owned(), found: found.unwrap_or(' ') }),
        (false, None) => Err(DurationError::NoUnit { text: text.to_owned(), number: number.to_owned() }),
        (false, Some(unit)) => Ok((number, unit, characters.as_str())),
    }
}

fn unit_seconds(text: &str, unit: char) -> Result<u64, DurationError> {
    match unit {
        's' => Ok(1),
        'm' => Ok(MINUTE),
        'h' => Ok(HOUR),
        'd' => Ok(DAY),
        'w' => Ok(WEEK),
        unit => Err(DurationError::Unit { text: text.to_owned(), unit }),
    }
}

#[cfg(test)]
mod tests;
