//! Entries that wait for their batch, and their withdrawal.

use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};

use eod_domain::dns::{ChangeEntry, ChangeWeight};
use tokio::sync::oneshot;

use super::change_receipt::ChangeReceipt;
use crate::error::Error;

/// Right to decide about an entry: the writer takes it to send the entry, its caller to withdraw it. Only one of them gets it.
#[derive(Clone, Debug, Default)]
pub(super) struct EntryClaim(Arc<AtomicBool>);

/// An entry with the recipient of its answer.
pub(super) struct PendingEntry {
    pub(super) entry: ChangeEntry,
    pub(super) weight: ChangeWeight,
    claim: EntryClaim,
    answer: oneshot::Sender<Result<ChangeReceipt, Error>>,
}

/// The side of the caller. Dropping it withdraws an entry that was not sent.
pub(super) struct EntryTicket {
    claim: EntryClaim,
    pub(super) answered: oneshot::Receiver<Result<ChangeReceipt, Error>>,
}

impl EntryClaim {
    /// True for the first call.
    fn take(&self) -> bool {
        !self.0.swap(true, Ordering::AcqRel)
    }
}

impl PendingEntry {
    /// An entry, and the ticket of its caller.
    pub(super) fn new(entry: ChangeEntry) -> (Self, EntryTicket) {
        let (answer, answered) = oneshot::channel();
        let claim = EntryClaim::default();
        let weight = entry.weight();
        (Self { entry, weight, claim: claim.clone(), answer }, EntryTicket { claim, answered })
    }

    /// Takes the entry for sending; false if it was withdrawn.
    pub(super) fn begin(&self) -> bool {
        self.claim.take()
    }

    /// Answers the caller. A caller that no longer waits gets no answer.
    pub(super) fn answer(self, result: Result<ChangeReceipt, Error>) {
        drop(self.answer.send(result));
    }
}

impl EntryTicket {
    /// Withdraws the entry; false if it was sent.
    pub(super) fn withdraw(&self) -> bool {
        self.claim.take()
    }
}

impl Drop for EntryTicket {
    fn drop(&mut self) {
        self.withdraw();
    }
}
