//! Decision about an environment: keep it, warn, or begin its end.
//!
//! # Guarantees
//!
//! - A protected or permanent environment is never ended. Neither is one with a value that cannot be read.
//! - Unknown never means closed: only a pull request that the forge reports as closed, or a branch that it reports as
//!   deleted, is a reason.
//! - Every end for expiry was marked at least the tier's warning time before, in an earlier run. The mark is the warning.
//! - In `compliance` an end needs an approval of this very end.

use std::collections::BTreeSet;

use jiff::{SignedDuration, Timestamp};

use crate::ledger::{EndReason, LedgerHead, LedgerPhase};
use crate::lifecycle::{Status, effective_warning};
use crate::reading::{EndMark, EnvironmentReading};
use crate::tier::{Tier, Tiers};
use crate::ttl::Ttl;

/// State of a pull request or branch, as reported by the forge.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum PullRequestState {
    /// Not known: no forge, no answer, an error or a moved repository. Treated as open.
    #[default]
    Unknown,
    /// Open, or an existing branch.
    Open {
        /// True if it has the trigger label; none if the platform uses no trigger label.
        labelled: Option<bool>,
    },
    /// Closed or merged, reported by number.
    Closed,
    /// The branch is deleted, reported by name.
    BranchDeleted,
}

/// Policy of the reaper.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct ReapPolicy {
    /// Time for Argo CD or the pipeline before the reaper acts.
    pub handover: SignedDuration,
    /// Tiers with environments that sleep when they are idle.
    pub sleep_when_idle: BTreeSet<Tier>,
}

/// Everything that a decision depends on, besides the time.
#[derive(Clone, Copy, Debug)]
pub struct DecisionInput<'a> {
    /// Reading of the environment.
    pub reading: &'a EnvironmentReading,
    /// Head of its ledger, if there is one.
    pub head: Option<&'a LedgerHead>,
    /// State of its pull request.
    pub pull_request: PullRequestState,
    /// True if EoD put the environment to sleep.
    pub asleep_by_us: bool,
    /// Last time that a person woke the environment; none if that is not recorded. Its idle time begins anew then.
    pub woken_at: Option<Timestamp>,
    /// Tiers with their overrides.
    pub tiers: &'a Tiers,
    /// Policy of the reaper.
    pub policy: &'a ReapPolicy,
    /// Id of the run.
    pub holder: &'a str,
}

/// Decision about an environment with its reason.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Decision {
    /// Next action.
    pub action: ReapAction,
    /// Reason: a sentence without a final dot.
    pub reason: String,
}

/// Next action of the reaper.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum ReapAction {
    /// Do nothing.
    Keep,
    /// Do nothing, and report the environment.
    Skip,
    /// Write the mark and warn.
    Mark(EndMark),
    /// Remove the mark and notify.
    Unmark,
    /// Put the environment to sleep.
    Sleep,
    /// Wake the environment.
    Wake,
    /// Ask for an approval, and remind daily.
    AwaitApproval(EndReason),
    /// Take a last look, then end the environment.
    BeginEnd(EndReason),
    /// Continue a running end.
    ResumeEnd,
}

impl Default for ReapPolicy {
    /// Hand-over of 15 minutes, no sleep.
    fn default() -> Self {
        Self { handover: SignedDuration::from_mins(15), sleep_when_idle: BTreeSet::new() }
    }
}

impl PullRequestState {
    /// Reason to end an environment, for facts that the forge has reported. `seen` and `removed_by_us` are the recorded
    /// history of the trigger label.
    fn reason(self, seen: bool, removed_by_us: bool) -> Option<EndReason> {
        match self {
            Self::Closed => Some(EndReason::Closed),
            Self::BranchDeleted => Some(EndReason::BranchDeleted),
            // A label that was never seen was never removed: the platform may not use it for this environment.
            Self::Open { labelled: Some(false) } if seen && !removed_by_us => Some(EndReason::Unlabelled),
            Self::Open { .. } | Self::Unknown => None,
        }
    }
}

/// Decides about an environment. The first rule that applies determines the action.
pub fn decide(input: &DecisionInput<'_>, now: Timestamp) -> Decision {
    let reading = input.reading;
    permanent(reading)
        .or_else(|| unreadable(reading))
        .or_else(|| ending(input, now))
        .or_else(|| awaiting_approval(input, now))
        .or_else(|| reported_end(input, now))
        .or_else(|| expiry(input, now))
        .or_else(|| mark_without_reason(input))
        .or_else(|| sleep(input, now))
        .unwrap_or_else(|| Decision::new(ReapAction::Keep, "nothing is due"))
}

impl Decision {
    fn new(action: ReapAction, reason: impl Into<String>) -> Self {
        Self { action, reason: reason.into() }
    }
}

fn permanent(reading: &EnvironmentReading) -> Option<Decision> {
    if reading.protected {
        return Some(Decision::new(ReapAction::Keep, "the environment is protected"));
    }
    let is_staging = reading.tier == Some(Tier::Staging);
    is_staging.then(|| Decision::new(ReapAction::Keep, "an environment of tier staging is permanent"))
}

fn unreadable(reading: &EnvironmentReading) -> Option<Decision> {
    let problem = reading.problems.first()?;
    Some(Decision::new(ReapAction::Skip, problem.to_string()))
}

/// Continues a running end, if it is one's own or its holder is silent. A namespace that was created again is reported, so
/// that it is not ended in a loop.
fn ending(input: &DecisionInput<'_>, now: Timestamp) -> Option<Decision> {
    let head = input.head().filter(|head| head.phase == LedgerPhase::Ending)?;
    if head.uid.as_ref().is_some_and(|uid| *uid != input.reading.uid) {
        let reason = "the namespace was created again while its end was not finished";
        return Some(Decision::new(ReapAction::Skip, reason));
    }
    let holder = head.holder.as_deref().unwrap_or("an unknown run");
    if holder == input.holder || head.is_silent(now) {
        return Some(Decision::new(ReapAction::ResumeEnd, format!("the end by {holder} is not finished")));
    }
    Some(Decision::new(ReapAction::Keep, format!("{holder} is ending the environment")))
}

/// Waits for an approval in `compliance`, if there is a reason to end the environment.
fn awaiting_approval(input: &DecisionInput<'_>, now: Timestamp) -> Option<Decision> {
    let reading = input.reading;
    if reading.tier != Some(Tier::Compliance) || reading.is_approved() {
        return None;
    }
    let expired = || reading.times.expiry.is_past(now).then_some(EndReason::Expired);
    let is_requested = |mark: &EndMark| mark.reason == EndReason::Requested && mark.reap_after <= now;
    let requested = || reading.mark.filter(is_requested).map(|mark| mark.reason);
    let reason = input.reported_reason().or_else(expired).or_else(requested)?;
    let action = ReapAction::AwaitApproval(reason);
    Some(Decision::new(action, format!("{}, and an approval of this end is missing", sentence(reason))))
}

/// Marks and ends an environment for facts that the forge has reported.
fn reported_end(input: &DecisionInput<'_>, now: Timestamp) -> Option<Decision> {
    let reason = input.reported_reason()?;
    let due = next_second(now.saturating_add(input.policy.handover).unwrap_or(Timestamp::MAX));
    Some(match input.valid_mark() {
        Some(mark) if mark.reap_after <= now => Decision::new(ReapAction::BeginEnd(reason), sentence(reason)),
        Some(mark) if mark.reason == reason => Decision::new(ReapAction::Keep, marked(mark)),
        // Another mark never delays the end, and the new reason never makes it earlier than the hand-over.
        Some(mark) => {
            let mark = EndMark { reap_after: due.min(mark.reap_after), reason };
            Decision::new(ReapAction::Mark(mark), sentence(reason))
        }
        None => Decision::new(ReapAction::Mark(EndMark { reap_after: due, reason }), sentence(reason)),
    })
}

/// Marks and ends an environment at its end.
fn expiry(input: &DecisionInput<'_>, now: Timestamp) -> Option<Decision> {
    let reading = input.reading;
    let mark = input.valid_mark();
    if let Some(mark) = mark.filter(|mark| mark.reason == EndReason::Requested) {
        let is_due = mark.reap_after <= now;
        let action = if is_due { ReapAction::BeginEnd(mark.reason) } else { ReapAction::Keep };
        return Some(Decision::new(action, if is_due { sentence(mark.reason).to_owned() } else { marked(mark) }));
    }
    let end = reading.expires_at()?;
    let warning = input.warning()?;
    if now < end.checked_sub(warning).unwrap_or(Timestamp::MIN) {
        return None;
    }
    let reason = EndReason::Expired;
    match mark {
        Some(mark) if mark.reason == reason && mark.reap_after <= now && end <= now => {
            Some(Decision::new(ReapAction::BeginEnd(reason), sentence(reason)))
        }
        Some(mark) if mark.reason == reason => Some(Decision::new(ReapAction::Keep, marked(mark))),
        // A late run still gives the whole warning time: no environment is ended without it.
        _ => {
            let reap_after = end.max(next_second(now.saturating_add(warning).unwrap_or(Timestamp::MAX)));
            let mark = EndMark { reap_after, reason };
            Some(Decision::new(ReapAction::Mark(mark), format!("the end is at {end}")))
        }
    }
}

/// Removes a mark without a reason. A mark for a closed pull request is kept while the forge does not answer.
fn mark_without_reason(input: &DecisionInput<'_>) -> Option<Decision> {
    let mark = input.reading.mark?;
    let is_reported = matches!(mark.reason, EndReason::Closed | EndReason::BranchDeleted | EndReason::Unlabelled);
    if is_reported && input.pull_request == PullRequestState::Unknown {
        return Some(Decision::new(ReapAction::Keep, "the state of the pull request is unknown"));
    }
    Some(Decision::new(ReapAction::Unmark, format!("the reason {} does not apply any more", mark.reason)))
}

fn sleep(input: &DecisionInput<'_>, now: Timestamp) -> Option<Decision> {
    let reading = input.reading;
    let sleeps = reading.tier.is_some_and(|tier| input.policy.sleep_when_idle.contains(&tier));
    let is_woken = input.woken_at.zip(reading.ttl()).is_some_and(|(at, ttl)| now.duration_since(at) < ttl.half());
    let is_active = |(ttl, at): (Ttl, Timestamp)| now.duration_since(at) < ttl.half();
    let is_in_use = reading.ttl().zip(reading.times.last_activity_at).is_some_and(is_active);
    match reading.status {
        Status::Idle if sleeps && !reading.asleep && !is_woken => {
            Some(Decision::new(ReapAction::Sleep, "the environment is idle"))
        }
        Status::Active | Status::Ready if reading.asleep && input.asleep_by_us => {
            Some(Decision::new(ReapAction::Wake, "the environment is in use again"))
        }
        // Its pods are stopped, so its deployment cannot recover before it is woken.
        Status::Failed if reading.asleep && input.asleep_by_us && is_in_use => {
            Some(Decision::new(ReapAction::Wake, "the environment is in use again"))
        }
        _ => None,
    }
}

impl DecisionInput<'_> {
    /// Head of the environment's own ledger.
    fn head(&self) -> Option<&LedgerHead> {
        self.reading.own_head(self.head)
    }

    /// Warning time of the environment; none if its tier cannot be read.
    fn warning(&self) -> Option<SignedDuration> {
        let settings = self.tiers.get(self.reading.tier?);
        Some(effective_warning(self.reading.ttl(), settings.warning))
    }

    /// Mark of the present end. A mark for an end that has moved on by the warning time or more warns of nothing: there was
    /// activity since then, and no run has removed the mark.
    fn valid_mark(&self) -> Option<EndMark> {
        let is_valid = |mark: &EndMark| {
            let end = self.reading.expires_at().unwrap_or(Timestamp::MIN);
            let earliest = end.checked_sub(self.warning().unwrap_or_default()).unwrap_or(Timestamp::MIN);
            mark.reason != EndReason::Expired || mark.reap_after >= end || mark.reap_after > earliest
        };
        self.reading.mark.filter(is_valid)
    }

    fn reported_reason(&self) -> Option<EndReason> {
        let label = self.head().map(|head| head.label).unwrap_or_default();
        self.pull_request.reason(label.seen, label.removed_by_us)
    }
}

/// Time rounded up to a whole second: a mark is written in seconds, and never shortens the warning.
fn next_second(time: Timestamp) -> Timestamp {
    let has_fraction = time.subsec_nanosecond() != 0;
    Timestamp::from_second(time.as_second().saturating_add(i64::from(has_fraction))).unwrap_or(time)
}

fn marked(mark: EndMark) -> String {
    format!("marked as {}, ends after {}", mark.reason, mark.reap_after)
}

fn sentence(reason: EndReason) -> &'static str {
    match reason {
        EndReason::Expired => "the environment is past its end",
        EndReason::Closed => "the pull request is closed",
        EndReason::BranchDeleted => "the branch is deleted",
        EndReason::Unlabelled => "the trigger label was removed",
        EndReason::Requested => "a person requested the end",
        EndReason::Destroyed => "the environment was destroyed",
        EndReason::Lost => "the namespace was deleted",
    }
}

#[cfg(test)]
mod tests;
