//! Names of extensions.

use std::{fmt, str::FromStr};

/// Maximum length of a name in bytes.
const MAX: usize = 63;

/// Name of an extension of PostgreSQL, such as `pg_trgm` or `uuid-ossp`.
#[derive(Clone, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub(crate) struct ExtensionName(String);

/// Text that is not the name of an extension.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[error("invalid name `{0}` of an extension: expected 1 to {MAX} characters of a-z, 0-9, _ and -, with a letter first")]
pub(crate) struct ExtensionNameError(String);

impl ExtensionName {
    /// The name.
    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for ExtensionName {
    type Err = ExtensionNameError;

    fn from_str(name: &str) -> Result<Self, ExtensionNameError> {
        let is_valid = (1..=MAX).contains(&name.len())
            && name.starts_with(|c: char| c.is_ascii_lowercase())
            && name.chars().all(|c| matches!(c, 'a'..='z' | '0'..='9' | '_' | '-'));
        if is_valid { Ok(Self(name.to_owned())) } else { Err(ExtensionNameError(name.to_owned())) }
    }
}

impl fmt::Display for ExtensionName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}
