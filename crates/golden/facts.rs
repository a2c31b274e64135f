//! Comment of a finished golden database: what can be known about it while it is closed.
//!
//! Every role of the server can read the comments of databases, so it has neither names of tables nor anything secret.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// First words of the comment.
const FINISHED: &str = "eod golden 1 finished";

/// Facts about a finished golden database.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct GoldenFacts {
    /// Short digest of the manifest.
    pub manifest: String,
    /// Time of the snapshot of the source.
    pub taken_at: Timestamp,
    /// Time of the end of the build.
    pub built_at: Timestamp,
    /// Time of the publication; none before.
    #[serde(default)]
    pub published_at: Option<Timestamp>,
    /// End of the validity; none before the publication. Rows that were erased in the source are gone from all databases
    /// after it.
    #[serde(default)]
    pub valid_until: Option<Timestamp>,
    /// Number of tables.
    pub tables: u64,
    /// Number of rows.
    pub rows: u64,
    /// First digits of the SHA-256 of the policy file.
    pub policy: String,
    /// Check value of the key.
    pub key_check: String,
}

impl GoldenFacts {
    /// Version: the time of the snapshot in UTC as 14 digits.
    pub fn version(&self) -> String {
        self.taken_at.strftime("%Y%m%d%H%M%S").to_string()
    }

    /// Text of the comment.
    pub(crate) fn comment(&self) -> String {
        // A struct of texts and numbers always has a JSON form.
        format!("{FINISHED} {}", serde_json::to_string(self).unwrap_or_default())
    }

    /// Facts of a comment; none if it is not that of a finished golden database.
    pub(crate) fn of_comment(comment: &str) -> Option<Self> {
        serde_json::from_str(comment.strip_prefix(FINISHED)?.trim_start()).ok()
    }
}

#[cfg(test)]
mod tests;
