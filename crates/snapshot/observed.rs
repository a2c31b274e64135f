//! Tables that a command has touched, from the catalogue and the statistics of the server before and after it.
//!
//! Every change of a definition writes new rows of the catalogue, so their transaction ids differ. Reads and writes are counted by
//! the server. Event triggers would show the same definitions, and only a superuser can create them.

use std::collections::BTreeMap;
use std::time::Duration;

use eod_clients::{Deadline, Error, postgres::PostgresSession};
use eod_golden::rows;
use serde::{Deserialize, Serialize};

use crate::clone_error::CloneError;

/// Time limit for the end of other sessions. The server ends a session a moment after its client has closed the connection.
const OTHERS_END: Duration = Duration::from_secs(10);

/// Pause between two looks at the sessions.
const PAUSE: Duration = Duration::from_millis(20);

/// State of all tables, views and sequences of a database.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct ObservedTables(BTreeMap<u32, ObservedTable>);

/// State of one table.
#[derive(Clone, Debug, Default, Deserialize, Eq, PartialEq)]
struct ObservedTable {
    oid: u32,
    name: String,
    /// Transaction ids of all rows of the catalogue about the table.
    definition: String,
    reads: u64,
    writes: u64,
}

/// Table that a command has touched.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
pub struct TouchedTable {
    /// Name with the schema, before the command if it existed.
    pub table: String,
    /// Name after the command, if it is another one.
    pub renamed_to: Option<String>,
    /// Kinds of use.
    pub uses: Vec<TableUse>,
}

/// Use of a table.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd, Serialize, strum::Display)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum TableUse {
    /// Table that did not exist before.
    Created,
    /// Table that does not exist any more.
    Dropped,
    /// Changed definition: columns, indexes, constraints, triggers, policies, name or privileges.
    Altered,
    /// Rows inserted, updated or deleted.
    Written,
    /// Rows read.
    Read,
}

const TABLES: &str = "\
SELECT c.oid::int8 AS oid, n.nspname || '.' || c.relname AS name,
       md5(concat(c.xmin, c.relfilenode,
         (SELECT string_agg(x.xmin::text, ',' ORDER BY attnum) FROM pg_catalog.pg_attribute x WHERE x.attrelid = c.oid),
         (SELECT string_agg(x.xmin::text, ',' ORDER BY x.oid) FROM pg_catalog.pg_attrdef x WHERE x.adrelid = c.oid),
         (SELECT string_agg(x.xmin::text, ',' ORDER BY x.oid) FROM pg_catalog.pg_constraint x WHERE x.conrelid = c.oid),
         (SELECT string_agg(x.xmin::text, ',' ORDER BY x.indexrelid) FROM pg_catalog.pg_index x WHERE x.indrelid = c.oid),
         (SELECT string_agg(x.xmin::text, ',' ORDER BY x.oid) FROM pg_catalog.pg_trigger x WHERE x.tgrelid = c.oid),
         (SELECT string_agg(x.xmin::text, ',' ORDER BY x.oid) FROM pg_catalog.pg_policy x WHERE x.polrelid = c.oid),
         (SELECT string_agg(x.xmin::text, ',' ORDER BY x.oid) FROM pg_catalog.pg_rewrite x WHERE x.ev_class = c.oid)
       )) AS definition,
       COALESCE(s.seq_scan, 0) + COALESCE(s.idx_scan, 0) AS reads,
       COALESCE(s.n_tup_ins, 0) + COALESCE(s.n_tup_upd, 0) + COALESCE(s.n_tup_del, 0) AS writes
FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
LEFT JOIN pg_catalog.pg_stat_all_tables s ON s.relid = c.oid
WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f') AND c.relpersistence <> 't'
  AND n.nspname NOT IN ('pg_catalog', 'information_schema') AND NOT starts_with(n.nspname, 'pg_toast')";

/// Sessions of clients in the same database. Autovacuum has no role.
const OTHERS: &str = "\
SELECT 'a session of role `' || usename || '` (process ' || pid || ')' AS text
FROM pg_catalog.pg_stat_activity
WHERE datname = pg_catalog.current_database() AND usesysid IS NOT NULL AND pid <> pg_catalog.pg_backend_pid()
ORDER BY 1";

#[derive(Deserialize)]
struct OtherSession {
    text: String,
}

impl ObservedTables {
    /// Reads the state of the database of a session after all other sessions have ended: the server counts the last reads and
    /// writes of a session at its end.
    ///
    /// # Errors
    ///
    /// The query failed, or another session did not end within 10 s.
    pub async fn read(session: &mut PostgresSession, deadline: &Deadline) -> Result<Self, CloneError> {
        Self::read_within(session, OTHERS_END, deadline).await
    }

    /// Reads the state, with a time limit for the end of other sessions.
    pub(crate) async fn read_within(
        session: &mut PostgresSession,
        limit: Duration,
        deadline: &Deadline,
    ) -> Result<Self, CloneError> {
        let patience = deadline.at_most(limit);
        loop {
            let others = other_sessions(session, deadline).await?;
            if others.is_empty() {
                return Ok(Self::of_tables(session, deadline).await?);
            }
            if patience.pause(PAUSE).await.is_err() {
                return Err(CloneError::InUse { by: others });
            }
        }
    }

    async fn of_tables(session: &mut PostgresSession, deadline: &Deadline) -> Result<Self, Error> {
        let found: Vec<ObservedTable> = rows(session, "the state of the tables", TABLES, &[], deadline).await?;
        Ok(Self(found.into_iter().map(|table| (table.oid, table)).collect()))
    }

    /// Tables with another state, by name.
    pub fn touched_until(&self, after: &Self) -> Vec<TouchedTable> {
        let mut touched: Vec<_> =
            self.0.values().filter_map(|before| compared(before, after.0.get(&before.oid))).collect();
        let created = after.0.values().filter(|table| !self.0.contains_key(&table.oid));
        touched.extend(created.map(|table| TouchedTable {
            table: table.name.clone(),
            renamed_to: None,
            uses: vec![TableUse::Created],
        }));
        touched.sort_by(|one, other| one.table.cmp(&other.table));
        touched
    }
}

async fn other_sessions(session: &mut PostgresSession, deadline: &Deadline) -> Result<Vec<String>, Error> {
    let found: Vec<OtherSession> = rows(session, "the sessions of the database", OTHERS, &[], deadline).await?;
    Ok(found.into_iter().map(|row| row.text).collect())
}

fn compared(before: &ObservedTable, after: Option<&ObservedTable>) -> Option<TouchedTable> {
    let touched = |renamed_to: Option<String>, uses: Vec<TableUse>| {
        (!uses.is_empty()).then(|| TouchedTable { table: before.name.clone(), renamed_to, uses })
    };
    let Some(after) = after else { return touched(None, vec![TableUse::Dropped]) };
    let uses = [
        (before.definition != after.definition || before.name != after.name, TableUse::Altered),
        (before.writes != after.writes, TableUse::Written),
        (before.reads != after.reads, TableUse::Read),
    ];
    let renamed_to = (before.name != after.name).then(|| after.name.clone());
    touched(renamed_to, uses.into_iter().filter_map(|(is_so, found)| is_so.then_some(found)).collect())
}

#[cfg(test)]
mod tests;
