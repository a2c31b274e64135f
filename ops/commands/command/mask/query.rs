//! Rows of queries.

use eod_clients::postgres::{PostgresSession, SqlStatement, ToSql};
use eod_clients::{Deadline, Error as ClientError, ErrorKind};
use serde::de::DeserializeOwned;

/// Name in double quotes.
pub(super) fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

/// Rows of a query as structs. The columns of the query are the fields.
pub(super) async fn rows<T: DeserializeOwned>(
    session: &mut PostgresSession,
    target: &str,
    query: &str,
    parameters: &[&(dyn ToSql + Sync)],
    deadline: &Deadline,
) -> Result<Vec<T>, ClientError> {
    let sql = format!("SELECT pg_catalog.row_to_json(x)::pg_catalog.text FROM ({query}) x");
    let found = session.query(&SqlStatement::new("read", target, &sql), parameters, deadline).await?;
    let wrong = |problem: String| ClientError::new("PostgreSQL", "read", target, ErrorKind::Other).because(problem);
    let parse = |text: &str| {
        serde_json::from_str(text).map_err(|error| wrong(format!("unexpected row: {:?}", error.classify())))
    };
    found.iter().map(|row| parse(row.try_get(0).map_err(|error| wrong(error.to_string()))?)).collect()
}

/// Runs statements that return nothing.
pub(super) async fn run(
    session: &mut PostgresSession,
    operation: &'static str,
    target: &str,
    sql: &str,
    deadline: &Deadline,
) -> Result<(), ClientError> {
    session.batch(&SqlStatement::new(operation, target, sql), deadline).await
}
