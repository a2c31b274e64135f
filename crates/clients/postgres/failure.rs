//! Errors of the server as typed facts.
//!
//! PostgreSQL puts values of rows into some texts: the key of a duplicate into `DETAIL`, the input into the message of a
//! failed conversion. These texts are stored separately as [`RowText`] and are never printed.

use std::fmt;

use tokio_postgres::error::DbError;

use super::privilege::MissingPrivilege;
use crate::error::ErrorKind;

/// An error that the server reported.
#[derive(Clone, Debug)]
pub struct PostgresFailure {
    /// Code with five characters, for example `42501`.
    pub sqlstate: String,
    /// Message of the server; none if it may contain values of rows.
    pub message: Option<String>,
    /// The message in any case.
    pub full_message: RowText,
    /// Details, for example the key of a duplicate.
    pub detail: Option<RowText>,
    /// Place in functions, for example the line of a COPY.
    pub context: Option<RowText>,
    /// Hint of the server; none if it may contain values of rows.
    pub hint: Option<String>,
    /// Schema of the object.
    pub schema: Option<String>,
    /// Table of the object.
    pub table: Option<String>,
    /// Column.
    pub column: Option<String>,
    /// Data type.
    pub data_type: Option<String>,
    /// Constraint or index.
    pub constraint: Option<String>,
    /// Privilege that the role needs, if the server denied something for the lack of one.
    pub missing: Option<MissingPrivilege>,
}

/// A text that may contain values of rows. `Debug` does not print it and it has no `Display`.
#[derive(Clone, Eq, PartialEq)]
pub struct RowText(String);

impl RowText {
    /// The text. It must not go into an error, a log or a report.
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl PostgresFailure {
    /// The error of a statement. The first words of the statement name the privilege that is missing.
    pub(super) fn new(error: &DbError, sql: &str) -> Self {
        let sqlstate = error.code().code().to_owned();
        let safe = !may_quote_values(&sqlstate);
        let text = |text: Option<&str>| text.map(str::to_owned);
        let private = |text: Option<&str>| text.map(|text| RowText(text.to_owned()));
        let missing = MissingPrivilege::of(&sqlstate, error.message(), sql);
        Self {
            message: safe.then(|| error.message().to_owned()),
            full_message: RowText(error.message().to_owned()),
            detail: private(error.detail()),
            context: private(error.where_()),
            hint: text(error.hint()).filter(|_| safe),
            schema: text(error.schema()),
            table: text(error.table()),
            column: text(error.column()),
            data_type: text(error.datatype()),
            constraint: text(error.constraint()),
            missing,
            sqlstate,
        }
    }

    /// Kind of the error.
    pub(super) fn kind(&self) -> ErrorKind {
        let catalogue = self.schema.as_deref() == Some("pg_catalog");
        match self.sqlstate.as_str() {
            "23505" if catalogue => ErrorKind::AlreadyExists,
            "42P04" | "42P06" | "42P07" | "42710" | "42723" | "42701" | "42P03" => ErrorKind::AlreadyExists,
            // `statement_timeout`, or another session called `pg_cancel_backend`.
            "57014" => ErrorKind::Cancelled,
            "40001" | "40P01" | "55P03" | "55006" | "55000" | "25006" | "2BP01" => ErrorKind::Conflict,
            "42501" => ErrorKind::Denied,
            "3D000" | "3F000" | "42P01" | "42703" | "42704" | "42883" | "26000" | "34000" => ErrorKind::NotFound,
            state => match state.get(..2) {
                Some("28") => ErrorKind::Unauthenticated,
                Some("08" | "53" | "57" | "58") => ErrorKind::Unavailable,
                Some("0A" | "0L" | "0P" | "21" | "22" | "23" | "25" | "3B" | "42" | "44" | "54" | "P0") => {
                    ErrorKind::Invalid
                }
                _ => ErrorKind::Other,
            },
        }
    }
}

/// True for codes with messages that quote values: data exceptions, and errors raised by functions of the database.
fn may_quote_values(sqlstate: &str) -> bool {
    sqlstate.starts_with("22") || sqlstate.starts_with("P0") || sqlstate.starts_with("38")
}

impl fmt::Display for PostgresFailure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.message {
            Some(message) => write!(f, "{message} (SQLSTATE {})", self.sqlstate),
            None => write!(f, "the server rejected a value (SQLSTATE {})", self.sqlstate),
        }?;
        for (name, value) in [("table", &self.table), ("column", &self.column), ("constraint", &self.constraint)] {
            let is_named = |value: &String| self.message.as_ref().is_some_and(|message| message.contains(value));
            if let Some(value) = value.as_ref().filter(|value| !is_named(value)) {
                write!(f, ", {name} `{value}`")?;
            }
        }
        Ok(())
    }
}

impl fmt::Debug for RowText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("RowText(..)")
    }
}

impl std::error::Error for PostgresFailure {}
