//! Records of a destroy.
//!
//! Without a reaper no tool reads the ledger of a destroyed environment, so the ledger is deleted. With a reaper, the
//! begin and the end of the destroy are recorded, the history gets a row of this life, and the reaper removes the
//! remaining data.

use std::time::Duration;

use eod_clients::ErrorKind;
use eod_clients::kubernetes::{Deleted, Preconditions};
use eod_domain::Identity;
use eod_domain::labels;
use eod_domain::ledger::{
    EndReason, EndRequest, Event, EventKind, LedgerHead, LedgerPhase, TransitionError, history_row, summary_name,
};

use super::{EnvironmentLedger, HOLDER, RecordError, StoredHead};
use crate::environment::claim::TRIES;

/// Maximum duration of recording the begin and the end, so that the record never uses up the time of the destroy.
pub(in super::super) const CALL_LIMIT: Duration = Duration::from_secs(20);

/// Record of a destroy.
#[derive(Debug)]
pub(in super::super) struct DestroyRecord {
    stored: StoredHead,
    /// Events of the environment, as read at the start.
    events: Vec<Event>,
    has_reaper: bool,
}

impl EnvironmentLedger<'_> {
    /// Records the start of a destroy. None if there is nothing to record: no ledger, no right to it, or another life or end.
    pub(in super::super) async fn begin_destroy(
        &self,
        identity: &Identity,
        uid: Option<&str>,
    ) -> Option<DestroyRecord> {
        match self.try_begin_destroy(identity, uid).await {
            Ok(record) => record,
            Err(error) => {
                self.warn_unless_forbidden(&error);
                None
            }
        }
    }

    async fn try_begin_destroy(
        &self,
        identity: &Identity,
        uid: Option<&str>,
    ) -> Result<Option<DestroyRecord>, RecordError> {
        let Some(found) = self.ledgers.get(self.name, &self.deadline).await? else { return Ok(None) };
        let events = found.readable_events();
        let stored = StoredHead::of(found)?;
        if !is_life_of(&stored.head, identity, uid) {
            return Ok(None);
        }
        let has_reaper = self.is_reaped(&stored.head).await?;
        if !has_reaper {
            return Ok(Some(DestroyRecord { stored, events, has_reaper }));
        }
        let generation = stored.head.generation;
        let begun = self.store(stored, |head| self.begun(head, generation, uid)).await;
        match begun {
            Ok(stored) => Ok(Some(DestroyRecord { stored, events, has_reaper })),
            // Another run ends the environment. Both delete the same namespace, and that run keeps the record.
            Err(RecordError::Refused(_)) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Records the end of a destroy, after the namespace is gone.
    pub(in super::super) async fn finish_destroy(&self, record: DestroyRecord, uid: Option<&str>) {
        if let Err(error) = self.try_finish_destroy(record, uid).await {
            self.warn_unless_forbidden(&error);
        }
    }

    async fn try_finish_destroy(&self, record: DestroyRecord, uid: Option<&str>) -> Result<(), RecordError> {
        let DestroyRecord { stored, events, has_reaper } = record;
        if !has_reaper && self.is_deleted(&stored).await? {
            return Ok(());
        }
        if has_reaper {
            self.add_history(&stored.head, &events).await;
        }
        let generation = stored.head.generation;
        let finished = self.store(stored, |head| {
            // If no reaper ran at the begin, the begin is recorded only now.
            let (ending, mut events) = match head.phase {
                LedgerPhase::Ending => (head.clone(), Vec::new()),
                _ => self.begun(head, generation, uid)?,
            };
            let next = self.transitions().finish_destroy(&ending, generation, HOLDER)?;
            events.push(self.event(generation, EventKind::Ended).with("reason", EndReason::Destroyed.as_str()));
            Ok((next, events))
        });
        match finished.await {
            // Another run ended it meanwhile, or a later create has begun: there is nothing left to record.
            Ok(_) | Err(RecordError::Refused(_) | RecordError::Missing) => Ok(()),
            Err(error) => Err(error),
        }
    }

    /// Adds the row of this life to the history. The reaper adds a row that is missing, so a failure is not reported.
    async fn add_history(&self, head: &LedgerHead, events: &[Event]) {
        let Some(row) = history_row(self.name, head, events, self.cx.server_now()) else { return };
        for _ in 0..TRIES {
            match self.ledgers.add_history(&row, &self.deadline).await {
                Err(error) if matches!(error.kind, ErrorKind::Conflict | ErrorKind::AlreadyExists) => {}
                Ok(()) | Err(_) => return,
            }
        }
    }

    /// Deletes the ledger if it was not changed since the read. False if it was changed, or must not be deleted.
    async fn is_deleted(&self, stored: &StoredHead) -> Result<bool, RecordError> {
        let as_read = Preconditions { uid: Some(stored.uid.clone()), resource_version: Some(stored.version.clone()) };
        match self.ledgers.delete(self.name, &as_read, &self.deadline).await {
            Ok(deleted) => Ok(!matches!(deleted, Deleted::Changed | Deleted::UidMismatch)),
            Err(error) if error.kind == ErrorKind::Denied => Ok(false),
            Err(error) => Err(error.into()),
        }
    }

    /// Begins a destroy, or continues one that was interrupted.
    fn begun(
        &self,
        head: &LedgerHead,
        generation: u64,
        uid: Option<&str>,
    ) -> Result<(LedgerHead, Vec<Event>), TransitionError> {
        if head.phase == LedgerPhase::Ending {
            return Ok((self.transitions().resume_end(head, generation, HOLDER)?, Vec::new()));
        }
        let request = EndRequest {
            generation,
            uid: uid.map(str::to_owned),
            reason: EndReason::Destroyed,
            keep_vault: false,
            holder: HOLDER.to_owned(),
        };
        let next = self.transitions().begin_end(head, &request)?;
        let event = self.event(generation, EventKind::EndStarted).with("reason", EndReason::Destroyed.as_str());
        Ok((next, vec![event]))
    }

    /// True if a reaper runs for the installation: it has sealed events, or it has written its summary.
    async fn is_reaped(&self, head: &LedgerHead) -> Result<bool, RecordError> {
        if head.seq > 0 {
            return Ok(true);
        }
        if let Some(known) = self.cx.has_reaper() {
            return Ok(known);
        }
        let name = summary_name(&self.cx.known_settings().installation);
        let summary = self.ledgers.text(&name, labels::LEDGER_SUMMARY, &self.deadline).await?;
        let has_reaper = summary.is_some_and(|summary| summary.is_ours);
        self.cx.remember_reaper(has_reaper);
        Ok(has_reaper)
    }

    /// Warns, unless the credentials have no right to the ledger: the create has warned about that.
    fn warn_unless_forbidden(&self, error: &RecordError) {
        if !error.is_forbidden() {
            self.warn(error);
        }
    }
}

/// True if the ledger has this life, and no end of it by others.
fn is_life_of(head: &LedgerHead, identity: &Identity, uid: Option<&str>) -> bool {
    let is_same = uid.is_none() || head.uid.is_none() || head.uid.as_deref() == uid;
    let is_open = match head.phase {
        LedgerPhase::Queued | LedgerPhase::Creating | LedgerPhase::Live => true,
        LedgerPhase::Ending => head.reason == Some(EndReason::Destroyed),
        LedgerPhase::Ended => false,
    };
    head.identity == identity.canonical() && is_same && is_open
}
