//! Progress of a build, for a bar or for lines.

use eod_masking::TableName;
use serde::Serialize;

/// Steps of a build in their order. Some builds leave steps out.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd, Serialize, strum::Display)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "lowercase")]
pub enum BuildStep {
    /// Checks before anything is written.
    Check,
    /// Structure: schemas, types, tables, functions.
    Structure,
    /// Rows of the tables.
    Load,
    /// Foreign keys, sequences and materialized views.
    Derive,
    /// Large objects.
    Objects,
    /// Statistics, and a checkpoint.
    Statistics,
    /// Verification.
    Verify,
    /// Manifest and comment.
    Finish,
}

/// Receiver of the progress. Calls come from several tasks, and must return at once.
pub trait BuildProgress: Send + Sync {
    /// Beginning of a step.
    fn step(&self, _step: BuildStep) {}

    /// Tables of the load, with their sizes in the source in bytes. After an interruption by a standby the load begins
    /// again, and so does this call.
    fn tables(&self, _tables: &[(TableName, u64)]) {}

    /// Rows and bytes of a table since the last call.
    fn rows(&self, _table: &TableName, _rows: u64, _bytes: u64) {}

    /// Table that is complete: rows loaded, indexes built.
    fn table_done(&self, _table: &TableName, _rows: u64) {}

    /// Remark for the user, such as a repeated attempt. It contains no values.
    fn note(&self, _text: &str) {}
}

/// No progress.
impl BuildProgress for () {}
