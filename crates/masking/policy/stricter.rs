//! Comparison of two policies: columns that one keeps and the other masks. No database is needed.

use std::collections::BTreeSet;

use super::{ColumnRule, JsonStrings, LargeObjects, LeafRule, MaskingPolicy, TableRule};
use crate::{
    catalogue::ColumnName,
    scope::{MigrationScope, SqlName},
    table_name::TableName,
};

/// Parts of a database that `after` masks or removes and `before` keeps, as a policy writes them: `<table>.<column>`, a table,
/// `<schema>.*` or `large_objects`. Columns and tables that the migrations add are not listed, because their rows do not come
/// from a golden database. A column that both mask is not listed, whatever the functions are.
pub fn stricter_parts(before: &MaskingPolicy, after: &MaskingPolicy, migrations: &MigrationScope) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    if before.large_objects == LargeObjects::Keep && after.large_objects == LargeObjects::Drop {
        found.insert("large_objects".to_owned());
    }
    let tables: BTreeSet<&TableName> = before.tables.keys().chain(after.tables.keys()).collect();
    for table in tables.into_iter().filter(|table| !is_created(migrations, table)) {
        of_table(table, (before, after), migrations, &mut found);
    }
    let is_empty = |policy: &MaskingPolicy, schema: &String| policy.schemas.get(schema) == Some(&TableRule::Empty);
    found.extend(after.schemas.keys().filter(|schema| is_empty(after, schema) && !is_empty(before, schema)).map(
        |schema| {
            let mut pattern = schema.clone();
            pattern.push_str(".*");
            pattern
        },
    ));
    found
}

fn of_table(
    table: &TableName,
    (before, after): (&MaskingPolicy, &MaskingPolicy),
    migrations: &MigrationScope,
    found: &mut BTreeSet<String>,
) {
    let old = before.table(table);
    if old == Some(&TableRule::Empty) {
        return;
    }
    let rules = match after.table(table) {
        None | Some(TableRule::Keep) => return,
        Some(TableRule::Empty) => {
            found.insert(table.to_string());
            return;
        }
        Some(TableRule::Columns(rules)) => rules,
    };
    for (column, (rule, _)) in rules {
        let old = match old {
            Some(TableRule::Columns(rules)) => rules.get(column).map(|(rule, _)| rule),
            _ => None,
        };
        let name = ColumnName::new(table.clone(), column);
        if is_stricter((old, before.json_strings), (rule, after.json_strings)) && !is_added(migrations, &name) {
            found.insert(name.to_string());
        }
    }
}

/// True if the second rule masks a value that the first one keeps.
fn is_stricter(
    (old, old_strings): (Option<&ColumnRule>, JsonStrings),
    (new, strings): (&ColumnRule, JsonStrings),
) -> bool {
    match (old, new) {
        (_, ColumnRule::Keep) => false,
        (None | Some(ColumnRule::Keep), _) => true,
        (Some(ColumnRule::Json(old)), ColumnRule::Json(new)) => {
            let masks_more_strings = old_strings == JsonStrings::Keep && strings == JsonStrings::Mask;
            let is_kept = |path| match old.iter().find(|(known, _)| known == path) {
                Some((_, rule)) => *rule == LeafRule::Keep,
                None => old_strings == JsonStrings::Keep,
            };
            masks_more_strings || new.iter().any(|(path, rule)| *rule != LeafRule::Keep && is_kept(path))
        }
        (Some(ColumnRule::Json(_)), _) => true,
        (Some(ColumnRule::Domain(_) | ColumnRule::Function { .. }), _) => false,
    }
}

fn is_created(migrations: &MigrationScope, table: &TableName) -> bool {
    let name = SqlName { schema: Some(table.schema.clone()), name: table.name.clone() };
    migrations.created.iter().any(|created| created.can_be(&name))
}

fn is_added(migrations: &MigrationScope, column: &ColumnName) -> bool {
    let table = SqlName { schema: Some(column.table.schema.clone()), name: column.table.name.clone() };
    migrations.added_columns.iter().any(|added| added.column == column.name && added.table.can_be(&table))
}

#[cfg(test)]
mod tests;
