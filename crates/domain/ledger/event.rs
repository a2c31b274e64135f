//! Events of a ledger: one JSON line each.

use std::collections::BTreeMap;
use std::fmt;

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use strum::{IntoStaticStr, VariantArray, VariantNames};

use crate::text::keyword;

/// Maximum size of an event in bytes, as a JSON line.
pub const EVENT_BYTES_MAX: usize = 2048;
/// Minimum time between two recorded activities.
const ACTIVITY_INTERVAL: SignedDuration = SignedDuration::from_mins(5);
/// Maximum size of one text of an event in bytes, before it is cut.
pub(super) const TEXT_BYTES_MAX: usize = 256;
/// Maximum number of details of an event. A summary has up to 12.
const DETAILS_MAX: usize = 12;

/// Event without its place in the chain.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct Event {
    /// Time of the API server.
    pub t: Timestamp,
    /// Generation.
    pub g: u64,
    /// Kind of the event.
    pub e: EventKind,
    /// Kind of the actor.
    pub by: Actor,
    /// Name of the actor, as known by the API server or the forge.
    #[serde(default, skip_serializing_if = "EventText::is_empty")]
    pub who: EventText,
    /// URL or id of the run.
    #[serde(default, skip_serializing_if = "EventText::is_empty")]
    pub run: EventText,
    /// Details, by name: `sha`, `reason`, `step`, `seconds`, `price_micros` and others.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub d: BTreeMap<String, EventText>,
}

/// Text of an event, cut to a maximum size when it is created.
#[derive(Clone, Debug, Default, Deserialize, Eq, Ord, PartialEq, PartialOrd, Serialize)]
#[serde(transparent)]
pub struct EventText(String);

/// Kind of an event.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd, IntoStaticStr, VariantArray, VariantNames)]
#[strum(serialize_all = "kebab-case")]
#[expect(missing_docs, reason = "the names are the events")]
pub enum EventKind {
    Requested,
    Queued,
    BuildStarted,
    BuildFinished,
    CreateStarted,
    Provisioned,
    Adopted,
    Commit,
    Deployed,
    Failing,
    Recovered,
    Activity,
    Extended,
    TierChanged,
    TtlChanged,
    ProtectedChanged,
    Warned,
    Unmarked,
    Approved,
    Asleep,
    Woken,
    LabelOn,
    LabelOff,
    EndStarted,
    Step,
    Ended,
    Lifted,
    Unlifted,
    Lost,
    TestsStarted,
    TestsFinished,
    Folded,
}

/// Kind of the actor of an event.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd, IntoStaticStr, VariantArray, VariantNames)]
#[strum(serialize_all = "kebab-case")]
#[expect(missing_docs, reason = "the names are the actors")]
pub enum Actor {
    Terraform,
    Reaper,
    Cli,
    Argocd,
    Forge,
}

/// Reasons to refuse the text of an event.
#[derive(Debug, thiserror::Error)]
pub enum EventError {
    /// Not JSON, or a value is invalid.
    #[error("event cannot be parsed")]
    Format(#[from] serde_json::Error),
    /// Too large.
    #[error("event must have at most {EVENT_BYTES_MAX} bytes, got {0}")]
    TooLarge(usize),
}

keyword!(EventKind, "event");
keyword!(Actor, "actor");

impl Event {
    /// Creates an event without details.
    pub fn new(t: Timestamp, g: u64, e: EventKind, by: Actor) -> Self {
        Self { t, g, e, by, who: EventText::default(), run: EventText::default(), d: BTreeMap::new() }
    }

    /// Adds a detail. A detail over the maximum number is dropped.
    #[must_use]
    pub fn with(mut self, name: &str, value: &(impl fmt::Display + ?Sized)) -> Self {
        if self.d.len() < DETAILS_MAX || self.d.contains_key(name) {
            self.d.insert(name.to_owned(), EventText::cut(&value.to_string()));
        }
        self
    }

    /// Parses a loose event.
    ///
    /// # Errors
    ///
    /// The text is too large or not an event.
    pub fn from_json(text: &str) -> Result<Self, EventError> {
        if text.len() > EVENT_BYTES_MAX {
            return Err(EventError::TooLarge(text.len()));
        }
        Ok(serde_json::from_str(text)?)
    }

    /// Text of a loose event: one JSON line.
    ///
    /// # Errors
    ///
    /// The event is too large.
    pub fn to_json(&self) -> Result<String, EventError> {
        let text = serde_json::to_string(self)?;
        if text.len() > EVENT_BYTES_MAX { Err(EventError::TooLarge(text.len())) } else { Ok(text) }
    }

    /// A detail as a number; none if it is missing or not a number.
    pub fn number(&self, name: &str) -> Option<u64> {
        self.d.get(name)?.as_str().parse().ok()
    }
}

impl EventText {
    /// Cuts a text to the maximum size at a character boundary and replaces control characters.
    pub fn cut(text: &str) -> Self {
        let mut cut = String::new();
        for character in text.chars().map(|c| if c.is_control() { ' ' } else { c }) {
            if cut.len() + character.len_utf8() > TEXT_BYTES_MAX {
                break;
            }
            cut.push(character);
        }
        Self(cut)
    }

    /// The text as a string.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// True if the text is empty.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

/// True if an activity is recorded as an event: at most one every 5 minutes. The clock of the namespace has every activity.
pub fn records_activity(last_recorded: Option<Timestamp>, now: Timestamp) -> bool {
    last_recorded.is_none_or(|last| now.duration_since(last) >= ACTIVITY_INTERVAL)
}

#[cfg(test)]
mod tests;
