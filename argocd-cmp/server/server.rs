//! The gRPC server from its start to its graceful end.
//!
//! If a connection is accepted and closed before HTTP/2 has sent its SETTINGS, repo-server waits forever for every
//! render of that repository. So the server stops in this order: it removes the socket, so that no new caller can
//! connect; it accepts the connections that are already pending; it finishes the running calls; the process ends.

use std::future;
use std::sync::Arc;
use std::time::Duration;

use tokio::net::UnixListener;
use tokio::time::sleep;
use tokio_stream::wrappers::ReceiverStream;
use tokio_util::sync::CancellationToken;
use tonic::transport::Server;

use crate::service::PluginService;
use crate::socket::{PluginSocket, accept};

/// Timeouts of a graceful stop.
#[derive(Clone, Copy, Debug)]
pub(crate) struct StopTimeouts {
    /// Time for pending connections after the socket was removed.
    pub(crate) linger: Duration,
    /// Time for running calls after that.
    pub(crate) finish: Duration,
}

impl Default for StopTimeouts {
    /// Together below the 30 s of Kubernetes' default grace period.
    fn default() -> Self {
        Self { linger: Duration::from_secs(1), finish: Duration::from_secs(25) }
    }
}

/// Bytes of unread messages per caller. Every caller has one stream on a connection of its own.
const RECEIVE_WINDOW: u32 = 256 << 10;

/// Serves until `stopping` is cancelled, and then stops gracefully.
///
/// # Errors
///
/// Fails if the server of tonic fails.
pub(crate) async fn serve(
    service: PluginService,
    socket: Arc<PluginSocket>,
    listener: UnixListener,
    stopping: CancellationToken,
    timeouts: StopTimeouts,
) -> Result<(), tonic::transport::Error> {
    let closing = CancellationToken::new();
    let incoming = accept(listener, closing.clone());
    // The server ends when the stream of connections has ended and every connection has been taken over.
    let server = Server::builder()
        .initial_stream_window_size(RECEIVE_WINDOW)
        .initial_connection_window_size(RECEIVE_WINDOW)
        .add_service(service.into_server())
        .serve_with_incoming_shutdown(ReceiverStream::new(incoming), future::pending());
    let end = async {
        stopping.cancelled().await;
        socket.unlink();
        sleep(timeouts.linger).await;
        closing.cancel();
        sleep(timeouts.finish).await;
        tracing::warn!("calls that did not end in time are cancelled");
    };
    tokio::select! {
        served = server => served,
        () = end => Ok(()),
    }
}
