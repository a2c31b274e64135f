//! Cancel requests. PostgreSQL receives them on a connection of their own.

use std::{io, time::Duration};

use tokio::{io::AsyncReadExt, task::AbortHandle};
use tokio_postgres::{CancelToken, NoTls};

use super::{socket::SocketPlace, tls_stream::PostgresTls};

/// Time limit of a cancel request, and of the wait for the end of the cancelled statement.
pub(super) const CANCEL_LIMIT: Duration = Duration::from_secs(2);

/// Cancels statements of one session.
#[derive(Clone)]
pub(super) struct Canceller {
    pub(super) token: CancelToken,
    pub(super) place: SocketPlace,
    /// TLS of the session; none if it has none.
    pub(super) tls: Option<PostgresTls>,
}

impl Canceller {
    /// Requests the end of the running statement. Returns after the server has sent the signal to the session, so that
    /// the request cannot meet a later statement.
    pub(super) async fn cancel(&self) -> io::Result<()> {
        let mut socket = self.place.open().await?;
        let sent = match &self.tls {
            Some(tls) => self.token.cancel_query_raw(&mut socket, tls.clone()).await,
            None => self.token.cancel_query_raw(&mut socket, NoTls).await,
        };
        sent.map_err(io::Error::other)?;
        // The server closes the connection after it has acted.
        let mut rest = [0; 256];
        while socket.read(&mut rest).await.is_ok_and(|length| length > 0) {}
        Ok(())
    }
}

/// Ends the session and its statement unless it is disarmed, for callers that drop a future.
pub(super) struct DropGuard<'a> {
    canceller: &'a Canceller,
    connection: &'a AbortHandle,
    is_armed: bool,
}

impl<'a> DropGuard<'a> {
    pub(super) fn armed(canceller: &'a Canceller, connection: &'a AbortHandle) -> Self {
        Self { canceller, connection, is_armed: true }
    }

    pub(super) fn disarm(mut self) {
        self.is_armed = false;
    }
}

impl Drop for DropGuard<'_> {
    fn drop(&mut self) {
        if self.is_armed {
            cancel_and_end(self.canceller, self.connection);
        }
    }
}

/// Cancels the statement in the background and closes the connection, which makes the server roll back and release the
/// locks of the session.
pub(super) fn cancel_and_end(canceller: &Canceller, connection: &AbortHandle) {
    connection.abort();
    // Without a runtime the program ends. Then the server notices the closed connection by itself.
    if let Ok(runtime) = tokio::runtime::Handle::try_current() {
        let canceller = canceller.clone();
        runtime.spawn(async move {
            // A failed cancel has no remedy; the closed connection ends the statement as well, only later.
            drop(tokio::time::timeout(CANCEL_LIMIT, canceller.cancel()).await);
        });
    }
}
