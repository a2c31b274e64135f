//! Source of a copy: one snapshot that several sessions read.

use eod_clients::{
    Deadline, Error, ErrorKind,
    postgres::{Postgres, PostgresFailure, PostgresSession},
};
use jiff::Timestamp;
use serde::Deserialize;

use crate::sql::{SESSION, quoted_text, rows, run};

/// A session with an open snapshot. Other sessions can read the same rows as long as this one exists.
pub(crate) struct SourceSnapshot {
    /// Session in a transaction that only reads.
    pub(crate) session: PostgresSession,
    /// Name of the snapshot for `SET TRANSACTION SNAPSHOT`.
    pub(crate) name: String,
    /// Time of the snapshot by the clock of the source.
    pub(crate) taken_at: Timestamp,
}

/// Identity of a running server.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq)]
pub(crate) struct ServerIdentity {
    /// Identifier of the data folder. A standby has that of its primary.
    system: String,
    /// Time of the start.
    started: String,
    /// Version of the catalogue.
    pub(crate) catalogue: u32,
}

#[derive(Deserialize)]
struct SnapshotRow {
    name: String,
    taken_at: Timestamp,
}

const EXPORT: &str = "SELECT pg_export_snapshot() AS name, now() AS taken_at";

const IDENTITY: &str = "\
SELECT s.system_identifier::text AS system, pg_postmaster_start_time()::text AS started, s.catalog_version_no AS catalogue
FROM pg_control_system() s";

impl SourceSnapshot {
    /// Connects and takes a snapshot.
    ///
    /// # Errors
    ///
    /// See [`Postgres::connect`]; or a statement failed.
    pub(crate) async fn open(source: &Postgres, deadline: &Deadline) -> Result<Self, Error> {
        let mut session = source.connect(deadline).await?;
        let begin = format!("{SESSION}; BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY");
        run(&mut session, "begin", "the snapshot", &begin, deadline).await?;
        let found: Vec<SnapshotRow> = rows(&mut session, "the snapshot", EXPORT, &[], deadline).await?;
        let Some(SnapshotRow { name, taken_at }) = found.into_iter().next() else {
            let error = Error::new("PostgreSQL", "read", "the snapshot", ErrorKind::Other);
            return Err(error.because("the server has sent no row"));
        };
        Ok(Self { session, name, taken_at })
    }

    /// Another session that reads the same rows.
    ///
    /// # Errors
    ///
    /// See [`Postgres::connect`]; or the snapshot does not exist any more.
    pub(crate) async fn join(source: &Postgres, name: &str, deadline: &Deadline) -> Result<PostgresSession, Error> {
        let mut session = source.connect(deadline).await?;
        let begin = format!(
            "{SESSION}; BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY; SET TRANSACTION SNAPSHOT {}",
            quoted_text(name)
        );
        run(&mut session, "read", "the snapshot", &begin, deadline).await?;
        Ok(session)
    }
}

impl ServerIdentity {
    /// Reads the identity of the server of a session.
    ///
    /// # Errors
    ///
    /// The query failed.
    pub(crate) async fn read(session: &mut PostgresSession, deadline: &Deadline) -> Result<Self, Error> {
        let found: Vec<Self> = rows(session, "the identity of the server", IDENTITY, &[], deadline).await?;
        found.into_iter().next().ok_or_else(|| {
            let error = Error::new("PostgreSQL", "read", "the identity of the server", ErrorKind::Other);
            error.because("the server has sent no row")
        })
    }
}

/// True for an error of a standby that had to remove rows which the snapshot needs. A later attempt may succeed.
pub(crate) fn is_recovery_conflict(error: &Error) -> bool {
    error
        .cause::<PostgresFailure>()
        .is_some_and(|failure| is_conflict(&failure.sqlstate, failure.full_message.reveal()))
}

/// True for the code and message of a recovery conflict. A transaction that only reads has no other serialization failure.
fn is_conflict(sqlstate: &str, message: &str) -> bool {
    match sqlstate {
        "40001" => true,
        "57014" | "57P01" => message.contains("conflict with recovery"),
        _ => false,
    }
}

#[cfg(test)]
mod tests;
