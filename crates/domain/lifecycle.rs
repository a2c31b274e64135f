//! Lifecycle of an environment: its status, derived from timestamps and conditions.
//!
//! The status is computed for every read and never stored, so it cannot be stale and no transition can be invalid:
//! `pending -> ready -> active -> idle -> expiring -> destroyed`, or `failed` and `awaiting-approval`. Activity moves the
//! timestamps, and so returns it to `active`.

use jiff::{SignedDuration, Timestamp};
use strum::{IntoStaticStr, VariantArray, VariantNames};

use crate::text::keyword;
use crate::tier::Tier;
use crate::ttl::Ttl;

/// Lifecycle status, in the order of a life.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd, IntoStaticStr, VariantArray, VariantNames)]
#[strum(serialize_all = "kebab-case")]
pub enum Status {
    /// Create not finished.
    Pending,
    /// Created, no deployment yet.
    Ready,
    /// Deployed, with activity within half of the TTL.
    Active,
    /// No activity for half of the TTL.
    Idle,
    /// Within the warning time, or past the end.
    Expiring,
    /// Create failed, or its deployment fails.
    Failed,
    /// Past the end, in a tier that ends only with an approval.
    AwaitingApproval,
    /// Deleted, or being deleted.
    Destroyed,
}

/// Facts that determine the status.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Facts {
    /// True if the namespace exists and is not being deleted.
    pub exists: bool,
    /// True if its create is finished.
    pub provisioned: bool,
    /// True if the first deployment succeeded. Without an observer of deployments it stays false, and the environment
    /// is `ready` instead of `active`.
    pub deployed: bool,
    /// True if a condition reports a failure.
    pub failed: bool,
    /// Tier of the environment.
    pub tier: Tier,
    /// TTL; none for a permanent environment.
    pub ttl: Option<Ttl>,
    /// Warning time of the tier.
    pub warning: Option<Ttl>,
    /// Last activity; none if not recorded yet.
    pub last_activity_at: Option<Timestamp>,
    /// End; none for a permanent environment.
    pub expires_at: Option<Timestamp>,
}

keyword!(Status, "status");

/// Computes the status at `now`.
///
/// An end that is not recorded has not passed: unknown never means expired.
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

/// Time between the warning and the end: the warning time of the tier, at most half of the TTL, so that activity always
/// ends the warning.
pub fn effective_warning(ttl: Option<Ttl>, warning: Option<Ttl>) -> SignedDuration {
    match (ttl, warning) {
        (Some(ttl), Some(warning)) => warning.duration().min(ttl.half()),
        (None, Some(warning)) => warning.duration(),
        (_, None) => SignedDuration::ZERO,
    }
}

#[cfg(test)]
mod tests;
