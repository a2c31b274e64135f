//! Foreign keys: dropped before tables are loaded, created again afterwards without a check, and then validated.

use std::collections::BTreeSet;

use eod_clients::{Deadline, Error, postgres::PostgresSession};
use eod_masking::TableName;
use serde::Deserialize;

use crate::{
    database::{DatabaseCatalogue, DatabaseForeignKey},
    definition::constraint_comment,
    marked::transaction,
    sql::{quoted_name, quoted_table, rows, run},
};

/// First version of the server that accepts `NOT VALID` for a partitioned table.
const NOT_VALID_OF_PARTITIONED: u32 = 180_000;

/// Foreign keys of tables and to tables, including those of the tables that these are a part of.
pub(crate) fn of_tables(catalogue: &DatabaseCatalogue, tables: &BTreeSet<TableName>) -> Vec<DatabaseForeignKey> {
    let all: BTreeSet<_> = tables.iter().flat_map(|table| catalogue.ancestors(table)).collect();
    let keys = catalogue.foreign_keys.iter();
    keys.filter(|key| all.contains(&key.table()) || all.contains(&key.referenced_table())).cloned().collect()
}

/// Drops foreign keys, in one transaction.
pub(crate) async fn drop_keys(
    session: &mut PostgresSession,
    keys: &[DatabaseForeignKey],
    deadline: &Deadline,
) -> Result<(), Error> {
    let mut statements = vec!["BEGIN".to_owned()];
    for key in keys {
        statements.push(format!("SET LOCAL ROLE {}", quoted_name(&key.owner)));
        statements.push(format!(
            "ALTER TABLE {} DROP CONSTRAINT {}",
            quoted_table(&key.table()),
            quoted_name(&key.name)
        ));
    }
    statements.push("COMMIT".to_owned());
    transaction(session, "drop", "the foreign keys", &statements.join("; "), deadline).await
}

/// Tables with FORCE ROW LEVEL SECURITY.
const FORCED: &str = "\
SELECT n.nspname AS schema, c.relname AS \"table\", pg_get_userbyid(c.relowner) AS owner
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE c.relforcerowsecurity ORDER BY schema, \"table\"";

#[derive(Deserialize)]
struct ForcedRow {
    schema: String,
    table: String,
    owner: String,
}

/// Creates dropped foreign keys again, in one transaction, and validates each of those that were valid before.
///
/// The check of a key is a query of the owner. FORCE ROW LEVEL SECURITY would hide rows from it, so that wrong keys pass; it is
/// disabled during the check.
pub(crate) async fn recreate_keys(
    session: &mut PostgresSession,
    keys: &[DatabaseForeignKey],
    deadline: &Deadline,
) -> Result<(), Error> {
    let not_valid_of_partitioned = session.server_version() >= NOT_VALID_OF_PARTITIONED;
    let forced: Vec<ForcedRow> = rows(session, "the tables with row level security", FORCED, &[], deadline).await?;
    let involved: BTreeSet<_> = keys.iter().flat_map(|key| [key.table(), key.referenced_table()]).collect();
    let mut statements = vec!["BEGIN".to_owned()];
    statements.extend(security("NO FORCE", &forced, &involved));
    let mut later = Vec::new();
    for key in keys {
        let (table, name) = (quoted_table(&key.table()), quoted_name(&key.name));
        let role = format!("SET LOCAL ROLE {}", quoted_name(&key.owner));
        let can_be_later = key.validated && (!key.is_partitioned || not_valid_of_partitioned);
        statements.push(role.clone());
        let not_valid = if can_be_later { " NOT VALID" } else { "" };
        statements.push(format!("ALTER TABLE {table} ADD CONSTRAINT {name} {}{not_valid}", key.definition));
        statements.extend(key.comment.as_deref().map(|text| constraint_comment(&table, &name, text)));
        if can_be_later {
            let tables = BTreeSet::from([key.table(), key.referenced_table()]);
            let mut validate = vec!["BEGIN".to_owned()];
            validate.extend(security("NO FORCE", &forced, &tables));
            validate.extend([role, format!("ALTER TABLE {table} VALIDATE CONSTRAINT {name}")]);
            validate.extend(security("FORCE", &forced, &tables));
            validate.push("COMMIT".to_owned());
            later.push((key, validate.join("; ")));
        }
    }
    statements.extend(security("FORCE", &forced, &involved));
    statements.push("COMMIT".to_owned());
    transaction(session, "recreate", "the foreign keys", &statements.join("; "), deadline).await?;
    for (key, sql) in later {
        session.set_phase("validate", Some(&key.table().to_string()), deadline).await?;
        let target = format!("foreign key {} of table {}", key.name, key.table());
        let validated = run(session, "validate", &target, &sql, deadline).await;
        if validated.is_err() {
            drop(run(session, "roll back", "the transaction", "ROLLBACK", deadline).await);
        }
        validated?;
    }
    Ok(())
}

/// Statements that set or remove FORCE ROW LEVEL SECURITY for those of the tables that have it.
fn security(keywords: &str, forced: &[ForcedRow], tables: &BTreeSet<TableName>) -> Vec<String> {
    let mut statements = Vec::new();
    for ForcedRow { schema, table, owner } in forced {
        let table = TableName::new(schema, table);
        if tables.contains(&table) {
            statements.push(format!("SET LOCAL ROLE {}", quoted_name(owner)));
            statements.push(format!("ALTER TABLE ONLY {} {keywords} ROW LEVEL SECURITY", quoted_table(&table)));
        }
    }
    statements
}
