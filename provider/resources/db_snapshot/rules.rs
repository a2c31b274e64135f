//! Policy and migrations of the configuration. No server is needed.

use std::collections::BTreeMap;

use eod_masking::{
    MaskingPolicy, MigrationScope, RoutineTexts, SqlFile, UncoveredColumn, parse_masking_policy, touched_tables,
    uncovered_columns,
};
use tfplugin::{Attr, Config, Diag, Diags, EMPTY_STRING_HINT};

use super::model::{Input, ScopeArgs};

/// Maximum number of mistakes that one diagnostic lists.
const LISTED: usize = 20;

/// Mistakes in policy and migrations, as far as they are known.
pub(super) fn mistakes(config: Config<'_, Input>) -> Diags {
    let (policy, migrations) = (config.get(Input::MASKING_POLICY), config.get(Input::MIGRATIONS));
    let Attr::Known(text) = policy else { return Diags::new() };
    let policy = match policy_of(&text) {
        Ok(policy) => policy,
        Err(diag) => return diag.into(),
    };
    let Attr::Known(migrations) = migrations else { return Diags::new() };
    let uncovered = uncovered_columns(&policy, &scope_of(&migrations));
    if uncovered.is_empty() { Diags::new() } else { uncovered_error(&uncovered).into() }
}

/// The parsed policy.
///
/// # Errors
/// All mistakes, each with its line.
pub(super) fn policy_of(text: &str) -> Result<MaskingPolicy, Diag> {
    parse_masking_policy(text.as_bytes()).map_err(|mistakes| {
        let lines: Vec<_> = mistakes.as_slice().iter().map(|mistake| format!("- {mistake}.")).collect();
        let diag = Diag::error("Invalid masking_policy").detail(listed(&lines)).at(Input::MASKING_POLICY);
        if text.trim().is_empty() {
            diag.hint(EMPTY_STRING_HINT)
        } else {
            diag.hint("correct the policy; `eod mask check` checks it against a database")
        }
    })
}

/// Tables that migrations touch, in the order of the names of their files.
pub(super) fn scope_of(migrations: &BTreeMap<String, String>) -> MigrationScope {
    let files: Vec<_> = migrations.iter().map(|(name, text)| SqlFile { name, content: text.as_bytes() }).collect();
    touched_tables(&files, &RoutineTexts::default())
}

/// Columns that the migrations add, by table.
pub(super) fn new_columns(migrations: &BTreeMap<String, String>) -> Vec<ScopeArgs> {
    let mut columns: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for added in scope_of(migrations).added_columns {
        let entry = columns.entry(added.table.to_string()).or_default();
        if !entry.contains(&added.column) {
            entry.push(added.column);
        }
    }
    let scope = |(table, columns)| ScopeArgs { table, reason: "new_column".to_owned(), rows: 0, columns };
    columns.into_iter().map(scope).collect()
}

/// The error about columns without a rule, with the rules to add.
fn uncovered_error(uncovered: &[UncoveredColumn]) -> Diag {
    let lines: Vec<_> = uncovered
        .iter()
        .map(|UncoveredColumn { name, type_name, place, rule: _ }| {
            format!("- {place} adds `{name}` of type `{type_name}`.")
        })
        .collect();
    let mut tables: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for column in uncovered {
        let line = format!("    {}: {}", column.name.name, column.rule);
        tables.entry(column.name.table.to_string()).or_default().push(line);
    }
    let rules: Vec<_> = tables.into_iter().map(|(table, lines)| format!("  {table}:\n{}", lines.join("\n"))).collect();
    let many =
        if uncovered.len() == 1 { "A new column has no masking rule" } else { "New columns have no masking rule" };
    Diag::error(many)
        .detail(format!(
            "{}\n\nWithout a rule the next golden database cannot be built, or would contain these values. Rules to add to the \
             policy below `tables`:\n\n{}",
            listed(&lines),
            listed(&rules)
        ))
        .hint("add these rules to the policy, or `keep` if a column never contains personal data")
        .at(Input::MIGRATIONS)
}

fn listed(lines: &[String]) -> String {
    let mut shown: Vec<_> = lines.iter().take(LISTED).cloned().collect();
    if lines.len() > LISTED {
        shown.push(format!("- And {} more.", lines.len() - LISTED));
    }
    shown.join("\n")
}

#[cfg(test)]
mod tests;
