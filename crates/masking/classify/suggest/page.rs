//! Text of a suggested policy file.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use super::{SuggestedColumn, SuggestedDomain, SuggestionReason};
use crate::{
    catalogue::{Catalogue, ColumnName},
    function::MaskFunction,
};

/// First lines of the file.
const HEAD: &str = "\
# Masking policy, suggested from names, types and samples of the database. Review every rule: a suggestion can be wrong.
# `eod mask check --policy FILE --source DSN` finds columns without a rule, also those of later migrations.
version: 1
defaults:
  unclassified: refuse
  json_strings: mask
  large_objects: drop
";

/// Words that YAML reads as something else than a string.
const YAML_WORDS: [&str; 9] = ["null", "true", "false", "yes", "no", "on", "off", "y", "n"];

/// A function as the policy writes it.
pub(super) fn function(function: &MaskFunction, fold: bool) -> String {
    let mut text = format!("{{ kind: {}", function.kind());
    match function {
        MaskFunction::Constant(value) => {
            let _ = write!(text, ", value: {}", quoted(value));
        }
        MaskFunction::Round { to } => {
            let _ = write!(text, ", to: {to}");
        }
        _ => {}
    }
    if fold {
        text.push_str(", fold: lower");
    }
    text + " }"
}

/// Rule of a column in a domain.
pub(super) fn domain(name: &str) -> String {
    format!("{{ domain: {} }}", key(name))
}

/// The whole file.
pub(super) fn text(
    catalogue: &Catalogue,
    domains: &[SuggestedDomain<'_>],
    columns: &[SuggestedColumn],
    roles: &[String],
) -> String {
    let mut text = HEAD.to_owned();
    if !roles.is_empty() {
        let roles: Vec<String> = roles.iter().map(|role| key(role)).collect();
        let _ = writeln!(text, "roles: [{}]", roles.join(", "));
    }
    if !domains.is_empty() {
        text.push_str("domains:\n");
        for domain in domains {
            let _ = writeln!(text, "  {}: {}", key(&domain.name), function(&domain.function, domain.fold));
        }
    }
    text.push_str(if columns.is_empty() { "tables: {}\n" } else { "tables:\n" });
    // Columns have the order of their tables.
    let places: BTreeMap<ColumnName, usize> =
        catalogue.columns.iter().enumerate().map(|(at, column)| (super::rooted(catalogue, &column.name), at)).collect();
    for columns in columns.chunk_by(|one, other| one.name.table == other.name.table) {
        let mut columns: Vec<&SuggestedColumn> = columns.iter().collect();
        columns.sort_by_key(|column| places.get(&column.name));
        table(&mut text, &columns);
    }
    text
}

fn table(text: &mut String, columns: &[&SuggestedColumn]) {
    let Some(first) = columns.first() else { return };
    let is_decided = columns.iter().any(|column| column.rule.is_some());
    // A table without any rule is a comment as a whole: an empty map would be a mistake.
    let _ = writeln!(text, "  {}{}:", if is_decided { "" } else { "# " }, key(&first.name.table.to_string()));
    for SuggestedColumn { name, rule, reason } in columns {
        let column = key(&name.name);
        let _ = match (rule, reason) {
            (Some(rule), SuggestionReason::Plain) => writeln!(text, "    {column}: {rule}"),
            (Some(rule), reason) => writeln!(text, "    {column}: {rule}  # {reason}"),
            (None, reason) => writeln!(text, "    # {column}: keep  # {reason}"),
        };
    }
}

/// Key or string of the file, in quotes if YAML requires them.
fn key(text: &str) -> String {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '.' | '$');
    let has_begin = text.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_');
    let is_word = YAML_WORDS.iter().any(|word| text.eq_ignore_ascii_case(word));
    if has_begin && !is_word && text.chars().all(is_plain) { text.to_owned() } else { quoted(text) }
}

/// Text in double quotes with the escapes of JSON, which YAML also has.
fn quoted(text: &str) -> String {
    serde_json::to_string(text).unwrap_or_default()
}
