//! Queue of an installation: the order of living and of waiting environments under a maximum.
//!
//! An environment is counted after its namespace is claimed. So of any number of concurrent creates exactly the first ones
//! keep their place, independent of which of them counts when.

use jiff::{SignedDuration, Timestamp};

use super::head::LedgerHead;
use super::phase::LedgerPhase;
use crate::name::EnvironmentName;

/// Time after which a waiting environment loses its place, if its create is not tried again.
pub const QUEUE_PATIENCE: SignedDuration = SignedDuration::from_hours(1);

/// Claimed environment: its creation time and its name.
pub type ClaimedPlace = (Timestamp, EnvironmentName);

/// Result of a count after a claim.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Admission {
    /// The environment keeps its place.
    Admitted,
    /// The environment gives its namespace back and waits.
    Queued {
        /// Position in the queue, from 1.
        position: usize,
        /// Number of waiting environments, with this one.
        waiting: usize,
    },
}

/// Decides about a claimed environment under a maximum, by creation time and name.
///
/// `claimed` are all environments of the installation with a namespace, this one included. `waiting` are the heads of the
/// ledgers in the phase `queued`, by name. A free place goes to the first waiting environment.
pub fn admit(
    own: &ClaimedPlace,
    claimed: &[ClaimedPlace],
    waiting: &[(EnvironmentName, &LedgerHead)],
    maximum: usize,
    now: Timestamp,
) -> Admission {
    let own_entry = waiting.iter().find(|(name, _)| *name == own.1).and_then(|(_, head)| place_in_queue(head, now));
    // Environments that wait longer have precedence over this one. Without an entry of its own it comes after all of them.
    let is_ahead = |place: &(Timestamp, &EnvironmentName)| own_entry.is_none_or(|entry| *place < (entry, &own.1));
    let mut ahead: Vec<(Timestamp, &EnvironmentName)> = waiting
        .iter()
        .filter_map(|(name, head)| Some((place_in_queue(head, now)?, name)))
        .filter(|place| is_ahead(place) && !claimed.iter().any(|(_, name)| name == place.1))
        .collect();
    ahead.sort_unstable();
    let before_own = |(time, name): &&ClaimedPlace| (*time, name) < (own.0, &own.1);
    let before = claimed.iter().filter(before_own).count();
    if before.saturating_add(ahead.len()) < maximum {
        return Admission::Admitted;
    }
    let others = waiting.iter().filter(|(name, head)| *name != own.1 && place_in_queue(head, now).is_some()).count();
    Admission::Queued { position: ahead.len().saturating_add(1), waiting: others.saturating_add(1) }
}

/// Place of a waiting environment: the time of its first refusal; none if it does not wait, or lost its place.
pub fn place_in_queue(head: &LedgerHead, now: Timestamp) -> Option<Timestamp> {
    let is_patient = head.beat.is_some_and(|beat| now.duration_since(beat) < QUEUE_PATIENCE);
    head.queued_at.filter(|_| head.phase == LedgerPhase::Queued && is_patient)
}

#[cfg(test)]
mod tests;
