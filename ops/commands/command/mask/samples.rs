//! Samples of rows, as texts. They are never printed.

use eod_clients::postgres::{PostgresSession, SqlStatement};
use eod_clients::{Deadline, Error as ClientError, ErrorKind};
use eod_golden::{DatabaseTable, quoted_name};
use eod_masking::TableName;

/// Maximum number of rows of a sample.
const ROWS: usize = 300;
/// Part of a table that a sample reads, in bytes: some blocks from all over the table.
const SAMPLE_BYTES: f64 = 512.0 * 1024.0;

/// Rows of a sample: one text per column; `None` is NULL.
pub(super) type SampleRows = Vec<Vec<Option<String>>>;

/// Session settings: nothing can be written, and values have the texts that masking functions expect.
pub(super) const READ_ONLY: &str = "SET default_transaction_read_only = on";

/// Reads some rows of a table with these columns. Longer values are cut to `longest` characters.
pub(super) async fn sample(
    session: &mut PostgresSession,
    table: &DatabaseTable,
    columns: &[&str],
    longest: u32,
    deadline: &Deadline,
) -> Result<SampleRows, ClientError> {
    let name = table.name();
    let target = format!("a sample of table {name}");
    let cut: Vec<String> =
        columns.iter().map(|column| format!("left({}::text, {longest})", quoted_name(column))).collect();
    #[allow(clippy::cast_precision_loss, reason = "a size only decides about the part of a sample")]
    let percent = (SAMPLE_BYTES * 100.0 / table.bytes.max(1) as f64).clamp(0.000_001, 100.0);
    let sql = format!(
        "SELECT {} FROM ONLY {} TABLESAMPLE SYSTEM ({percent:.6}) LIMIT {ROWS}",
        cut.join(", "),
        quoted_table(&name)
    );
    let found = session.query(&SqlStatement::new("read", &target, &sql), &[], deadline).await?;
    let wrong = |error: &dyn std::fmt::Display| {
        ClientError::new("PostgreSQL", "read", &target, ErrorKind::Other).because(error.to_string())
    };
    let row = |row: &eod_clients::postgres::Row| {
        (0..columns.len()).map(|at| row.try_get::<_, Option<String>>(at).map_err(|error| wrong(&error))).collect()
    };
    found.iter().map(row).collect()
}

/// Schema and table in double quotes.
pub(super) fn quoted_table(table: &TableName) -> String {
    format!("{}.{}", quoted_name(&table.schema), quoted_name(&table.name))
}
