//! Accepted batches and their state.

use std::fmt;

/// Id of an accepted batch, without the prefix `/change/`.
#[derive(Clone, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct ChangeId(String);

/// State of an accepted batch.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum ChangeState {
    /// Not yet on all name servers.
    Pending,
    /// On all name servers of Route 53.
    InSync,
}

/// An accepted batch.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct ChangeReceipt {
    /// Id of the batch.
    pub id: ChangeId,
    /// State in the response.
    pub state: ChangeState,
}

impl ChangeId {
    /// Id from a response.
    pub(super) fn of_response(text: &str) -> Self {
        Self(text.strip_prefix("/change/").unwrap_or(text).to_owned())
    }

    /// The id as a string.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for ChangeId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

impl fmt::Display for ChangeState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Pending => "PENDING",
            Self::InSync => "INSYNC",
        })
    }
}
