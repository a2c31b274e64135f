//! Return of an ended environment: the changes of a configuration that bring it back.

use super::head::LedgerHead;
use crate::pull_request::HeadSha;

/// Changes of a configuration since the environment ended.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct ReturnChange<'a> {
    /// Commit of the configuration.
    pub head_sha: Option<&'a HeadSha>,
    /// True if the text of the extension changes and is not empty.
    pub extended: bool,
    /// True if the configuration is set to recreate an ended environment.
    pub recreate: bool,
}

/// Reason for the return of an ended environment.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
pub enum ReturnReason {
    /// Another commit than that of the tombstone.
    #[error("there is a new commit")]
    Commit,
    /// The environment was extended.
    #[error("it was extended")]
    Extension,
    /// The configuration recreates ended environments.
    #[error("the configuration recreates it")]
    Recreate,
    /// The tombstone was lifted.
    #[error("its end was lifted")]
    Lifted,
}

/// Decides if an ended environment returns; none if it stays absent.
///
/// A shorter or longer form of the tombstone's commit is the same commit. Without a commit in the tombstone, no commit is
/// new: absence of a record is not a change.
pub fn return_reason(tombstone: &LedgerHead, change: &ReturnChange<'_>) -> Option<ReturnReason> {
    let is_new = |(ended, requested): (&HeadSha, &HeadSha)| !ended.is_same_commit(requested);
    if tombstone.lifted {
        Some(ReturnReason::Lifted)
    } else if tombstone.head_sha.as_ref().zip(change.head_sha).is_some_and(is_new) {
        Some(ReturnReason::Commit)
    } else if change.extended {
        Some(ReturnReason::Extension)
    } else if change.recreate {
        Some(ReturnReason::Recreate)
    } else {
        None
    }
}

#[cfg(test)]
mod tests;
