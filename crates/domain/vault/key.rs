//! Record of one copied secret in the state: versions and origin, never its value.

use strum::{IntoStaticStr, VariantArray, VariantNames};

use crate::text::keyword;

/// Result of a copy.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd, IntoStaticStr, VariantArray, VariantNames)]
#[strum(serialize_all = "snake_case")]
pub enum KeyResult {
    /// EoD created the copy.
    Cloned,
    /// An interrupted run of EoD created the copy, and this run took it over.
    Adopted,
    /// A foreign secret existed and was not changed.
    KeptForeign,
}

/// Record of one copied secret.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct KeyRecord {
    /// Copied version of the source; none if the source is KV version 1, or if unknown.
    pub source_version: Option<u64>,
    /// Version of the copy that EoD wrote; for a foreign secret its version at that time, 0 if unknown.
    pub version: u64,
    /// Result of the copy.
    pub result: KeyResult,
    /// True if the copy was changed or deleted by others.
    pub edited: bool,
    /// Storage time of the version, to the nanosecond, as written by the server. It identifies the copy if
    /// the run was interrupted before it wrote the provenance.
    pub created_time: Option<String>,
}

keyword!(KeyResult, "result of a copy");

#[cfg(test)]
mod tests;
