//! Trial of CHECK constraints: samples are masked in memory, and the server evaluates the constraints on the results.
//!
//! The key of the trial is a constant of this program: its outputs are compared with constraints and then forgotten.

use std::collections::BTreeMap;

use eod_clients::postgres::{PostgresFailure, PostgresSession, SqlStatement, ToSql};
use eod_clients::{Deadline, Error as ClientError};
use eod_golden::{DatabaseCatalogue, DatabaseColumn, DatabaseTable, quoted_name, rows, run};
use eod_masking::{Classification, ColumnDecision, ColumnMasker, ColumnName, MaskingKey, TableName};
use serde::Deserialize;

use super::bar::StatusLine;
use super::samples::{SampleRows, sample};

/// Key of a trial.
const TRIAL_KEY: &[u8] = b"trial of constraints, not a key of any golden database";
/// Maximum length of a value in a trial, in characters. Longer values are cut, which can break their form.
const LONGEST_VALUE: u32 = 100_000;
/// Inputs of functions with outputs that do not depend on the form of their input, for tables without rows.
const INPUTS: [&str; 3] = ["Anna Berger", "anna.berger@web.example", "https://shop.example/u/7"];

/// CHECK constraints of tables and of the domains of their columns.
const CHECKS: &str = "\
SELECT k.conname AS name, n.nspname AS schema, c.relname AS \"table\", pg_catalog.pg_get_userbyid(c.relowner) AS owner,
       ARRAY(SELECT a.attname FROM pg_catalog.unnest(k.conkey) WITH ORDINALITY o(attnum, place)
         JOIN pg_catalog.pg_attribute a ON a.attrelid = k.conrelid AND a.attnum = o.attnum ORDER BY o.place) AS columns,
       pg_catalog.pg_get_expr(k.conbin, k.conrelid) AS expression, k.convalidated AS validated
FROM pg_catalog.pg_constraint k JOIN pg_catalog.pg_class c ON c.oid = k.conrelid
JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
WHERE k.contype = 'c' AND c.relkind = 'r' AND pg_catalog.cardinality(k.conkey) > 0
UNION ALL
SELECT k.conname, n.nspname, c.relname, pg_catalog.pg_get_userbyid(c.relowner), ARRAY[a.attname], NULL, true
FROM pg_catalog.pg_attribute a JOIN pg_catalog.pg_class c ON c.oid = a.attrelid
JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
JOIN pg_catalog.pg_type t ON t.oid = a.atttypid AND t.typtype = 'd'
JOIN pg_catalog.pg_constraint k ON k.contypid = t.oid AND k.contype = 'c'
WHERE c.relkind = 'r' AND a.attnum > 0 AND NOT a.attisdropped
ORDER BY schema, \"table\", name";

/// A CHECK constraint.
#[derive(Deserialize)]
struct CheckRow {
    name: String,
    schema: String,
    table: String,
    owner: String,
    /// Columns of the expression.
    columns: Vec<String>,
    /// Expression over the columns; none for the constraint of a domain.
    expression: Option<String>,
    /// True if the rows of the table pass it. A constraint that is not validated holds for new rows only.
    validated: bool,
}

/// Constraint that refuses masked values.
pub(super) struct RefusedCheck {
    /// Columns of the constraint.
    pub(super) columns: Vec<ColumnName>,
    /// Problem.
    pub(super) message: String,
    /// Remedy.
    pub(super) remedy: String,
    /// True if a table with these rows cannot be loaded.
    pub(super) is_fatal: bool,
}

/// Result of a trial.
pub(super) struct ConstraintTrial {
    /// Constraints that refuse masked values.
    pub(super) refused: Vec<RefusedCheck>,
    /// Number of constraints that were tried.
    pub(super) tried: usize,
    /// Constraints that were not tried, each with the reason.
    pub(super) untried: Vec<String>,
}

/// One trial of a constraint.
enum TrialResult {
    Passed,
    /// Number of refused rows, and of all rows.
    Refused(i64, usize),
    Untried(String),
}

/// Masks samples of all columns with CHECK constraints, and evaluates the constraints on them.
///
/// # Errors
///
/// The catalogue cannot be read, or the session ended.
pub(super) async fn try_constraints(
    session: &mut PostgresSession,
    catalogue: &DatabaseCatalogue,
    classification: &Classification,
    deadline: &Deadline,
) -> Result<ConstraintTrial, ClientError> {
    let mut trial = ConstraintTrial { refused: Vec::new(), tried: 0, untried: Vec::new() };
    let maskers = MaskingKey::from_secret(TRIAL_KEY).ok().and_then(|key| classification.maskers(&key).ok());
    // The policy was classified before, so its maskers exist.
    let maskers = maskers.unwrap_or_default();
    let checks: Vec<CheckRow> = rows(session, "CHECK constraints", CHECKS, &[], deadline).await?;
    let (mut line, all) = (StatusLine::on_stderr(), checks.len());
    for (done, check) in checks.into_iter().enumerate() {
        line.count("CHECK constraints", done, all);
        let table = TableName::new(&check.schema, &check.table);
        let names: Vec<ColumnName> =
            check.columns.iter().map(|column| ColumnName::new(table.clone(), column)).collect();
        if !names.iter().any(|name| maskers.contains_key(name)) {
            continue;
        }
        let Some(found) = catalogue.tables.iter().find(|known| known.name() == table) else { continue };
        let label = format!("CHECK constraint `{}` of table {table}", check.name);
        match tried(session, found, &check, &maskers, classification, deadline).await? {
            TrialResult::Passed => trial.tried += 1,
            TrialResult::Refused(count, all) => {
                let rules: Vec<String> = names.iter().map(ToString::to_string).collect();
                let message = format!("{label} refuses {count} of {all} masked rows");
                let remedy = format!("give {} rules with values that pass it, or `keep`", rules.join(" and "));
                // Of the values of a domain only the first refused one is known.
                let is_whole = check.expression.is_none() || usize::try_from(count).is_ok_and(|count| count == all);
                let is_fatal = check.validated && is_whole;
                trial.refused.push(RefusedCheck { columns: names, message, remedy, is_fatal });
            }
            TrialResult::Untried(reason) => trial.untried.push(format!("{label}: {reason}")),
        }
    }
    Ok(trial)
}

async fn tried(
    session: &mut PostgresSession,
    table: &DatabaseTable,
    check: &CheckRow,
    maskers: &BTreeMap<ColumnName, ColumnMasker>,
    classification: &Classification,
    deadline: &Deadline,
) -> Result<TrialResult, ClientError> {
    let untried = |reason: &str| Ok(TrialResult::Untried(reason.to_owned()));
    let find = |name: &String| table.columns.iter().find(|column| column.name == *name);
    let Some(columns) = check.columns.iter().map(find).collect::<Option<Vec<&DatabaseColumn>>>() else {
        return untried("a column is not known");
    };
    if columns.iter().any(|column| column.generated) {
        return untried("a column is generated");
    }
    if columns.iter().any(|column| column.is_array()) {
        return untried("a column is an array");
    }
    let names: Vec<&str> = columns.iter().map(|column| column.name.as_str()).collect();
    let mut found = match sample(session, table, &names, LONGEST_VALUE, deadline).await {
        Ok(found) => found,
        Err(error) if deadline.is_cancelled() || session.is_closed() => return Err(error),
        Err(error) => return Ok(TrialResult::Untried(error.chain())),
    };
    if found.is_empty() {
        let Some(made) = invented(table, &columns, classification) else { return untried("the table has no rows") };
        found = made;
    }
    for row in &mut found {
        for (value, column) in row.iter_mut().zip(&columns) {
            let masker = maskers.get(&ColumnName::new(table.name(), &column.name));
            if let Some(masker) = masker
                && let Some(text) = value.take()
            {
                *value = masker.mask(column.class(), &text);
            }
        }
    }
    evaluated(session, check, &columns, &found, deadline).await
}

/// Rows for a table without rows; none if an output depends on the form of its input.
fn invented(table: &DatabaseTable, columns: &[&DatabaseColumn], classification: &Classification) -> Option<SampleRows> {
    let [column] = columns else { return None };
    let decision = classification.columns.get(&ColumnName::new(table.name(), &column.name))?;
    let ColumnDecision::Mask { domain } = decision else { return None };
    let function = &classification.domains.get(domain)?.function;
    // Functions with a longest output do not keep the form of their input.
    function.longest(false)?;
    Some(INPUTS.iter().map(|input| vec![Some((*input).to_owned())]).collect())
}

/// Evaluates a constraint on masked rows, as the owner of the table if this role may act as it.
async fn evaluated(
    session: &mut PostgresSession,
    check: &CheckRow,
    columns: &[&DatabaseColumn],
    found: &SampleRows,
    deadline: &Deadline,
) -> Result<TrialResult, ClientError> {
    let texts: Vec<Vec<Option<&str>>> =
        (0..columns.len()).map(|at| found.iter().map(|row| row.get(at).and_then(Option::as_deref)).collect()).collect();
    let parameters: Vec<&(dyn ToSql + Sync)> = texts.iter().map(|texts| texts as &(dyn ToSql + Sync)).collect();
    let list = |item: &dyn Fn(usize, &DatabaseColumn) -> String| {
        columns.iter().enumerate().map(|(at, column)| item(at, column)).collect::<Vec<_>>().join(", ")
    };
    // Values have the types of their columns, so that the checks of domains run, too.
    let typed = list(&|at, column| format!("v.c{at}::{} AS {}", column.type_name, quoted_name(&column.name)));
    let arrays = list(&|at, _| format!("${}::pg_catalog.text[]", at + 1));
    let aliases = list(&|at, _| format!("c{at}"));
    // Only the name without a schema accepts several arrays.
    let values = format!("(SELECT {typed} FROM unnest({arrays}) v({aliases})) x");
    let sql = match &check.expression {
        Some(expression) => {
            format!("SELECT pg_catalog.count(*) FROM {values} WHERE NOT COALESCE(({expression}), true)")
        }
        // The cast to the domain checks each value that is counted.
        None => format!("SELECT pg_catalog.count({}) * 0 FROM {values}", list(&|_, column| quoted_name(&column.name))),
    };
    let target = format!("CHECK constraint `{}` of table {}.{}", check.name, check.schema, check.table);
    // A role that only reads evaluates the constraint itself.
    let as_owner =
        run(session, "act as", &check.owner, &format!("SET ROLE {}", quoted_name(&check.owner)), deadline).await;
    if as_owner.is_err() && session.is_closed() {
        as_owner?;
    }
    let result = session.query(&SqlStatement::new("evaluate", &target, &sql), &parameters, deadline).await;
    if !session.is_closed() {
        run(session, "reset", "the role", "RESET ROLE", deadline).await?;
    }
    let all = found.len();
    match result {
        Ok(rows) => match rows.first().and_then(|row| row.try_get::<_, i64>(0).ok()).unwrap_or_default() {
            0 => Ok(TrialResult::Passed),
            count => Ok(TrialResult::Refused(count, all)),
        },
        Err(error) if deadline.is_cancelled() || session.is_closed() => Err(error),
        Err(error) => {
            let code = error.cause::<PostgresFailure>().map(|failure| failure.sqlstate.clone()).unwrap_or_default();
            // 23514: the check of a domain refused a value. The server stops at the first one.
            if code == "23514" { Ok(TrialResult::Refused(1, all)) } else { Ok(TrialResult::Untried(error.chain())) }
        }
    }
}
