//! Load of one table in one transaction. The table keeps its identity: dropped parts are created again from their own definitions,
//! and a failure rolls back to the previous rows and parts.

use eod_clients::{
    Deadline, Error,
    postgres::{PostgresSession, SqlStatement},
};
use eod_masking::TableName;
use sha2::{Digest, Sha256};

use crate::{
    copy_format::{CopyDecoder, CopyEncoder, CopyFormatError},
    definition::TableDefinition,
    digest::hex,
    progress::{BuildProgress, PendingRows},
    row_masker::RowMasker,
    sql::{quoted_name, quoted_table, run},
    value::ValueError,
};

/// Maximum size of a row in bytes. A copy needs about three times the size of its largest row.
pub(crate) const MAX_ROW: usize = 256 << 20;
/// Size in bytes of the pieces that are sent.
const PIECE: usize = 64 << 10;

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

/// Loads a table. The source session must be in a transaction with the snapshot to read; the target session in none. Foreign
/// keys of and to the table must not exist.
///
/// # Errors
///
/// [`LoadError`]. The target transaction is rolled back.
pub async fn load_table(
    source: &mut PostgresSession,
    target: &mut PostgresSession,
    load: &TableLoad,
    deadline: &Deadline,
) -> Result<LoadedTable, LoadError> {
    load_with_progress(source, target, load, &(), deadline).await
}

/// [`load_table`] with its progress.
pub(crate) async fn load_with_progress(
    source: &mut PostgresSession,
    target: &mut PostgresSession,
    load: &TableLoad,
    progress: &dyn BuildProgress,
    deadline: &Deadline,
) -> Result<LoadedTable, LoadError> {
    let result = load_in_transaction(source, target, load, progress, deadline).await;
    if let Ok(loaded) = &result {
        progress.table_done(&loaded.name, loaded.rows);
    }
    if result.is_err() && !target.is_closed() {
        // If this fails, the server rolls back when the session ends.
        drop(run(target, "roll back", "the transaction", "ROLLBACK", deadline).await);
    }
    result
}

async fn load_in_transaction(
    source: &mut PostgresSession,
    target: &mut PostgresSession,
    load: &TableLoad,
    progress: &dyn BuildProgress,
    deadline: &Deadline,
) -> Result<LoadedTable, LoadError> {
    let failed = |source| LoadError::Statement { table: load.name.clone(), source };
    let (name, table) = (load.name.to_string(), quoted_table(&load.name));
    target.set_phase("load", Some(&name), deadline).await.map_err(failed)?;
    let begin =
        format!("BEGIN; SET LOCAL ROLE {}; LOCK TABLE ONLY {table} IN ACCESS EXCLUSIVE MODE", quoted_name(&load.owner));
    run(target, "lock", &format!("table {name}"), &begin, deadline).await.map_err(failed)?;
    let definition = TableDefinition::read(target, load.target_oid, &load.name, deadline).await.map_err(failed)?;
    let mut before = definition.before_load;
    before.push(format!("TRUNCATE ONLY {table}"));
    run(target, "empty", &format!("table {name}"), &before.join("; "), deadline).await.map_err(failed)?;
    let (rows, digest) = match &load.masker {
        Some(masker) => {
            source.set_phase("read", Some(&name), deadline).await.map_err(failed)?;
            copy(source, target, load, masker, progress, deadline).await?
        }
        None => (0, Sha256::new()),
    };
    target.set_phase("index", Some(&name), deadline).await.map_err(failed)?;
    let mut after = definition.after_load;
    after.push(format!("ANALYZE {table}"));
    after.push("COMMIT".to_owned());
    run(target, "restore the definition of", &format!("table {name}"), &after.join("; "), deadline)
        .await
        .map_err(failed)?;
    Ok(LoadedTable {
        name: load.name.clone(),
        rows,
        digest: hex(&digest.finalize()),
        rules: load.rules_fingerprint.clone(),
        columns: load.columns_fingerprint.clone(),
    })
}

/// Copies and masks all rows. Returns their number and their digest.
async fn copy(
    source: &mut PostgresSession,
    target: &mut PostgresSession,
    load: &TableLoad,
    masker: &RowMasker,
    progress: &dyn BuildProgress,
    deadline: &Deadline,
) -> Result<(u64, Sha256), LoadError> {
    let failed = |source| LoadError::Statement { table: load.name.clone(), source };
    let malformed = |source| LoadError::Format { table: load.name.clone(), source };
    let named = format!("rows of table {}", load.name);
    let table = copied(load);
    let (out, into) = (
        format!("COPY {table} TO STDOUT (FORMAT binary)"),
        // The table is empty and locked, so its rows can be frozen: no later read has to write them again.
        format!("COPY {table} FROM STDIN (FORMAT binary, FREEZE)"),
    );
    let mut rows = source.copy_out(&SqlStatement::new("read", &named, &out), deadline).await.map_err(failed)?;
    let mut stored = target.copy_in(&SqlStatement::new("store", &named, &into), deadline).await.map_err(failed)?;
    let mut decoder = CopyDecoder::new(load.columns.len(), MAX_ROW);
    let mut encoder = CopyEncoder::new(load.columns.len());
    let mut digest = Sha256::new();
    let mut pending = PendingRows::of(&load.name, progress);
    while let Some(bytes) = rows.next().await.map_err(failed)? {
        decoder.push(&bytes);
        while let Some(row) = decoder.next_row().map_err(malformed)? {
            masker.mask(row, &mut encoder).map_err(|error| LoadError::Value {
                table: load.name.clone(),
                column: load.columns.get(error.column).cloned().unwrap_or_default(),
                problem: error.problem,
            })?;
            digest.update(encoder.last_row());
            pending.add_row();
            if encoder.len() >= PIECE {
                stored.send(encoder.take()).await.map_err(failed)?;
            }
        }
        pending.add_bytes(bytes.len());
    }
    let read = decoder.finish().map_err(malformed)?;
    stored.send(encoder.finish()).await.map_err(failed)?;
    pending.report();
    let stored = stored.finish().await.map_err(failed)?;
    if read != stored {
        return Err(LoadError::Rows { table: load.name.clone(), read, stored });
    }
    Ok((read, digest))
}

/// Table and columns of both copies. Without a list, a copy has all columns except for generated ones.
fn copied(load: &TableLoad) -> String {
    let names: Vec<_> = load.columns.iter().map(|column| quoted_name(column)).collect();
    let table = quoted_table(&load.name);
    if names.is_empty() { table } else { format!("{table} ({})", names.join(", ")) }
}
