//! The writers of all zones of a process.

use std::{
    collections::BTreeMap,
    fmt,
    sync::{Arc, Mutex},
};

use eod_domain::dns::{ChangeEntry, ZoneId};

use super::{change_receipt::ChangeReceipt, client::Route53, zone_writer::ZoneWriter};
use crate::{deadline::Deadline, error::Error, send::lock};

/// Writes the changes of all callers of a process, in few batches per zone. A process needs one for each account.
///
/// # Guarantees
/// - At most one batch per zone is in flight.
/// - An entry is applied completely or not at all, and a bad entry fails alone.
/// - An entry of a caller that is cancelled or dropped is not sent any more. If it was sent, a cancelled caller gets its result.
pub struct ZoneWriters {
    client: Arc<Route53>,
    writers: Mutex<BTreeMap<ZoneId, ZoneWriter>>,
}

impl ZoneWriters {
    /// Writers without a task; the first change of a zone starts one on the runtime of its caller.
    pub fn new(client: Arc<Route53>) -> Self {
        Self { client, writers: Mutex::default() }
    }

    /// The client.
    pub fn client(&self) -> &Arc<Route53> {
        &self.client
    }

    /// Applies the changes of one host together with those of other callers. If the deadline ends before they are sent, they
    /// are withdrawn; after that it has no effect, and the time limit of an operation
    /// ([`super::Route53Limits::operation`]) applies to each batch.
    ///
    /// # Errors
    /// The error of the batch, if it failed as a whole; the refusal of this entry, if Route 53 refused it; or the interruption,
    /// if nothing was sent. [`Error::outcome_unknown`] is true if the changes may have been applied.
    pub async fn apply(&self, zone: &ZoneId, entry: ChangeEntry, deadline: &Deadline) -> Result<ChangeReceipt, Error> {
        self.writer(zone).apply(entry, deadline).await
    }

    fn writer(&self, zone: &ZoneId) -> ZoneWriter {
        let mut writers = lock(&self.writers);
        let running = writers.get(zone).filter(|writer| !writer.is_stopped());
        if let Some(writer) = running {
            return writer.clone();
        }
        let writer = ZoneWriter::start(Arc::clone(&self.client), zone.clone());
        writers.insert(zone.clone(), writer.clone());
        writer
    }
}

impl fmt::Debug for ZoneWriters {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ZoneWriters").field("client", &self.client).finish_non_exhaustive()
    }
}
