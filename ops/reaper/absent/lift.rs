//! Return of an ended environment: a reopened or labelled pull request, or a branch that exists again, lifts the end; a push
//! puts the label back.

use eod_domain::PullRequestState;
use eod_domain::ledger::{EndReason, EventKind, LedgerHead, LifeFacts, Transitions, TriggerLabelRecord};
use jiff::Timestamp;

use crate::mutation::mutated;
use crate::observed::{KnownPullRequest, identity_of};
use crate::ports::{CallError, ForgePort, HeadEntry, LedgerPort, NotificationKind, Ports, PullRequestLabel};
use crate::pull_requests::pull_request_of;
use crate::records::new_commit;
use crate::run::{About, Run};

/// Reason for the return of an ended environment.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Return {
    /// The pull request is open, and has its label if one is used; or the branch exists.
    Lifted,
    /// A push to a pull request whose label the reaper removed.
    Revived,
}

impl<P: Ports> Run<'_, P> {
    /// Lifts the end of an open pull request, if somebody wants its environment back. Returns true if the entry is out of date
    /// by that.
    pub(super) async fn lift(
        &mut self,
        entry: &HeadEntry,
        known: &KnownPullRequest,
        now: Timestamp,
    ) -> Result<bool, CallError> {
        let Ok(head) = &entry.head else { return Ok(false) };
        let Some(found) = self.found_return(head, known) else { return Ok(false) };
        let name = &entry.environment;
        let reason = match found {
            Return::Lifted => "the pull request is open again or has its label again, or the branch exists again",
            Return::Revived => "a commit was pushed after the expiry",
        };
        self.report.act(name, if found == Return::Revived { "revive" } else { "lift" }, reason);
        if self.options.dry_run {
            return Ok(true);
        }
        if found == Return::Revived {
            let identity = identity_of(head);
            let Some((repository, number)) = identity.as_ref().and_then(pull_request_of) else { return Ok(false) };
            if !self.is_still_revived(entry, head).await? {
                return Ok(false);
            }
            self.ports.forge().set_label(repository, number, PullRequestLabel::Trigger, true).await?;
        }
        self.store_lift(entry, head, found, now).await?;
        let about = About {
            environment: name.clone(),
            identity: identity_of(head),
            generation: head.generation,
            made_by: Some(head.made_by),
        };
        let notification = if found == Return::Revived { NotificationKind::Revived } else { NotificationKind::Lifted };
        self.notify(notification, now, &about, reason).await;
        Ok(true)
    }

    /// Takes the lift of an end back if the pull request was closed again before its environment returned: else a late create
    /// with the same commit would bring it back; or if the branch is deleted. Returns true if the entry is out of date by that.
    pub(super) async fn take_lift_back(&mut self, entry: &HeadEntry, now: Timestamp) -> Result<bool, CallError> {
        let Ok(head) = &entry.head else { return Ok(false) };
        let identity = identity_of(head);
        if !head.lifted || mutated!(LiftStays) {
            return Ok(false);
        }
        let look = self.look_begins().await?;
        let known = self.fresh_pull_request(identity.as_ref()).await;
        let reason = match known.state {
            PullRequestState::Closed => "the pull request was closed again before its environment returned",
            PullRequestState::BranchDeleted => "the branch is deleted, and its environment has not returned",
            PullRequestState::Open { .. } | PullRequestState::Unknown => return Ok(false),
        };
        if !self.is_recent(look).await? {
            return Ok(false);
        }
        let name = &entry.environment;
        self.report.act(name, "unlift", reason);
        if self.options.dry_run {
            return Ok(true);
        }
        // As before the lift: an expired environment without its trigger label returns with the label.
        let was_removed = matches!(head.reason, Some(EndReason::Expired | EndReason::Requested)) && head.label.seen;
        let removed_by_us = head.label.removed_by_us || was_removed;
        let label = Some(TriggerLabelRecord { removed_by_us, ..head.label });
        let facts = LifeFacts { label, ..LifeFacts::default() };
        let transitions = Transitions::at(now);
        let taken_back = transitions.unlift(head, head.generation);
        let taken_back = taken_back.and_then(|head| transitions.record(&head, head.generation, facts));
        let Ok(mut next) = taken_back else { return Ok(false) };
        let event = self.event(now, head.generation, EventKind::Unlifted);
        match self.store_head(name, &entry.version, &mut next, &[event]).await {
            Err(error) if !error.is_conflict() => Err(error),
            _ => Ok(true),
        }
    }

    /// Reads ledger and pull request again before the label is set, because a label has no precondition.
    async fn is_still_revived(&mut self, entry: &HeadEntry, head: &LedgerHead) -> Result<bool, CallError> {
        let look = self.look_begins().await?;
        let found = self.ports.ledgers().head(&entry.environment).await?;
        let known = self.fresh_pull_request(identity_of(head).as_ref()).await;
        let is_same = found.is_some_and(|found| found.version == entry.version);
        Ok(is_same && self.found_return(head, &known) == Some(Return::Revived) && self.is_recent(look).await?)
    }

    /// Stores the lift. A conflict means that the return has begun already.
    async fn store_lift(
        &mut self,
        entry: &HeadEntry,
        head: &LedgerHead,
        found: Return,
        now: Timestamp,
    ) -> Result<(), CallError> {
        let label = Some(TriggerLabelRecord { seen: head.label.seen, removed_by_us: false });
        let facts = LifeFacts { label, ..LifeFacts::default() };
        let transitions = Transitions::at(now);
        let lifted =
            transitions.lift(head, head.generation).and_then(|head| transitions.record(&head, head.generation, facts));
        let Ok(mut next) = lifted else { return Ok(()) };
        let mut events = vec![self.event(now, head.generation, EventKind::Lifted)];
        if found == Return::Revived {
            events.push(self.event(now, head.generation, EventKind::LabelOn));
        }
        match self.store_head(&entry.environment, &entry.version, &mut next, &events).await {
            Err(error) if !error.is_conflict() => Err(error),
            _ => Ok(()),
        }
    }

    fn found_return(&self, head: &LedgerHead, known: &KnownPullRequest) -> Option<Return> {
        let PullRequestState::Open { labelled } = known.state else { return None };
        if head.lifted {
            return None;
        }
        match head.reason? {
            EndReason::Closed | EndReason::BranchDeleted if labelled != Some(false) => Some(Return::Lifted),
            EndReason::Unlabelled => (labelled == Some(true)).then_some(Return::Lifted),
            // An expired environment has the reason `closed` after the close of its pull request.
            EndReason::Expired | EndReason::Requested | EndReason::Closed if head.label.removed_by_us => {
                if labelled == Some(true) {
                    return Some(Return::Lifted);
                }
                let facts = known.facts.as_ref()?;
                let is_pushed = head.head_sha.is_some() && new_commit(head, facts.head_sha.as_ref()).is_some();
                let may_revive = self.settings.revive_on_push
                    && head.reason != Some(EndReason::Requested)
                    && (!facts.is_fork || mutated!(LabelBackOnFork))
                    && (is_pushed || mutated!(RevivedWithoutPush));
                may_revive.then_some(Return::Revived)
            }
            EndReason::Expired
            | EndReason::Requested
            | EndReason::Closed
            | EndReason::BranchDeleted
            | EndReason::Destroyed
            | EndReason::Lost => None,
        }
    }
}
