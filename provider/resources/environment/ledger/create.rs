//! Records of a create and of a return.

use eod_clients::ErrorKind;
use eod_clients::kubernetes::{ObjectRef, Preconditions, WaitStep};
use eod_domain::ledger::{Event, EventKind, LedgerHead, LedgerPhase, TransitionError};
use eod_domain::{Environment, cost_per_day};
use serde_json::Value;
use tfplugin::Diag;

use super::{EnvironmentLedger, ListedLedger, RecordError, StoredHead, request};
use crate::environment::live;
use crate::explain;

/// Record of a create.
#[derive(Debug)]
pub(in super::super) struct CreateRecord(RecordState);

#[derive(Debug)]
enum RecordState {
    /// The credentials have no right to the ledger.
    Forbidden,
    /// The create is recorded as running.
    Running {
        stored: StoredHead,
        /// True if this create has written the first record of the environment.
        is_first: bool,
        /// True if the ledger had the create of an earlier run, which was not finished.
        is_continued: bool,
    },
    /// The namespace exists. Nothing is written before it is taken over.
    Existing(StoredHead),
}

/// Result of one read of the ledger.
type Looked = WaitStep<Result<CreateRecord, Diag>>;

impl CreateRecord {
    /// True if an earlier run has begun the create and not recorded its end. Its namespace may seem to be finished.
    pub(in super::super) fn is_continued(&self) -> bool {
        matches!(self.0, RecordState::Running { is_continued: true, .. })
    }

    /// Head that was written or read last; none if the credentials have no right to the ledger.
    pub(super) fn stored(&self) -> Option<&StoredHead> {
        match &self.0 {
            RecordState::Forbidden => None,
            RecordState::Running { stored, .. } | RecordState::Existing(stored) => Some(stored),
        }
    }
}

impl EnvironmentLedger<'_> {
    /// Records the start of a create, before anything is created. Waits for an end that is still running.
    ///
    /// `lifted` is true if the configuration requests the return of an environment that ended with its pull request. If the
    /// ledger is `listed` already, it is read again only after another run has changed it.
    ///
    /// # Errors
    /// A call failed, an end was still running when the time was over, the ledger is damaged, or it refuses the create.
    pub(in super::super) async fn begin_create(
        &self,
        environment: &Environment,
        lifted: bool,
        mut listed: ListedLedger,
    ) -> Result<CreateRecord, Diag> {
        let target = format!("the ledger of environment `{}`", self.name);
        let look = || self.look(environment, lifted, std::mem::take(&mut listed));
        let looked = self.kubernetes.wait(&target, &self.deadline, look).await;
        match looked {
            Ok(result) => result,
            Err(error) if error.kind == ErrorKind::Denied => {
                self.warn(&error.into());
                Ok(CreateRecord(RecordState::Forbidden))
            }
            Err(error) => Err(explain::remote(&error)),
        }
    }

    async fn look(
        &self,
        environment: &Environment,
        lifted: bool,
        listed: ListedLedger,
    ) -> Result<Looked, eod_clients::Error> {
        let read = match listed {
            ListedLedger::Found(stored) => Ok(Some(*stored)),
            ListedLedger::Missing => Ok(None),
            ListedLedger::Unknown => self.read().await,
        };
        let stored = match read {
            Ok(Some(stored)) => stored,
            Ok(None) => return self.first(environment, lifted).await,
            Err(RecordError::Call(error)) => return Err(error),
            Err(RecordError::Damaged(problem)) => return Ok(WaitStep::Done(Err(self.damaged_error(&problem)))),
            Err(error) => return Ok(WaitStep::Pending(error.to_string())),
        };
        let namespace = match self.kubernetes.get(&ObjectRef::namespace(self.name.as_str()), &self.deadline).await {
            Ok(namespace) => namespace.filter(|namespace| !live::is_terminating(namespace)),
            Err(error) => return Ok(WaitStep::Done(Err(explain::remote(&error)))),
        };
        let is_continued = is_interrupted(&stored.head, environment);
        if namespace.is_some() && !is_continued {
            return Ok(WaitStep::Done(Ok(CreateRecord(RecordState::Existing(stored)))));
        }
        let request = request(environment, namespace.is_none(), lifted);
        let next = match self.transitions().create(Some(&stored.head), &request) {
            Ok(next) => next,
            Err(error @ TransitionError::Held { .. }) => return Ok(WaitStep::Pending(error.to_string())),
            Err(error) => return Ok(WaitStep::Done(Err(self.refused_error(&error)))),
        };
        let event = self.started(&next, environment);
        match self.ledgers.replace(self.name, &stored.version, &next, &[event], &self.deadline).await {
            Ok(written) => {
                let stored = StoredHead { head: next, uid: written.uid, version: written.resource_version };
                Ok(running(stored, false, is_continued))
            }
            Err(error) if matches!(error.kind, ErrorKind::Conflict | ErrorKind::NotFound) => Ok(again()),
            Err(error) => Err(error),
        }
    }

    /// Creates the ledger.
    async fn first(&self, environment: &Environment, lifted: bool) -> Result<Looked, eod_clients::Error> {
        let head = match self.transitions().create(None, &request(environment, true, lifted)) {
            Ok(head) => head,
            Err(error) => return Ok(WaitStep::Done(Err(self.refused_error(&error)))),
        };
        let event = self.started(&head, environment);
        match self.ledgers.create(self.name, &head, &[event], &self.deadline).await {
            Ok(written) => {
                Ok(running(StoredHead { head, uid: written.uid, version: written.resource_version }, true, false))
            }
            Err(error) if error.kind == ErrorKind::AlreadyExists => Ok(again()),
            Err(error) => Err(error),
        }
    }

    /// Records the end of a create. Returns the generation, if it is recorded.
    ///
    /// The environment is complete already, so a ledger that cannot be written is a warning.
    pub(in super::super) async fn finish_create(
        &self,
        record: CreateRecord,
        environment: &Environment,
        namespace: &Value,
    ) -> Option<u64> {
        let uid = live::uid(namespace).unwrap_or_default();
        let result = match record.0 {
            RecordState::Forbidden => return None,
            RecordState::Running { stored, .. } => {
                let generation = stored.head.generation;
                self.store(stored, |head| {
                    let next = self.transitions().provisioned(head, generation, uid)?;
                    let event = self.priced(EventKind::Provisioned, generation, environment);
                    Ok((next, vec![event]))
                })
                .await
            }
            RecordState::Existing(stored) => self.record_adoption(stored, environment, uid).await,
        };
        match result {
            Ok(stored) => Some(stored.head.generation),
            Err(error) => {
                self.warn(&error);
                None
            }
        }
    }

    /// Records an environment that was taken over.
    async fn record_adoption(
        &self,
        stored: StoredHead,
        environment: &Environment,
        uid: &str,
    ) -> Result<StoredHead, RecordError> {
        let request = request(environment, false, false);
        let adopted = self.store(stored.clone(), |head| {
            let next = self.transitions().adopt(Some(head), &request, uid)?;
            let event = self.priced(EventKind::Adopted, next.generation, environment);
            Ok((next, vec![event]))
        });
        match adopted.await {
            // The life is recorded already, and only its configuration has changed.
            Err(RecordError::Refused(TransitionError::AlreadyLives(generation))) => {
                let event = self.priced(EventKind::Adopted, generation, environment);
                self.ledgers.append(self.name, &[event], &self.deadline).await?;
                Ok(stored)
            }
            result => result,
        }
    }

    /// Deletes the record of a create that has created nothing, if there was none before it.
    pub(in super::super) async fn delete_again(&self, record: &CreateRecord) {
        let CreateRecord(RecordState::Running { stored, is_first: true, .. }) = record else { return };
        let as_written =
            Preconditions { uid: Some(stored.uid.clone()), resource_version: Some(stored.version.clone()) };
        // A record that stays is continued by the next create, or ended by the reaper.
        let _ = self.ledgers.delete(self.name, &as_written, &self.deadline).await;
    }

    fn started(&self, head: &LedgerHead, environment: &Environment) -> Event {
        let mut event = self.event(head.generation, EventKind::CreateStarted).with("tier", environment.tier.as_str());
        if let Some(sha) = &environment.spec.head_sha {
            event = event.with("sha", sha);
        }
        event
    }

    /// An event that begins a segment of the cost.
    pub(super) fn priced(&self, kind: EventKind, generation: u64, environment: &Environment) -> Event {
        let price = cost_per_day(&environment.quota, &self.cx.known_settings().prices);
        self.event(generation, kind).with("price_micros", &price.micros())
    }
}

/// True if the ledger has a create of this environment that was not finished.
fn is_interrupted(head: &LedgerHead, environment: &Environment) -> bool {
    head.phase == LedgerPhase::Creating && head.identity == environment.identity.canonical()
}

fn running(stored: StoredHead, is_first: bool, is_continued: bool) -> Looked {
    WaitStep::Done(Ok(CreateRecord(RecordState::Running { stored, is_first, is_continued })))
}

fn again() -> Looked {
    WaitStep::Pending("another run has changed the ledger".to_owned())
}
