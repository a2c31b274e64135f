//! Accepts connections from the listener and passes those that complete TLS to the server.
//!
//! This module handles TLS instead of tonic, because the client certificate can be pinned only here. Each TLS handshake
//! runs in its own task, so that a slow client does not block other clients.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use rustls::ServerConfig;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::sync::{mpsc, watch};
use tokio::time::{sleep, timeout};
use tokio_rustls::TlsAcceptor;
use tonic::transport::server::Connected;

use super::socket::Listener;
use super::transport::Transport;

/// Timeout of a TLS handshake.
const HANDSHAKE: Duration = Duration::from_secs(10);
/// Pause after a failed accept. The usual cause is that no file descriptor is free.
const PAUSE: Duration = Duration::from_millis(50);

/// Number of open connections.
#[derive(Clone, Debug, Default)]
pub(crate) struct Live(Arc<watch::Sender<usize>>);

impl Live {
    /// Returns a receiver that is notified when the number changes.
    pub(crate) fn watch(&self) -> watch::Receiver<usize> {
        self.0.subscribe()
    }

    fn enter(&self) -> Counted {
        self.0.send_modify(|open| *open += 1);
        Counted(self.clone())
    }
}

/// Counts one open connection until it is dropped.
struct Counted(Live);

impl Drop for Counted {
    fn drop(&mut self) {
        self.0.0.send_modify(|open| *open = open.saturating_sub(1));
    }
}

/// Accepted connection. If TLS is enabled, its handshake is complete.
pub(crate) struct Connection {
    transport: Box<dyn Transport>,
    _counted: Counted,
}

/// Accepts connections in the background until the receiver is dropped. With `tls` only the pinned client is accepted.
pub(crate) fn accept(
    listener: Listener,
    tls: Option<Arc<ServerConfig>>,
    live: Live,
) -> mpsc::Receiver<io::Result<Connection>> {
    let (connections, incoming) = mpsc::channel(4);
    tokio::spawn(async move {
        loop {
            let transport = tokio::select! {
                () = connections.closed() => return,
                accepted = listener.accept() => accepted,
            };
            match transport {
                Ok(transport) => {
                    tokio::spawn(admit(
                        transport,
                        tls.clone().map(TlsAcceptor::from),
                        live.clone(),
                        connections.clone(),
                    ));
                }
                Err(error) => {
                    tracing::warn!(error = %error, "a connection could not be accepted");
                    sleep(PAUSE).await;
                }
            }
        }
    });
    incoming
}

async fn admit(
    transport: Box<dyn Transport>,
    tls: Option<TlsAcceptor>,
    live: Live,
    connections: mpsc::Sender<io::Result<Connection>>,
) {
    let transport = match tls {
        None => transport,
        Some(tls) => match timeout(HANDSHAKE, tls.accept(transport)).await {
            Ok(Ok(stream)) => Box::new(stream),
            Ok(Err(error)) => return tracing::warn!(error = %error, "a client was refused"),
            Err(_) => return tracing::warn!("a client did not finish its TLS handshake"),
        },
    };
    // If the server has already stopped, the connection is dropped.
    let _ = connections.send(Ok(Connection { transport, _counted: live.enter() })).await;
}

impl Connected for Connection {
    type ConnectInfo = ();

    fn connect_info(&self) -> Self::ConnectInfo {}
}

impl AsyncRead for Connection {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.transport).poll_read(cx, buffer)
    }
}

impl AsyncWrite for Connection {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.transport).poll_write(cx, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.transport).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.transport).poll_shutdown(cx)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.transport).poll_write_vectored(cx, slices)
    }

    fn is_write_vectored(&self) -> bool {
        self.transport.is_write_vectored()
    }
}

#[cfg(test)]
mod tests;
