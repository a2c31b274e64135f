//! Due actions of a run: the decisions about all environments, and the limits on ends.

use eod_domain::ledger::{EndReason, LedgerPhase};
use eod_domain::{Decision, DecisionInput, EndMark, ReapAction, decide};
use jiff::Timestamp;

use crate::mutation::mutated;
use crate::observed::Observed;
use crate::ports::Ports;
use crate::report::RunOutcome;
use crate::run::Run;

/// Environment with its decision.
#[derive(Clone, Debug)]
pub(crate) struct Due {
    pub(crate) observed: Observed,
    pub(crate) decision: Decision,
    /// True if it counts as an end without a warning.
    pub(crate) is_counted: bool,
}

impl<P: Ports> Run<'_, P> {
    /// Decides about an environment.
    pub(crate) fn decide(&self, observed: &Observed, now: Timestamp) -> Decision {
        let observed = &self.mutated_reading(observed, now);
        let input = DecisionInput {
            reading: &observed.reading,
            head: observed.head(),
            pull_request: observed.pull_request.state,
            asleep_by_us: self.summary.asleep.contains(observed.name.as_str()) || mutated!(SleepOfPersonEnded),
            woken_at: self.summary.woken.get(observed.name.as_str()).copied(),
            tiers: &self.settings.tiers,
            policy: &self.settings.policy,
            holder: &self.options.holder,
        };
        decide(&input, now)
    }

    /// Decision to cancel the end of an environment that was protected after its end had begun, and is kept for that reason.
    /// Without it the end would neither continue nor finish.
    pub(crate) fn protected_end(&self, observed: &Observed, decision: &Decision, now: Timestamp) -> Option<Decision> {
        let reading = &observed.reading;
        let head = observed.own_head().filter(|head| head.phase == LedgerPhase::Ending)?;
        let is_of_this_life = head.uid.as_deref() == Some(reading.uid.as_str()) && !reading.terminating;
        let is_own = head.holder.as_deref() == Some(&self.options.holder);
        let is_free = is_own || head.is_silent(now);
        let is_kept = decision.action == ReapAction::Keep && reading.is_permanent() && !mutated!(ProtectedEndIsStuck);
        (is_kept && is_of_this_life && is_free).then(|| Decision {
            action: ReapAction::ResumeEnd,
            reason: "the environment is protected: its end is cancelled".to_owned(),
        })
    }

    /// Decides about an environment with a running end as if the end had not begun.
    pub(crate) fn is_still_due(&self, observed: &Observed, now: Timestamp) -> bool {
        let mut observed = observed.clone();
        if let Some(Ok(head)) = observed.entry.as_mut().map(|entry| entry.head.as_mut()) {
            head.phase = LedgerPhase::Live;
        }
        matches!(self.decide(&observed, now).action, ReapAction::BeginEnd(_))
    }

    /// Begins no more ends than the limits allow: ends without a warning stop the run above the breaker, expected ends are
    /// rationed, the oldest first. `others` is the number of other ends without a warning.
    pub(crate) fn ration(&mut self, due: &mut Vec<Due>, environments: usize, others: usize) {
        let unwarned = due.iter().filter(|due| due.is_counted).count().saturating_add(others);
        let limit = self.settings.breakers.limit(environments, self.options.accept);
        let is_certain = self.report.outcome == RunOutcome::Complete;
        if is_certain && unwarned > limit && !mutated!(BreakerAfterTheFact) {
            self.report.outcome = RunOutcome::Breaker { due: unwarned, limit };
            let problem = format!(
                "{unwarned} ends without a warning are due, the limit is {limit}: nothing was ended; check the pull \
                    requests, then run `eod reap --accept {unwarned}`"
            );
            self.report.problem(&self.settings.installation, problem);
        }
        if self.report.outcome != RunOutcome::Complete {
            due.retain(|due| !matches!(due.decision.action, ReapAction::BeginEnd(_)));
            return;
        }
        due.sort_by_key(|due| due.observed.reading.mark.map(|mark| mark.reap_after));
        let mut left = self.settings.ends_per_run;
        due.retain(|due| {
            if !matches!(due.decision.action, ReapAction::BeginEnd(_)) || is_unwarned(&due.decision.action) {
                return true;
            }
            let is_within = left > 0;
            left = left.saturating_sub(1);
            is_within
        });
    }

    /// Applies a deliberate bug to the input of a decision.
    fn mutated_reading(&self, observed: &Observed, now: Timestamp) -> Observed {
        let mut observed = observed.clone();
        let reading = &mut observed.reading;
        let expires_at = reading.expires_at();
        if mutated!(EndWithoutMark) && expires_at.is_some_and(|end| end <= now) {
            reading.mark = Some(EndMark { reap_after: now, reason: EndReason::Expired });
        }
        if mutated!(ProtectedEnded) {
            reading.protected = false;
        }
        let generation = reading.generation;
        if mutated!(OldApproval)
            && let Some(approval) = &mut reading.approval
        {
            (approval.expires_at, approval.generation) = (expires_at, generation);
        }
        observed
    }
}

/// True if nobody was warned of an end: the forge has reported its reason.
pub(crate) fn is_unwarned(action: &ReapAction) -> bool {
    let reported = [EndReason::Closed, EndReason::BranchDeleted, EndReason::Unlabelled];
    matches!(action, ReapAction::BeginEnd(reason) if reported.contains(reason))
}
