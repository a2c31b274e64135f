//! Texts of SQL, and rows as structs.

use eod_clients::{
    Deadline, Error, ErrorKind,
    postgres::{PostgresSession, SqlStatement, ToSql},
};
use eod_masking::TableName;
use serde::de::DeserializeOwned;

/// Settings of every session. With an empty search path, definitions of the server have the schemas of all names. Row level
/// security that would hide rows is an error. A copy has all rows in their physical order.
pub(crate) const SESSION: &str = "\
SET search_path = ''; SET row_security = off; SET synchronize_seqscans = off; SET client_min_messages = error; \
SET statement_timeout = 0; SET lock_timeout = 0; SET idle_in_transaction_session_timeout = 0; \
SET DateStyle = 'ISO'; SET IntervalStyle = 'postgres'; SET TimeZone = 'UTC'; SET extra_float_digits = 3";

/// Name in double quotes.
pub fn quoted_name(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

/// Text in single quotes. The escape form does not depend on `standard_conforming_strings`.
pub fn quoted_text(text: &str) -> String {
    let escaped = text.replace('\\', "\\\\").replace('\'', "\\'");
    format!("E'{escaped}'")
}

/// Schema and table in double quotes.
pub(crate) fn quoted_table(table: &TableName) -> String {
    format!("{}.{}", quoted_name(&table.schema), quoted_name(&table.name))
}

/// Rows of a query as structs. The columns of the query are the fields.
///
/// # Errors
///
/// The query failed, or a row does not have the fields.
pub async fn rows<T: DeserializeOwned>(
    session: &mut PostgresSession,
    target: &str,
    query: &str,
    parameters: &[&(dyn ToSql + Sync)],
    deadline: &Deadline,
) -> Result<Vec<T>, Error> {
    let sql = format!("SELECT pg_catalog.row_to_json(x)::pg_catalog.text FROM ({query}) x");
    let found = session.query(&SqlStatement::new("read", target, &sql), parameters, deadline).await?;
    let malformed = |source: serde_json::Error| {
        // The text of the error can quote a value, and a catalogue has no secrets; its kind and place are enough.
        let problem = format!("unexpected row: {:?} at column {}", source.classify(), source.column());
        Error::new("PostgreSQL", "read", target, ErrorKind::Other).because(problem)
    };
    let mut parsed = Vec::with_capacity(found.len());
    for row in &found {
        let text: &str = row
            .try_get(0)
            .map_err(|error| Error::new("PostgreSQL", "read", target, ErrorKind::Other).because(error.to_string()))?;
        parsed.push(serde_json::from_str(text).map_err(malformed)?);
    }
    Ok(parsed)
}

/// Runs statements that return nothing.
///
/// # Errors
///
/// A statement failed.
pub async fn run(
    session: &mut PostgresSession,
    operation: &'static str,
    target: &str,
    sql: &str,
    deadline: &Deadline,
) -> Result<(), Error> {
    session.batch(&SqlStatement::new(operation, target, sql), deadline).await
}

#[cfg(test)]
mod tests;
