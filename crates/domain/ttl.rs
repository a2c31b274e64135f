//! Time to live of an environment: the time between its last activity and its end.

use std::fmt;
use std::str::FromStr;

use jiff::{SignedDuration, Timestamp};

use crate::duration::{DurationError, HumanDuration};
use crate::text::serde_as_text;

/// Time between the last activity and the end: at least one second, at most [`Ttl::MAX`].
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct Ttl(HumanDuration);

/// Reasons to refuse a text as a TTL.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum TtlError {
    /// The text is not a duration.
    #[error(transparent)]
    Duration(#[from] DurationError),
    /// Over [`Ttl::MAX`].
    #[error("TTL must be at most {max}, got {0}", max = Ttl::MAX)]
    TooLong(HumanDuration),
}

serde_as_text!(Ttl);

impl Ttl {
    /// Maximum TTL in every tier and configuration: 90 days.
    pub const MAX: Self = Self::from_days(90);

    /// TTL in minutes, for constants.
    pub(crate) const fn from_minutes(minutes: u32) -> Self {
        Self(HumanDuration::from_minutes(minutes))
    }

    /// TTL in hours, for constants.
    pub(crate) const fn from_hours(hours: u32) -> Self {
        Self(HumanDuration::from_hours(hours))
    }

    /// TTL in days of 24 hours, for constants.
    pub(crate) const fn from_days(days: u32) -> Self {
        Self(HumanDuration::from_days(days))
    }

    /// TTL in seconds.
    pub fn seconds(self) -> u32 {
        self.0.seconds()
    }

    /// TTL for arithmetic with timestamps.
    pub fn duration(self) -> SignedDuration {
        self.0.signed()
    }

    /// Half of the TTL: an environment without activity for this time is idle.
    pub fn half(self) -> SignedDuration {
        self.0.half()
    }

    /// End of a TTL that starts at `start`. Saturates at [`Timestamp::MAX`].
    pub fn from(self, start: Timestamp) -> Timestamp {
        start.checked_add(self.duration()).unwrap_or(Timestamp::MAX)
    }
}

impl TryFrom<HumanDuration> for Ttl {
    type Error = TtlError;

    fn try_from(duration: HumanDuration) -> Result<Self, TtlError> {
        if duration > Self::MAX.0 { Err(TtlError::TooLong(duration)) } else { Ok(Self(duration)) }
    }
}

impl FromStr for Ttl {
    type Err = TtlError;

    fn from_str(text: &str) -> Result<Self, TtlError> {
        text.parse::<HumanDuration>()?.try_into()
    }
}

impl fmt::Display for Ttl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

#[cfg(test)]
mod tests;
