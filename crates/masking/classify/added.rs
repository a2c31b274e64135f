//! Columns that migrations add and that no rule of a policy covers. No database is needed.

use super::personal::needs_rule;
use super::suggested_rule;
use crate::{
    catalogue::{CatalogueColumn, ColumnEquality, ColumnName},
    function::TypeClass,
    policy::{MaskingPolicy, TableRule, Unclassified},
    scope::{AddedColumn, MigrationScope, SqlName},
    table_name::TableName,
};

/// Schema of tables without one.
const DEFAULT_SCHEMA: &str = "public";
/// First words of the type of a renamed column in [`AddedColumn::type_name`].
const RENAMED: &str = "renamed from ";

/// Column that needs a rule and has none.
#[derive(Clone, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub struct UncoveredColumn {
    /// Column, with the table as a policy writes it.
    pub name: ColumnName,
    /// Type as the migration writes it.
    pub type_name: String,
    /// Position in the migration, `<file>:<line>`.
    pub place: String,
    /// Rule to add, as a policy writes it.
    pub rule: String,
}

/// Columns that these migrations add and that need a rule which the policy does not have.
pub fn uncovered_columns(policy: &MaskingPolicy, migrations: &MigrationScope) -> Vec<UncoveredColumn> {
    if policy.unclassified == Unclassified::Mask {
        return Vec::new();
    }
    let mut found: Vec<_> = migrations
        .added_columns
        .iter()
        .flat_map(|added| {
            let tables = tables(policy, migrations, &added.table).into_iter();
            tables.filter_map(|table| uncovered(policy, table, added))
        })
        .collect();
    found.sort();
    found.dedup_by(|one, other| one.name == other.name);
    found
}

/// Tables of the policy that a name in a migration can mean. A name that the policy does not have means itself.
fn tables(policy: &MaskingPolicy, migrations: &MigrationScope, name: &SqlName) -> Vec<TableName> {
    let of_policy = |name: &SqlName| -> Vec<TableName> {
        let full = |table: &TableName| SqlName { schema: Some(table.schema.clone()), name: table.name.clone() };
        policy.tables.keys().filter(|table| full(table).can_be(name)).cloned().collect()
    };
    let direct = of_policy(name);
    if !direct.is_empty() {
        return direct;
    }
    let renamed = migrations.renamed.iter().filter(|renamed| renamed.to.can_be(name));
    let before: Vec<_> = renamed.flat_map(|renamed| of_policy(&renamed.from)).collect();
    if !before.is_empty() {
        return before;
    }
    let schema = name.schema.clone().unwrap_or_else(|| DEFAULT_SCHEMA.to_owned());
    vec![TableName::new(schema, &name.name)]
}

fn uncovered(policy: &MaskingPolicy, table: TableName, added: &AddedColumn) -> Option<UncoveredColumn> {
    let rules = match policy.table(&table) {
        Some(TableRule::Keep | TableRule::Empty) => return None,
        Some(TableRule::Columns(rules)) => Some(rules),
        None => None,
    };
    if rules.is_some_and(|rules| rules.contains_key(&added.column)) {
        return None;
    }
    let class = match added.type_name.strip_prefix(RENAMED) {
        // A column without a rule has a type without text, else the policy would have been refused.
        Some(old) if rules.is_some_and(|rules| rules.contains_key(old.trim().trim_matches('"'))) => TypeClass::Text,
        Some(_) => TypeClass::Scalar,
        None => class_of(&added.type_name),
    };
    let column = CatalogueColumn {
        name: ColumnName::new(table, &added.column),
        type_name: added.type_name.clone(),
        class,
        limit: None,
        equality: ColumnEquality::default(),
        not_null: false,
        unique: false,
        generated: false,
    };
    let place = format!("{}:{}", added.place.file, added.place.line);
    needs_rule(&column).then(|| UncoveredColumn {
        rule: suggested_rule(&column),
        name: column.name,
        type_name: column.type_name,
        place,
    })
}

/// Class of a type as SQL writes it. A type that the server does not bring along can hold text.
fn class_of(type_name: &str) -> TypeClass {
    let lower = type_name.to_lowercase().replace('"', "");
    let item = lower.split('[').next().unwrap_or_default();
    let item = item.trim().trim_end_matches(" array").trim_start_matches("pg_catalog.");
    // Precision and length, which can be followed by `with time zone`.
    let (before, after) = item.split_once('(').unwrap_or((item, ""));
    let after = after.split_once(')').map_or("", |(_, after)| after);
    let words: Vec<_> = before.split_whitespace().chain(after.split_whitespace()).collect();
    match words.as_slice() {
        ["text" | "varchar" | "char" | "character" | "bpchar" | "citext" | "name" | "nchar", ..] | ["national", ..] => {
            TypeClass::Text
        }
        [
            "smallint" | "int2" | "integer" | "int" | "int4" | "bigint" | "int8" | "smallserial" | "serial" | "serial2"
            | "serial4" | "serial8" | "bigserial",
        ] => TypeClass::Integer,
        ["numeric" | "decimal" | "dec" | "money"] => TypeClass::Numeric,
        ["real" | "float" | "float4" | "float8"] | ["double", "precision"] => TypeClass::Float,
        ["boolean" | "bool"] => TypeClass::Boolean,
        ["date"] => TypeClass::Date,
        ["timestamp" | "timestamptz", ..] => TypeClass::Timestamp,
        ["uuid"] => TypeClass::Uuid,
        ["inet" | "cidr"] => TypeClass::Inet,
        ["macaddr" | "macaddr8"] => TypeClass::Mac,
        ["json" | "jsonb"] => TypeClass::Json,
        ["xml"] => TypeClass::Xml,
        ["bytea"] => TypeClass::Bytes,
        [
            "time" | "timetz" | "interval" | "bit" | "varbit" | "point" | "line" | "lseg" | "box" | "path" | "polygon"
            | "circle" | "int4range" | "int8range" | "numrange" | "daterange" | "tsrange" | "tstzrange" | "oid",
            ..,
        ] => TypeClass::Scalar,
        _ => TypeClass::Other,
    }
}

#[cfg(test)]
mod tests;
