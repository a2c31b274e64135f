//! Failed logins.

use std::{error::Error as StdError, fmt, sync::Arc};

use crate::error::{Error, ErrorKind};

/// A failed login. Later requests share it instead of repeating the login, because some servers count failures.
#[derive(Clone)]
pub(super) struct LoginFailure(Arc<Error>);

impl LoginFailure {
    pub(super) fn new(error: Error) -> Self {
        Self(Arc::new(error))
    }

    pub(super) fn kind(&self) -> ErrorKind {
        self.0.kind
    }

    /// True if the same login would fail again. An expired time limit of one operation does not count: the next login may succeed.
    pub(super) fn is_lasting(&self) -> bool {
        matches!(self.kind(), ErrorKind::Unauthenticated | ErrorKind::Denied | ErrorKind::Invalid | ErrorKind::NotFound)
    }
}

impl fmt::Debug for LoginFailure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.0, f)
    }
}

impl fmt::Display for LoginFailure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl StdError for LoginFailure {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        self.0.source()
    }
}
