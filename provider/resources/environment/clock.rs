//! Writes the clock: a merge patch under a separate field manager, because other tools write the clock, too.
//!
//! A clock that cannot be read is not repaired: the environment is kept, and a warning names the time.

use eod_clients::Deadline;
use eod_clients::ErrorKind;
use eod_clients::kubernetes::{Kubernetes, ObjectRef};
use eod_domain::{Clock, Environment, EnvironmentReading, Expiry, ExpiryError, Nonce, labels};
use jiff::Timestamp;
use serde_json::{Map, Value, json};

use super::claim::{ClaimError, TRIES, seen_again};
use super::{attributes, live};
use crate::provider::Context;

/// The field manager of the clock annotations. They are never in the applied set.
const MANAGER: &str = "eod-clock";

/// Clock on a namespace.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) struct LiveClock {
    pub(super) clock: Clock,
    /// True if the end is an annotation. Otherwise the end is computed from the last activity and the TTL.
    pub(super) has_end: bool,
}

impl LiveClock {
    /// The clock of a reading; none if the namespace has no times.
    ///
    /// # Errors
    /// A time cannot be read, or is absurd.
    pub(super) fn of(reading: &EnvironmentReading, namespace: &Value) -> Result<Option<Self>, ExpiryError> {
        let expires_at = match &reading.times.expiry {
            Expiry::At(end) => Some(*end),
            Expiry::Never => None,
            Expiry::Unreadable(ExpiryError::NoTime) => return Ok(None),
            Expiry::Unreadable(error) => return Err(error.clone()),
        };
        let Some(last_activity_at) = reading.times.last_activity_at else { return Ok(None) };
        let has_end = live::annotation(namespace, labels::EXPIRES_AT).is_some();
        Ok(Some(Self { clock: Clock { last_activity_at, expires_at }, has_end }))
    }
}

/// A write of the clock of a namespace that we have claimed.
pub(super) struct ClockWrite<'a> {
    pub(super) cx: &'a Context,
    pub(super) kubernetes: &'a Kubernetes,
    pub(super) environment: &'a Environment,
    pub(super) claim: &'a Nonce,
    /// Value of annotation `/provisioned-at`: set by the last write of a create.
    pub(super) provisioned_at: Option<Timestamp>,
    pub(super) now: Timestamp,
    pub(super) call: &'a Deadline,
}

impl ClockWrite<'_> {
    /// Writes the clock that `next` computes from the one on the namespace, and returns the namespace. A clock that
    /// cannot be read stays as it is.
    ///
    /// The write has the resource version of the clock that was read as its precondition. If another tool has changed
    /// the namespace since, for example with an extension, the clock is computed again from the new values.
    ///
    /// # Errors
    /// The call failed, the namespace is gone, or another state has claimed it.
    pub(super) async fn write(
        &self,
        seen: &Value,
        next: impl Fn(Option<LiveClock>) -> Clock,
    ) -> Result<Value, ClaimError> {
        let reference = ObjectRef::namespace(self.environment.name.as_str());
        let mut namespace = seen.clone();
        let mut tries = 0;
        loop {
            let reading = attributes::reading(self.cx, &namespace, self.now);
            let clock = LiveClock::of(&reading, &namespace).ok().map(&next);
            if clock.is_none() && self.provisioned_at.is_none() {
                return Ok(namespace);
            }
            let patch = self.patch(&namespace, clock);
            tries += 1;
            match self.kubernetes.merge_patch(&reference, &patch, MANAGER, self.call).await {
                Ok(namespace) => return Ok(namespace),
                Err(error) if error.kind == ErrorKind::Conflict && tries < TRIES => {}
                Err(error) if error.kind == ErrorKind::Conflict => return Err(ClaimError::Unsteady),
                Err(error) => return Err(error.into()),
            }
            namespace = seen_again(self.kubernetes, self.environment, &namespace, self.claim, self.call).await?;
        }
    }

    fn patch(&self, namespace: &Value, clock: Option<Clock>) -> Value {
        let mut annotations = Map::new();
        if let Some(clock) = clock {
            annotations.insert(labels::LAST_ACTIVITY_AT.to_owned(), json!(clock.last_activity_at.to_string()));
            // Null removes an end that no longer applies.
            annotations.insert(labels::EXPIRES_AT.to_owned(), json!(clock.expires_at.map(|end| end.to_string())));
        }
        if let Some(time) = self.provisioned_at {
            annotations.insert(labels::PROVISIONED_AT.to_owned(), json!(time.to_string()));
        }
        let (uid, version) = (live::uid(namespace), live::version(namespace));
        json!({ "metadata": { "uid": uid, "resourceVersion": version, "annotations": annotations } })
    }
}
