//! Errors of clones.

use eod_clients::{Error, ErrorKind};
use eod_golden::{GoldenError, GoldenName, VerifyError};
use jiff::Timestamp;

use crate::{contents::CloneContents, name::CloneName};

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
    /// Clone that is closed, because it is being kept.
    #[error("clone `{0}` is closed: it is being kept after the end of its environment; destroy or create it again")]
    Closed(CloneName),
    /// Kept clone that does not exist.
    #[error("there is no kept clone `{0}` of this environment; `eod mask clones list` shows all")]
    NotKept(CloneName),
    /// Kept clone past its time.
    #[error("clone `{name}` was kept until {until}, and is not used any more")]
    PastKeep {
        /// Name.
        name: CloneName,
        /// End of the time that it was kept.
        until: Timestamp,
    },
    /// Kept clone with other contents than those that were recorded when it was kept.
    #[error("clone `{name}` had {expected} when it was kept, and has {found} now, so it is not used")]
    ContentsChanged {
        /// Name of the kept clone.
        name: CloneName,
        /// Recorded contents.
        expected: Box<CloneContents>,
        /// Contents now.
        found: Box<CloneContents>,
    },
    /// Rows that cannot be read.
    #[error("the rows of clone `{name}` cannot be read")]
    Unreadable {
        /// Name.
        name: CloneName,
        /// Error.
        source: Box<VerifyError>,
    },
    /// Clone that others can enter before it is open.
    #[error("clone `{name}` is not opened, because others can enter it: {}; create it again", by.join(", "))]
    Admitted {
        /// Name.
        name: CloneName,
        /// Privileges and memberships.
        by: Vec<String>,
    },
    /// Role that is not a temporary login of the clone.
    #[error("role `{role}` is not a temporary login of clone `{name}`; it was not changed")]
    ForeignLogin {
        /// Name of the clone.
        name: CloneName,
        /// Role.
        role: String,
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
            Self::Foreign { .. } | Self::Exists(_) | Self::ForeignLogin { .. } => ErrorKind::AlreadyExists,
            Self::Successor(_)
            | Self::Busy(_)
            | Self::Admitted { .. }
            | Self::Closed(_)
            | Self::GoldenChanged(_)
            | Self::Held { .. }
            | Self::InUse { .. } => ErrorKind::Conflict,
            Self::NotBegun(_) | Self::NotPublished(_) | Self::NotKept(_) => ErrorKind::NotFound,
            Self::Over { .. } | Self::PastKeep { .. } | Self::ContentsChanged { .. } => ErrorKind::Invalid,
            Self::Unreadable { source, .. } => match &**source {
                VerifyError::Statement(error) => error.kind,
                _ => ErrorKind::Other,
            },
            Self::Golden(error) => error.kind(),
            Self::Statement(error) => error.kind,
        }
    }

    /// The whole chain of causes on one line.
    pub fn chain(&self) -> String {
        match self {
            Self::Golden(error) => error.chain(),
            Self::Statement(error) => error.chain(),
            Self::Unreadable { source, .. } => match &**source {
                VerifyError::Statement(error) => format!("{self}: {}", error.chain()),
                other => format!("{self}: {other}"),
            },
            other => other.to_string(),
        }
    }
}
