//! `eod mask run`: masks tables of a database in place.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::sync::Arc;

use eod_clients::postgres::Postgres;
use eod_golden::{
    BuildError, BuildProgress, CopyReport, InPlaceEstimate, InPlaceMasking, MaskedCopyError, sessions_of_others,
};
use eod_masking::TableName;
use serde_json::json;

use super::MaskContext;
use super::access::{server, statement_failure};
use super::display::ProgressDisplay;
use super::golden::build_failure;
use super::masking_key::masking_key;
use super::policy_file::PolicyFile;
use super::quantity::{counted, size_text};
use crate::arguments::{MaskRunArguments, OutputFormat};
use crate::failure::{Failure, Outcome};
use crate::output::{confirm, print};
use crate::table::{TextTable, printable};

/// Runs the command.
pub(super) async fn run(context: &MaskContext, arguments: &MaskRunArguments) -> Result<Outcome, Failure> {
    let MaskRunArguments { database: name, policy, tables, server: at, key, jobs, dry_run } = arguments;
    let file = PolicyFile::read(policy)?;
    let policy = file.policy()?;
    let tables = tables.iter().map(|text| table(text)).collect::<Result<BTreeSet<_>, _>>()?;
    let server = server(context, at)?;
    let database = Postgres::new(server.access().with_database(name));
    let key = masking_key(context, key).await?;
    let display = ProgressDisplay::on_stderr();
    let progress: Arc<dyn BuildProgress> = display.clone();
    let masking = InPlaceMasking {
        database: &database,
        policy: &policy,
        key: &key,
        tables: (!tables.is_empty()).then_some(&tables),
        workers: jobs.get(),
        progress,
    };
    let failed = |error| failure(error, &file);
    let estimate = masking.estimate(&context.deadline).await.map_err(failed)?;
    if *dry_run {
        print_estimate(context, name, &estimate)?;
        return Ok(Outcome::Done);
    }
    refuse_users(context, &server, name).await?;
    let change = format!(
        "mask {} in {} of database `{}` in place, which cannot be undone",
        counted(estimate.rows, "row"),
        counted(estimate.tables.len(), "table"),
        printable(name)
    );
    confirm(context.yes, &format!("database: {}", database.access().described()), &change)?;
    let report = display.during(&context.deadline, masking.run(&context.deadline)).await.map_err(failed)?;
    print_report(context, name, &report)?;
    Ok(Outcome::Done)
}

fn table(text: &str) -> Result<TableName, Failure> {
    text.parse().map_err(|_| Failure::usage(format!("--table: expected SCHEMA.TABLE, got `{}`", printable(text))))
}

/// Refuses a database with sessions of others, who would lose what they write.
async fn refuse_users(context: &MaskContext, server: &Postgres, database: &str) -> Result<(), Failure> {
    let found = async {
        let mut session = server.connect(&context.deadline).await?;
        let found = sessions_of_others(&mut session, database, &context.deadline).await?;
        session.close(&context.deadline).await?;
        Ok(found)
    };
    let roles = found.await.map_err(|error| statement_failure(&error))?;
    if roles.is_empty() {
        return Ok(());
    }
    let failure = Failure::failed(format!("database `{}` is in use by {}", printable(database), roles.join(", ")));
    Err(failure.remedy("end these sessions, and revoke CONNECT until the database is masked"))
}

fn failure(error: MaskedCopyError, file: &PolicyFile) -> Failure {
    let error = BuildError::from(error);
    if error.is_cancelled() {
        return Failure::failed("cancelled; tables that were complete are masked, all others have their former rows")
            .remedy("copy the database again before a second run, which would mask masked values again");
    }
    build_failure(&error, file)
}

fn print_estimate(context: &MaskContext, database: &str, estimate: &InPlaceEstimate) -> Result<(), Failure> {
    if context.output == OutputFormat::Json {
        return context.print_document(json!({ "dry_run": true, "database": database, "estimate": estimate }));
    }
    let mut table = TextTable::new(&["TABLE", "SIZE", "ROWS", "MASKED"]);
    for row in &estimate.tables {
        let size = if row.is_empty { "will be empty".to_owned() } else { size_text(row.bytes) };
        table.row(vec![row.name.to_string(), size, row.rows.to_string(), row.masked.to_string()]);
    }
    let mut text = format!("dry run: tables of database `{}` would be masked in place\n", printable(database));
    text.push_str(&table.text());
    let _ = writeln!(
        text,
        "estimate: {}, about {}, {}; disks can be slower. Nothing was written",
        size_text(estimate.bytes),
        counted(estimate.rows, "row"),
        counted(estimate.seconds, "second")
    );
    print(&text)
}

fn print_report(context: &MaskContext, database: &str, report: &CopyReport) -> Result<(), Failure> {
    let rows: u64 = report.tables.iter().map(|table| table.rows).sum();
    if context.output == OutputFormat::Json {
        let tables: Vec<_> = report
            .tables
            .iter()
            .map(|table| json!({ "name": table.name.to_string(), "rows": table.rows, "rules": table.rules }))
            .collect();
        let fields = json!({
            "dry_run": false, "database": database, "rows": rows, "tables": tables, "views": report.views,
        });
        return context.print_document(fields);
    }
    let mut table = TextTable::new(&["TABLE", "ROWS"]);
    for row in &report.tables {
        table.row(vec![row.name.to_string(), row.rows.to_string()]);
    }
    let mut text = table.text();
    let _ = writeln!(
        text,
        "database `{}`: {} in {} masked, {} refreshed; old rows are in files of the server until its next checkpoint",
        printable(database),
        counted(rows, "row"),
        counted(report.tables.len(), "table"),
        counted(report.views, "materialized view"),
    );
    print(&text)
}
