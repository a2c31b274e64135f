//! Operations that all engines have in common: a clone of a golden database, and a schema in a shared database.

use eod_clients::Deadline;
use eod_domain::Nonce;
use eod_golden::GoldenName;

use crate::{
    birth::CloneRequest,
    clone_error::CloneError,
    mark::{CloneFacts, CloneOwner},
    name::CloneName,
    password::ClonePassword,
    server::{CloneServer, CloneState},
};

/// State of a name, for all engines.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum EngineState {
    /// There is nothing.
    Absent,
    /// Marked and closed: it is being created, kept or removed, or such a run was killed; or it is kept.
    Closed,
    /// Open.
    Open(CloneFacts),
    /// The name belongs to somebody else.
    Foreign {
        /// Reason.
        reason: String,
    },
}

/// An engine. After a kill at any moment a name is absent, closed and marked, or open and whole.
pub trait EnvironmentEngine {
    /// Database that new ones are made from.
    type Origin: Sync;

    /// State of a name for its environment.
    ///
    /// # Errors
    ///
    /// The query failed.
    fn state(
        &mut self,
        name: &CloneName,
        owner: &CloneOwner,
        deadline: &Deadline,
    ) -> impl Future<Output = Result<EngineState, CloneError>> + Send;

    /// Creates and opens. What an interrupted run has left is removed first.
    ///
    /// # Errors
    ///
    /// [`CloneError`]. It is absent, or closed and marked.
    fn create(
        &mut self,
        origin: &Self::Origin,
        name: &CloneName,
        owner: &CloneOwner,
        nonce: &Nonce,
        password: &ClonePassword,
        deadline: &Deadline,
    ) -> impl Future<Output = Result<CloneFacts, CloneError>> + Send;

    /// Changes the password of the login. Sessions stay connected.
    ///
    /// # Errors
    ///
    /// [`CloneError`]. The former password stays valid.
    fn change_password(
        &mut self,
        name: &CloneName,
        owner: &CloneOwner,
        password: &ClonePassword,
        deadline: &Deadline,
    ) -> impl Future<Output = Result<(), CloneError>> + Send;

    /// Removes everything. What does not exist is removed already. With a nonce, only what that run has made is removed.
    ///
    /// # Errors
    ///
    /// [`CloneError`]. A later call continues.
    fn remove(
        &mut self,
        name: &CloneName,
        owner: &CloneOwner,
        nonce: Option<&Nonce>,
        deadline: &Deadline,
    ) -> impl Future<Output = Result<(), CloneError>> + Send;
}

impl EnvironmentEngine for CloneServer {
    type Origin = GoldenName;

    async fn state(
        &mut self,
        name: &CloneName,
        owner: &CloneOwner,
        deadline: &Deadline,
    ) -> Result<EngineState, CloneError> {
        Ok(match self.look(name, owner, deadline).await? {
            CloneState::Absent => EngineState::Absent,
            CloneState::Unfinished(_) | CloneState::Keeping(..) | CloneState::Kept(..) => EngineState::Closed,
            CloneState::Open(_, facts) => EngineState::Open(facts),
            CloneState::Foreign { reason } => EngineState::Foreign { reason },
        })
    }

    async fn create(
        &mut self,
        golden: &GoldenName,
        name: &CloneName,
        owner: &CloneOwner,
        nonce: &Nonce,
        password: &ClonePassword,
        deadline: &Deadline,
    ) -> Result<CloneFacts, CloneError> {
        self.begin(CloneRequest { name, owner, golden, nonce }, deadline).await?;
        self.open(name, owner, password, deadline).await
    }

    async fn change_password(
        &mut self,
        name: &CloneName,
        owner: &CloneOwner,
        password: &ClonePassword,
        deadline: &Deadline,
    ) -> Result<(), CloneError> {
        self.set_password(name, owner, password, deadline).await
    }

    async fn remove(
        &mut self,
        name: &CloneName,
        owner: &CloneOwner,
        nonce: Option<&Nonce>,
        deadline: &Deadline,
    ) -> Result<(), CloneError> {
        self.destroy(name, owner, nonce, deadline).await
    }
}
