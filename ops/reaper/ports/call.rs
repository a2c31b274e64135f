//! Errors, versions and pages of calls to a remote system.

use std::fmt;

/// Failed call to a remote system.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[error("{message}")]
pub struct CallError {
    /// Kind of the failure; the engine decides by it.
    pub kind: CallErrorKind,
    /// Problem with its causes, for people: no final dot.
    pub message: String,
}

/// Kinds of failed calls.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub enum CallErrorKind {
    /// The object does not exist.
    NotFound,
    /// A precondition failed: the object was changed, replaced or exists already. Nothing was written.
    Conflict,
    /// The credentials do not allow the call, or a rule of the server refused it. Nothing was written.
    Denied,
    /// The call was not sent, timed out without a write, or the server refused it for now. Nothing was written.
    Unavailable,
    /// A write timed out or was interrupted: it may have been stored.
    Unknown,
    /// The response cannot be read, or the request is invalid.
    Invalid,
    /// The object would be too large with the request. Nothing was written.
    TooLarge,
}

/// Version of an object: the preconditions of a write.
#[derive(Clone, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct ObjectVersion {
    /// Id that the server gave to the object. An object that is created again has another one.
    pub uid: String,
    /// Version that changes with each write.
    pub resource_version: String,
}

/// Position of the next page of a list, as returned by the server.
#[derive(Clone, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct PageToken(pub String);

/// Page of a list.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct ListPage<T> {
    /// Items of this page.
    pub items: Vec<T>,
    /// Position of the next page; none for the last page.
    pub next: Option<PageToken>,
}

impl CallError {
    /// Creates an error.
    pub fn new(kind: CallErrorKind, message: impl Into<String>) -> Self {
        Self { kind, message: message.into() }
    }

    /// True if the object does not exist.
    pub fn is_not_found(&self) -> bool {
        self.kind == CallErrorKind::NotFound
    }

    /// True if a precondition failed.
    pub fn is_conflict(&self) -> bool {
        self.kind == CallErrorKind::Conflict
    }
}

impl fmt::Display for ObjectVersion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} at version {}", self.uid, self.resource_version)
    }
}
