//! Queue of environments that wait for a free place under `max_environments`.

use eod_clients::ErrorKind;
use eod_clients::kubernetes::ListedHead;
use eod_domain::ledger::{
    Admission, ClaimedPlace, Event, EventKind, LedgerHead, LedgerPhase, TransitionError, admit, place_in_queue,
};
use eod_domain::{Environment, EnvironmentName};
use jiff::{SignedDuration, Timestamp};
use tfplugin::Diag;

use super::{CreateRecord, EnvironmentLedger, ListedLedger, RecordError, StoredHead, request};
use crate::explain;

/// Heads of the environments that wait, read before the create.
#[derive(Debug, Default)]
pub(in super::super) struct Waiting {
    queued: Vec<(EnvironmentName, LedgerHead)>,
    own: ListedLedger,
}

/// Place in the queue.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(in super::super) struct WaitingPlace {
    /// Position, from 1.
    pub(in super::super) position: usize,
    /// Number of waiting environments, with this one.
    pub(in super::super) waiting: usize,
}

impl Waiting {
    /// Decides about an environment among the claimed ones; its place in the queue if it has to wait.
    pub(in super::super) fn place(
        &self,
        own: &ClaimedPlace,
        claimed: &[ClaimedPlace],
        maximum: u64,
        now: Timestamp,
    ) -> Option<WaitingPlace> {
        let waiting: Vec<_> = self.queued.iter().map(|(name, head)| (name.clone(), head)).collect();
        match admit(own, claimed, &waiting, usize::try_from(maximum).unwrap_or(usize::MAX), now) {
            Admission::Admitted => None,
            Admission::Queued { position, waiting } => Some(WaitingPlace { position, waiting }),
        }
    }

    /// Place of an environment that is recorded as waiting; none if it is not.
    fn recorded_place(&self, name: &EnvironmentName, now: Timestamp) -> Option<WaitingPlace> {
        let entry = |(name, head): &'_ (EnvironmentName, LedgerHead)| Some((place_in_queue(head, now)?, name.clone()));
        let mut queue: Vec<_> = self.queued.iter().filter_map(entry).collect();
        queue.sort_unstable();
        let before = queue.iter().position(|(_, waiting)| waiting == name)?;
        Some(WaitingPlace { position: before.saturating_add(1), waiting: queue.len() })
    }

    /// Place of the next refusal. Times of the API server have whole seconds, so it may have to be moved after the last
    /// one.
    fn next_place(&self, now: Timestamp) -> Timestamp {
        let last = self.queued.iter().filter_map(|(_, head)| place_in_queue(head, now)).max();
        let behind = last.and_then(|last| last.checked_add(SignedDuration::from_millis(1)).ok());
        behind.map_or(now, |behind| behind.max(now))
    }

    fn head(&self, name: &EnvironmentName) -> Option<&LedgerHead> {
        self.queued.iter().find(|(waiting, _)| waiting == name).map(|(_, head)| head)
    }

    /// Ledger of the environment itself.
    pub(in super::super) fn own(&self) -> ListedLedger {
        self.own.clone()
    }
}

impl EnvironmentLedger<'_> {
    /// Reads the environments of the installation that wait. Without the right to list the ledgers there are none.
    ///
    /// # Errors
    /// A call failed.
    pub(in super::super) async fn waiting(&self) -> Result<Waiting, Diag> {
        let mut waiting = Waiting { own: ListedLedger::Missing, ..Waiting::default() };
        let mut token = None;
        loop {
            let page = match self.ledgers.heads(token.as_deref(), &self.deadline).await {
                Ok(page) => page,
                Err(error) if error.kind == ErrorKind::Denied => {
                    self.warn(&RecordError::Call(error));
                    return Ok(Waiting::default());
                }
                Err(error) => return Err(explain::remote(&error)),
            };
            for ListedHead { environment, uid, resource_version: version, head, .. } in page.heads {
                let is_own = environment == self.name.as_str();
                let Ok(head) = head else {
                    if is_own {
                        waiting.own = ListedLedger::Unknown;
                    }
                    continue;
                };
                if is_own {
                    waiting.own = ListedLedger::Found(Box::new(StoredHead { head: head.clone(), uid, version }));
                }
                if head.phase == LedgerPhase::Queued
                    && let Ok(environment) = environment.parse()
                {
                    waiting.queued.push((environment, head));
                }
            }
            token = page.next;
            if token.is_none() {
                return Ok(waiting);
            }
        }
    }

    /// Records that the environment waits, and returns its place. The environment keeps the place of its first refusal,
    /// also if a create was begun since. `place` is returned if the environment cannot be recorded. `lifted` is true if
    /// the configuration requests the return of an environment that ended with its pull request.
    pub(in super::super) async fn queue(
        &self,
        environment: &Environment,
        lifted: bool,
        record: Option<&CreateRecord>,
        waiting: &Waiting,
        place: WaitingPlace,
    ) -> WaitingPlace {
        match self.try_queue(environment, lifted, record, waiting).await {
            Ok(()) => {}
            // A ledger with another phase is continued by the next create without a change.
            Err(RecordError::Refused(_)) => return place,
            Err(error) => {
                self.warn(&error);
                return place;
            }
        }
        // Others may have been refused at the same time.
        let now = self.waiting().await.ok();
        now.and_then(|waiting| waiting.recorded_place(self.name, self.cx.server_now())).unwrap_or(place)
    }

    async fn try_queue(
        &self,
        environment: &Environment,
        lifted: bool,
        record: Option<&CreateRecord>,
        waiting: &Waiting,
    ) -> Result<(), RecordError> {
        let request = request(environment, true, lifted);
        let now = self.cx.server_now();
        let known = waiting.head(self.name).and_then(|head| place_in_queue(head, now));
        let first = known.or_else(|| Some(waiting.next_place(now)));
        let queued = |head: Option<&LedgerHead>| -> Result<(LedgerHead, Vec<Event>), TransitionError> {
            let next = self.transitions().queue(head, &request)?;
            let next = LedgerHead { queued_at: first.or(next.queued_at), ..next };
            let event = self.event(next.generation, EventKind::Queued);
            Ok((next, vec![event]))
        };
        let read = match (record.map(CreateRecord::stored), &waiting.own) {
            (Some(Some(stored)), _) => Some(stored.clone()),
            (Some(None), _) => return Ok(()),
            (None, ListedLedger::Found(stored)) => Some((**stored).clone()),
            (None, ListedLedger::Missing) => None,
            (None, ListedLedger::Unknown) => self.read().await?,
        };
        let Some(stored) = read else {
            let (head, events) = queued(None)?;
            return match self.ledgers.create(self.name, &head, &events, &self.deadline).await {
                // Another run was faster.
                Err(error) if error.kind == ErrorKind::AlreadyExists => {
                    let stored = self.read().await?.ok_or(RecordError::Missing)?;
                    self.store(stored, |head| queued(Some(head))).await.map(drop)
                }
                result => Ok(result.map(drop)?),
            };
        };
        self.store(stored, |head| queued(Some(head))).await.map(drop)
    }
}

#[cfg(test)]
mod tests;
