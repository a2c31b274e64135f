//! Branches of ended environments: they are in no list, so each one is a request.

use eod_domain::ledger::{EndReason, LedgerHead};
use eod_domain::{PullRequestState, Subject};
use jiff::Timestamp;

use crate::mutation::mutated;
use crate::observed::{Survey, identity_of};
use crate::ports::{CallError, ClockPort, ForgePort, HeadEntry, Ports, StoredLease};
use crate::run::Run;

impl<P: Ports> Run<'_, P> {
    /// True if the branch of an ended environment is read by [`Self::read_branches`] only, and that has not found it deleted.
    /// An end without a forge for its repository needs no request.
    pub(super) fn is_left_to_read_branches(&self, entry: &HeadEntry) -> bool {
        let Some(head) = entry.head.as_ref().ok().filter(|head| is_of_branch(head)) else { return false };
        let identity = identity_of(head);
        let repository = identity.as_ref().and_then(|identity| identity.repository.as_ref());
        let has_forge = repository.is_some_and(|repository| self.ports.forge().rules(repository).is_some());
        let is_found = self.summary.deleted_branches.contains(entry.environment.as_str());
        has_forge && !is_found && !mutated!(BranchesReadByEveryRun)
    }

    /// Reads the branches of ended environments. Lifts the ends of deleted branches that exist again, takes a lift back if two
    /// reads find the branch deleted, and remembers deleted branches, so that the next run ends what their ends have kept.
    ///
    /// Each branch is a request that counts for the quota of the forge, until its ledger is deleted. So this comes after the
    /// ends of a run, and as rarely as a search for orphans. If the time of a run is over, the next run continues with the next
    /// branch.
    pub(crate) async fn read_branches(
        &mut self,
        survey: &Survey,
        lease: &mut Option<StoredLease>,
        now: Timestamp,
    ) -> Result<(), CallError> {
        let is_due = self.summary.branches_at.is_none_or(|at| now.duration_since(at) >= self.settings.sweep_every);
        let is_for_all = self.options.only.is_empty();
        if is_for_all && !is_due && !mutated!(BranchesReadByEveryRun) {
            return Ok(());
        }
        let after = self.summary.branches_up_to.clone().filter(|_| is_for_all).unwrap_or_default();
        let is_next = |entry: &&HeadEntry| {
            let is_ended = entry.head.as_ref().is_ok_and(|head| is_of_branch(head) && head.is_ended());
            is_ended && entry.environment.as_str() > after.as_str() && self.covers(&entry.environment)
        };
        let mut entries: Vec<&HeadEntry> = survey.absent.iter().filter(is_next).collect();
        entries.sort_unstable_by_key(|entry| entry.environment.as_str());
        for entry in entries {
            if self.ports.clock().is_time_over() {
                return Ok(());
            }
            self.keep_lease(lease).await?;
            if let Err(error) = self.read_branch(entry, now).await {
                self.report.problem(&entry.environment, error);
            }
            if is_for_all && !self.options.dry_run {
                self.summary.branches_up_to = Some(entry.environment.to_string());
            }
        }
        if is_for_all && !self.options.dry_run {
            self.summary.branches_up_to = None;
            self.summary.branches_at = Some(now);
        }
        Ok(())
    }

    async fn read_branch(&mut self, entry: &HeadEntry, now: Timestamp) -> Result<(), CallError> {
        let Ok(head) = &entry.head else { return Ok(()) };
        let name = entry.environment.as_str();
        let is_old = now.duration_since(head.since) >= self.settings.retention;
        let may_change = head.lifted || head.reason == Some(EndReason::BranchDeleted);
        let may_end = is_old || head.reason == Some(EndReason::Expired) || !head.kept_until_closed().is_empty();
        // A step that is left is tried again by every run, with a look at the branch of its own.
        if !may_change && (!may_end || !head.left().is_empty()) {
            return Ok(());
        }
        let known = self.fresh_pull_request(identity_of(head).as_ref()).await;
        match known.state {
            PullRequestState::Open { .. } => {
                self.summary.deleted_branches.remove(name);
                self.summary.lifted_in_vain.remove(name);
                self.lift(entry, &known, now).await?;
            }
            PullRequestState::BranchDeleted if head.lifted => {
                // A person may lift the end of a deleted branch. That is valid at least for the time between two reads.
                let is_first = self.summary.lifted_in_vain.insert(name.to_owned());
                if !is_first && self.take_lift_back(entry, now).await? {
                    self.summary.lifted_in_vain.remove(name);
                    if may_end {
                        self.summary.deleted_branches.insert(name.to_owned());
                    }
                }
            }
            PullRequestState::BranchDeleted if may_end => drop(self.summary.deleted_branches.insert(name.to_owned())),
            PullRequestState::BranchDeleted | PullRequestState::Closed | PullRequestState::Unknown => {}
        }
        Ok(())
    }
}

/// True if the environment is the one of a branch without a pull request.
fn is_of_branch(head: &LedgerHead) -> bool {
    identity_of(head).is_some_and(|identity| matches!(identity.subject, Subject::Branch(_)))
}
