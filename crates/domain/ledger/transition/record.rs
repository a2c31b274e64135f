//! Changes of a head within its phase: facts that the reaper records.

use super::{TransitionError, Transitions, check_generation, phase_error};
use crate::ledger::head::{LedgerHead, TriggerLabelRecord};
use crate::ledger::phase::{EndReason, LedgerPhase, MadeBy};
use crate::ledger::steps::{EndStep, StepOutcome};
use crate::name::{Identity, Subject};
use crate::pull_request::HeadSha;
use crate::tier::Tier;

/// Facts about a life that are known only after its begin. `None` keeps the recorded value.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct LifeFacts {
    /// Newest commit.
    pub head_sha: Option<HeadSha>,
    /// Trigger label.
    pub label: Option<TriggerLabelRecord>,
    /// Tier. The steps of an end depend on it.
    pub tier: Option<Tier>,
}

impl Transitions {
    /// First head of an environment with events before its create, for example of its build. It has no place in the queue, and
    /// the create sets its identity, tier and owner.
    pub fn announced(self) -> LedgerHead {
        let unnamed = Identity { repository: None, subject: Subject::Given };
        LedgerHead::new(&unnamed.canonical(), Tier::default(), MadeBy::Terraform, LedgerPhase::Queued, self.now)
    }

    /// Records facts about the current life. The phase stays.
    ///
    /// # Errors
    ///
    /// The generation is stale.
    pub fn record(self, head: &LedgerHead, generation: u64, facts: LifeFacts) -> Result<LedgerHead, TransitionError> {
        check_generation(head, generation)?;
        let LifeFacts { head_sha, label, tier } = facts;
        let mut next = head.clone();
        next.head_sha = head_sha.or(next.head_sha);
        next.label = label.unwrap_or(next.label);
        next.tier = tier.unwrap_or(next.tier);
        Ok(next)
    }

    /// Records the wish of a person to keep the copies in Vault at the end of this life, before the end begins. The end may
    /// then be begun by any run.
    ///
    /// # Errors
    ///
    /// The generation is stale, or the environment does not live.
    pub fn keep_vault(self, head: &LedgerHead, generation: u64) -> Result<LedgerHead, TransitionError> {
        check_generation(head, generation)?;
        if head.phase != LedgerPhase::Live {
            return Err(phase_error(head, "a wish for the copies in Vault", "live"));
        }
        Ok(LedgerHead { keeps_vault: true, ..head.clone() })
    }

    /// Gives a running end back at the end of a run, so that the next run continues it without waiting for silence. No call
    /// of the run may be in flight.
    ///
    /// # Errors
    ///
    /// The generation is stale, no end is running, or another run holds it.
    pub fn release_end(self, head: &LedgerHead, generation: u64, holder: &str) -> Result<LedgerHead, TransitionError> {
        check_generation(head, generation)?;
        if head.phase != LedgerPhase::Ending {
            return Err(phase_error(head, "the release of an end", "ending"));
        }
        if head.holder.as_deref() != Some(holder) {
            return Err(self.held(head));
        }
        Ok(LedgerHead { holder: None, beat: None, ..head.clone() })
    }

    /// Takes up the steps that an end has kept for an open pull request, after the pull request is closed. Steps that a
    /// person has kept stay kept. `closed` is the reason if the forge has reported the close: it replaces the reason
    /// `expired`, so that a late create with the same commit is refused.
    ///
    /// # Errors
    ///
    /// The generation is stale, the environment is not ended, or its end has kept nothing.
    pub fn end_kept(
        self,
        head: &LedgerHead,
        generation: u64,
        closed: Option<EndReason>,
    ) -> Result<LedgerHead, TransitionError> {
        check_generation(head, generation)?;
        let kept = head.kept_until_closed();
        if kept.is_empty() {
            return Err(phase_error(head, "the rest of an end", "ended with kept steps"));
        }
        let mut next = head.clone();
        next.steps.extend(kept.into_iter().map(|step| (step, StepOutcome::Pending)));
        if head.reason == Some(EndReason::Expired) {
            next.reason = closed.or(head.reason);
        }
        Ok(next)
    }

    /// Records that the pull request of an expired environment is closed, or that its branch is deleted, so that a late create
    /// with the same commit is refused. For an end that has kept nothing.
    ///
    /// # Errors
    ///
    /// The generation is stale, or the environment is not ended because it expired.
    pub fn record_close(
        self,
        head: &LedgerHead,
        generation: u64,
        reason: EndReason,
    ) -> Result<LedgerHead, TransitionError> {
        check_generation(head, generation)?;
        if head.phase != LedgerPhase::Ended || head.reason != Some(EndReason::Expired) {
            return Err(phase_error(head, "the close of an expired environment", "ended because it expired"));
        }
        Ok(LedgerHead { reason: Some(reason), ..head.clone() })
    }

    /// Takes a lift back: the pull request was closed again before the environment returned.
    ///
    /// # Errors
    ///
    /// The generation is stale, or the environment is not ended with a lifted tombstone.
    pub fn unlift(self, head: &LedgerHead, generation: u64) -> Result<LedgerHead, TransitionError> {
        check_generation(head, generation)?;
        if head.phase != LedgerPhase::Ended || !head.lifted {
            return Err(phase_error(head, "taking a lift back", "ended and lifted"));
        }
        Ok(LedgerHead { lifted: false, ..head.clone() })
    }
}

impl LedgerHead {
    /// Steps of a finished end that were kept only because the pull request was open. Copies in Vault that a person keeps are
    /// not among them.
    pub fn kept_until_closed(&self) -> Vec<EndStep> {
        let is_kept = |step: &EndStep| self.steps.get(step) == Some(&StepOutcome::Kept);
        let later: &[EndStep] = match self.reason {
            Some(EndReason::Lost) => &[EndStep::Dns, EndStep::Database, EndStep::Vault, EndStep::Objects],
            Some(_) => &[EndStep::Vault],
            None => &[],
        };
        let is_ended = self.phase == LedgerPhase::Ended;
        let is_for_good = |step: &EndStep| *step == EndStep::Vault && self.keeps_vault;
        later.iter().copied().filter(|step| is_ended && is_kept(step) && !is_for_good(step)).collect()
    }
}

#[cfg(test)]
mod tests;
