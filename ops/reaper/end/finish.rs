//! Last step of an end: history and tombstone.

use eod_domain::ledger::{EventKind, Transitions, history_row, verify_chain};

use super::{EndError, HeldEnd};
use crate::ports::{CallErrorKind, LedgerPort, LooseEntry, NotificationKind, Ports, StoredLedger};
use crate::run::Run;

impl<P: Ports> Run<'_, P> {
    /// Writes the history row, then the phase `ended`. A damaged ledger stops neither.
    pub(super) async fn finish(&mut self, end: &mut HeldEnd) -> Result<(), EndError> {
        let now = self.now().await?;
        let ledger = self.ports.ledgers().ledger(&end.name).await?.ok_or(EndError::Taken)?;
        if !end.is_held(&ledger.head, &ledger.version) {
            return Err(EndError::Taken);
        }
        if let Some(row) = history_row(&end.name, &end.head, &events(&ledger), now)
            && let Err(error) = self.ports.ledgers().add_history(&row).await
        {
            if matches!(error.kind, CallErrorKind::Unavailable | CallErrorKind::Unknown) {
                return Err(error.into());
            }
            self.report.problem(&end.name, format!("its history row was not written: {error}"));
        }
        let generation = end.head.generation;
        let finished = Transitions::at(now).finish_end(&end.head, generation, &self.options.holder);
        end.head = finished.map_err(|_| EndError::Taken)?;
        let reason = end.head.reason.map(|reason| reason.to_string()).unwrap_or_default();
        end.events.push(self.event(now, generation, EventKind::Ended).with("reason", &reason));
        end.is_changed = true;
        self.store(end).await?;
        self.summary.asleep.remove(end.name.as_str());
        self.summary.labelled_asleep.remove(end.name.as_str());
        self.summary.woken.remove(end.name.as_str());
        self.summary.reminded.remove(end.name.as_str());
        self.summary.blocked.remove(end.name.as_str());
        self.summary.pushes.remove(end.name.as_str());
        self.notify(NotificationKind::Ended, now, &end.about(), format!("reason: {reason}")).await;
        Ok(())
    }
}

/// All events of a ledger that can be read, sealed and loose.
pub(crate) fn events(ledger: &StoredLedger) -> Vec<eod_domain::ledger::Event> {
    let report = ledger.head.as_ref().ok().and_then(|head| verify_chain(head, &ledger.sealed).ok());
    let sealed = report.into_iter().flat_map(|report| report.events).map(|(_, event)| event);
    let loose = ledger.loose.iter().filter_map(|entry| match entry {
        LooseEntry::Valid(loose) => Some(loose.event.clone()),
        LooseEntry::Invalid { .. } => None,
    });
    sealed.chain(loose).collect()
}
