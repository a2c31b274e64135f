//! What the state remembers of one copied secret: versions and how it came about, and nothing of its value.

use std::fmt;
use std::str::FromStr;

use crate::text::as_text;

/// How a copy came about.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub enum KeyResult {
    /// We made it.
    Cloned,
    /// An interrupted run of ours made it, and we took it over.
    Adopted,
    /// Somebody else's secret was there; it was left alone.
    KeptForeign,
}

/// One entry of `keys`.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct KeyRecord {
    /// The version of the source that was copied; none where the source is KV version 1 or it is not known.
    pub source_version: Option<u64>,
    /// The version of the copy that we wrote; of a foreign secret the version that was there, 0 where unknown.
    pub version: u64,
    /// How it came about.
    pub result: KeyResult,
    /// Whether somebody changed or deleted our copy since.
    pub edited: bool,
    /// When the server stored our version, to the nanosecond as the server wrote it. It tells our copy from another
    /// one where the run was stopped before the provenance was written; for the resource's private data.
    pub created_time: Option<String>,
}

as_text!(KeyResult);

impl KeyResult {
    /// The word in the state.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Cloned => "cloned",
            Self::Adopted => "adopted",
            Self::KeptForeign => "kept_foreign",
        }
    }
}

impl FromStr for KeyResult {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        [Self::Cloned, Self::Adopted, Self::KeptForeign]
            .into_iter()
            .find(|result| result.as_str() == text)
            .ok_or_else(|| format!("`{text}` is no result of a copy; expected `cloned`, `adopted` or `kept_foreign`"))
    }
}

impl fmt::Display for KeyResult {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

#[cfg(test)]
mod tests;
