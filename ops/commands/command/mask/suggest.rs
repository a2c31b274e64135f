//! `eod mask suggest`: a whole policy for a database.

use std::collections::BTreeMap;

use eod_clients::Error as ClientError;
use eod_clients::postgres::PostgresSession;
use eod_golden::{DatabaseCatalogue, DatabaseTable, rows, run as run_sql};
use eod_masking::{
    ColumnName, ColumnSamples, PolicySuggestion, SuggestionReason, TableName, TypeClass, suggest_policy,
};
use serde::Deserialize;
use serde_json::json;

use super::MaskContext;
use super::access::{required_source, statement_failure};
use super::bar::StatusLine;
use super::samples::{READ_ONLY, sample};
use crate::arguments::{MaskSuggestArguments, OutputFormat};
use crate::failure::{Failure, Outcome};
use crate::output::{note, print};

/// Maximum length of a value in a sample, in characters.
const LONGEST_VALUE: u32 = 4000;
/// Maximum number of partitions of a table that are sampled, the largest ones first.
const PARTITIONS: usize = 2;

/// Roles that own objects of the database or have grants in it, without superusers and PostgreSQL's own.
const ROLES: &str = "\
SELECT DISTINCT r.rolname AS name
FROM pg_catalog.pg_shdepend d JOIN pg_catalog.pg_roles r ON r.oid = d.refobjid
WHERE d.refclassid = 'pg_catalog.pg_authid'::pg_catalog.regclass
  AND d.dbid = (SELECT oid FROM pg_catalog.pg_database WHERE datname = pg_catalog.current_database())
  AND NOT r.rolsuper AND r.rolname !~ '^pg_'
ORDER BY name";

#[derive(Deserialize)]
struct GrantedRole {
    name: String,
}

/// Runs the command.
pub(super) async fn run(context: &MaskContext, arguments: &MaskSuggestArguments) -> Result<Outcome, Failure> {
    let source = required_source(context, &arguments.source).await?;
    let failed = |error: ClientError| statement_failure(&error);
    let mut session = source.connect(&context.deadline).await.map_err(failed)?;
    run_sql(&mut session, "prepare", "the session", READ_ONLY, &context.deadline).await.map_err(failed)?;
    let catalogue = DatabaseCatalogue::read(&mut session, &context.deadline).await.map_err(failed)?;
    let roles: Vec<GrantedRole> = rows(&mut session, "roles", ROLES, &[], &context.deadline).await.map_err(failed)?;
    let roles: Vec<String> = roles.into_iter().map(|role| role.name).collect();
    let (samples, unread) = if arguments.no_samples {
        (ColumnSamples::new(), Vec::new())
    } else {
        samples(context, &mut session, &catalogue).await?
    };
    let suggestion = suggest_policy(&catalogue.masking_catalogue(), &samples, &roles);
    session.close(&context.deadline).await.map_err(failed)?;
    let undecided = suggestion.columns.iter().filter(|column| column.rule.is_none()).count();
    match context.output {
        OutputFormat::Table => print(&suggestion.text)?,
        OutputFormat::Json => print_json(context, source.access().database(), &suggestion, &unread)?,
    }
    for (table, problem) in &unread {
        note(&format!("warning: table {table} was not sampled, its rules follow names and types only: {problem}"));
    }
    if undecided > 0 {
        note(&format!("warning: {undecided} columns have no rule, because no function gives values of their types"));
    }
    Ok(if undecided == 0 && unread.is_empty() { Outcome::Done } else { Outcome::Found })
}

/// Samples of all columns with texts, and the tables that cannot be read, each with the reason.
async fn samples(
    context: &MaskContext,
    session: &mut PostgresSession,
    catalogue: &DatabaseCatalogue,
) -> Result<(ColumnSamples, Vec<(TableName, String)>), Failure> {
    let (mut found, mut unread) = (ColumnSamples::new(), Vec::new());
    let mut sampled: BTreeMap<TableName, usize> = BTreeMap::new();
    let mut line = StatusLine::on_stderr();
    for (done, table) in catalogue.tables.iter().enumerate() {
        line.count("samples of tables", done, catalogue.tables.len());
        let name = table.name();
        let parent = catalogue.parents.get(&name).and_then(|parents| parents.first());
        let count = sampled.entry(parent.unwrap_or(&name).clone()).or_default();
        let columns = texts(table);
        if *count >= PARTITIONS || columns.is_empty() {
            continue;
        }
        *count += 1;
        match sample(session, table, &columns, LONGEST_VALUE, &context.deadline).await {
            Ok(rows) => {
                for row in rows {
                    for (column, value) in columns.iter().zip(row) {
                        let values = found.entry(ColumnName::new(name.clone(), *column)).or_default();
                        values.extend(value);
                    }
                }
            }
            Err(error) if context.deadline.is_cancelled() || session.is_closed() => {
                return Err(statement_failure(&error));
            }
            Err(error) => {
                let remedy = statement_failure(&error).remedy_text().map(|it| format!("; {it}")).unwrap_or_default();
                unread.push((name, format!("{}{remedy}", error.chain())));
            }
        }
    }
    Ok((found, unread))
}

/// Columns with texts that are no arrays.
fn texts(table: &DatabaseTable) -> Vec<&str> {
    let is_text = |column: &&eod_golden::DatabaseColumn| column.class() == TypeClass::Text && !column.is_array();
    table.stored_columns().filter(is_text).map(|column| column.name.as_str()).collect()
}

fn print_json(
    context: &MaskContext,
    database: &str,
    suggestion: &PolicySuggestion,
    unread: &[(TableName, String)],
) -> Result<(), Failure> {
    let columns: Vec<_> = suggestion
        .columns
        .iter()
        .map(|column| {
            let is_decided = column.reason != SuggestionReason::Undecided;
            json!({
                "table": column.name.table.to_string(), "column": column.name.name, "rule": column.rule,
                "reason": column.reason.to_string(), "decided": is_decided,
            })
        })
        .collect();
    let unread: Vec<_> =
        unread.iter().map(|(table, problem)| json!({ "table": table.to_string(), "problem": problem })).collect();
    context.print_document(json!({
        "database": database, "policy": suggestion.text, "columns": columns, "unread_tables": unread,
    }))
}
