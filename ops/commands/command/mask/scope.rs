//! `eod mask scope`: the tables that migrations touch.

use std::fs;
use std::io::Read as _;
use std::path::Path;

use eod_masking::{MigrationScope, RoutineTexts, SqlFile, touched_tables};
use serde_json::{Value, json};

use super::MaskContext;
use crate::arguments::{MaskScopeArguments, OutputFormat};
use crate::failure::{Failure, Outcome};
use crate::output::print;
use crate::table::{TextTable, printable};

/// File name of stdin.
const STDIN: &str = "-";

/// Runs the command.
pub(super) fn run(context: &MaskContext, arguments: &MaskScopeArguments) -> Result<Outcome, Failure> {
    let files = contents(&arguments.files)?;
    let files: Vec<_> = files.iter().map(|(name, content)| SqlFile { name, content }).collect();
    let scope = touched_tables(&files, &RoutineTexts::new());
    match context.output {
        OutputFormat::Json => context.print_document(document(&scope))?,
        OutputFormat::Table => print(&text(&scope))?,
    }
    Ok(Outcome::Done)
}

/// All files with their names. Every file that cannot be read is reported.
fn contents(files: &[std::path::PathBuf]) -> Result<Vec<(String, Vec<u8>)>, Failure> {
    let (mut found, mut problems) = (Vec::new(), Vec::new());
    for file in files {
        match content(file) {
            Ok(content) => found.push((file.display().to_string(), content)),
            Err(error) => problems.push(format!("cannot read {}: {error}", file.display())),
        }
    }
    if problems.is_empty() { Ok(found) } else { Err(Failure::usage(problems.join("\n"))) }
}

fn content(file: &Path) -> std::io::Result<Vec<u8>> {
    if file.as_os_str() != STDIN {
        return fs::read(file);
    }
    let mut content = Vec::new();
    std::io::stdin().lock().read_to_end(&mut content)?;
    Ok(content)
}

/// Fields of the JSON document.
fn document(scope: &MigrationScope) -> Value {
    let MigrationScope { tables, created, sequences, added_columns, renamed, all_tables } = scope;
    let tables: Vec<_> = tables
        .iter()
        .map(|(name, place)| {
            let is_created = created.contains(name);
            json!({ "table": name.to_string(), "file": place.file, "line": place.line, "created": is_created })
        })
        .collect();
    let sequences: Vec<_> = sequences
        .iter()
        .map(|(name, place)| json!({ "sequence": name.to_string(), "file": place.file, "line": place.line }))
        .collect();
    let added: Vec<_> = added_columns
        .iter()
        .map(|added| {
            json!({
                "table": added.table.to_string(), "column": added.column, "type": added.type_name,
                "file": added.place.file, "line": added.place.line,
            })
        })
        .collect();
    let renamed: Vec<_> = renamed
        .iter()
        .map(|renamed| {
            json!({
                "from": renamed.from.to_string(), "to": renamed.to.to_string(),
                "file": renamed.place.file, "line": renamed.place.line,
            })
        })
        .collect();
    let reasons: Vec<_> = all_tables
        .iter()
        .map(|widening| {
            json!({
                "file": widening.place.file, "line": widening.place.line, "reason": widening.reason.to_string(),
                "statement": widening.statement,
            })
        })
        .collect();
    json!({
        "tables": tables, "sequences": sequences, "added_columns": added, "renamed_tables": renamed,
        "all_tables": !reasons.is_empty(), "reasons": reasons,
    })
}

/// Text for people: the tables, then the added columns, then the reasons to touch all tables.
fn text(scope: &MigrationScope) -> String {
    let mut text = String::new();
    if scope.tables.is_empty() && scope.all_tables.is_empty() {
        return "no table is touched\n".to_owned();
    }
    if !scope.tables.is_empty() {
        let mut table = TextTable::new(&["TABLE", "FIRST USE", "DETAIL"]);
        for (name, place) in &scope.tables {
            let renamed = scope.renamed.iter().find(|renamed| renamed.from == *name);
            let detail = match renamed {
                Some(renamed) => format!("renamed to {}", renamed.to),
                None if scope.created.contains(name) => "created".to_owned(),
                None => String::new(),
            };
            table.row(vec![name.to_string(), format!("{}:{}", place.file, place.line), detail]);
        }
        text.push_str(&table.text());
    }
    if !scope.added_columns.is_empty() {
        let mut table = TextTable::new(&["ADDED COLUMN", "TYPE", "PLACE"]);
        for added in &scope.added_columns {
            let place = format!("{}:{}", added.place.file, added.place.line);
            table.row(vec![format!("{}.{}", added.table, added.column), added.type_name.clone(), place]);
        }
        text.push_str(&format!("\n{}", table.text()));
    }
    if !scope.all_tables.is_empty() {
        let begin = if text.is_empty() { "" } else { "\n" };
        text.push_str(&format!(
            "{begin}all tables are touched, because the effect of these statements is not known:\n"
        ));
        for widening in &scope.all_tables {
            text.push_str(&format!("  {}\n", printable(&widening.to_string())));
        }
    }
    text
}

#[cfg(test)]
mod tests;
