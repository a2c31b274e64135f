//! Clones of one installation on one server.

use eod_clients::{
    Deadline, Error,
    postgres::{Postgres, PostgresSession, lock_key},
};
use eod_domain::Installation;
use eod_golden::{GoldenServer, MarkedDatabase, MarkedState, rows};
use serde::Deserialize;

use crate::{
    clone_error::CloneError,
    kept::{KeepPlan, KeptFacts},
    mark::{CloneFacts, CloneMark, CloneOwner},
    name::CloneName,
};

/// Clones of one installation on one server, seen from a session in the maintenance database.
pub struct CloneServer {
    pub(crate) server: Postgres,
    pub(crate) goldens: GoldenServer,
    pub(crate) installation: Installation,
}

/// State of the name of a clone.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum CloneState {
    /// Neither database nor owner role exist.
    Absent,
    /// Marked and not open: it is being created or removed, or such a run was killed.
    Unfinished(CloneMark),
    /// Open.
    Open(CloneMark, CloneFacts),
    /// Closed to be kept, and not renamed yet: it is being kept, or such a run was killed.
    Keeping(CloneMark, KeepPlan),
    /// Kept: closed and renamed.
    Kept(CloneMark, KeptFacts),
    /// The database or the role belongs to somebody else.
    Foreign {
        /// Reason.
        reason: String,
    },
}

#[derive(Deserialize)]
struct OtherLockRow {
    is_locked: bool,
}

const OTHER_LOCK: &str = "\
SELECT EXISTS (SELECT FROM pg_catalog.pg_locks WHERE locktype = 'advisory' AND objsubid = 1 AND granted
  AND pid <> pg_catalog.pg_backend_pid() AND (classid::int8 << 32) | objid::int8 = $1) AS is_locked";

impl CloneServer {
    /// Connects to the maintenance database.
    ///
    /// # Errors
    ///
    /// See [`Postgres::connect`].
    pub async fn connect(server: &Postgres, installation: &Installation, deadline: &Deadline) -> Result<Self, Error> {
        let goldens = GoldenServer::connect(server, installation.as_str(), deadline).await?;
        Ok(Self { server: server.clone(), goldens, installation: installation.clone() })
    }

    /// State of a name for its environment.
    ///
    /// # Errors
    ///
    /// The query failed.
    pub async fn look(
        &mut self,
        name: &CloneName,
        owner: &CloneOwner,
        deadline: &Deadline,
    ) -> Result<CloneState, Error> {
        let found = marked(name).look(self.session(), deadline).await?;
        Ok(state(found, owner))
    }

    /// Takes the lock of a name, which the session has until it is dropped. A lock belongs to one database, so those of runs with
    /// another maintenance database are looked for.
    pub(crate) async fn lock(&mut self, name: &CloneName, deadline: &Deadline) -> Result<(), CloneError> {
        let lock = lock_name(name);
        if !self.session().try_lock(&lock, deadline).await? {
            return Err(CloneError::Busy(name.clone()));
        }
        let key = lock_key(&lock);
        let found: Vec<OtherLockRow> = rows(self.session(), &lock, OTHER_LOCK, &[&key], deadline).await?;
        if found.iter().any(|row| row.is_locked) {
            self.unlock(name, deadline).await?;
            return Err(CloneError::Busy(name.clone()));
        }
        Ok(())
    }

    /// Releases the lock of a name. If the session has taken it twice, it still has it.
    pub(crate) async fn unlock(&mut self, name: &CloneName, deadline: &Deadline) -> Result<(), Error> {
        self.session().unlock(&lock_name(name), deadline).await.map(drop)
    }

    /// The database of a clone.
    pub(crate) fn inside(&self, name: &CloneName) -> Postgres {
        Postgres::new(self.server.access().with_database(name.as_str()))
    }

    pub(crate) fn session(&mut self) -> &mut PostgresSession {
        self.goldens.session()
    }
}

/// Name of the lock of a clone.
pub(crate) fn lock_name(name: &CloneName) -> String {
    format!("clone {name}")
}

/// Names of a clone on the server.
pub(crate) fn marked(name: &CloneName) -> MarkedDatabase {
    MarkedDatabase { name: name.as_str().to_owned(), owner: name.owner(), described: format!("database `{name}`") }
}

fn state(found: MarkedState, owner: &CloneOwner) -> CloneState {
    let facts = match found {
        MarkedState::Absent => return CloneState::Absent,
        MarkedState::Foreign { reason } => return CloneState::Foreign { reason },
        MarkedState::Marked(facts) => facts,
    };
    let Some(mark) = CloneMark::of_comment(&facts.mark) else {
        return CloneState::Foreign { reason: "its owner role does not have the mark of a clone".to_owned() };
    };
    if mark.owner != *owner {
        let CloneOwner { environment, installation } = &mark.owner;
        return CloneState::Foreign {
            reason: format!("it belongs to environment `{environment}` of installation `{installation}`"),
        };
    }
    state_of_comment(mark, &facts.comment)
}

/// State of a marked clone, from the comment of its database.
pub(crate) fn state_of_comment(mark: CloneMark, comment: &str) -> CloneState {
    if comment.is_empty() {
        return CloneState::Unfinished(mark);
    }
    if let Some(open) = CloneFacts::of_comment(comment) {
        return CloneState::Open(mark, open);
    }
    if let Some(plan) = KeepPlan::of_comment(comment) {
        return CloneState::Keeping(mark, plan);
    }
    match KeptFacts::of_comment(comment) {
        Some(kept) => CloneState::Kept(mark, kept),
        // Never treated as unfinished, which would remove it.
        None => CloneState::Foreign { reason: "its comment is not that of a clone of this version".to_owned() },
    }
}

#[cfg(test)]
mod tests;
