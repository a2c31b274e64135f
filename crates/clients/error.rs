//! The one error of every client.
//!
//! Display names only what was tried ("cannot apply namespace `shop-pr-42`"); the cause stays in `source`, so that
//! printing the chain shows each link once. Callers decide by [`ErrorKind`] and never by the text.

use std::{error::Error as StdError, fmt};

use crate::{
    deadline::Stop,
    kubernetes::{FieldConflict, Rejection, StatusCause},
};

/// A remote call that failed.
#[derive(Debug)]
pub struct Error {
    /// The system that was called, for example `Kubernetes`.
    pub system: &'static str,
    /// What was tried, as a verb: `apply`, `delete`, `list`.
    pub operation: &'static str,
    /// What it was tried on, for example ``namespace `shop-pr-42` ``.
    pub target: String,
    /// What callers decide by.
    pub kind: ErrorKind,
    source: Option<Box<dyn StdError + Send + Sync>>,
    outcome_unknown: bool,
}

/// The closed list of ways in which a remote call fails.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub enum ErrorKind {
    /// An object of that name is already there.
    AlreadyExists,
    /// The run was stopped by the user.
    Cancelled,
    /// Another writer owns a field, or a precondition did not hold.
    Conflict,
    /// The credentials are known and do not allow this, or an admission rule refused it.
    Denied,
    /// The request or the configuration is wrong; trying again does not help.
    Invalid,
    /// The object, or the kind of object, is not there.
    NotFound,
    /// Anything else.
    Other,
    /// The time allowed is over.
    Timeout,
    /// No credentials, or credentials the server does not accept.
    Unauthenticated,
    /// The system could not be reached or could not do its work; trying again later may help.
    Unavailable,
}

impl Error {
    /// An error without a cause yet.
    pub fn new(system: &'static str, operation: &'static str, target: impl Into<String>, kind: ErrorKind) -> Self {
        Self { system, operation, target: target.into(), kind, source: None, outcome_unknown: false }
    }

    /// The same error with its cause.
    #[must_use]
    pub fn because(mut self, source: impl Into<Box<dyn StdError + Send + Sync>>) -> Self {
        self.source = Some(source.into());
        self
    }

    /// The same error, of a write that may have been stored although no good answer came.
    #[must_use]
    pub fn with_unknown_outcome(mut self, unknown: bool) -> Self {
        self.outcome_unknown = unknown;
        self
    }

    /// Whether this was a write that may have been stored although it failed: the connection broke, the server
    /// answered with a 5xx, or the time ran out while it worked. Read the object before deciding what happened.
    pub fn outcome_unknown(&self) -> bool {
        self.outcome_unknown
    }

    /// What the Kubernetes API server said, if it was the one that refused.
    pub fn rejection(&self) -> Option<&Rejection> {
        let mut cause = StdError::source(self);
        while let Some(link) = cause {
            if let Some(rejection) = link.downcast_ref::<Rejection>() {
                return Some(rejection);
            }
            cause = link.source();
        }
        None
    }

    /// The fields another manager owns, when server-side apply was refused because of them.
    pub fn conflicts(&self) -> Vec<FieldConflict> {
        self.rejection().map(Rejection::conflicts).unwrap_or_default()
    }

    /// The single reasons the server gave, for example one per invalid field.
    pub fn causes(&self) -> &[StatusCause] {
        self.rejection().map_or(&[], |rejection| rejection.causes.as_slice())
    }

    /// Whether a write was refused because its namespace is being deleted.
    pub fn is_namespace_terminating(&self) -> bool {
        self.causes().iter().any(|cause| cause.reason == "NamespaceTerminating")
    }

    /// What the user can do about it, where that follows from the kind alone.
    pub fn advice(&self) -> Option<&'static str> {
        match self.kind {
            ErrorKind::Unauthenticated => Some(
                "renew the credentials (for example log in again, or let the exec plugin or token file give a new \
                 token), and check that they belong to this server",
            ),
            ErrorKind::Denied => Some("give the credentials the permission named above, or use others"),
            ErrorKind::Unavailable => Some("check that the server is up and reachable from here, then run again"),
            ErrorKind::Timeout => Some("run again to continue, or raise the limit in the `timeouts` block"),
            ErrorKind::Cancelled => Some("run again to continue; what was done so far is kept"),
            ErrorKind::AlreadyExists
            | ErrorKind::Conflict
            | ErrorKind::Invalid
            | ErrorKind::NotFound
            | ErrorKind::Other => None,
        }
    }

    /// The whole chain on one line, each link once.
    pub fn chain(&self) -> String {
        let mut text = self.to_string();
        let mut cause = StdError::source(self);
        while let Some(link) = cause {
            text.push_str(": ");
            text.push_str(&link.to_string());
            cause = link.source();
        }
        text
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "cannot {} {}", self.operation, self.target)
    }
}

impl StdError for Error {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        self.source.as_deref().map(|source| source as &(dyn StdError + 'static))
    }
}

impl From<Stop> for ErrorKind {
    fn from(stop: Stop) -> Self {
        match stop {
            Stop::Cancelled => ErrorKind::Cancelled,
            Stop::Deadline(_) => ErrorKind::Timeout,
        }
    }
}

#[cfg(test)]
mod tests;
