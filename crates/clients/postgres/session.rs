//! One session: statements, each with a deadline and a real cancel.

use std::{
    fmt,
    sync::atomic::{AtomicBool, Ordering},
};

use tokio::task::JoinHandle;
use tokio_postgres::{Client, Row, types::ToSql};

use super::{
    cancel::{CANCEL_LIMIT, Canceller, DropGuard, cancel_and_end},
    driver_error::DriverError,
    statement::{SYSTEM, SqlStatement},
};
use crate::{
    deadline::{Deadline, Interruption},
    error::{Error, ErrorKind},
    server::ServerAddress,
};

/// Maximum length of `application_name` in bytes; the server cuts the rest.
const MAX_NAME: usize = 63;

/// A session of PostgreSQL. It runs one statement at a time.
///
/// If a deadline passes, the statement is cancelled at the server, and its end is awaited for up to 2 s more. The session
/// can be used after that, except if the server did not respond. If the caller drops the future of a statement, the
/// statement is cancelled in the background and the session ends.
pub struct PostgresSession {
    client: Client,
    task: JoinHandle<()>,
    canceller: Canceller,
    address: ServerAddress,
    program: String,
    version: u32,
}

impl PostgresSession {
    pub(super) fn new(
        client: Client,
        task: JoinHandle<()>,
        canceller: Canceller,
        address: ServerAddress,
        program: String,
        version: u32,
    ) -> Self {
        Self { client, task, canceller, address, program, version }
    }

    /// Version of the server as a number, for example 180004.
    pub fn server_version(&self) -> u32 {
        self.version
    }

    /// True if the connection has TLS.
    pub fn is_encrypted(&self) -> bool {
        self.canceller.tls.is_some()
    }

    /// True if the connection has ended.
    pub fn is_closed(&self) -> bool {
        self.client.is_closed() || self.task.is_finished()
    }

    /// Runs one statement with parameters `$1`, `$2`, ... and returns its rows.
    ///
    /// # Errors
    ///
    /// The server reported an error, the connection broke, or the deadline passed.
    pub async fn query(
        &mut self,
        statement: &SqlStatement<'_>,
        parameters: &[&(dyn ToSql + Sync)],
        deadline: &Deadline,
    ) -> Result<Vec<Row>, Error> {
        self.run(statement, deadline, self.client.query(statement.sql, parameters)).await
    }

    /// Runs one statement with parameters and returns the number of its rows.
    ///
    /// # Errors
    ///
    /// See [`PostgresSession::query`].
    pub async fn execute(
        &mut self,
        statement: &SqlStatement<'_>,
        parameters: &[&(dyn ToSql + Sync)],
        deadline: &Deadline,
    ) -> Result<u64, Error> {
        self.run(statement, deadline, self.client.execute(statement.sql, parameters)).await
    }

    /// Runs statements without parameters, separated by semicolons, in one round trip.
    ///
    /// # Errors
    ///
    /// See [`PostgresSession::query`].
    pub async fn batch(&mut self, statement: &SqlStatement<'_>, deadline: &Deadline) -> Result<(), Error> {
        self.run(statement, deadline, self.client.batch_execute(statement.sql)).await
    }

    /// Sets `application_name` to the program, a phase and a table, as `pg_stat_activity` shows it.
    ///
    /// # Errors
    ///
    /// See [`PostgresSession::query`].
    pub async fn set_phase(&mut self, phase: &str, table: Option<&str>, deadline: &Deadline) -> Result<(), Error> {
        let name = application_name(&self.program, phase, table);
        let sql = "SELECT set_config('application_name', $1, false)";
        self.query(&SqlStatement::new("set", "the application name", sql), &[&name], deadline).await.map(drop)
    }

    /// Ends the session and waits until the connection is closed. The server releases all locks of the session.
    ///
    /// # Errors
    ///
    /// The deadline passed; the session ends nevertheless.
    pub async fn close(self, deadline: &Deadline) -> Result<(), Error> {
        let Self { client, mut task, .. } = self;
        drop(client);
        match deadline.run(&mut task).await {
            Ok(_) => Ok(()),
            Err(reason) => {
                task.abort();
                Err(Error::new(SYSTEM, "close", "the session", reason.into()).because(reason))
            }
        }
    }

    /// The driver of this session.
    pub(super) fn driver(&self) -> &Client {
        &self.client
    }

    /// Runs work of the driver under a deadline.
    pub(super) async fn run<T>(
        &self,
        statement: &SqlStatement<'_>,
        deadline: &Deadline,
        work: impl Future<Output = Result<T, tokio_postgres::Error>>,
    ) -> Result<T, Error> {
        let expired = deadline.remaining().is_zero().then(|| Interruption::TimedOut(deadline.limit()));
        if let Some(reason) = deadline.is_cancelled().then_some(Interruption::Cancelled).or(expired) {
            return Err(self.interrupted(statement, reason, false));
        }
        // Work that has not begun is not waited for after an interruption: that would begin it.
        let begun = AtomicBool::new(false);
        let connection = self.task.abort_handle();
        let guard = DropGuard::armed(&self.canceller, &connection);
        let mut work = Box::pin(async {
            begun.store(true, Ordering::Relaxed);
            work.await
        });
        let done = deadline.run(work.as_mut()).await;
        let result = match done {
            Ok(result) => result.map_err(|error| self.failure(statement, &error)),
            Err(reason) if !begun.load(Ordering::Relaxed) => Err(self.interrupted(statement, reason, false)),
            Err(reason) => {
                let end = tokio::time::timeout(CANCEL_LIMIT, async {
                    // If the request fails, the end of the statement is awaited all the same.
                    drop(self.canceller.cancel().await);
                    work.as_mut().await
                });
                match end.await {
                    // The statement was faster than the cancel.
                    Ok(Ok(value)) => Ok(value),
                    Ok(Err(error)) => Err(self.interrupted(statement, reason, error.as_db_error().is_none())),
                    Err(_) => {
                        self.end();
                        Err(self.interrupted(statement, reason, true))
                    }
                }
            }
        };
        drop(work);
        guard.disarm();
        result
    }

    /// Ends the connection and cancels its statement in the background.
    pub(super) fn end(&self) {
        cancel_and_end(&self.canceller, &self.task.abort_handle());
    }

    /// Cancels the running statement within [`CANCEL_LIMIT`]. True if the server has received the request.
    pub(super) async fn cancel(&self) -> bool {
        tokio::time::timeout(CANCEL_LIMIT, self.canceller.cancel()).await.is_ok_and(|sent| sent.is_ok())
    }

    /// The error of a statement that the driver reported.
    pub(super) fn failure(&self, statement: &SqlStatement<'_>, error: &tokio_postgres::Error) -> Error {
        let failure = DriverError::of_statement(error, statement.sql, &self.address);
        Error::new(SYSTEM, statement.operation, statement.target, failure.kind)
            .because(failure.source)
            .with_unknown_outcome(failure.is_broken)
    }

    /// The error of a statement that was interrupted.
    pub(super) fn interrupted(&self, statement: &SqlStatement<'_>, reason: Interruption, unknown: bool) -> Error {
        Error::new(SYSTEM, statement.operation, statement.target, ErrorKind::from(reason))
            .because(reason)
            .with_unknown_outcome(unknown)
    }
}

/// A name of at most 63 bytes. Characters outside of ASCII become `?`, as the server does it; the table loses its
/// beginning if the name is too long.
fn application_name(program: &str, phase: &str, table: Option<&str>) -> String {
    let ascii = |text: &str| -> String {
        text.chars().map(|character| if matches!(character, ' '..='~') { character } else { '?' }).collect()
    };
    let mut name = ascii(&format!("{program}: {phase}"));
    name.truncate(MAX_NAME);
    if let Some(table) = table.map(ascii) {
        let room = MAX_NAME.saturating_sub(name.len() + 1);
        let cut = table.len().saturating_sub(room);
        // Two dots show that the beginning is missing.
        let (dots, cut) = if cut == 0 { ("", 0) } else { ("..", cut + 2) };
        if let Some(end) = table.get(cut..).filter(|end| !end.is_empty()) {
            name = format!("{name} {dots}{end}");
        }
    }
    name
}

impl fmt::Debug for PostgresSession {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PostgresSession").field("address", &self.address.url).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
