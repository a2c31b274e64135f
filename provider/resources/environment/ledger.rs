//! Ledger of one environment: records of its create, its changes and its destroy.
//!
//! # Guarantees
//! - A refresh of a living environment and a push do not touch the ledger.
//! - Without the right to the ledger a create continues. The first create of a process warns about it.
//! - The ledger never stops a destroy.

mod changes;
mod create;
mod destroy;
mod queue;
mod report;

use eod_clients::kubernetes::{Kubernetes, LedgerConfigMaps, LedgerProblem, LedgerSnapshot};
use eod_clients::{Deadline, Error, ErrorKind};
use eod_domain::ledger::{
    Actor, CreateRequest, Event, EventKind, EventText, LedgerHead, MadeBy, TransitionError, Transitions,
};
use eod_domain::{Environment, EnvironmentName};
use tfplugin::{Diag, RequestContext};

pub(super) use self::changes::RecordedArguments;
pub(super) use self::create::CreateRecord;
pub(super) use self::destroy::{CALL_LIMIT, DestroyRecord};
pub(super) use self::queue::{Waiting, WaitingPlace};
use super::claim::TRIES;
use crate::provider::Context;

/// Holder of a create and of a destroy. All runs have the same one, so that the next run continues an interrupted one
/// at once: the claim of the namespace decides between two runs. Other tools have to wait for it.
const HOLDER: &str = "terraform";

/// Ledger of one environment in one operation.
pub(super) struct EnvironmentLedger<'a> {
    cx: &'a Context,
    kubernetes: &'a Kubernetes,
    ledgers: &'a LedgerConfigMaps,
    name: &'a EnvironmentName,
    deadline: Deadline,
    call: &'a RequestContext,
}

/// Last read or written state of the ledger.
#[derive(Clone, Debug)]
pub(super) struct StoredHead {
    head: LedgerHead,
    uid: String,
    version: String,
}

/// Ledger of the environment itself, from the list of all ledgers. A create needs no further read of it.
#[derive(Clone, Debug, Default)]
pub(super) enum ListedLedger {
    /// Not listed, or without a readable head.
    #[default]
    Unknown,
    /// There is no ledger.
    Missing,
    /// The ledger.
    Found(Box<StoredHead>),
}

/// Errors of a record in the ledger.
#[derive(Debug, thiserror::Error)]
enum RecordError {
    /// A call failed.
    #[error("{}", .0.chain())]
    Call(Error),
    /// The ledger has no readable head.
    #[error("the ledger is damaged: {0}")]
    Damaged(LedgerProblem),
    /// The state of the environment does not allow the change.
    #[error(transparent)]
    Refused(#[from] TransitionError),
    /// The ledger was deleted.
    #[error("the ledger was deleted in the meantime")]
    Missing,
    /// Other writers were faster.
    #[error("the ledger was changed each time before it could be written")]
    Unsteady,
}

impl<'a> EnvironmentLedger<'a> {
    /// The ledger of an environment. Makes no call.
    ///
    /// # Errors
    /// The provider block is not known yet.
    pub(super) fn of(
        cx: &'a Context,
        name: &'a EnvironmentName,
        deadline: &Deadline,
        call: &'a RequestContext,
    ) -> Result<Self, Diag> {
        let (kubernetes, ledgers) = (cx.kubernetes()?, cx.ledgers()?);
        Ok(Self { cx, kubernetes, ledgers, name, deadline: deadline.clone(), call })
    }

    /// Head of the ledger; none if there is no ledger.
    ///
    /// # Errors
    /// The ledger cannot be read, so an end cannot be distinguished from a loss.
    pub(super) async fn head(&self) -> Result<Option<LedgerHead>, Diag> {
        let stored =
            self.ledgers.get(self.name, &self.deadline).await.map_err(|error| self.unreadable_error(&error))?;
        let head = stored.map(|stored| stored.head.map_err(|problem| self.damaged_error(&problem)));
        head.transpose()
    }

    /// Reads the ledger; none if there is none.
    async fn read(&self) -> Result<Option<StoredHead>, RecordError> {
        let found = self.ledgers.get(self.name, &self.deadline).await?;
        found.map(StoredHead::of).transpose()
    }

    /// Writes a changed head with its events. If another writer was faster, the head is read and changed again.
    async fn store(
        &self,
        mut read: StoredHead,
        change: impl Fn(&LedgerHead) -> Result<(LedgerHead, Vec<Event>), TransitionError>,
    ) -> Result<StoredHead, RecordError> {
        for _ in 0..TRIES {
            let (next, events) = change(&read.head)?;
            match self.ledgers.replace(self.name, &read.version, &next, &events, &self.deadline).await {
                Ok(stored) => {
                    return Ok(StoredHead { head: next, uid: stored.uid, version: stored.resource_version });
                }
                Err(error) if error.kind == ErrorKind::Conflict => {}
                Err(error) if error.kind == ErrorKind::NotFound => return Err(RecordError::Missing),
                Err(error) => return Err(error.into()),
            }
            read = self.read().await?.ok_or(RecordError::Missing)?;
        }
        Err(RecordError::Unsteady)
    }

    /// Transitions at the time of the API server.
    fn transitions(&self) -> Transitions {
        Transitions::at(self.cx.server_now())
    }

    /// An event of this run.
    fn event(&self, generation: u64, kind: EventKind) -> Event {
        let mut event = Event::new(self.cx.server_now(), generation, kind, Actor::Terraform);
        event.run = EventText::cut(self.cx.run());
        event
    }
}

impl StoredHead {
    fn of(found: LedgerSnapshot) -> Result<Self, RecordError> {
        let LedgerSnapshot { uid, resource_version, head, .. } = found;
        Ok(Self { head: head.map_err(RecordError::Damaged)?, uid, version: resource_version })
    }
}

impl RecordError {
    /// True if the credentials have no right to the ledger.
    fn is_forbidden(&self) -> bool {
        matches!(self, Self::Call(error) if error.kind == ErrorKind::Denied)
    }
}

impl From<Error> for RecordError {
    fn from(error: Error) -> Self {
        Self::Call(error)
    }
}

/// Request of a create for an environment.
fn request(environment: &Environment, namespace_is_gone: bool, lifted: bool) -> CreateRequest {
    CreateRequest {
        identity: environment.identity.canonical(),
        tier: environment.tier,
        owner: environment.spec.owner.clone(),
        head_sha: environment.spec.head_sha.clone(),
        made_by: MadeBy::Terraform,
        holder: HOLDER.to_owned(),
        namespace_is_gone,
        lifted,
    }
}
