//! Reader of the catalogue: tables, columns, foreign keys, sequences and materialized views.

use std::collections::{BTreeMap, BTreeSet};

use eod_clients::{Deadline, Error, postgres::PostgresSession};
use eod_masking::{Catalogue, CatalogueColumn, CatalogueForeignKey, ColumnEquality, ColumnName, TableName};
use serde::Deserialize;

use crate::{
    sql::{SESSION, rows, run},
    value::ValueCodec,
};

/// The parts of a database that are copied.
#[derive(Clone, Debug, Default)]
pub struct DatabaseCatalogue {
    /// Tables with rows, the largest first.
    pub tables: Vec<DatabaseTable>,
    /// Foreign keys, without those that a partition has from its parent.
    pub foreign_keys: Vec<DatabaseForeignKey>,
    /// Parents of partitions and of tables that inherit.
    pub parents: BTreeMap<TableName, Vec<TableName>>,
}

/// A table with rows: an ordinary table, or a partition without partitions.
#[derive(Clone, Debug, Deserialize)]
pub struct DatabaseTable {
    /// Object id.
    pub oid: u32,
    /// Schema.
    schema: String,
    /// Name in the schema.
    table: String,
    /// Role that owns the table.
    pub owner: String,
    /// Size in bytes without indexes, as far as statistics know.
    pub bytes: i64,
    /// Columns in their order.
    #[serde(skip)]
    pub columns: Vec<DatabaseColumn>,
}

/// A column.
#[derive(Clone, Debug, Deserialize)]
pub struct DatabaseColumn {
    table: u32,
    /// Name.
    pub name: String,
    /// Type as SQL writes it.
    pub type_name: String,
    base: u32,
    category: char,
    is_citext: bool,
    modifier: i32,
    /// Number of array types around the base type.
    arrays: i32,
    base_name: String,
    /// Base type as SQL writes it, with its modifier.
    base_type: String,
    collation_is_deterministic: Option<bool>,
    not_null: bool,
    unique: bool,
    /// True for `GENERATED ALWAYS AS (...)`. The database computes the column.
    pub generated: bool,
}

/// A foreign key.
#[derive(Clone, Debug, Deserialize)]
pub struct DatabaseForeignKey {
    /// Name.
    pub name: String,
    schema: String,
    table: String,
    columns: Vec<String>,
    referenced_schema: String,
    referenced_table: String,
    referenced_columns: Vec<String>,
    /// Role that owns the table.
    pub owner: String,
    /// Definition, as `ALTER TABLE ... ADD CONSTRAINT` writes it.
    pub definition: String,
    /// Comment.
    pub comment: Option<String>,
    /// True if all rows are known to match.
    pub validated: bool,
    /// True if the table is partitioned.
    pub is_partitioned: bool,
}

#[derive(Deserialize)]
struct ParentRow {
    schema: String,
    table: String,
    parent_schema: String,
    parent: String,
}

/// Condition for schemas of users.
const USER_SCHEMA: &str = "n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'";

/// Tables with rows. Those of extensions have data that belongs to the extension.
const TABLES: &str = "\
SELECT c.oid::bigint AS oid, n.nspname AS schema, c.relname AS \"table\", pg_get_userbyid(c.relowner) AS owner,
       pg_table_size(c.oid) AS bytes
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE c.relkind = 'r' AND c.relpersistence <> 't' AND {user_schema}
  AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.classid = 'pg_class'::regclass AND d.objid = c.oid AND d.deptype = 'e')
ORDER BY bytes DESC, schema, \"table\"";

/// Columns of these tables with their base types: without domains and arrays.
const COLUMNS: &str = "\
WITH RECURSIVE base AS (
  SELECT a.attrelid, a.attnum, a.atttypid AS type, a.atttypmod AS modifier, 0 AS arrays, 0 AS depth
  FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid JOIN pg_namespace n ON n.oid = c.relnamespace
  WHERE c.relkind = 'r' AND {user_schema} AND a.attnum > 0 AND NOT a.attisdropped
  UNION ALL
  SELECT b.attrelid, b.attnum, CASE t.typtype WHEN 'd' THEN t.typbasetype ELSE t.typelem END,
         CASE WHEN t.typtype = 'd' AND t.typtypmod >= 0 THEN t.typtypmod ELSE b.modifier END,
         b.arrays + CASE t.typtype WHEN 'd' THEN 0 ELSE 1 END, b.depth + 1
  FROM base b JOIN pg_type t ON t.oid = b.type
  WHERE t.typtype = 'd' OR (t.typcategory = 'A' AND t.typlen = -1 AND t.typelem <> 0)
)
SELECT DISTINCT ON (b.attrelid, b.attnum)
       b.attrelid::bigint AS \"table\", a.attname AS name, format_type(a.atttypid, a.atttypmod) AS type_name,
       t.oid::bigint AS base, t.typname AS base_name,
       format_type(t.oid, b.modifier) AS base_type, t.typcategory AS category,
       t.typname = 'citext' AND EXISTS (SELECT FROM pg_depend d JOIN pg_extension e ON e.oid = d.refobjid
         WHERE d.classid = 'pg_type'::regclass AND d.objid = t.oid AND d.deptype = 'e' AND e.extname = 'citext')
         AS is_citext,
       b.modifier, b.arrays, l.collisdeterministic AS collation_is_deterministic, a.attnotnull AS not_null,
       a.attgenerated <> '' AS generated,
       EXISTS (SELECT FROM pg_index i WHERE i.indrelid = a.attrelid AND (i.indisunique OR i.indisexclusion)
         AND (a.attnum = ANY ((i.indkey::smallint[])[0:i.indnkeyatts - 1])
           OR (i.indexprs IS NOT NULL AND EXISTS (SELECT FROM pg_depend d WHERE d.classid = 'pg_class'::regclass
             AND d.objid = i.indexrelid AND d.refobjid = i.indrelid AND d.refobjsubid = a.attnum)))) AS \"unique\"
FROM base b JOIN pg_type t ON t.oid = b.type
JOIN pg_attribute a ON a.attrelid = b.attrelid AND a.attnum = b.attnum
LEFT JOIN pg_collation l ON l.oid = a.attcollation
ORDER BY b.attrelid, b.attnum, b.depth DESC";

/// Foreign keys. Keys that a partition has from its parent come and go with those of the parent.
const FOREIGN_KEYS: &str = "\
SELECT k.conname AS name, n.nspname AS schema, c.relname AS \"table\", rn.nspname AS referenced_schema,
       r.relname AS referenced_table, pg_get_userbyid(c.relowner) AS owner,
       ARRAY(SELECT a.attname FROM unnest(k.conkey) WITH ORDINALITY o(attnum, place)
         JOIN pg_attribute a ON a.attrelid = k.conrelid AND a.attnum = o.attnum ORDER BY o.place) AS columns,
       ARRAY(SELECT a.attname FROM unnest(k.confkey) WITH ORDINALITY o(attnum, place)
         JOIN pg_attribute a ON a.attrelid = k.confrelid AND a.attnum = o.attnum ORDER BY o.place) AS referenced_columns,
       pg_get_constraintdef(k.oid) AS definition, obj_description(k.oid, 'pg_constraint') AS comment,
       k.convalidated AS validated, c.relkind = 'p' AS is_partitioned
FROM pg_constraint k JOIN pg_class c ON c.oid = k.conrelid JOIN pg_namespace n ON n.oid = c.relnamespace
JOIN pg_class r ON r.oid = k.confrelid JOIN pg_namespace rn ON rn.oid = r.relnamespace
WHERE k.contype = 'f' AND k.conparentid = 0
ORDER BY schema, \"table\", name";

const PARENTS: &str = "\
SELECT n.nspname AS schema, c.relname AS \"table\", pn.nspname AS parent_schema, p.relname AS parent
FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid JOIN pg_namespace n ON n.oid = c.relnamespace
JOIN pg_class p ON p.oid = i.inhparent JOIN pg_namespace pn ON pn.oid = p.relnamespace
WHERE c.relkind IN ('r', 'p') AND p.relkind IN ('r', 'p')
ORDER BY schema, \"table\", i.inhseqno";

impl DatabaseCatalogue {
    /// Reads the catalogue. All names in definitions have their schema, because the search path is empty afterwards.
    ///
    /// # Errors
    ///
    /// A query failed.
    pub async fn read(session: &mut PostgresSession, deadline: &Deadline) -> Result<Self, Error> {
        let target = "the catalogue of the database";
        run(session, "prepare", "the session", SESSION, deadline).await?;
        let query = |query: &str| query.replace("{user_schema}", USER_SCHEMA);
        let mut tables: Vec<DatabaseTable> = rows(session, target, &query(TABLES), &[], deadline).await?;
        let columns: Vec<DatabaseColumn> = rows(session, target, &query(COLUMNS), &[], deadline).await?;
        let foreign_keys = rows(session, target, FOREIGN_KEYS, &[], deadline).await?;
        let found: Vec<ParentRow> = rows(session, target, PARENTS, &[], deadline).await?;
        let mut by_table: BTreeMap<u32, Vec<DatabaseColumn>> = BTreeMap::new();
        for column in columns {
            by_table.entry(column.table).or_default().push(column);
        }
        for table in &mut tables {
            table.columns = by_table.remove(&table.oid).unwrap_or_default();
        }
        let mut parents: BTreeMap<TableName, Vec<TableName>> = BTreeMap::new();
        for ParentRow { schema, table, parent_schema, parent } in found {
            parents.entry(TableName::new(schema, table)).or_default().push(TableName::new(parent_schema, parent));
        }
        Ok(Self { tables, foreign_keys, parents })
    }

    /// The parts that a policy decides about.
    pub fn masking_catalogue(&self) -> Catalogue {
        let columns = self.tables.iter().flat_map(|table| {
            let name = table.name();
            table.columns.iter().map(move |column| column.described(&name)).collect::<Vec<_>>()
        });
        let mut foreign_keys = Vec::new();
        for key in &self.foreign_keys {
            // Only leaves have rows.
            for table in self.leaves(&key.table()) {
                for referenced_table in self.leaves(&key.referenced_table()) {
                    foreign_keys.push(CatalogueForeignKey {
                        name: key.name.clone(),
                        table: table.clone(),
                        columns: key.columns.clone(),
                        referenced_table,
                        referenced_columns: key.referenced_columns.clone(),
                    });
                }
            }
        }
        // A table that inherits from several tables has the rule of the first one.
        let first = |(table, parents): (&TableName, &Vec<TableName>)| Some((table.clone(), parents.first()?.clone()));
        Catalogue { columns: columns.collect(), foreign_keys, parents: self.parents.iter().filter_map(first).collect() }
    }

    /// The table with all tables that it is a part of.
    pub(crate) fn ancestors(&self, table: &TableName) -> BTreeSet<TableName> {
        let (mut found, mut next) = (BTreeSet::new(), vec![table.clone()]);
        while let Some(table) = next.pop() {
            next.extend(self.parents.get(&table).into_iter().flatten().cloned());
            found.insert(table);
        }
        found
    }

    /// Tables with rows below a partitioned table; the table itself if it has rows.
    fn leaves(&self, table: &TableName) -> Vec<TableName> {
        if self.tables.iter().any(|known| known.is(table)) {
            return vec![table.clone()];
        }
        let tables = self.tables.iter().map(DatabaseTable::name);
        tables.filter(|leaf| self.ancestors(leaf).contains(table)).collect()
    }
}

impl DatabaseTable {
    /// Name with its schema.
    pub fn name(&self) -> TableName {
        TableName::new(&self.schema, &self.table)
    }

    fn is(&self, name: &TableName) -> bool {
        self.schema == name.schema && self.table == name.name
    }

    /// Columns that are copied: all except for generated ones.
    pub fn stored_columns(&self) -> impl Iterator<Item = &DatabaseColumn> {
        self.columns.iter().filter(|column| !column.generated)
    }
}

impl DatabaseForeignKey {
    /// Table with the constraint.
    pub fn table(&self) -> TableName {
        TableName::new(&self.schema, &self.table)
    }

    /// Table that is referenced.
    pub fn referenced_table(&self) -> TableName {
        TableName::new(&self.referenced_schema, &self.referenced_table)
    }
}

impl DatabaseColumn {
    /// Codec of the values, or of the items of an array.
    pub fn codec(&self) -> ValueCodec {
        // An array of a domain over arrays has arrays as items.
        if self.arrays > 1 {
            return ValueCodec::Other;
        }
        ValueCodec::of_type(self.base, self.category, self.is_citext)
    }

    /// Type of the values, or of the items of an array, as SQL writes it.
    pub(crate) fn item_type(&self) -> &str {
        &self.base_type
    }

    /// True if the values are arrays.
    pub fn is_array(&self) -> bool {
        self.arrays > 0
    }

    /// Class of the values, or of the items of an array.
    pub fn class(&self) -> eod_masking::TypeClass {
        // The modifier of numeric is 4 more than precision and scale; a negative scale has no decimal places either.
        let scale = (self.modifier - 4) & 0x7ff;
        let has_decimal_places = self.modifier < 4 || (scale != 0 && scale < 1024);
        self.codec().class(has_decimal_places)
    }

    /// The column for the decisions of a policy.
    fn described(&self, table: &TableName) -> CatalogueColumn {
        let is_limited = matches!(self.base_name.as_str(), "varchar" | "bpchar");
        let equality = match self.base_name.as_str() {
            _ if self.is_citext => ColumnEquality::IgnoreCase,
            "bpchar" => ColumnEquality::TrimEnd,
            _ if self.collation_is_deterministic == Some(false) => ColumnEquality::Collation,
            _ => ColumnEquality::Exact,
        };
        CatalogueColumn {
            name: ColumnName::new(table.clone(), &self.name),
            type_name: self.type_name.clone(),
            class: self.class(),
            limit: u32::try_from(self.modifier - 4).ok().filter(|_| is_limited && self.modifier >= 4),
            equality,
            not_null: self.not_null,
            unique: self.unique,
            generated: self.generated,
        }
    }
}
