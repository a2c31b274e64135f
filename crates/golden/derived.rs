//! Values that follow from rows: sequences and materialized views.

use std::collections::BTreeSet;

use eod_clients::{Deadline, Error, postgres::PostgresSession};
use eod_masking::TableName;
use serde::Deserialize;

use crate::{
    marked::transaction,
    sql::{quoted_name, quoted_table, quoted_text, rows},
};

#[derive(Deserialize)]
struct OwnedRow {
    schema: String,
    name: String,
    owner: String,
}

#[derive(Deserialize)]
struct ViewRow {
    schema: String,
    name: String,
    owner: String,
    is_populated: bool,
}

#[derive(Deserialize)]
struct SequenceValue {
    value: i64,
    is_called: bool,
}

const SEQUENCES: &str = "\
SELECT n.nspname AS schema, c.relname AS name, pg_get_userbyid(c.relowner) AS owner
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE c.relkind = 'S' AND c.relpersistence <> 't' AND n.nspname !~ '^pg_'
  AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.classid = 'pg_class'::regclass AND d.objid = c.oid AND d.deptype = 'e')
ORDER BY schema, name";

/// Materialized views, each after those that it reads, directly or through views.
const VIEWS: &str = "\
WITH RECURSIVE edges AS (
  SELECT DISTINCT r.ev_class AS view, d.refobjid AS base
  FROM pg_rewrite r JOIN pg_depend d ON d.classid = 'pg_rewrite'::regclass AND d.objid = r.oid
  WHERE d.refclassid = 'pg_class'::regclass AND d.refobjid <> r.ev_class
), levels AS (
  SELECT oid AS view, 0 AS level FROM pg_class WHERE relkind = 'm'
  UNION SELECT e.view, l.level + 1 FROM levels l JOIN edges e ON e.base = l.view WHERE l.level < 1000
)
SELECT n.nspname AS schema, c.relname AS name, pg_get_userbyid(c.relowner) AS owner,
       c.relispopulated AS is_populated
FROM levels l JOIN pg_class c ON c.oid = l.view JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE c.relkind = 'm'
GROUP BY c.oid, n.nspname, c.relname, c.relowner ORDER BY max(l.level), schema, name";

/// Gives all sequences of the target the values of the source. Returns their number.
pub(crate) async fn set_sequences(
    source: &mut PostgresSession,
    target: &mut PostgresSession,
    deadline: &Deadline,
) -> Result<usize, Error> {
    let found: Vec<OwnedRow> = rows(source, "the sequences", SEQUENCES, &[], deadline).await?;
    let owners: Vec<OwnedRow> = rows(target, "the sequences", SEQUENCES, &[], deadline).await?;
    let mut statements = vec!["BEGIN".to_owned()];
    for OwnedRow { schema, name, .. } in &found {
        let sequence = TableName::new(schema, name);
        let quoted = quoted_table(&sequence);
        let query = format!("SELECT last_value AS value, is_called FROM {quoted}");
        let values = rows(source, &format!("sequence {sequence}"), &query, &[], deadline).await?;
        let owner = owners.iter().find(|row| row.schema == *schema && row.name == *name);
        if let Some(owner) = owner {
            statements.push(format!("SET LOCAL ROLE {}", quoted_name(&owner.owner)));
        }
        for SequenceValue { value, is_called } in values {
            statements.push(format!("SELECT setval({}, {value}, {is_called})", quoted_text(&quoted)));
        }
    }
    statements.push("COMMIT".to_owned());
    transaction(target, "set", "the sequences", &statements.join("; "), deadline).await?;
    Ok(found.len())
}

/// Refreshes the materialized views of the target that have rows in the source, in the order of their dependencies. Returns
/// their number.
pub(crate) async fn refresh_views(
    source: &mut PostgresSession,
    target: &mut PostgresSession,
    deadline: &Deadline,
) -> Result<usize, Error> {
    let found: Vec<ViewRow> = rows(source, "the materialized views", VIEWS, &[], deadline).await?;
    let populated: BTreeSet<_> =
        found.into_iter().filter(|row| row.is_populated).map(|row| (row.schema, row.name)).collect();
    let mut found: Vec<ViewRow> = rows(target, "the materialized views", VIEWS, &[], deadline).await?;
    found.retain(|row| populated.contains(&(row.schema.clone(), row.name.clone())));
    for ViewRow { schema, name, owner, .. } in &found {
        let view = TableName::new(schema, name);
        target.set_phase("refresh", Some(&view.to_string()), deadline).await?;
        let (quoted, owner) = (quoted_table(&view), quoted_name(owner));
        // As in production, a view has the rows that its owner may see.
        let sql = format!(
            "BEGIN; SET LOCAL ROLE {owner}; SET LOCAL row_security = on; REFRESH MATERIALIZED VIEW {quoted}; ANALYZE {quoted}; COMMIT"
        );
        transaction(target, "refresh", &format!("materialized view {view}"), &sql, deadline).await?;
    }
    Ok(found.len())
}
