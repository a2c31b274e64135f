//! A table to load, its result, and its failures.

use eod_clients::Error;
use eod_masking::TableName;

use crate::{copy_format::CopyFormatError, row_masker::RowMasker, value::ValueError};

/// Maximum size of a row in bytes. A copy needs about three times the size of its largest row.
pub(crate) const MAX_ROW: usize = 256 << 20;

/// A table to load.
pub struct TableLoad {
    /// Name in both databases.
    pub name: TableName,
    /// Object id in the target.
    pub target_oid: u32,
    /// Owner in the target. The load acts as this role.
    pub owner: String,
    /// Names of the columns to copy.
    pub columns: Vec<String>,
    /// Masker of these columns; none if the table gets no rows.
    pub masker: Option<RowMasker>,
    /// Fingerprint of the decisions about all columns.
    pub rules_fingerprint: String,
    /// Fingerprint of the names and types of all columns.
    pub columns_fingerprint: String,
}

/// A table that was loaded.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct LoadedTable {
    /// Name.
    pub name: TableName,
    /// Number of rows.
    pub rows: u64,
    /// SHA-256 of the masked rows as they were sent, in hexadecimal digits. Rows that are read again can have another form,
    /// such as `char(n)` with its spaces.
    pub digest: String,
    /// Fingerprint of the decisions about its columns.
    pub rules: String,
    /// Fingerprint of the names and types of its columns.
    pub columns: String,
}

/// Load that failed. The database has the rows and parts from before it.
#[derive(Debug, thiserror::Error)]
pub enum LoadError {
    /// Statement that failed.
    #[error("cannot load table {table}")]
    Statement {
        /// Table.
        table: TableName,
        /// Error of the client.
        source: Error,
    },
    /// Row that the decoder refuses.
    #[error("cannot load table {table}: {source}")]
    Format {
        /// Table.
        table: TableName,
        /// Problem.
        source: CopyFormatError,
    },
    /// Value that cannot be masked.
    #[error("cannot mask column `{column}` of table {table}: {problem}")]
    Value {
        /// Table.
        table: TableName,
        /// Column.
        column: String,
        /// Problem.
        problem: ValueError,
    },
    /// Other number of rows in the target than in the source.
    #[error("table {table} has {stored} rows, expected {read}")]
    Rows {
        /// Table.
        table: TableName,
        /// Rows that were read.
        read: u64,
        /// Rows that the target has stored.
        stored: u64,
    },
}
