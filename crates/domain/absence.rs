//! Absence of an environment: the decision of a refresh about an environment that was ended outside of its configuration.
//!
//! # Guarantees
//!
//! - Only a recorded end of this identity and this namespace makes an environment absent. An end by a destroy, a namespace
//!   that was deleted by hand, and the end of another life do not.
//! - An absent environment stays absent if its ledger is forgotten.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use strum::{IntoStaticStr, VariantArray, VariantNames};

use crate::ledger::{EndReason, LedgerHead, LedgerPhase};
use crate::name::Identity;
use crate::text::keyword;

/// Behaviour of a plan for an environment that was ended outside of its configuration.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq, IntoStaticStr, VariantArray, VariantNames)]
#[strum(serialize_all = "snake_case")]
pub enum OnExpired {
    /// The environment stays absent until a change brings it back.
    #[default]
    KeepAbsent,
    /// The next apply creates it again.
    Recreate,
}

keyword!(OnExpired, "value of `on_expired`");

/// Absent environment, as recorded in a state.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct Absence {
    /// Time of the end. It stays the same while the end finishes.
    pub ended_at: Timestamp,
    /// Reason of the end.
    pub reason: EndReason,
    /// Head of the ledger at the last refresh that found an end of this life. It decides about a return.
    pub tombstone: LedgerHead,
}

/// Namespace of a state, as found by a refresh.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum NamespacePresence {
    /// The namespace exists.
    Living,
    /// The namespace is being deleted.
    Terminating,
    /// The namespace does not exist.
    Gone,
}

/// Life of an environment, as recorded in a state.
#[derive(Clone, Copy, Debug)]
pub struct RememberedLife<'a> {
    /// Identity of the environment.
    pub identity: &'a Identity,
    /// Uid of its namespace; none after a failed create.
    pub uid: Option<&'a str>,
    /// Absence that an earlier refresh has recorded.
    pub absence: Option<&'a Absence>,
}

/// Decision of a refresh.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum RefreshDecision {
    /// The environment exists.
    Lives,
    /// The namespace is being deleted for another reason than an end: the next apply replaces the environment.
    Replace,
    /// The environment is absent and stays in the state.
    Absent(Absence),
    /// A later create of the environment has begun and is not recorded as finished: a return was interrupted, or
    /// another run works on it. The environment leaves the state, and the next apply continues the create.
    Returning,
    /// The environment leaves the state, with its absence if it was ended.
    Leaves(Option<Absence>),
}

impl Absence {
    /// Absence that a ledger records for a life; none if the ledger records no end of this life by others.
    fn recorded(head: &LedgerHead, life: &RememberedLife<'_>) -> Option<Self> {
        let is_this_life =
            head.identity == life.identity.canonical() && life.uid.is_some() && head.uid.as_deref() == life.uid;
        let reason = head.reason.filter(|_| head.is_absent() && is_this_life)?;
        let is_by_others = !matches!(reason, EndReason::Destroyed | EndReason::Lost);
        is_by_others.then(|| Self { ended_at: head.since, reason, tombstone: head.clone() })
    }
}

/// Decides about an environment of a state. `head` is the head of its ledger, which a living environment does not need.
pub fn refresh_decision(
    presence: NamespacePresence,
    life: &RememberedLife<'_>,
    head: Option<&LedgerHead>,
    on_expired: OnExpired,
) -> RefreshDecision {
    if presence == NamespacePresence::Living {
        return RefreshDecision::Lives;
    }
    let recorded = head.and_then(|head| Absence::recorded(head, life));
    let absence = match (life.absence.cloned(), recorded) {
        (Some(known), Some(recorded)) => Some(Absence { tombstone: recorded.tombstone, ..known }),
        (known, recorded) => known.or(recorded),
    };
    match (absence, on_expired) {
        (Some(absence), OnExpired::KeepAbsent) => RefreshDecision::Absent(absence),
        (Some(absence), OnExpired::Recreate) => RefreshDecision::Leaves(Some(absence)),
        (None, _) if head.is_some_and(|head| is_returning(head, life)) => RefreshDecision::Returning,
        (None, _) if presence == NamespacePresence::Terminating => RefreshDecision::Replace,
        (None, _) => RefreshDecision::Leaves(None),
    }
}

/// True if the head has a create after this life that is not recorded as finished.
fn is_returning(head: &LedgerHead, life: &RememberedLife<'_>) -> bool {
    head.phase == LedgerPhase::Creating
        && head.generation > 1
        && head.uid.is_none()
        && life.uid.is_some()
        && head.identity == life.identity.canonical()
}

#[cfg(test)]
mod tests;
