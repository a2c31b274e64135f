//! The error of every client.
//!
//! `Display` names only the operation and its target ("cannot apply namespace `shop-pr-42`"); the cause is in `source`,
//! so a printed chain has each link once. Callers decide by [`ErrorKind`] or by a typed cause, never by the text.

use std::{error::Error as StdError, fmt};

use crate::{
    chain::{chain_text, find},
    deadline::Interruption,
};

/// Any cause of an error.
pub(crate) type BoxError = Box<dyn StdError + Send + Sync>;

/// A remote operation that failed.
#[derive(Debug)]
pub struct Error {
    /// Name of the remote system, for example `Kubernetes`.
    pub system: &'static str,
    /// Verb of the operation: `apply`, `delete`, `list`.
    pub operation: &'static str,
    /// Target of the operation, for example ``namespace `shop-pr-42` ``.
    pub target: String,
    /// Kind of the failure; callers decide by it.
    pub kind: ErrorKind,
    source: Option<BoxError>,
    outcome_unknown: bool,
}

/// Kinds of failures. The list is complete for all systems.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub enum ErrorKind {
    /// An object of that name exists already.
    AlreadyExists,
    /// The caller cancelled the operation.
    Cancelled,
    /// Another writer owns a field, or a precondition failed.
    Conflict,
    /// The credentials are valid but do not allow the operation, or an admission rule rejected it.
    Denied,
    /// The request or the configuration is not valid; a further attempt fails as well.
    Invalid,
    /// The object, or the kind of object, does not exist.
    NotFound,
    /// Any other failure.
    Other,
    /// The time limit of the operation expired.
    Timeout,
    /// No credentials are configured, or the server does not accept them.
    Unauthenticated,
    /// The system cannot be reached or cannot do its work now; a later attempt may succeed.
    Unavailable,
}

impl Error {
    /// An error without a cause.
    pub fn new(system: &'static str, operation: &'static str, target: impl Into<String>, kind: ErrorKind) -> Self {
        Self { system, operation, target: target.into(), kind, source: None, outcome_unknown: false }
    }

    /// Sets the cause.
    #[must_use]
    pub fn because(mut self, source: impl Into<Box<dyn StdError + Send + Sync>>) -> Self {
        self.source = Some(source.into());
        self
    }

    /// Sets [`Error::outcome_unknown`].
    #[must_use]
    pub fn with_unknown_outcome(mut self, unknown: bool) -> Self {
        self.outcome_unknown = unknown;
        self
    }

    /// True for a failed write that the server may have stored: the connection was closed, the server responded with a
    /// 5xx status, or the time limit expired after the request was sent. A read of the object shows it.
    pub fn outcome_unknown(&self) -> bool {
        self.outcome_unknown
    }

    /// The first cause of type `T` in the chain.
    pub fn cause<T: StdError + 'static>(&self) -> Option<&T> {
        StdError::source(self).and_then(find)
    }

    /// The whole chain on one line, each link once.
    pub fn chain(&self) -> String {
        chain_text(self)
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

impl From<Interruption> for ErrorKind {
    fn from(reason: Interruption) -> Self {
        match reason {
            Interruption::Cancelled => ErrorKind::Cancelled,
            Interruption::TimedOut(_) => ErrorKind::Timeout,
        }
    }
}

#[cfg(test)]
mod tests;
