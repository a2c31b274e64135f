//! Steps that a finished end has left, and steps that it has kept for an open pull request.

use eod_domain::ledger::{EndReason, EndStep, EventKind, LedgerHead, LedgerPhase, StepOutcome, Transitions};
use eod_domain::{EnvironmentName, PullRequestState};
use jiff::{SignedDuration, Timestamp};

use super::{AbsentWork, is_closed};
use crate::end::HeldEnd;
use crate::mutation::mutated;
use crate::observed::{KnownPullRequest, identity_of};
use crate::ports::{BackendKind, CallError, HeadEntry, Ports};
use crate::records::is_unwanted;
use crate::run::Run;

impl<P: Ports> Run<'_, P> {
    /// True if what an end has kept for an open pull request may end: the pull request is closed, or no forge can report it and the
    /// end is older than the retention.
    pub(super) fn is_released(&self, head: &LedgerHead, known: &KnownPullRequest, now: Timestamp) -> bool {
        let is_old = now.duration_since(head.since) >= self.settings.retention;
        is_closed(known)
            || (known.is_unknowable && is_old)
            || (mutated!(KeptEndsUnlabelled) && is_unwanted(known.state))
    }

    /// Takes up the steps that an end has kept, after a look at the pull request. `closed` is the reason if the forge has
    /// reported its close.
    pub(super) async fn hold_kept(
        &mut self,
        entry: &HeadEntry,
        closed: Option<EndReason>,
        look: SignedDuration,
        now: Timestamp,
    ) -> Result<Option<HeldEnd>, CallError> {
        let Ok(head) = &entry.head else { return Ok(None) };
        let closed = closed.filter(|_| !mutated!(CloseNotRecorded));
        let Ok(mut next) = Transitions::at(now).end_kept(head, head.generation, closed) else { return Ok(None) };
        let mut event = self.event(now, head.generation, EventKind::Step).with("outcome", "pending");
        if let Some(reason) = next.reason.filter(|_| next.reason != head.reason) {
            event = event.with("reason", reason.as_str());
        }
        match self.store_head(&entry.environment, &entry.version, &mut next, &[event]).await {
            Ok(version) => Ok(Some(HeldEnd::new(entry.environment.clone(), next, version).after_look(look))),
            Err(error) if error.is_conflict() => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Records the close of an expired environment that has kept nothing, so that a late create is refused.
    pub(super) async fn record_close(
        &mut self,
        entry: &HeadEntry,
        head: &LedgerHead,
        reason: EndReason,
        now: Timestamp,
    ) -> Result<(), CallError> {
        let closed = Transitions::at(now).record_close(head, head.generation, reason);
        let Some(mut next) = closed.ok().filter(|_| !mutated!(CloseNotRecorded)) else { return Ok(()) };
        let why = "its pull request was closed or its branch deleted after it expired, so a late create is refused";
        self.report.act(&entry.environment, "record-close", why);
        if self.options.dry_run {
            return Ok(());
        }
        let event = self.event(now, head.generation, EventKind::Step).with("reason", reason.as_str());
        match self.store_head(&entry.environment, &entry.version, &mut next, &[event]).await {
            Err(error) if !error.is_conflict() => Err(error),
            _ => Ok(()),
        }
    }

    /// Holds the steps that a finished end has left. They need no holder: each is written under the version that was read.
    /// Steps that wait for the close of the pull request are kept again if it is open, and wait if that is not known.
    pub(super) async fn hold_left(&mut self, entry: &HeadEntry, now: Timestamp) -> Result<Option<HeldEnd>, CallError> {
        let Ok(head) = &entry.head else { return Ok(None) };
        let mut end = HeldEnd::new(entry.environment.clone(), head.clone(), entry.version.clone());
        let waiting = self.left_until_closed(head);
        if !waiting.is_empty() && !mutated!(LeftWithoutLook) {
            let look = self.look_begins().await?;
            let known = self.fresh_pull_request(identity_of(head).as_ref()).await;
            if !self.is_recent(look).await? {
                return Ok(None);
            }
            if self.is_released(head, &known, now) {
                end = end.after_look(look);
            } else if matches!(known.state, PullRequestState::Open { .. }) || known.is_unknowable {
                return self.keep_again(entry, head, &waiting, now).await;
            } else {
                waiting.iter().for_each(|step| end.skip(*step));
            }
        }
        // The untried rest of a recorded destroy is not an action.
        let is_failed = |step: &EndStep| head.steps.get(step) == Some(&StepOutcome::Failed) && !end.is_skipped(*step);
        if head.left().iter().any(is_failed) {
            self.report.act(&entry.environment, AbsentWork::Left.action(), AbsentWork::Left.reason());
        }
        Ok((!self.options.dry_run).then_some(end))
    }

    /// True if there are copies in Vault, or if that is not known.
    pub(super) async fn may_have_copies(&self, name: &EnvironmentName) -> bool {
        self.may_have_items(name, |kind| kind == BackendKind::Vault).await
    }

    /// Keeps steps until the pull request is closed, because it is open or no forge can report it. Holds the other steps that are
    /// left, if there are any.
    async fn keep_again(
        &mut self,
        entry: &HeadEntry,
        head: &LedgerHead,
        waiting: &[EndStep],
        now: Timestamp,
    ) -> Result<Option<HeldEnd>, CallError> {
        let name = &entry.environment;
        self.report.act(name, "keep", "its copies are kept until its pull request is closed");
        if self.options.dry_run {
            return Ok(None);
        }
        let (mut next, mut events) = (head.clone(), Vec::new());
        for step in waiting {
            let (kept, holder) = (StepOutcome::Kept, &self.options.holder);
            let kept_again = Transitions::at(now).step(&next, head.generation, holder, *step, kept);
            let Ok(kept_again) = kept_again else { return Ok(None) };
            next = kept_again;
            let event = self.event(now, head.generation, EventKind::Step);
            events.push(event.with("step", step).with("outcome", &kept));
        }
        match self.store_head(name, &entry.version, &mut next, &events).await {
            Ok(version) if !next.left().is_empty() => Ok(Some(HeldEnd::new(name.clone(), next, version))),
            Ok(_) => {
                self.report.left.remove(name.as_str());
                Ok(None)
            }
            Err(error) if error.is_conflict() => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Steps that are left and may run only after the close of the pull request.
    fn left_until_closed(&self, head: &LedgerHead) -> Vec<EndStep> {
        let returns = head.lifted || head.phase == LedgerPhase::Queued;
        let is_for_open = |step: &EndStep| match head.reason {
            Some(EndReason::Lost) => {
                matches!(step, EndStep::Dns | EndStep::Database | EndStep::Vault | EndStep::Objects)
            }
            Some(EndReason::Expired) => *step == EndStep::Vault && (returns || self.settings.keep_vault_until_closed),
            // The pull request may be open again. A destroy may be the first half of a replacement, or leave its copies.
            Some(EndReason::Closed | EndReason::BranchDeleted | EndReason::Destroyed) => *step == EndStep::Vault,
            // A person has ended it, although its pull request was open.
            Some(EndReason::Unlabelled | EndReason::Requested) => *step == EndStep::Vault && returns,
            None => false,
        };
        head.left().into_iter().filter(is_for_open).collect()
    }
}
