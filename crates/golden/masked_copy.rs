//! Masked copy of all tables of a database into another one with the same structure.

use std::{collections::BTreeSet, sync::Arc};

use eod_clients::{
    Deadline, Error,
    postgres::{Postgres, PostgresSession},
};
use eod_masking::{MaskingKey, MaskingPolicy};
use serde::Deserialize;

use crate::{
    database::DatabaseCatalogue,
    derived::{refresh_views, set_sequences},
    foreign_keys,
    load::load_with_progress,
    plan::{PlanError, plan},
    progress::{BuildProgress, BuildStep, sizes},
    source::SourceSnapshot,
    sql::{SESSION, rows, run},
    table_load::{LoadError, LoadedTable, TableLoad},
    workers::{WorkQueue, all},
};

/// A copy from one database to another.
pub struct MaskedCopy<'a> {
    /// Database to read. Its tables are read in one snapshot.
    pub source: &'a Postgres,
    /// Database with the same structure. All rows of its tables are replaced.
    pub target: &'a Postgres,
    /// Policy.
    pub policy: &'a MaskingPolicy,
    /// Key of all masked values.
    pub key: &'a MaskingKey,
    /// Maximum number of tables at the same time. Each has one session in both databases.
    pub workers: usize,
}

/// Result of a copy.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct CopyReport {
    /// Tables in the order of their names.
    pub tables: Vec<LoadedTable>,
    /// Number of sequences that were set.
    pub sequences: usize,
    /// Number of materialized views that were refreshed.
    pub views: usize,
}

/// Copy that failed. Tables that were loaded before keep their masked rows; the foreign keys are back, but those that the rows
/// break are not validated.
#[derive(Debug, thiserror::Error)]
pub enum MaskedCopyError {
    /// Copy that cannot be planned. Nothing was changed.
    #[error(transparent)]
    Plan(#[from] PlanError),
    /// Event trigger that would run code of the database.
    #[error("event trigger `{0}` of the target is enabled and would run during the load; disable it first")]
    EventTrigger(String),
    /// Table that failed.
    #[error(transparent)]
    Load(#[from] LoadError),
    /// Statement that failed.
    #[error(transparent)]
    Statement(#[from] Error),
    /// Worker that panicked.
    #[error("a worker of the copy ended unexpectedly")]
    Worker,
}

#[derive(Deserialize)]
struct NamedRow {
    name: String,
}

const EVENT_TRIGGERS: &str =
    "SELECT evtname AS name FROM pg_event_trigger WHERE evtenabled IN ('O', 'A') ORDER BY evtname LIMIT 1";

impl MaskedCopy<'_> {
    /// Copies and masks all tables, the largest first. Then sequences get the values of the source, and materialized views
    /// that have rows in the source are refreshed.
    ///
    /// # Errors
    ///
    /// [`MaskedCopyError`].
    pub async fn run(&self, deadline: &Deadline) -> Result<CopyReport, MaskedCopyError> {
        let mut snapshot = SourceSnapshot::open(self.source, deadline).await?;
        let silent: Arc<dyn BuildProgress> = Arc::new(());
        let report = self.run_in(&mut snapshot, &silent, deadline).await?;
        snapshot.session.close(deadline).await?;
        Ok(report)
    }

    /// [`MaskedCopy::run`] in a snapshot of the source, which stays open.
    pub(crate) async fn run_in(
        &self,
        snapshot: &mut SourceSnapshot,
        progress: &Arc<dyn BuildProgress>,
        deadline: &Deadline,
    ) -> Result<CopyReport, MaskedCopyError> {
        let source = &mut snapshot.session;
        let catalogue = DatabaseCatalogue::read(source, deadline).await?;
        let mut target = self.target.connect(deadline).await?;
        let target_catalogue = DatabaseCatalogue::read(&mut target, deadline).await?;
        refuse_event_triggers(&mut target, deadline).await?;
        let loads = plan(&catalogue, &target_catalogue, &mut target, self.policy, self.key, deadline).await?;
        progress.tables(&sizes(&catalogue.tables));
        let names: BTreeSet<_> = loads.iter().map(|load| load.name.clone()).collect();
        let keys = foreign_keys::of_tables(&target_catalogue, &names);
        foreign_keys::drop_keys(&mut target, &keys, deadline).await?;
        let loaded = self.load_all(loads, &snapshot.name, progress, deadline).await;
        if loaded.is_ok() {
            progress.step(BuildStep::Derive);
        }
        // Also after a failure. Its error is more useful than that of a key that the incomplete rows break.
        let recreated = foreign_keys::recreate_keys(&mut target, &keys, deadline).await;
        let mut tables = loaded?;
        recreated?;
        tables.sort_by(|one, other| one.name.cmp(&other.name));
        let source = &mut snapshot.session;
        let sequences = set_sequences(source, &mut target, deadline).await?;
        let views = refresh_views(source, &mut target, deadline).await?;
        target.close(deadline).await?;
        Ok(CopyReport { tables, sequences, views })
    }

    async fn load_all(
        &self,
        loads: Vec<TableLoad>,
        snapshot: &str,
        progress: &Arc<dyn BuildProgress>,
        deadline: &Deadline,
    ) -> Result<Vec<LoadedTable>, MaskedCopyError> {
        let workers = self.workers.clamp(1, loads.len().max(1));
        let queue = WorkQueue::new(loads);
        all(
            workers,
            || MaskedCopyError::Worker,
            || {
                let (source, target, queue) = (self.source.clone(), self.target.clone(), queue.clone());
                let (snapshot, progress) = (snapshot.to_owned(), Arc::clone(progress));
                let deadline = deadline.clone();
                async move { work(&source, &target, &queue, &snapshot, &*progress, &deadline).await }
            },
        )
        .await
    }
}

/// Refuses a database with an event trigger that would run.
///
/// # Errors
///
/// [`MaskedCopyError::EventTrigger`], or the query failed.
pub(crate) async fn refuse_event_triggers(
    session: &mut PostgresSession,
    deadline: &Deadline,
) -> Result<(), MaskedCopyError> {
    let triggers: Vec<NamedRow> = rows(session, "the event triggers", EVENT_TRIGGERS, &[], deadline).await?;
    match triggers.into_iter().next() {
        Some(NamedRow { name }) => Err(MaskedCopyError::EventTrigger(name)),
        None => Ok(()),
    }
}

/// Loads tables of the queue until it is empty.
async fn work(
    source: &Postgres,
    target: &Postgres,
    queue: &WorkQueue<TableLoad>,
    snapshot: &str,
    progress: &dyn BuildProgress,
    deadline: &Deadline,
) -> Result<Vec<LoadedTable>, MaskedCopyError> {
    let mut source = SourceSnapshot::join(source, snapshot, deadline).await?;
    let mut target = target.connect(deadline).await?;
    run(&mut target, "prepare", "the session", SESSION, deadline).await?;
    let mut loaded = Vec::new();
    while let Some(load) = queue.next() {
        let rows = load.rows_of(&load.name);
        loaded.push(load_with_progress(&mut source, &mut target, &load, rows, progress, deadline).await?);
    }
    target.close(deadline).await?;
    source.close(deadline).await?;
    Ok(loaded)
}
