//! A reference to one secret: `<mount>/<path>`.
//!
//! People also write the path of the HTTP interface, `<mount>/data/<path>`; both mean the same and are read as the
//! same. So a secret whose own path begins with `data/` is always written in the long form, and reading what was
//! written gives the same reference again.

use std::fmt;
use std::str::FromStr;

use crate::text::as_text;
use crate::vault::path::{MountPath, PathError, SecretPath};

/// The segment that the HTTP interface of KV version 2 puts between mount and path.
const DATA: &str = "data";

/// A secret: its mount and its path.
#[derive(Clone, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct SecretRef {
    mount: MountPath,
    path: SecretPath,
}

/// Why a text is no reference.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum ReferenceError {
    /// A part of it is no path.
    #[error("the secret reference {0}")]
    Path(#[from] PathError),
    /// There is only a mount.
    #[error("`{text}` names no secret; expected `<mount>/<path>`, for example `secret/stage/shop`")]
    NoPath {
        /// What was given.
        text: String,
    },
}

as_text!(SecretRef);

impl SecretRef {
    /// The secret of this path on this mount.
    pub fn new(mount: MountPath, path: SecretPath) -> Self {
        Self { mount, path }
    }

    /// The mount.
    pub fn mount(&self) -> &MountPath {
        &self.mount
    }

    /// The path below the mount.
    pub fn path(&self) -> &SecretPath {
        &self.path
    }

    /// Whether this is the other secret or lies below it.
    pub fn is_inside(&self, other: &Self) -> bool {
        self.mount == other.mount && self.path.is_inside(&other.path)
    }

    /// `<mount>/<path>` exactly, without the long form; what patterns are matched against.
    pub(super) fn plain(&self) -> String {
        format!("{}/{}", self.mount, self.path)
    }

    /// `<mount>/data/<path>`, as the HTTP interface writes it.
    pub(super) fn long(&self) -> String {
        format!("{}/{DATA}/{}", self.mount, self.path)
    }
}

impl FromStr for SecretRef {
    type Err = ReferenceError;

    /// The first segment is the mount. A mount of several segments is told apart by the server only.
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
