//! Progress of a build or of a verification, for a bar or for lines.

use eod_masking::TableName;
use serde::Serialize;

use crate::database::DatabaseTable;

/// Bytes of a table that are reported together.
const REPORTED_BYTES: u64 = 64 << 10;

/// Steps of a build and of a verification in their order. Each leaves some of them out.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd, Serialize, strum::Display)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "lowercase")]
pub enum BuildStep {
    /// Checks before anything is written.
    Check,
    /// Copy of a golden database, which a verification reads.
    Copy,
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

    /// Tables that the step reads, with their sizes in bytes. All counts begin at zero then: after the load a build reads all
    /// tables once more to verify them, and after an interruption by a standby it begins again.
    fn tables(&self, _tables: &[(TableName, u64)]) {}

    /// Rows and bytes of a table since the last call.
    fn rows(&self, _table: &TableName, _rows: u64, _bytes: u64) {}

    /// Table that is complete: rows loaded and indexes built, or rows verified.
    fn table_done(&self, _table: &TableName, _rows: u64) {}

    /// Remark for the user, such as a repeated attempt. It contains no values.
    fn note(&self, _text: &str) {}
}

/// No progress.
impl BuildProgress for () {}

/// Rows and bytes of a table that are not reported yet.
pub(crate) struct PendingRows<'a> {
    progress: &'a dyn BuildProgress,
    table: &'a TableName,
    rows: u64,
    bytes: u64,
}

impl<'a> PendingRows<'a> {
    /// Nothing of a table.
    pub(crate) fn of(table: &'a TableName, progress: &'a dyn BuildProgress) -> Self {
        Self { progress, table, rows: 0, bytes: 0 }
    }

    /// Adds one row.
    pub(crate) fn add_row(&mut self) {
        self.rows += 1;
    }

    /// Adds bytes, and reports if there are many.
    pub(crate) fn add_bytes(&mut self, count: usize) {
        self.bytes += u64::try_from(count).unwrap_or_default();
        if self.bytes >= REPORTED_BYTES {
            self.report();
        }
    }

    /// Reports everything that is not reported yet.
    pub(crate) fn report(&mut self) {
        self.progress.rows(self.table, self.rows, self.bytes);
        (self.rows, self.bytes) = (0, 0);
    }
}

/// Sizes of tables in bytes, as [`BuildProgress::tables`] gets them.
pub(crate) fn sizes<'a>(tables: impl IntoIterator<Item = &'a DatabaseTable>) -> Vec<(TableName, u64)> {
    tables.into_iter().map(|table| (table.name(), u64::try_from(table.bytes).unwrap_or_default())).collect()
}
