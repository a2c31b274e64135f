//! Reference to one secret: `<mount>/<path>`.
//!
//! The path of the HTTP API, `<mount>/data/<path>`, is also accepted and is an equal reference. So a secret with a path
//! that begins with `data/` is always written in the long form, and a reference round-trips.

use std::fmt;
use std::str::FromStr;

use crate::text::serde_as_text;
use crate::vault::path::{MountPath, PathError, SecretPath};

/// Segment between mount and path in the HTTP API of KV version 2.
const DATA: &str = "data";

/// Reference to a secret: mount and path.
#[derive(Clone, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct SecretRef {
    mount: MountPath,
    path: SecretPath,
}

/// Reasons to refuse a text as a reference.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum ReferenceError {
    /// The mount or the path is invalid.
    #[error("secret reference {0}")]
    Path(#[from] PathError),
    /// The path is missing.
    #[error("invalid secret reference `{text}`: expected `<mount>/<path>`, for example `secret/stage/shop`")]
    NoPath {
        /// Input text.
        text: String,
    },
}

serde_as_text!(SecretRef);

impl SecretRef {
    /// Creates a reference from mount and path.
    pub fn new(mount: MountPath, path: SecretPath) -> Self {
        Self { mount, path }
    }

    /// Mount of the secret.
    pub fn mount(&self) -> &MountPath {
        &self.mount
    }

    /// Path below the mount.
    pub fn path(&self) -> &SecretPath {
        &self.path
    }

    /// True if this is the other secret or below it.
    pub fn is_inside(&self, other: &Self) -> bool {
        self.mount == other.mount && self.path.is_inside(&other.path)
    }

    /// Short form `<mount>/<path>`, used to match patterns.
    pub(super) fn plain(&self) -> String {
        format!("{}/{}", self.mount, self.path)
    }

    /// Long form `<mount>/data/<path>`, as in the HTTP API.
    pub(super) fn long(&self) -> String {
        format!("{}/{DATA}/{}", self.mount, self.path)
    }
}

impl FromStr for SecretRef {
    type Err = ReferenceError;

    /// The first segment is the mount. Only the server can recognise a mount of several segments.
    fn from_str(text: &str) -> Result<Self, ReferenceError> {
        let whole: SecretPath = text.parse()?;
        let no_path = || ReferenceError::NoPath { text: text.to_owned() };
        let (mount, path) = whole.as_str().split_once('/').ok_or_else(no_path)?;
        let path = path.strip_prefix("data/").unwrap_or(path);
        Ok(Self { mount: mount.parse()?, path: path.parse()? })
    }
}

impl fmt::Display for SecretRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let ambiguous = self.path.as_str().starts_with("data/");
        f.write_str(&if ambiguous { self.long() } else { self.plain() })
    }
}

#[cfg(test)]
mod tests;
