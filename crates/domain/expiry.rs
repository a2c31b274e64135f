//! Expiry: the end of an environment, computed from the times on its namespace.
//!
//! # Guarantees
//!
//! - A time that is missing is computed from the others. A time that cannot be parsed, or is absurd, makes the expiry
//!   unreadable, and an environment with an unreadable expiry never counts as expired.
//! - An environment without the annotation `/expires-at`, such as an interrupted create or a rendered one, expires, too.

use jiff::Timestamp;

use crate::labels;
use crate::ttl::Ttl;

/// Times on a namespace as text. None if missing.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct WrittenTimes<'a> {
    /// `metadata.creationTimestamp`.
    pub creation_timestamp: Option<&'a str>,
    /// Annotation `/created-at`.
    pub created_at: Option<&'a str>,
    /// Annotation `/last-activity-at`.
    pub last_activity_at: Option<&'a str>,
    /// Annotation `/expires-at`.
    pub expires_at: Option<&'a str>,
    /// Label `/ttl`.
    pub ttl: Option<&'a str>,
}

/// Parsed times of an environment.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Times {
    /// Creation: annotation `/created-at`, else the creationTimestamp; none if both are missing.
    pub created_at: Option<Timestamp>,
    /// Last activity, else the creation.
    pub last_activity_at: Option<Timestamp>,
    /// TTL: label `/ttl`, else the default of the tier; none for a permanent environment.
    pub ttl: Option<Ttl>,
    /// End of the environment.
    pub expiry: Expiry,
}

/// End of an environment.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Expiry {
    /// Ends at this time.
    At(Timestamp),
    /// Permanent.
    Never,
    /// Not known: the environment is kept and reported.
    Unreadable(ExpiryError),
}

/// Reasons for an unreadable expiry.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum ExpiryError {
    /// A time is not in RFC 3339 format.
    #[error("{field} is not an RFC 3339 time, got `{text}`")]
    Time {
        /// Annotation or field.
        field: &'static str,
        /// Text of the annotation or field.
        text: String,
    },
    /// The label `/ttl` is neither a TTL nor `none`.
    #[error("label `{key}` must be a TTL or `none`, got `{0}`", key = labels::TTL)]
    Ttl(String),
    /// The end is before the creation.
    #[error("the end {end} is before the creation {created}")]
    BeforeCreation {
        /// End of the environment.
        end: Timestamp,
        /// Creation of the environment.
        created: Timestamp,
    },
    /// The end is too far ahead.
    #[error("the end {0} is more than {max} ahead", max = Ttl::MAX)]
    TooFar(Timestamp),
    /// No time on the namespace.
    #[error("the namespace has no creationTimestamp")]
    NoTime,
}

impl Expiry {
    /// End of the environment; none if it is permanent or unreadable.
    pub fn at(&self) -> Option<Timestamp> {
        match self {
            Self::At(end) => Some(*end),
            Self::Never | Self::Unreadable(_) => None,
        }
    }

    /// True if the end is known and not after `now`.
    pub fn is_past(&self, now: Timestamp) -> bool {
        self.at().is_some_and(|end| end <= now)
    }
}

impl Times {
    /// Parses the times of a namespace. `default_ttl` is the TTL of the tier, used if the label is missing.
    pub fn read(written: &WrittenTimes<'_>, default_ttl: Option<Ttl>, now: Timestamp) -> Self {
        let field = "metadata.creationTimestamp";
        let creation = parse(field, written.creation_timestamp);
        let recorded = parse(labels::CREATED_AT, written.created_at);
        let activity = parse(labels::LAST_ACTIVITY_AT, written.last_activity_at);
        let end = parse(labels::EXPIRES_AT, written.expires_at);
        let ttl = parse_ttl(written.ttl, default_ttl);
        let known = |time: &Result<Option<Timestamp>, ExpiryError>| time.as_ref().ok().copied().flatten();
        let created_at = known(&recorded).or_else(|| known(&creation));
        let last_activity_at = known(&activity).or(created_at);
        let known_ttl = ttl.as_ref().ok().copied().flatten();
        let expiry =
            expiry([creation, recorded, activity], end, ttl, created_at, now).unwrap_or_else(Expiry::Unreadable);
        Self { created_at, last_activity_at, ttl: known_ttl, expiry }
    }
}

/// Computes the end from creationTimestamp, `/created-at` and `/last-activity-at`, and from the annotated end.
fn expiry(
    times: [Result<Option<Timestamp>, ExpiryError>; 3],
    end: Result<Option<Timestamp>, ExpiryError>,
    ttl: Result<Option<Ttl>, ExpiryError>,
    created: Option<Timestamp>,
    now: Timestamp,
) -> Result<Expiry, ExpiryError> {
    let [creation, recorded, activity] = times;
    // Every time must be valid, also one without an effect: an environment with damaged times is never ended.
    let latest = creation?.max(recorded?).max(activity?);
    let end = match (end?, ttl?) {
        (Some(end), _) => end,
        (None, None) => return Ok(Expiry::Never),
        (None, Some(ttl)) => ttl.from(latest.ok_or(ExpiryError::NoTime)?),
    };
    if let Some(created) = created.filter(|created| end < *created) {
        return Err(ExpiryError::BeforeCreation { end, created });
    }
    let limit = now.checked_add(Ttl::MAX.duration()).unwrap_or(Timestamp::MAX);
    if end > limit { Err(ExpiryError::TooFar(end)) } else { Ok(Expiry::At(end)) }
}

fn parse(field: &'static str, text: Option<&str>) -> Result<Option<Timestamp>, ExpiryError> {
    let parse = |text: &str| text.parse().map_err(|_| ExpiryError::Time { field, text: text.to_owned() });
    text.map(parse).transpose()
}

fn parse_ttl(text: Option<&str>, default: Option<Ttl>) -> Result<Option<Ttl>, ExpiryError> {
    match text {
        None => Ok(default),
        Some(labels::NO_TTL) => Ok(None),
        Some(text) => text.parse().map(Some).map_err(|_| ExpiryError::Ttl(text.to_owned())),
    }
}

#[cfg(test)]
mod tests;
