//! Functions of PostgreSQL and of its usual extensions, which touch no table by themselves.
//!
//! The list leaves out functions that run SQL which they get as a text.

use std::collections::BTreeSet;
use std::sync::LazyLock;

use super::SqlName;

static NAMES: LazyLock<BTreeSet<&'static str>> = LazyLock::new(|| include_str!("builtin.txt").lines().collect());

/// True for a function that touches no table.
pub(super) fn is_builtin(name: &SqlName) -> bool {
    name.schema.as_deref().is_none_or(|schema| schema == "pg_catalog") && NAMES.contains(name.name.as_str())
}

/// True for a function that runs SQL which it gets as a text, or reads a table that it gets as a name.
pub(super) fn runs_sql(name: &str) -> bool {
    name.contains("_to_xml")
        || name.starts_with("dblink")
        || name.starts_with("crosstab")
        || matches!(name, "ts_stat" | "ts_rewrite" | "connectby" | "xpath_table")
}

#[cfg(test)]
mod tests;
