//! Parts of a table that do not exist or are disabled while its rows are loaded, with the statements that restore them.

use eod_clients::{Deadline, Error, postgres::PostgresSession};
use eod_masking::TableName;
use serde::Deserialize;

use crate::sql::{quoted_name, quoted_table, quoted_text, rows};

/// Parts of one table. Constraints `CHECK` and `NOT NULL` that hold for all rows stay, and so do indexes that belong to an
/// index of the parent of a partition or that other objects need, for example a view with `GROUP BY` of a primary key.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct TableDefinition {
    /// Statements before the load, in their order.
    pub before_load: Vec<String>,
    /// Statements after the load, in their order. They restore the table as it was.
    pub after_load: Vec<String>,
}

#[derive(Deserialize)]
struct IndexRow {
    name: String,
    schema: String,
    definition: String,
    tablespace: Option<String>,
    comment: Option<String>,
    constraint: Option<String>,
    constraint_kind: Option<String>,
    constraint_definition: Option<String>,
    constraint_comment: Option<String>,
    is_deferrable: bool,
    is_deferred: bool,
    is_unique: bool,
    is_clustered: bool,
    is_identity: bool,
    /// Column numbers with their statistics targets.
    targets: Vec<(i32, i32)>,
}

#[derive(Deserialize)]
struct ConstraintRow {
    name: String,
    definition: String,
    comment: Option<String>,
}

#[derive(Deserialize)]
struct TriggerRow {
    name: String,
    state: String,
}

#[derive(Deserialize)]
struct SecurityRow {
    forced: bool,
}

/// Valid indexes that nothing else needs.
const INDEXES: &str = "\
SELECT c.relname AS name, n.nspname AS schema, pg_get_indexdef(c.oid) AS definition, s.spcname AS tablespace,
       obj_description(c.oid, 'pg_class') AS comment, k.conname AS \"constraint\", k.contype AS constraint_kind,
       pg_get_constraintdef(k.oid) AS constraint_definition, obj_description(k.oid, 'pg_constraint') AS constraint_comment,
       coalesce(k.condeferrable, false) AS is_deferrable, coalesce(k.condeferred, false) AS is_deferred,
       i.indisunique AND NOT i.indisexclusion AS is_unique, i.indisclustered AS is_clustered,
       i.indisreplident AS is_identity,
       ARRAY(SELECT json_build_array(a.attnum, a.attstattarget) FROM pg_attribute a
         WHERE a.attrelid = c.oid AND a.attstattarget >= 0 ORDER BY a.attnum) AS targets
FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid JOIN pg_namespace n ON n.oid = c.relnamespace
LEFT JOIN pg_constraint k ON k.conindid = i.indexrelid AND k.conrelid = i.indrelid AND k.contype IN ('p', 'u', 'x')
LEFT JOIN pg_tablespace s ON s.oid = c.reltablespace
WHERE i.indrelid = $1 AND i.indisvalid AND i.indisready
  AND NOT EXISTS (SELECT FROM pg_inherits h WHERE h.inhrelid = i.indexrelid)
  AND NOT EXISTS (SELECT FROM pg_depend d
    WHERE ((d.refclassid = 'pg_class'::regclass AND d.refobjid = i.indexrelid)
        OR (d.refclassid = 'pg_constraint'::regclass AND d.refobjid = k.oid))
      AND NOT (d.classid = 'pg_class'::regclass AND d.objid = i.indexrelid))
ORDER BY c.relname";

/// Constraints that some rows may break. They hold for new rows, so they must not exist during a load.
const NOT_VALID: &str = "\
SELECT k.conname AS name, pg_get_constraintdef(k.oid) AS definition, obj_description(k.oid, 'pg_constraint') AS comment
FROM pg_constraint k
WHERE k.conrelid = $1 AND k.contype IN ('c', 'n') AND NOT k.convalidated AND k.coninhcount = 0
  AND pg_get_constraintdef(k.oid) NOT LIKE '%NOT ENFORCED%'
  AND (k.connoinherit OR NOT EXISTS (SELECT FROM pg_inherits h WHERE h.inhparent = k.conrelid))
ORDER BY k.conname";

/// Triggers of users that fire in an ordinary session.
const TRIGGERS: &str = "\
SELECT tgname AS name, tgenabled AS state FROM pg_trigger
WHERE tgrelid = $1 AND NOT tgisinternal AND tgenabled IN ('O', 'A') ORDER BY tgname";

const SECURITY: &str = "SELECT relforcerowsecurity AS forced FROM pg_class WHERE oid = $1";

impl TableDefinition {
    /// Reads the parts of a table. Foreign keys are not among them. The search path must be empty, and the table locked.
    ///
    /// # Errors
    ///
    /// A query failed.
    pub async fn read(
        session: &mut PostgresSession,
        oid: u32,
        name: &TableName,
        deadline: &Deadline,
    ) -> Result<Self, Error> {
        let target = format!("the definition of table {name}");
        let table = quoted_table(name);
        let mut found = Self::default();
        for SecurityRow { forced } in rows(session, &target, SECURITY, &[&oid], deadline).await? {
            // Without this the owner sees no rows of its own table, or some of them.
            if forced {
                found.before_load.push(format!("ALTER TABLE ONLY {table} NO FORCE ROW LEVEL SECURITY"));
            }
            if forced {
                found.after_load.push(format!("ALTER TABLE ONLY {table} FORCE ROW LEVEL SECURITY"));
            }
        }
        for TriggerRow { name, state } in rows(session, &target, TRIGGERS, &[&oid], deadline).await? {
            let (name, always) = (quoted_name(&name), if state == "A" { "ALWAYS " } else { "" });
            found.before_load.push(format!("ALTER TABLE ONLY {table} DISABLE TRIGGER {name}"));
            found.after_load.push(format!("ALTER TABLE ONLY {table} ENABLE {always}TRIGGER {name}"));
        }
        let mut restored = Vec::new();
        for index in rows::<IndexRow>(session, &target, INDEXES, &[&oid], deadline).await? {
            found.before_load.push(index.drop_statement(&table));
            restored.extend(index.create_statements(&table));
        }
        for ConstraintRow { name, definition, comment } in rows(session, &target, NOT_VALID, &[&oid], deadline).await? {
            let name = quoted_name(&name);
            found.before_load.push(format!("ALTER TABLE ONLY {table} DROP CONSTRAINT {name}"));
            restored.push(format!("ALTER TABLE ONLY {table} ADD CONSTRAINT {name} {definition}"));
            restored.extend(comment.map(|text| constraint_comment(&table, &name, &text)));
        }
        // Indexes before triggers: functions of triggers may use them, and no row changes between the two.
        restored.append(&mut found.after_load);
        found.after_load = restored;
        Ok(found)
    }
}

impl IndexRow {
    fn drop_statement(&self, table: &str) -> String {
        match &self.constraint {
            Some(constraint) => format!("ALTER TABLE ONLY {table} DROP CONSTRAINT {}", quoted_name(constraint)),
            None => format!("DROP INDEX {}", self.quoted()),
        }
    }

    fn quoted(&self) -> String {
        format!("{}.{}", quoted_name(&self.schema), quoted_name(&self.name))
    }

    fn create_statements(&self, table: &str) -> Vec<String> {
        // The definitions of the server do not contain the tablespace.
        let tablespace = self.tablespace.as_deref().unwrap_or_default();
        let mut statements = vec![format!("SET LOCAL default_tablespace = {}", quoted_text(tablespace))];
        let name = quoted_name(&self.name);
        match (&self.constraint, self.constraint_kind.as_deref()) {
            (None, _) => statements.push(self.definition.clone()),
            // The definition of an index has its storage parameters, that of a constraint does not.
            (Some(constraint), Some(kind @ ("p" | "u"))) if self.is_unique => {
                statements.push(self.definition.clone());
                let kind = if kind == "p" { "PRIMARY KEY" } else { "UNIQUE" };
                let mut add = format!(
                    "ALTER TABLE ONLY {table} ADD CONSTRAINT {} {kind} USING INDEX {name}",
                    quoted_name(constraint)
                );
                if self.is_deferrable {
                    add.push_str(" DEFERRABLE");
                }
                if self.is_deferred {
                    add.push_str(" INITIALLY DEFERRED");
                }
                statements.push(add);
            }
            // An exclusion constraint, or a key with `WITHOUT OVERLAPS`.
            (Some(constraint), _) => {
                let definition = self.constraint_definition.as_deref().unwrap_or_default();
                let constraint = quoted_name(constraint);
                statements.push(format!("ALTER TABLE ONLY {table} ADD CONSTRAINT {constraint} {definition}"));
            }
        }
        for (column, target) in &self.targets {
            let index = self.quoted();
            statements.push(format!("ALTER INDEX {index} ALTER COLUMN {column} SET STATISTICS {target}"));
        }
        if self.is_clustered {
            statements.push(format!("ALTER TABLE ONLY {table} CLUSTER ON {name}"));
        }
        if self.is_identity {
            statements.push(format!("ALTER TABLE ONLY {table} REPLICA IDENTITY USING INDEX {name}"));
        }
        if let Some(text) = &self.comment {
            statements.push(format!("COMMENT ON INDEX {} IS {}", self.quoted(), quoted_text(text)));
        }
        if let (Some(constraint), Some(text)) = (&self.constraint, &self.constraint_comment) {
            statements.push(constraint_comment(table, &quoted_name(constraint), text));
        }
        statements
    }
}

/// Statement that sets the comment of a constraint. Both names are in quotes.
pub(crate) fn constraint_comment(table: &str, constraint: &str, text: &str) -> String {
    format!("COMMENT ON CONSTRAINT {constraint} ON {table} IS {}", quoted_text(text))
}
