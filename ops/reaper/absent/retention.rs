//! Retention: deletion of old ledgers.

use eod_domain::PullRequestState;
use eod_domain::ledger::{LedgerHead, history_row, place_in_queue};
use jiff::Timestamp;

use crate::end::events;
use crate::mutation::mutated;
use crate::observed::KnownPullRequest;
use crate::ports::{BackendKind, CallError, HeadEntry, LedgerPort, Ports};
use crate::run::Run;

impl<P: Ports> Run<'_, P> {
    /// True if the ledger of an ended environment stays after the retention, because a person keeps its copies in Vault: without
    /// the ledger they would be orphans. If they were removed by hand, the ledger is not needed any more.
    pub(super) async fn keeps_ledger(&self, entry: &HeadEntry, head: &LedgerHead) -> bool {
        let has_vault = || self.ports.backends().iter().any(|backend| backend.kind() == BackendKind::Vault);
        head.keeps_vault
            && !mutated!(KeptCopyForgotten)
            && (!has_vault() || self.may_have_copies(&entry.environment).await)
    }

    /// Deletes the ledger of an environment after the retention, with its row in the history. It stays while the pull request
    /// is open or may be open.
    pub(super) async fn forget(&mut self, entry: &HeadEntry, known: &KnownPullRequest) -> Result<(), CallError> {
        let may_be_open = match known.state {
            PullRequestState::Open { .. } => true,
            PullRequestState::Unknown => !known.is_unknowable,
            PullRequestState::Closed | PullRequestState::BranchDeleted => false,
        };
        if may_be_open && !mutated!(TombstoneForgotten) {
            return Ok(());
        }
        self.report.act(&entry.environment, "forget", "the environment has ended longer ago than the retention");
        if self.options.dry_run {
            return Ok(());
        }
        let look = self.look_begins().await?;
        if let (Some(ledger), Ok(head)) = (self.ports.ledgers().ledger(&entry.environment).await?, &entry.head)
            && let Some(row) = history_row(&entry.environment, head, &events(&ledger), head.since)
        {
            self.ports.ledgers().add_history(&row).await?;
        }
        if self.is_recent(look).await? { self.delete(entry).await } else { Ok(()) }
    }

    /// Deletes the ledger of an environment that has lost its place in the queue and never lived.
    pub(super) async fn forget_queued(&mut self, entry: &HeadEntry, now: Timestamp) -> Result<(), CallError> {
        let Ok(head) = &entry.head else { return Ok(()) };
        let is_old = now.duration_since(head.since) >= self.settings.retention;
        if !is_old || place_in_queue(head, now).is_some() {
            return Ok(());
        }
        self.report.act(&entry.environment, "forget", "its create was not tried again");
        if self.options.dry_run { Ok(()) } else { self.delete(entry).await }
    }

    async fn delete(&self, entry: &HeadEntry) -> Result<(), CallError> {
        match self.ports.ledgers().delete(&entry.environment, &entry.version).await {
            Err(error) if !error.is_conflict() && !error.is_not_found() => Err(error),
            _ => Ok(()),
        }
    }
}
