//! Removal of the trigger label, with a second look at the commit.

use eod_domain::ledger::{EndReason, EventKind, MadeBy, StepOutcome};
use eod_domain::{PullRequestState, mark_annotations};

use super::{EndError, HeldEnd};
use crate::mutation::mutated;
use crate::ports::{CallError, CallErrorKind, ForgePort, Ports, PullRequestLabel};
use crate::pull_requests::pull_request_of;
use crate::records::new_commit;
use crate::run::Run;

impl<P: Ports> Run<'_, P> {
    /// Removes the trigger label of an open pull request, so that Argo CD or the pipeline removes the environment. None if
    /// somebody has pushed: the end is to be cancelled.
    pub(super) async fn label_off(&mut self, end: &mut HeldEnd) -> Result<Option<StepOutcome>, EndError> {
        let is_ours = matches!(end.head.reason, Some(EndReason::Expired | EndReason::Requested));
        let identity = end.identity();
        let Some((repository, number)) = identity.as_ref().and_then(pull_request_of).filter(|_| is_ours) else {
            return Ok(Some(StepOutcome::Done));
        };
        if self.ports.forge().rules(repository).is_none_or(|rules| rules.trigger_label.is_none()) {
            return Ok(Some(StepOutcome::Done));
        }
        let known = self.fresh_pull_request(identity.as_ref()).await;
        match known.state {
            PullRequestState::Unknown => return Ok(Some(self.without_forge(end).await?)),
            PullRequestState::Closed | PullRequestState::BranchDeleted => return Ok(Some(StepOutcome::Done)),
            PullRequestState::Open { labelled: Some(true) } => {
                self.remember_removal(end).await?;
                self.check_held(end).await?;
                let removed = self.ports.forge().set_label(repository, number, PullRequestLabel::Trigger, false).await;
                match removed {
                    Err(error) if error.kind == CallErrorKind::Denied => {
                        return Ok(Some(self.label_stays(end, &error).await?));
                    }
                    // The label is still there. Without this a later removal by a person would count as one by this end.
                    Err(error) if error.kind != CallErrorKind::Unknown => {
                        self.forget_removal(end, "not removed by the forge").await?;
                        return Err(error.into());
                    }
                    removed => removed?,
                }
            }
            PullRequestState::Open { .. } => {}
        }
        if end.head.reason != Some(EndReason::Expired) || mutated!(NoSecondLook) {
            return Ok(Some(StepOutcome::Done));
        }
        let again = self.fresh_pull_request(identity.as_ref()).await;
        let Some(facts) = again.facts else { return Ok(Some(StepOutcome::Pending)) };
        let is_moved = end.head.head_sha.is_some() && new_commit(&end.head, facts.head_sha.as_ref()).is_some();
        let may_go_back = !facts.is_fork || mutated!(LabelBackOnFork);
        Ok(if is_moved && may_go_back && facts.is_open { None } else { Some(StepOutcome::Done) })
    }

    /// True if somebody has put the trigger label back that this end removed. That is activity, and takes the mark away.
    pub(super) async fn is_relabelled(&mut self, end: &HeldEnd) -> Result<bool, EndError> {
        if !end.head.label.removed_by_us {
            return Ok(false);
        }
        let known = self.fresh_pull_request(end.identity().as_ref()).await;
        if known.state != (PullRequestState::Open { labelled: Some(true) }) {
            return Ok(false);
        }
        let now = self.now().await?;
        let Some(mut observed) = self.look(&end.name, now).await? else { return Ok(false) };
        if observed.reading.terminating || end.head.uid.as_ref() != Some(&observed.reading.uid) {
            return Ok(false);
        }
        self.annotate(&mut observed, &mark_annotations(None)).await?;
        self.restart_clock(&mut observed, now).await?;
        Ok(true)
    }

    /// Outcome if the forge does not answer. The time of the hand-over is waited for; then an environment of Terraform ends
    /// without the forge. A rendered one waits, because Argo CD would create it again.
    async fn without_forge(&mut self, end: &HeldEnd) -> Result<StepOutcome, EndError> {
        let is_over = self.now().await?.duration_since(end.head.since) >= self.settings.policy.handover;
        // After the removal of the label the commit has to be looked at again, so that a push is never lost.
        if end.head.made_by == MadeBy::Argocd || end.head.label.removed_by_us || !is_over {
            return Ok(StepOutcome::Pending);
        }
        self.report.problem(&end.name, "the forge does not answer, so its end goes on without the trigger label");
        Ok(StepOutcome::Kept)
    }

    /// Takes the record of a removal back that the forge has refused. The end goes on as without the right to label.
    async fn label_stays(&mut self, end: &mut HeldEnd, error: &CallError) -> Result<StepOutcome, EndError> {
        let problem =
            format!("the trigger label was not removed: {error}; give the token the right to write pull requests");
        self.report.problem(&end.name, problem);
        self.forget_removal(end, "refused by the forge").await?;
        Ok(StepOutcome::Kept)
    }

    /// Takes the record of a removal back that did not happen.
    async fn forget_removal(&mut self, end: &mut HeldEnd, reason: &str) -> Result<(), EndError> {
        end.head.label.removed_by_us = false;
        let event = self.event(self.now().await?, end.head.generation, EventKind::LabelOn);
        end.events.push(event.with("reason", reason));
        end.is_changed = true;
        self.store(end).await
    }

    /// Records the removal before it happens, so that an interrupted run never takes it for a removal by a person.
    async fn remember_removal(&mut self, end: &mut HeldEnd) -> Result<(), EndError> {
        if !end.head.label.removed_by_us {
            end.head.label.removed_by_us = true;
            let event = self.event(self.now().await?, end.head.generation, EventKind::LabelOff);
            end.events.push(event);
            end.is_changed = true;
        }
        self.store(end).await
    }
}
