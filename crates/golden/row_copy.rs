//! Copy of the rows of one table from one session to another, through its masker.

use eod_clients::{
    Deadline,
    postgres::{PostgresSession, SqlStatement},
};
use eod_masking::TableName;
use sha2::{Digest, Sha256};

use crate::{
    copy_format::{CopyDecoder, CopyEncoder},
    progress::{BuildProgress, PendingRows},
    row_masker::RowMasker,
    sql::{quoted_name, quoted_table},
    table_load::{LoadError, MAX_ROW, TableLoad},
};

/// Size in bytes of the pieces that are sent.
const PIECE: usize = 64 << 10;

/// A copy of rows.
pub(crate) struct RowCopy<'a> {
    /// Table with its columns.
    pub(crate) load: &'a TableLoad,
    /// Table to read.
    pub(crate) from: &'a TableName,
    /// Table to write.
    pub(crate) into: &'a TableName,
    /// Masker of the rows.
    pub(crate) masker: &'a RowMasker,
    /// True if the transaction of the target has emptied the table. Its rows are frozen then: no later read has to write them
    /// again.
    pub(crate) freeze: bool,
}

impl RowCopy<'_> {
    /// Copies and masks all rows. Returns their number and their digest.
    ///
    /// # Errors
    ///
    /// [`LoadError`].
    pub(crate) async fn run(
        &self,
        source: &mut PostgresSession,
        target: &mut PostgresSession,
        progress: &dyn BuildProgress,
        deadline: &Deadline,
    ) -> Result<(u64, Sha256), LoadError> {
        let Self { load, from, into, masker, freeze } = self;
        let failed = |source| LoadError::Statement { table: load.name.clone(), source };
        let malformed = |source| LoadError::Format { table: load.name.clone(), source };
        let named = format!("rows of table {}", load.name);
        let freeze = if *freeze { ", FREEZE" } else { "" };
        let (out, into) = (
            format!("COPY {} TO STDOUT (FORMAT binary)", copied(from, &load.columns)),
            format!("COPY {} FROM STDIN (FORMAT binary{freeze})", copied(into, &load.columns)),
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
}

/// Table and columns of a copy. Without a list, a copy has all columns except for generated ones.
fn copied(table: &TableName, columns: &[String]) -> String {
    let names: Vec<_> = columns.iter().map(|column| quoted_name(column)).collect();
    let table = quoted_table(table);
    if names.is_empty() { table } else { format!("{table} ({})", names.join(", ")) }
}
