//! The writer of one zone: collects the entries of all callers, and sends one batch after the other.

use std::sync::Arc;

use eod_domain::dns::{
    Batches, ChangeEntry, ChangeWeight, RecordChange, RefusedBatch, ZoneId, batches, names_in_message, take_apart,
};
use tokio::{
    sync::mpsc,
    time::{Instant, timeout_at},
};

use super::{
    batch_error, change_receipt::ChangeReceipt, client::Route53, failure::Route53Problem, pending_entry::PendingEntry,
    refusal::Route53Refusal,
};
use crate::{deadline::Deadline, error::Error};

/// Handle of the writer of a zone. The writer ends after the last handle is dropped and all entries are answered.
#[derive(Clone)]
pub(super) struct ZoneWriter {
    zone: ZoneId,
    queue: mpsc::UnboundedSender<PendingEntry>,
}

/// State of the task.
struct WriterTask {
    client: Arc<Route53>,
    zone: ZoneId,
    queue: mpsc::UnboundedReceiver<PendingEntry>,
    /// Entries in their order.
    waiting: Vec<PendingEntry>,
}

impl ZoneWriter {
    /// Starts a writer on the runtime of the caller.
    pub(super) fn start(client: Arc<Route53>, zone: ZoneId) -> Self {
        let (queue, entries) = mpsc::unbounded_channel();
        let task = WriterTask { client, zone: zone.clone(), queue: entries, waiting: Vec::new() };
        tokio::spawn(task.run());
        Self { zone, queue }
    }

    /// True if the task has ended, for example with its runtime.
    pub(super) fn is_stopped(&self) -> bool {
        self.queue.is_closed()
    }

    /// Adds an entry to the next batch and waits for its answer.
    pub(super) async fn apply(&self, entry: ChangeEntry, deadline: &Deadline) -> Result<ChangeReceipt, Error> {
        let (pending, mut ticket) = PendingEntry::new(entry.clone());
        if self.queue.send(pending).is_err() {
            return Err(batch_error::of_problem(&entry, &self.zone, Route53Problem::Stopped));
        }
        let answer = match deadline.run(&mut ticket.answered).await {
            Ok(answer) => answer,
            Err(reason) if ticket.withdraw() => {
                return Err(batch_error::of_interruption(&entry, &self.zone, reason));
            }
            // The batch was sent, and has a time limit of its own.
            Err(_) => (&mut ticket.answered).await,
        };
        answer.unwrap_or_else(|_| Err(batch_error::of_stopped_writer(&entry, &self.zone)))
    }
}

impl WriterTask {
    async fn run(mut self) {
        loop {
            if self.waiting.is_empty() {
                match self.queue.recv().await {
                    Some(entry) => self.waiting.push(entry),
                    None => return,
                }
            }
            self.collect().await;
            let batch = self.next_batch();
            self.send(batch).await;
        }
    }

    /// Waits for further entries until the batch is full, for a short time at most. The time begins after the batch before:
    /// callers that it has answered bring their next entries then.
    async fn collect(&mut self) {
        let end = Instant::now() + self.client.limits().collect;
        while !self.is_full() {
            match timeout_at(end, self.queue.recv()).await {
                Ok(Some(entry)) => self.waiting.push(entry),
                Ok(None) | Err(_) => return,
            }
        }
    }

    fn is_full(&self) -> bool {
        let sum = self.waiting.iter().fold(ChangeWeight::default(), |sum, entry| sum + entry.weight);
        !self.client.limits().batch.allow(sum)
    }

    /// Takes the entries of the next batch that were not withdrawn. Entries that are too large for any batch are answered.
    fn next_batch(&mut self) -> Vec<PendingEntry> {
        let waiting = std::mem::take(&mut self.waiting);
        let Batches { batches, too_large } = batches(waiting, |entry| entry.weight, &self.client.limits().batch);
        for entry in too_large {
            let problem = Route53Problem::TooLarge { host: entry.entry.host.to_string() };
            let error = batch_error::of_problem(&entry.entry, &self.zone, problem);
            entry.answer(Err(error));
        }
        let mut batches = batches.into_iter();
        let mut batch = batches.next().unwrap_or_default();
        self.waiting = batches.flatten().collect();
        batch.retain(PendingEntry::begin);
        batch
    }

    /// Sends a batch and answers its callers. A batch with a bad entry is taken apart, so that the others are applied.
    async fn send(&self, batch: Vec<PendingEntry>) {
        let mut unsent = vec![batch];
        while let Some(batch) = unsent.pop() {
            if batch.is_empty() {
                continue;
            }
            let error = match self.change(&batch).await {
                Ok(receipt) => {
                    batch.into_iter().for_each(|entry| entry.answer(Ok(receipt.clone())));
                    continue;
                }
                Err(error) => Arc::new(error),
            };
            let refusal = Route53Refusal::of(&error).filter(|refusal| refusal.is_invalid_batch());
            // After a lost answer the refusal may be about changes that this batch has made.
            let Some(refusal) = refusal.filter(|_| !error.outcome_unknown()) else {
                self.fail(batch, &error);
                continue;
            };
            let names = names_in_message(&refusal.message);
            match take_apart(batch, |entry| entry.entry.has_name_in(&names)) {
                Some(RefusedBatch::Single(entry)) => self.fail(vec![entry], &error),
                Some(RefusedBatch::Parts(parts)) => unsent.extend(parts.into_iter().rev()),
                None => {}
            }
        }
    }

    async fn change(&self, batch: &[PendingEntry]) -> Result<ChangeReceipt, Error> {
        let changes: Vec<&RecordChange> = batch.iter().flat_map(|entry| &entry.entry.changes).collect();
        // Without the cancellation of one caller: the others wait for the batch, too.
        let deadline = Deadline::for_cleanup(self.client.limits().operation);
        self.client.change(&self.zone, &changes, &deadline).await
    }

    fn fail(&self, batch: Vec<PendingEntry>, error: &Arc<Error>) {
        for entry in batch {
            let own = batch_error::of_batch(&entry.entry, &self.zone, error);
            entry.answer(Err(own));
        }
    }
}
