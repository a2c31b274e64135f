//! Ledgers of environments without a namespace: lost ones, ends that are left, returns and retention.

mod lift;
mod retention;

use eod_domain::ledger::{
    EndReason, EndStep, EventKind, LedgerHead, LedgerPhase, QUEUE_PATIENCE, StepOutcome, Transitions,
};
use eod_domain::{Identity, PullRequestState};
use jiff::Timestamp;

use crate::end::HeldEnd;
use crate::observed::{KnownPullRequest, identity_of};
use crate::ports::{CallError, ClusterPort, HeadEntry, Ports};
use crate::pull_requests::{OpenPullRequests, pull_request_of};
use crate::records::is_unwanted;
use crate::run::Run;

/// Work for an environment without a namespace.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) enum AbsentWork {
    /// End a life with a namespace that is gone.
    End(EndReason),
    /// Continue a running end.
    Resume,
    /// Take up what the end has kept for an open pull request.
    EndKept,
    /// Try the steps again that the end has left.
    Left,
}

/// Absent environment with its work.
#[derive(Clone, Debug)]
pub(crate) struct Absent {
    pub(crate) entry: HeadEntry,
    pub(crate) work: AbsentWork,
    /// True if it counts as an end without a warning: something can be lost that nobody was warned of.
    pub(crate) is_counted: bool,
}

impl<P: Ports> Run<'_, P> {
    /// Decides about an environment without a namespace. Also lifts its end, and deletes its ledger after the retention.
    pub(crate) async fn absent(
        &mut self,
        open: &mut OpenPullRequests,
        entry: &HeadEntry,
        now: Timestamp,
    ) -> Result<Option<AbsentWork>, CallError> {
        let head = match &entry.head {
            Ok(head) => head,
            Err(problem) => {
                self.report.problem(&entry.environment, format!("its ledger cannot be read: {problem}"));
                return Ok(None);
            }
        };
        let is_impatient = |beat: Timestamp| now.duration_since(beat) >= QUEUE_PATIENCE;
        Ok(match head.phase {
            LedgerPhase::Live => {
                let known = self.pull_request(open, identity_of(head).as_ref()).await;
                Some(AbsentWork::End(lost_reason(&known, head.label.seen && !head.label.removed_by_us)))
            }
            // A create begins with its ledger. Without a namespace after this time it was interrupted.
            LedgerPhase::Creating => head.beat.is_none_or(is_impatient).then_some(AbsentWork::End(EndReason::Lost)),
            LedgerPhase::Ending => {
                let is_own = head.holder.as_deref() == Some(&self.options.holder);
                (is_own || head.is_silent(now)).then_some(AbsentWork::Resume)
            }
            LedgerPhase::Queued if !head.left().is_empty() => Some(AbsentWork::Left),
            LedgerPhase::Queued => {
                self.forget_queued(entry, now).await?;
                None
            }
            LedgerPhase::Ended => self.ended(open, entry, now).await?,
        })
    }

    async fn ended(
        &mut self,
        open: &mut OpenPullRequests,
        entry: &HeadEntry,
        now: Timestamp,
    ) -> Result<Option<AbsentWork>, CallError> {
        let Ok(head) = &entry.head else { return Ok(None) };
        if !head.left().is_empty() {
            self.report.left.insert(entry.environment.to_string(), head.left());
            let is_due = self.may_take_up(entry, head, now).await?;
            return Ok(is_due.then_some(AbsentWork::Left));
        }
        let identity = identity_of(head);
        if let Some(identity) = &identity
            && let Some(known) = self.open_again(open, head, identity).await
        {
            self.lift(entry, &known, now).await?;
            return Ok(None);
        }
        let is_kept = !head.kept_until_closed().is_empty();
        let is_old = now.duration_since(head.since) >= self.settings.retention;
        if !is_kept && !is_old {
            return Ok(None);
        }
        let look = self.look_begins().await?;
        let known = self.fresh_pull_request(identity.as_ref()).await;
        let is_closed = matches!(known.state, PullRequestState::Closed | PullRequestState::BranchDeleted);
        if is_kept && (is_closed || (is_old && known.is_unknowable)) {
            return Ok(Some(AbsentWork::EndKept));
        }
        if is_old && self.is_recent(look).await? {
            self.forget(entry, &known).await?;
        }
        Ok(None)
    }

    /// True if the steps that an end has left may be tried again. What was kept for an open pull request is taken up only while
    /// the pull request is closed: if it is open again, it is kept again.
    async fn may_take_up(&mut self, entry: &HeadEntry, head: &LedgerHead, now: Timestamp) -> Result<bool, CallError> {
        let taken_up: Vec<EndStep> =
            head.left().into_iter().filter(|step| self.is_kept_for_open(head, *step)).collect();
        if taken_up.is_empty() {
            return Ok(true);
        }
        let known = self.fresh_pull_request(identity_of(head).as_ref()).await;
        let is_closed = matches!(known.state, PullRequestState::Closed | PullRequestState::BranchDeleted);
        if is_closed || known.is_unknowable {
            return Ok(true);
        }
        if !matches!(known.state, PullRequestState::Open { .. }) {
            return Ok(false);
        }
        self.report.left.remove(entry.environment.as_str());
        self.report.act(&entry.environment, "keep", "the pull request is open again, so its copies are kept again");
        if self.options.dry_run {
            return Ok(false);
        }
        let mut next = head.clone();
        for step in taken_up {
            let kept = Transitions::at(now).step(&next, head.generation, &self.options.holder, step, StepOutcome::Kept);
            let Ok(kept) = kept else { return Ok(false) };
            next = kept;
        }
        let event = self.event(now, head.generation, EventKind::Step).with("outcome", "kept");
        match self.store_head(&entry.environment, &entry.version, &mut next, &[event]).await {
            Err(error) if !error.is_conflict() => Err(error),
            _ => Ok(false),
        }
    }

    /// True if a step is one that an end of this reason keeps as long as the pull request is open.
    fn is_kept_for_open(&self, head: &LedgerHead, step: EndStep) -> bool {
        match head.reason {
            Some(EndReason::Expired) => step == EndStep::Vault && self.settings.keep_vault_until_closed,
            Some(EndReason::Lost) => {
                matches!(step, EndStep::Dns | EndStep::Database | EndStep::Vault | EndStep::Objects)
            }
            _ => false,
        }
    }

    /// Facts about the pull request if it is in the list of open ones, or about a deleted branch that exists again.
    async fn open_again(
        &mut self,
        open: &mut OpenPullRequests,
        head: &LedgerHead,
        identity: &Identity,
    ) -> Option<KnownPullRequest> {
        if pull_request_of(identity).is_some() {
            return self.open_pull_request(open, identity).await;
        }
        // One call for each deleted branch and run, until its ledger is deleted.
        if head.reason != Some(EndReason::BranchDeleted) || head.lifted {
            return None;
        }
        let known = self.fresh_pull_request(Some(identity)).await;
        matches!(known.state, PullRequestState::Open { .. }).then_some(known)
    }

    /// Begins or continues the end of an absent environment. None if nothing is held.
    pub(crate) async fn hold_absent(&mut self, absent: &Absent, now: Timestamp) -> Result<Option<HeldEnd>, CallError> {
        let Absent { entry, work, .. } = absent;
        let name = &entry.environment;
        // The last look: the state of the pull request was read at the start of the run.
        let look = self.look_begins().await?;
        if work.is_unwarned() && !(self.is_still_unwanted(entry).await && self.is_recent(look).await?) {
            return Ok(None);
        }
        // The list may be older than the namespace. A running end looks at the namespace in its own step.
        if *work != AbsentWork::Resume && self.ports.cluster().namespace(name).await?.is_some() {
            return Ok(None);
        }
        // The untried rest of a recorded destroy is no news.
        let is_failed = |head: &LedgerHead| head.steps.values().any(|outcome| *outcome == StepOutcome::Failed);
        if *work != AbsentWork::Left || entry.head.as_ref().is_ok_and(is_failed) {
            self.report.act(name, action(work), reason(work));
        }
        if self.options.dry_run {
            return Ok(None);
        }
        match work {
            AbsentWork::End(end) => self.begin_end(entry, None, *end, now).await,
            AbsentWork::Resume => self.resume_end(entry, now).await,
            AbsentWork::EndKept => self.take_up_kept(entry, now).await,
            AbsentWork::Left => Ok(self.held_left(entry)),
        }
    }

    async fn is_still_unwanted(&mut self, entry: &HeadEntry) -> bool {
        let identity = entry.head.as_ref().ok().and_then(identity_of);
        let known = self.fresh_pull_request(identity.as_ref()).await;
        is_unwanted(known.state) || known.is_unknowable
    }

    async fn take_up_kept(&mut self, entry: &HeadEntry, now: Timestamp) -> Result<Option<HeldEnd>, CallError> {
        let Ok(head) = &entry.head else { return Ok(None) };
        let Ok(mut next) = Transitions::at(now).end_kept(head, head.generation) else { return Ok(None) };
        let event = self.event(now, head.generation, EventKind::Step).with("outcome", "pending");
        match self.store_head(&entry.environment, &entry.version, &mut next, &[event]).await {
            Ok(version) => Ok(Some(HeldEnd::new(entry.environment.clone(), next, version))),
            Err(error) if error.is_conflict() => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Steps that a finished end has left. They need no holder: each is written under the version that was read.
    fn held_left(&self, entry: &HeadEntry) -> Option<HeldEnd> {
        let head = entry.head.as_ref().ok()?;
        Some(HeldEnd::new(entry.environment.clone(), head.clone(), entry.version.clone()))
    }
}

/// Reason for the end of a life without a namespace.
fn lost_reason(known: &KnownPullRequest, has_label: bool) -> EndReason {
    match known.state {
        PullRequestState::Closed => EndReason::Closed,
        PullRequestState::BranchDeleted => EndReason::BranchDeleted,
        PullRequestState::Open { labelled: Some(false) } if has_label => EndReason::Unlabelled,
        PullRequestState::Open { .. } | PullRequestState::Unknown => EndReason::Lost,
    }
}

impl AbsentWork {
    /// True if copies or other things may be deleted, and nobody was warned.
    pub(crate) fn is_unwarned(&self) -> bool {
        match self {
            Self::End(reason) => *reason != EndReason::Lost,
            Self::EndKept => true,
            Self::Resume | Self::Left => false,
        }
    }
}

fn action(work: &AbsentWork) -> &'static str {
    match work {
        AbsentWork::End(_) => "end-absent",
        AbsentWork::Resume => "resume",
        AbsentWork::EndKept => "end-kept",
        AbsentWork::Left => "retry",
    }
}

fn reason(work: &AbsentWork) -> String {
    match work {
        AbsentWork::End(EndReason::Lost) => "the namespace is gone, and the pull request is not closed".to_owned(),
        AbsentWork::End(reason) => format!("the namespace is gone, reason: {reason}"),
        AbsentWork::Resume => "the end is not finished".to_owned(),
        AbsentWork::EndKept => "the pull request is closed: the kept copies end".to_owned(),
        AbsentWork::Left => "the end has left steps".to_owned(),
    }
}
