//! COPY as streams of bytes. The server and the client wait for each other, so memory does not grow with the table.

use std::pin::Pin;

use bytes::Bytes;
use futures::{SinkExt, StreamExt};
use tokio_postgres::{CopyInSink, CopyOutStream};

use super::{cancel::CANCEL_LIMIT, session::PostgresSession, statement::SqlStatement};
use crate::{
    deadline::{Deadline, Interruption},
    error::Error,
};

/// Rows of a `COPY ... TO STDOUT`. If it is dropped before its end, the statement is cancelled and the session ends.
pub struct CopyOut<'a> {
    session: &'a PostgresSession,
    statement: SqlStatement<'a>,
    deadline: Deadline,
    stream: Pin<Box<CopyOutStream>>,
    is_done: bool,
}

/// A `COPY ... FROM STDIN`. If it is dropped before [`CopyIn::finish`], the server stores nothing of it.
pub struct CopyIn<'a> {
    session: &'a PostgresSession,
    statement: SqlStatement<'a>,
    deadline: Deadline,
    sink: Pin<Box<CopyInSink<Bytes>>>,
}

impl PostgresSession {
    /// Starts a `COPY ... TO STDOUT`. The deadline is that of the whole copy.
    ///
    /// # Errors
    ///
    /// See [`PostgresSession::query`].
    pub async fn copy_out<'a>(
        &'a mut self,
        statement: &SqlStatement<'a>,
        deadline: &Deadline,
    ) -> Result<CopyOut<'a>, Error> {
        let stream = self.run(statement, deadline, self.driver().copy_out(statement.sql)).await?;
        let (statement, deadline) = (*statement, deadline.clone());
        Ok(CopyOut { session: self, statement, deadline, stream: Box::pin(stream), is_done: false })
    }

    /// Starts a `COPY ... FROM STDIN`. The deadline is that of the whole copy.
    ///
    /// If the server refuses to start it, or a deadline passes before, the session ends: the driver then sends one message
    /// too many, and later responses would belong to other statements.
    ///
    /// # Errors
    ///
    /// See [`PostgresSession::query`].
    pub async fn copy_in<'a>(
        &'a mut self,
        statement: &SqlStatement<'a>,
        deadline: &Deadline,
    ) -> Result<CopyIn<'a>, Error> {
        let begun = self.run(statement, deadline, self.driver().copy_in(statement.sql)).await;
        let sink = begun.inspect_err(|_| self.end())?;
        let (statement, deadline) = (*statement, deadline.clone());
        Ok(CopyIn { session: self, statement, deadline, sink: Box::pin(sink) })
    }
}

impl CopyOut<'_> {
    /// The next bytes; none at the end. The binary format puts one row into each piece, after a header.
    ///
    /// # Errors
    ///
    /// See [`PostgresSession::query`].
    pub async fn next(&mut self) -> Result<Option<Bytes>, Error> {
        let next = match self.deadline.run(self.stream.next()).await {
            Ok(next) => next,
            Err(reason) => return Err(self.interrupt(reason).await),
        };
        match next {
            Some(Ok(bytes)) => Ok(Some(bytes)),
            end => {
                self.is_done = true;
                end.transpose().map_err(|error| self.session.failure(&self.statement, &error))
            }
        }
    }

    /// Cancels the statement and reads the rest of it.
    async fn interrupt(&mut self, reason: Interruption) -> Error {
        let end = tokio::time::timeout(CANCEL_LIMIT, async {
            self.session.cancel().await;
            while let Some(Ok(_)) = self.stream.next().await {}
        });
        self.is_done = end.await.is_ok();
        self.session.interrupted(&self.statement, reason, false)
    }
}

impl Drop for CopyOut<'_> {
    fn drop(&mut self) {
        if !self.is_done {
            self.session.end();
        }
    }
}

impl CopyIn<'_> {
    /// Sends bytes as soon as the server has room for them. An error of the server is reported by [`CopyIn::finish`].
    ///
    /// # Errors
    ///
    /// The connection broke, or the deadline passed. Nothing of the copy is stored then.
    pub async fn send(&mut self, bytes: Bytes) -> Result<(), Error> {
        match self.deadline.run(self.sink.send(bytes)).await {
            Ok(sent) => sent.map_err(|error| self.session.failure(&self.statement, &error)),
            Err(reason) => {
                // The server may wait for a lock. Dropping the sink fails the copy afterwards.
                if !self.session.cancel().await {
                    self.session.end();
                }
                Err(self.session.interrupted(&self.statement, reason, false))
            }
        }
    }

    /// Completes the copy and returns the number of its rows.
    ///
    /// # Errors
    ///
    /// See [`PostgresSession::query`].
    pub async fn finish(self) -> Result<u64, Error> {
        let Self { session, statement, deadline, mut sink } = self;
        session.run(&statement, &deadline, sink.as_mut().finish()).await
    }
}
