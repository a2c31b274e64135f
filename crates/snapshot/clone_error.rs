//! Errors of clones.

use eod_clients::{Error, ErrorKind};
use eod_golden::{GoldenError, GoldenName};
use jiff::Timestamp;

use crate::name::CloneName;

/// Clone that cannot be created, opened or removed.
#[derive(Debug, thiserror::Error)]
pub enum CloneError {
    /// Name that is in use by somebody else.
    #[error("database `{name}` is not this environment's clone: {reason}; choose another name")]
    Foreign {
        /// Name.
        name: CloneName,
        /// Reason.
        reason: String,
    },
    /// Clone that exists and is open.
    #[error("clone `{0}` exists already and is open; import it, or remove it first")]
    Exists(CloneName),
    /// Clone that a later run has created.
    #[error("clone `{0}` was created again by another run; it was not changed")]
    Successor(CloneName),
    /// Another session that has the lock of the name.
    #[error("another run is creating or removing clone `{0}`; wait for its end")]
    Busy(CloneName),
    /// Clone that does not exist or is not being made.
    #[error("clone `{0}` is not being created, so it cannot be opened")]
    NotBegun(CloneName),
    /// Golden database that is not published.
    #[error("golden database `{0}` is not published; build and publish it with `eod mask golden`")]
    NotPublished(GoldenName),
    /// Golden database with an ended validity.
    #[error("golden database `{name}` was valid until {until}; build and publish it again")]
    Over {
        /// Name.
        name: GoldenName,
        /// End of the validity.
        until: Timestamp,
    },
    /// Golden database that was published again while the clone was created, or that was changed by hand.
    #[error("golden database `{0}` has changed while it was cloned; try again")]
    GoldenChanged(GoldenName),
    /// Database that cannot be removed.
    #[error("clone `{name}` cannot be removed yet; it is held by {}", by.join(", "))]
    Held {
        /// Name.
        name: CloneName,
        /// Sessions, prepared transactions and replication slots.
        by: Vec<String>,
    },
    /// Clone with sessions that did not end, so the tables that they use are not known.
    #[error("the tables that were used are not known, because the clone still has {}; end it", by.join(", "))]
    InUse {
        /// Sessions.
        by: Vec<String>,
    },
    /// Golden database that cannot be used.
    #[error(transparent)]
    Golden(#[from] GoldenError),
    /// Statement that failed.
    #[error(transparent)]
    Statement(#[from] Error),
}

impl CloneError {
    /// Kind of the failure.
    pub fn kind(&self) -> ErrorKind {
        match self {
            Self::Foreign { .. } | Self::Exists(_) => ErrorKind::AlreadyExists,
            Self::Successor(_) | Self::Busy(_) | Self::GoldenChanged(_) | Self::Held { .. } | Self::InUse { .. } => {
                ErrorKind::Conflict
            }
            Self::NotBegun(_) | Self::NotPublished(_) => ErrorKind::NotFound,
            Self::Over { .. } => ErrorKind::Invalid,
            Self::Golden(error) => error.kind(),
            Self::Statement(error) => error.kind,
        }
    }

    /// The whole chain of causes on one line.
    pub fn chain(&self) -> String {
        match self {
            Self::Golden(error) => error.chain(),
            Self::Statement(error) => error.chain(),
            other => other.to_string(),
        }
    }
}
