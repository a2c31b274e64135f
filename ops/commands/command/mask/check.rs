//! `eod mask check`: mistakes of a policy file, and differences between a policy and a database.

use std::fmt::Write as _;

use eod_clients::Error as ClientError;
use eod_clients::postgres::Postgres;
use eod_golden::{DatabaseCatalogue, run as run_sql};
use eod_masking::{
    Classification, ColumnDecision, ColumnName, MaskingPolicy, PolicyMistake, RefusedRule, RulePlace, classify,
    masking_policy_schema, parse_masking_policy,
};
use serde_json::{Value, json};

use super::MaskContext;
use super::access::{source, statement_failure};
use super::constraints::{ConstraintTrial, RefusedCheck, try_constraints};
use super::policy_file::PolicyFile;
use super::quantity::counted;
use super::samples::READ_ONLY;
use crate::arguments::{MaskCheckArguments, OutputFormat};
use crate::failure::{Failure, Outcome};
use crate::output::{note, print};
use crate::table::printable;

/// One finding.
pub(super) struct CheckFinding {
    kind: FindingKind,
    place: Option<RulePlace>,
    /// Path in the file.
    path: String,
    columns: Vec<ColumnName>,
    message: String,
    remedy: String,
}

#[derive(Clone, Copy, Eq, PartialEq, strum::IntoStaticStr)]
#[strum(serialize_all = "snake_case")]
enum FindingKind {
    /// Mistake in the file.
    Policy,
    /// Rule and database that do not fit.
    Database,
    /// CHECK constraint that refuses masked values.
    Constraint,
}

/// Comparison with a database.
#[derive(Default)]
struct DatabaseCheck {
    database: String,
    masked: usize,
    kept: usize,
    empty: usize,
    tried: usize,
    untried: Vec<String>,
}

/// Runs the command.
pub(super) async fn run(context: &MaskContext, arguments: &MaskCheckArguments) -> Result<Outcome, Failure> {
    let Some(path) = &arguments.policy else {
        return print(&format!("{:#}\n", masking_policy_schema())).map(|()| Outcome::Done);
    };
    let file = PolicyFile::read(path)?;
    // A wrong option is reported before the file.
    let source = source(context, &arguments.source).await?;
    let policy = match parse_masking_policy(&file.bytes) {
        Ok(policy) => policy,
        Err(mistakes) => {
            let findings: Vec<_> = mistakes.as_slice().iter().map(CheckFinding::of_file).collect();
            report(context, &file.name, &findings, None)?;
            let count = findings.len();
            return Err(Failure::usage(format!("{} has {}", file.name, counted(count, "mistake"))));
        }
    };
    let Some(source) = source else {
        report(context, &file.name, &[], None)?;
        if context.output == OutputFormat::Table {
            print(&format!("{}: ok: {}\n", file.name, described(&policy)))?;
        }
        return Ok(Outcome::Done);
    };
    let (check, findings) = compare(context, &policy, &source).await?;
    report(context, &file.name, &findings, Some(&check))?;
    if !findings.is_empty() {
        let (name, database) = (&file.name, &check.database);
        note(&format!("warning: {name} does not fit database `{database}`: {}", counted(findings.len(), "finding")));
        return Ok(Outcome::Found);
    }
    if context.output == OutputFormat::Table {
        print(&format!("{}: ok: {}\n{}", file.name, described(&policy), check.text()))?;
    }
    Ok(Outcome::Done)
}

/// Compares a policy with a database.
async fn compare(
    context: &MaskContext,
    policy: &MaskingPolicy,
    source: &Postgres,
) -> Result<(DatabaseCheck, Vec<CheckFinding>), Failure> {
    let failed = |error: ClientError| statement_failure(&error);
    let deadline = &context.deadline;
    let mut session = source.connect(deadline).await.map_err(failed)?;
    run_sql(&mut session, "prepare", "the session", READ_ONLY, deadline).await.map_err(failed)?;
    let catalogue = DatabaseCatalogue::read(&mut session, deadline).await.map_err(failed)?;
    let mut check = DatabaseCheck { database: source.access().database().to_owned(), ..DatabaseCheck::default() };
    let classification = match classify(policy, &catalogue.masking_catalogue()) {
        Ok(classification) => classification,
        Err(refused) => return Ok((check, refused.iter().map(CheckFinding::of_database).collect())),
    };
    check.count(&classification);
    let trial = try_constraints(&mut session, &catalogue, &classification, deadline).await.map_err(failed)?;
    session.close(deadline).await.map_err(failed)?;
    let ConstraintTrial { refused, tried, untried } = trial;
    check.tried = tried;
    check.untried = untried;
    Ok((check, refused.into_iter().map(CheckFinding::of_constraint).collect()))
}

impl CheckFinding {
    fn of_file(mistake: &PolicyMistake) -> Self {
        let PolicyMistake { place, path, message, remedy } = mistake.clone();
        Self { kind: FindingKind::Policy, place: Some(place), path, columns: Vec::new(), message, remedy }
    }

    fn of_database(refused: &RefusedRule) -> Self {
        let RefusedRule { columns, place, message, remedy } = refused.clone();
        Self { kind: FindingKind::Database, place, path: String::new(), columns, message, remedy }
    }

    fn of_constraint(refused: RefusedCheck) -> Self {
        let RefusedCheck { columns, message, remedy, is_fatal: _ } = refused;
        Self { kind: FindingKind::Constraint, place: None, path: String::new(), columns, message, remedy }
    }

    /// Finding with file, line and column, and its remedy in the next line.
    fn text(&self, file: &str) -> String {
        let mut text = file.to_owned();
        if let Some(RulePlace { line, column }) = self.place {
            let _ = write!(text, ":{line}:{column}");
        }
        if !self.path.is_empty() {
            let _ = write!(text, ": {}", self.path);
        }
        printable(&format!("{text}: {}", self.message))
            + "\n"
            + &printable(&format!("  remedy: {}", self.remedy))
            + "\n"
    }

    fn json(&self, file: &str) -> Value {
        let columns: Vec<String> = self.columns.iter().map(ToString::to_string).collect();
        let kind: &'static str = self.kind.into();
        json!({
            "kind": kind, "file": file, "line": self.place.map(|place| place.line),
            "column": self.place.map(|place| place.column),
            "path": (!self.path.is_empty()).then_some(&self.path), "columns": columns, "message": self.message,
            "remedy": self.remedy,
        })
    }
}

impl DatabaseCheck {
    fn count(&mut self, classification: &Classification) {
        for decision in classification.columns.values() {
            match decision {
                ColumnDecision::Keep => self.kept += 1,
                ColumnDecision::Mask { .. } | ColumnDecision::Json { .. } => self.masked += 1,
                ColumnDecision::Generated => {}
            }
        }
        self.empty = classification.empty.len();
    }

    fn text(&self) -> String {
        let Self { database, masked, kept, empty, tried, untried } = self;
        let mut text = format!(
            "database `{database}`: {} masked, {kept} kept, {} empty; masked values pass {}\n",
            counted(*masked, "column"),
            counted(*empty, "table"),
            counted(*tried, "CHECK constraint")
        );
        for name in untried {
            let _ = writeln!(text, "  not tried: {}", printable(name));
        }
        text
    }

    fn json(&self) -> Value {
        let Self { database: _, masked, kept, empty, tried, untried } = self;
        json!({
            "masked_columns": masked, "kept_columns": kept, "empty_tables": empty, "checks_tried": tried,
            "checks_not_tried": untried,
        })
    }
}

/// Prints the findings: all of them as JSON, or each one in two lines.
fn report(
    context: &MaskContext,
    file: &str,
    findings: &[CheckFinding],
    check: Option<&DatabaseCheck>,
) -> Result<(), Failure> {
    match context.output {
        OutputFormat::Table => print(&findings.iter().map(|finding| finding.text(file)).collect::<String>()),
        OutputFormat::Json => context.print_document(json!({
            "policy": file, "ok": findings.is_empty(), "database": check.map(|check| &check.database),
            "findings": findings.iter().map(|finding| finding.json(file)).collect::<Vec<_>>(),
            "summary": check.map(DatabaseCheck::json),
        })),
    }
}

/// Contents of a policy in numbers.
fn described(policy: &MaskingPolicy) -> String {
    let tables = policy.tables.len() + policy.schemas.len();
    format!("rules of {}, {}", counted(tables, "table"), counted(policy.domains.len(), "domain"))
}

#[cfg(test)]
mod tests;
