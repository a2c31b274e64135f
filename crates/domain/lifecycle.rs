//! Where an environment stands in its life.
//!
//! The word is computed from times and conditions every time it is asked for, and stored nowhere, so it cannot go stale
//! and no transition can be illegal: `pending -> ready -> active -> idle -> expiring -> destroyed`, with `failed` and
//! `awaiting-approval` beside them. Activity moves the times, and with them the word, back to `active`.

use std::fmt;
use std::str::FromStr;

use jiff::{SignedDuration, Timestamp};

use crate::text::as_text;
use crate::tier::Tier;
use crate::ttl::Ttl;

/// The word.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub enum Status {
    /// Being made.
    Pending,
    /// Made; nothing was deployed yet.
    Ready,
    /// Deployed, with activity within half the TTL.
    Active,
    /// Quiet for half the TTL.
    Idle,
    /// Within the warning window, or past the end.
    Expiring,
    /// Could not be made, or its first deployment failed.
    Failed,
    /// Past the end, and the tier ends nothing without an approval.
    AwaitingApproval,
    /// Gone, or on its way out.
    Destroyed,
}

/// What a status is computed from.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Facts {
    /// Whether the namespace exists and is not being deleted.
    pub exists: bool,
    /// Whether its create was finished.
    pub provisioned: bool,
    /// Whether the first deployment succeeded. Where nobody watches deployments it stays false, and the environment
    /// `ready` instead of `active`.
    pub deployed: bool,
    /// Whether a condition says that it cannot work.
    pub failed: bool,
    /// The tier.
    pub tier: Tier,
    /// The TTL; none for a permanent environment.
    pub ttl: Option<Ttl>,
    /// The tier's warning time.
    pub warning: Option<Ttl>,
    /// The last activity; none where it was not recorded yet.
    pub last_activity_at: Option<Timestamp>,
    /// The end; none for a permanent environment.
    pub expires_at: Option<Timestamp>,
}

/// A word that is no status.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[error("`{0}` is no status; expected pending, ready, active, idle, expiring, failed, awaiting-approval or destroyed")]
pub struct StatusError(String);

as_text!(Status);

impl Status {
    /// All of them, in the order of a life.
    pub const ALL: [Self; 8] = [
        Self::Pending,
        Self::Ready,
        Self::Active,
        Self::Idle,
        Self::Expiring,
        Self::Failed,
        Self::AwaitingApproval,
        Self::Destroyed,
    ];

    /// The word.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Ready => "ready",
            Self::Active => "active",
            Self::Idle => "idle",
            Self::Expiring => "expiring",
            Self::Failed => "failed",
            Self::AwaitingApproval => "awaiting-approval",
            Self::Destroyed => "destroyed",
        }
    }
}

impl FromStr for Status {
    type Err = StatusError;

    fn from_str(text: &str) -> Result<Self, StatusError> {
        Self::ALL.into_iter().find(|status| status.as_str() == text).ok_or_else(|| StatusError(text.to_owned()))
    }
}

impl fmt::Display for Status {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// The status at `now`.
///
/// An end that nobody recorded has not come: unknown never means expired.
pub fn status(facts: &Facts, now: Timestamp) -> Status {
    if !facts.exists {
        return Status::Destroyed;
    }
    if !facts.provisioned {
        return if facts.failed { Status::Failed } else { Status::Pending };
    }
    if let Some(end) = facts.expires_at {
        if now >= end && facts.tier == Tier::Compliance {
            return Status::AwaitingApproval;
        }
        let warning = effective_warning(facts.ttl, facts.warning);
        if now >= end.checked_sub(warning).unwrap_or(Timestamp::MIN) {
            return Status::Expiring;
        }
    }
    if facts.failed {
        return Status::Failed;
    }
    if let (Some(ttl), Some(last)) = (facts.ttl, facts.last_activity_at)
        && now.duration_since(last) >= ttl.half()
    {
        return Status::Idle;
    }
    if facts.deployed { Status::Active } else { Status::Ready }
}

/// How long before the end the warning is given: the tier's time, but never more than half of a shorter TTL, so that
/// activity always leads back out of the window.
pub fn effective_warning(ttl: Option<Ttl>, warning: Option<Ttl>) -> SignedDuration {
    match (ttl, warning) {
        (Some(ttl), Some(warning)) => warning.duration().min(ttl.half()),
        (None, Some(warning)) => warning.duration(),
        (_, None) => SignedDuration::ZERO,
    }
}

#[cfg(test)]
mod tests;
