//! Session advisory locks by name.
//!
//! The key is the first eight bytes, big endian, of the SHA-256 of `eod:` and the name. A lock is one of its database:
//! sessions that exclude each other connect to the same database. The server releases it when the session ends. If the
//! client was killed, the server ends the session after at most half a second.

use aws_lc_rs::digest::{SHA256, digest};

use super::{session::PostgresSession, statement::SqlStatement};
use crate::{deadline::Deadline, error::Error};

/// Key of the lock of a name.
pub fn lock_key(name: &str) -> i64 {
    let hash = digest(&SHA256, format!("eod:{name}").as_bytes());
    let bytes = hash.as_ref().first_chunk().copied().unwrap_or_default();
    i64::from_be_bytes(bytes)
}

impl PostgresSession {
    /// Waits for the lock of a name.
    ///
    /// # Errors
    ///
    /// See [`PostgresSession::query`].
    pub async fn lock(&mut self, name: &str, deadline: &Deadline) -> Result<(), Error> {
        let sql = "SELECT pg_advisory_lock($1)";
        self.query(&SqlStatement::new("lock", name, sql), &[&lock_key(name)], deadline).await.map(drop)
    }

    /// Takes the lock of a name if it is free. False if another session has it.
    ///
    /// # Errors
    ///
    /// See [`PostgresSession::query`].
    pub async fn try_lock(&mut self, name: &str, deadline: &Deadline) -> Result<bool, Error> {
        self.lock_call("lock", name, "SELECT pg_try_advisory_lock($1)", deadline).await
    }

    /// Releases the lock of a name. False if this session does not have it.
    ///
    /// # Errors
    ///
    /// See [`PostgresSession::query`].
    pub async fn unlock(&mut self, name: &str, deadline: &Deadline) -> Result<bool, Error> {
        self.lock_call("unlock", name, "SELECT pg_advisory_unlock($1)", deadline).await
    }

    async fn lock_call(
        &mut self,
        operation: &'static str,
        name: &str,
        sql: &str,
        deadline: &Deadline,
    ) -> Result<bool, Error> {
        let rows = self.query(&SqlStatement::new(operation, name, sql), &[&lock_key(name)], deadline).await?;
        Ok(rows.first().and_then(|row| row.try_get(0).ok()).unwrap_or(false))
    }
}

#[cfg(test)]
mod tests;
