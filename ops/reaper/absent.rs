//! Ledgers of environments without a namespace: lost ones, ends that are left, returns and retention.

mod branches;
mod left;
mod lift;
mod retention;

use eod_domain::ledger::{EndReason, LedgerHead, LedgerPhase, QUEUE_PATIENCE};
use eod_domain::{EnvironmentName, PullRequestState};
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
        let work = match head.phase {
            LedgerPhase::Live => {
                let known = self.pull_request(open, identity_of(head).as_ref()).await;
                Some(AbsentWork::End(lost_reason(&known, head.label.seen && !head.label.removed_by_us)))
            }
            // A create begins with its ledger. Without a namespace after this time it was interrupted.
            LedgerPhase::Creating => {
                head.is_silent_for(QUEUE_PATIENCE, now).then_some(AbsentWork::End(EndReason::Lost))
            }
            LedgerPhase::Ending => {
                let is_own = head.holder.as_deref() == Some(&self.options.holder);
                (is_own || head.is_silent(now)).then_some(AbsentWork::Resume)
            }
            LedgerPhase::Queued if head.generation == 0 => {
                self.forget_queued(entry, now).await?;
                None
            }
            LedgerPhase::Queued => self.queued_return(open, head, now).await,
            LedgerPhase::Ended => self.ended(open, entry, now).await?,
        };
        match work {
            Some(AbsentWork::End(_)) if self.has_namespace(&entry.environment).await? => Ok(None),
            work => Ok(work),
        }
    }

    /// Decides about an environment that has lived and waits for a free place. If its pull request is closed, it ends again,
    /// which also ends what the first end has kept.
    async fn queued_return(
        &mut self,
        open: &mut OpenPullRequests,
        head: &LedgerHead,
        now: Timestamp,
    ) -> Option<AbsentWork> {
        let known = self.pull_request(open, identity_of(head).as_ref()).await;
        let is_old = now.duration_since(head.since) >= self.settings.retention;
        match known.state {
            PullRequestState::Closed => Some(AbsentWork::End(EndReason::Closed)),
            PullRequestState::BranchDeleted => Some(AbsentWork::End(EndReason::BranchDeleted)),
            // No forge can report a close.
            _ if known.is_unknowable && is_old => Some(AbsentWork::End(EndReason::Lost)),
            PullRequestState::Open { .. } | PullRequestState::Unknown => {
                (!head.left().is_empty()).then_some(AbsentWork::Left)
            }
        }
    }

    async fn ended(
        &mut self,
        open: &mut OpenPullRequests,
        entry: &HeadEntry,
        now: Timestamp,
    ) -> Result<Option<AbsentWork>, CallError> {
        let Ok(head) = &entry.head else { return Ok(None) };
        let left = head.left();
        let work = (!left.is_empty()).then_some(AbsentWork::Left);
        if work.is_some() {
            self.report.left.insert(entry.environment.to_string(), left);
        }
        let identity = identity_of(head);
        // A backend that is down does not delay a return. A forge that is down delays only the copies in Vault that are left.
        if let Some(identity) = &identity
            && let Some(known) = self.open_pull_request(open, identity).await
        {
            return Ok(match self.lift(entry, &known, now).await {
                // The entry is out of date: the next run tries the steps again.
                Ok(true) => None,
                Ok(false) => work,
                Err(error) => {
                    self.report.problem(&entry.environment, error);
                    work
                }
            });
        }
        let is_of_pull_request = identity.as_ref().and_then(pull_request_of).is_some();
        if is_of_pull_request && self.take_lift_back(entry, now).await? {
            return Ok(None);
        }
        if work.is_some() {
            return Ok(work);
        }
        let is_kept = !head.kept_until_closed().is_empty();
        // An expired environment that has kept nothing needs the record of the close only.
        let is_expired = head.reason == Some(EndReason::Expired);
        let is_past = now.duration_since(head.since) >= self.settings.retention;
        let is_old = is_past && !self.keeps_ledger(entry, head).await;
        if !(is_kept || is_expired || is_old) || self.is_left_to_read_branches(entry) {
            return Ok(None);
        }
        let look = self.look_begins().await?;
        let known = self.fresh_pull_request(identity.as_ref()).await;
        if is_kept && self.is_released(head, &known, now) {
            return Ok(Some(AbsentWork::EndKept));
        }
        if !self.is_recent(look).await? {
            return Ok(None);
        }
        match closed_reason(known.state).filter(|_| is_expired && !is_kept) {
            Some(reason) => self.record_close(entry, head, reason, now).await?,
            None if is_old => self.forget(entry, &known).await?,
            None => {}
        }
        Ok(None)
    }

    /// Begins or continues the end of an absent environment. None if nothing is held.
    pub(crate) async fn hold_absent(&mut self, absent: &Absent, now: Timestamp) -> Result<Option<HeldEnd>, CallError> {
        let Absent { entry, work, .. } = absent;
        let name = &entry.environment;
        // The last look: the state of the pull request was read at the start of the run.
        let look = self.look_begins().await?;
        let mut closed = None;
        if work.is_unwarned() {
            let Ok(head) = &entry.head else { return Ok(None) };
            let known = self.fresh_pull_request(identity_of(head).as_ref()).await;
            if !self.is_still_unwanted(head, &known, work, now) || !self.is_recent(look).await? {
                return Ok(None);
            }
            closed = closed_reason(known.state);
        }
        // The list may be older than the namespace. A running end looks at the namespace in its own step.
        if *work != AbsentWork::Resume && self.has_namespace(name).await? {
            return Ok(None);
        }
        // Steps that were left are an action only if one of them is tried again.
        if *work != AbsentWork::Left {
            self.report.act(name, work.action(), work.reason());
            if self.options.dry_run {
                return Ok(None);
            }
        }
        match work {
            AbsentWork::End(end) => self.begin_end(entry, None, *end, now).await,
            AbsentWork::Resume => self.resume_end(entry, now).await,
            AbsentWork::EndKept => self.hold_kept(entry, closed, look, now).await,
            AbsentWork::Left => self.hold_left(entry, now).await,
        }
    }

    /// True if a namespace of this name exists. The list has no namespace without the ownership labels, so such a one is
    /// reported here: its environment can neither live nor end.
    async fn has_namespace(&mut self, name: &EnvironmentName) -> Result<bool, CallError> {
        let Some(namespace) = self.ports.cluster().namespace(name).await? else { return Ok(false) };
        if !self.is_ours(&namespace) {
            let problem = self.unlabelled_namespace(name.as_str());
            self.report.problem(name, problem);
        }
        Ok(true)
    }

    fn is_still_unwanted(
        &self,
        head: &LedgerHead,
        known: &KnownPullRequest,
        work: &AbsentWork,
        now: Timestamp,
    ) -> bool {
        match work {
            // An end for expiry has removed the trigger label, so only a close releases what it has kept.
            AbsentWork::EndKept => self.is_released(head, known, now),
            AbsentWork::End(EndReason::Unlabelled) => is_unwanted(known.state),
            _ => is_closed(known),
        }
    }
}

/// True if the forge reports by number or by name that the pull request is closed or the branch is deleted.
fn is_closed(known: &KnownPullRequest) -> bool {
    closed_reason(known.state).is_some()
}

/// Reason of an end for a closed pull request or a deleted branch; none if it is open or not known.
fn closed_reason(state: PullRequestState) -> Option<EndReason> {
    match state {
        PullRequestState::Closed => Some(EndReason::Closed),
        PullRequestState::BranchDeleted => Some(EndReason::BranchDeleted),
        PullRequestState::Open { .. } | PullRequestState::Unknown => None,
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

    /// Name of the action in the report.
    fn action(&self) -> &'static str {
        match self {
            Self::End(_) => "end-absent",
            Self::Resume => "resume",
            Self::EndKept => "end-kept",
            Self::Left => "retry",
        }
    }

    /// Reason of the action in the report.
    fn reason(&self) -> String {
        match self {
            Self::End(EndReason::Lost) => "the namespace is gone, and the pull request is not closed".to_owned(),
            Self::End(reason) => format!("the namespace is gone, reason: {reason}"),
            Self::Resume => "the end is not finished".to_owned(),
            Self::EndKept => "the pull request is closed: the kept copies end".to_owned(),
            Self::Left => "the end has left steps".to_owned(),
        }
    }
}
