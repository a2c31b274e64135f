//! Masking of tables in place: masked rows go into a staging table, and from there into the emptied table.

use std::{collections::BTreeSet, sync::Arc};

use eod_clients::{
    Deadline, Error,
    postgres::{Postgres, PostgresSession},
};
use eod_masking::{MaskingKey, MaskingPolicy, TableName, classify};
use serde::Serialize;
use sha2::Digest;

use crate::{
    build_report::EstimatedTable,
    database::DatabaseCatalogue,
    derived::refresh_views,
    digest::hex,
    estimate::{EstimatedSums, duration, estimated_tables, sums},
    foreign_keys,
    load::load_with_progress,
    marked::transaction,
    masked_copy::{CopyReport, MaskedCopyError, refuse_event_triggers},
    plan::{PlanError, plan},
    progress::{BuildProgress, BuildStep, sizes},
    row_copy::RowCopy,
    row_masker::{ColumnAction, RowMasker},
    sql::{SESSION, quoted_name, quoted_table, run},
    table_load::{LoadError, LoadedTable, TableLoad},
    workers::{WorkQueue, all},
};

/// Schema of the staging tables. It exists during a masking only, and a killed one has left masked rows in it.
const STAGING: &str = "eod_staging";

/// A masking of tables in place. Nobody else may be connected to the database: rows that others change meanwhile are lost. The old
/// rows stay in files of the server until its next checkpoint.
pub struct InPlaceMasking<'a> {
    /// Database. Its role must be a superuser, or own the database and be a member of the roles that own its tables.
    pub database: &'a Postgres,
    /// Policy for all tables of the database.
    pub policy: &'a MaskingPolicy,
    /// Key of all masked values.
    pub key: &'a MaskingKey,
    /// Tables to mask; none for all. A table whose columns are all kept is not changed.
    pub tables: Option<&'a BTreeSet<TableName>>,
    /// Maximum number of tables at the same time. Each has two sessions.
    pub workers: usize,
    /// Receiver of the progress.
    pub progress: Arc<dyn BuildProgress>,
}

/// Estimate of a masking in place, which writes nothing.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
pub struct InPlaceEstimate {
    /// Tables to change, the largest first.
    pub tables: Vec<EstimatedTable>,
    /// Size of these tables in bytes. Twice this space is needed.
    pub bytes: u64,
    /// Number of their rows, as far as statistics know.
    pub rows: u64,
    /// Duration in seconds, from rates that were measured on two cores.
    pub seconds: u64,
}

impl InPlaceMasking<'_> {
    /// Masks the tables, the largest first. Materialized views with rows are refreshed. Sequences keep their values.
    ///
    /// # Errors
    ///
    /// [`MaskedCopyError`]. A table that failed has its former rows and definitions; tables that were masked before stay masked,
    /// so a second attempt would mask them again: copy the database again instead.
    pub async fn run(&self, deadline: &Deadline) -> Result<CopyReport, MaskedCopyError> {
        let mut session = self.database.connect(deadline).await?;
        let (catalogue, loads) = self.plan(&mut session, deadline).await?;
        let names: BTreeSet<_> = loads.iter().map(|load| load.name.clone()).collect();
        self.progress.step(BuildStep::Load);
        self.progress.tables(&sizes(catalogue.tables.iter().filter(|table| names.contains(&table.name()))));
        let keys = foreign_keys::of_tables(&catalogue, &names);
        create_staging(&mut session, &loads, deadline).await?;
        foreign_keys::drop_keys(&mut session, &keys, deadline).await?;
        let loaded = self.load_all(loads, deadline).await;
        // Both also after a failure, whose error is more useful than theirs.
        let recreated = foreign_keys::recreate_keys(&mut session, &keys, deadline).await;
        let dropped = drop_staging(&mut session, deadline).await;
        let mut tables = loaded?;
        recreated?;
        dropped?;
        tables.sort_by(|one, other| one.name.cmp(&other.name));
        self.progress.step(BuildStep::Derive);
        let mut reader = self.database.connect(deadline).await?;
        run(&mut reader, "prepare", "the session", SESSION, deadline).await?;
        let views = refresh_views(&mut reader, &mut session, deadline).await?;
        reader.close(deadline).await?;
        session.close(deadline).await?;
        Ok(CopyReport { tables, sequences: 0, views })
    }

    /// Checks everything that can be checked, and estimates size and duration. It writes nothing.
    ///
    /// # Errors
    ///
    /// [`MaskedCopyError`].
    pub async fn estimate(&self, deadline: &Deadline) -> Result<InPlaceEstimate, MaskedCopyError> {
        let mut session = self.database.connect(deadline).await?;
        let (catalogue, loads) = self.plan(&mut session, deadline).await?;
        let classification = classify(self.policy, &catalogue.masking_catalogue()).map_err(PlanError::Refused)?;
        let mut tables = estimated_tables(&mut session, &catalogue, &classification, deadline).await?;
        session.close(deadline).await?;
        tables.retain(|table| loads.iter().any(|load| load.name == table.name));
        let EstimatedSums { bytes, rows, seconds } = sums(&tables);
        // Masked rows are written twice.
        Ok(InPlaceEstimate { bytes, rows, seconds: seconds + duration(bytes), tables })
    }

    /// Catalogue, and the tables to change.
    async fn plan(
        &self,
        session: &mut PostgresSession,
        deadline: &Deadline,
    ) -> Result<(DatabaseCatalogue, Vec<TableLoad>), MaskedCopyError> {
        let catalogue = DatabaseCatalogue::read(session, deadline).await?;
        let is_known = |name: &&TableName| catalogue.tables.iter().any(|table| table.name() == **name);
        if let Some(unknown) = self.tables.into_iter().flatten().find(|name| !is_known(name)) {
            return Err(PlanError::NoTable(unknown.clone()).into());
        }
        refuse_event_triggers(session, deadline).await?;
        let mut loads = plan(&catalogue, &catalogue, session, self.policy, self.key, deadline).await?;
        loads.retain(|load| {
            let is_chosen = self.tables.is_none_or(|tables| tables.contains(&load.name));
            is_chosen && !load.masker.as_ref().is_some_and(RowMasker::keeps_all)
        });
        Ok((catalogue, loads))
    }

    async fn load_all(&self, loads: Vec<TableLoad>, deadline: &Deadline) -> Result<Vec<LoadedTable>, MaskedCopyError> {
        let workers = self.workers.clamp(1, loads.len().max(1));
        let queue = WorkQueue::new(loads);
        all(
            workers,
            || MaskedCopyError::Worker,
            || {
                let (database, queue) = (self.database.clone(), queue.clone());
                let (progress, deadline) = (Arc::clone(&self.progress), deadline.clone());
                async move { work(&database, &queue, &*progress, &deadline).await }
            },
        )
        .await
    }
}

/// Masks tables of the queue until it is empty.
async fn work(
    database: &Postgres,
    queue: &WorkQueue<TableLoad>,
    progress: &dyn BuildProgress,
    deadline: &Deadline,
) -> Result<Vec<LoadedTable>, MaskedCopyError> {
    let (mut reader, mut writer) = (database.connect(deadline).await?, database.connect(deadline).await?);
    for session in [&mut reader, &mut writer] {
        run(session, "prepare", "the session", SESSION, deadline).await?;
    }
    let mut masked = Vec::new();
    while let Some(load) = queue.next() {
        masked.push(mask_table(&mut reader, &mut writer, &load, progress, deadline).await?);
    }
    reader.close(deadline).await?;
    writer.close(deadline).await?;
    Ok(masked)
}

async fn mask_table(
    reader: &mut PostgresSession,
    writer: &mut PostgresSession,
    load: &TableLoad,
    progress: &dyn BuildProgress,
    deadline: &Deadline,
) -> Result<LoadedTable, LoadError> {
    let Some(masker) = &load.masker else {
        return load_with_progress(reader, writer, load, None, progress, deadline).await;
    };
    let staging = staging(load);
    let failed = |source| LoadError::Statement { table: load.name.clone(), source };
    let target = format!("rows of table {}", load.name);
    let owner = format!("BEGIN; SET LOCAL ROLE {}", quoted_name(&load.owner));
    // FORCE ROW LEVEL SECURITY would hide rows from the owner. It is active again after the rollback.
    let lift = format!("{owner}; ALTER TABLE ONLY {} NO FORCE ROW LEVEL SECURITY", quoted_table(&load.name));
    run(reader, "read", &target, &lift, deadline).await.map_err(failed)?;
    run(writer, "mask", &target, &owner, deadline).await.map_err(failed)?;
    let rows = RowCopy { load, from: &load.name, into: &staging, masker, freeze: false };
    let (staged, digest) = rows.run(reader, writer, progress, deadline).await?;
    run(writer, "mask", &target, "COMMIT", deadline).await.map_err(failed)?;
    // The lock of the reader would stop the load of the table.
    run(reader, "read", &target, &format!("ROLLBACK; {owner}"), deadline).await.map_err(failed)?;
    let keep = RowMasker::new(vec![ColumnAction::Keep; load.columns.len()]);
    let rows = RowCopy { load, from: &staging, into: &load.name, masker: &keep, freeze: true };
    // The rows were counted when they were masked.
    let loaded = load_with_progress(reader, writer, load, Some(rows), &CompleteTables(progress), deadline).await?;
    run(reader, "read", &target, "ROLLBACK", deadline).await.map_err(failed)?;
    let empty = format!("{owner}; TRUNCATE {}; COMMIT", quoted_table(&staging));
    run(writer, "remove", &format!("the staging table of {}", load.name), &empty, deadline).await.map_err(failed)?;
    if loaded.rows != staged {
        return Err(LoadError::Rows { table: load.name.clone(), read: staged, stored: loaded.rows });
    }
    // Rows that were read from the staging table can have another form.
    Ok(LoadedTable { digest: hex(&digest.finalize()), ..loaded })
}

/// Progress without rows.
struct CompleteTables<'a>(&'a dyn BuildProgress);

impl BuildProgress for CompleteTables<'_> {
    fn table_done(&self, table: &TableName, rows: u64) {
        self.0.table_done(table, rows);
    }
}

fn staging(load: &TableLoad) -> TableName {
    TableName::new(STAGING, format!("table_{}", load.target_oid))
}

/// Creates the staging tables of all tables that have masked rows.
async fn create_staging(session: &mut PostgresSession, loads: &[TableLoad], deadline: &Deadline) -> Result<(), Error> {
    let mut statements = vec![format!("BEGIN; DROP SCHEMA IF EXISTS {STAGING} CASCADE; CREATE SCHEMA {STAGING}")];
    let owners: BTreeSet<_> = loads.iter().map(|load| quoted_name(&load.owner)).collect();
    statements.extend(owners.iter().map(|owner| format!("GRANT USAGE, CREATE ON SCHEMA {STAGING} TO {owner}")));
    for load in loads.iter().filter(|load| load.masker.is_some()) {
        let columns: Vec<_> = load.columns.iter().map(|column| quoted_name(column)).collect();
        statements.push(format!("SET LOCAL ROLE {}", quoted_name(&load.owner)));
        statements.push(format!(
            "CREATE UNLOGGED TABLE {} AS SELECT {} FROM ONLY {} WITH NO DATA",
            quoted_table(&staging(load)),
            columns.join(", "),
            quoted_table(&load.name)
        ));
    }
    statements.push("COMMIT".to_owned());
    transaction(session, "create", "the staging tables", &statements.join("; "), deadline).await
}

async fn drop_staging(session: &mut PostgresSession, deadline: &Deadline) -> Result<(), Error> {
    let sql = format!("DROP SCHEMA IF EXISTS {STAGING} CASCADE");
    run(session, "remove", "the staging tables", &sql, deadline).await
}
