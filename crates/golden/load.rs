//! Load of one table in one transaction. The table keeps its identity: dropped parts are created again from their own definitions,
//! and a failure rolls back to the previous rows and parts.

use eod_clients::{Deadline, postgres::PostgresSession};
use eod_masking::TableName;
use sha2::{Digest, Sha256};

use crate::{
    definition::TableDefinition,
    digest::hex,
    progress::BuildProgress,
    row_copy::RowCopy,
    sql::{quoted_name, quoted_table, run},
    table_load::{LoadError, LoadedTable, TableLoad},
};

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
    let rows = load.rows_of(&load.name);
    load_with_progress(source, target, load, rows, &(), deadline).await
}

/// [`load_table`] with its progress, and with rows of any table. Without rows the table stays empty.
pub(crate) async fn load_with_progress(
    source: &mut PostgresSession,
    target: &mut PostgresSession,
    load: &TableLoad,
    rows: Option<RowCopy<'_>>,
    progress: &dyn BuildProgress,
    deadline: &Deadline,
) -> Result<LoadedTable, LoadError> {
    let result = load_in_transaction(source, target, load, rows, progress, deadline).await;
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
    rows: Option<RowCopy<'_>>,
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
    let (rows, digest) = match rows {
        Some(rows) => {
            source.set_phase("read", Some(&name), deadline).await.map_err(failed)?;
            rows.run(source, target, progress, deadline).await?
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

impl TableLoad {
    /// Copy of masked rows from a table; none if this one gets no rows.
    pub(crate) fn rows_of<'a>(&'a self, from: &'a TableName) -> Option<RowCopy<'a>> {
        let masker = self.masker.as_ref()?;
        Some(RowCopy { load: self, from, into: &self.name, masker, freeze: true })
    }
}
