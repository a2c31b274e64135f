//! The life of the server: from the socket to the last answer.
//!
//! A connection that is accepted and ends before HTTP/2 has said hello makes repo-server wait for ever, for that whole
//! repository. So at the end the order is: no new callers (the socket's name goes), but whoever called before is still
//! accepted for a while; then what runs is finished; then the process may end.

use std::future;
use std::sync::Arc;
use std::time::Duration;

use tokio::net::UnixListener;
use tokio::time::sleep;
use tokio_stream::wrappers::ReceiverStream;
use tokio_util::sync::CancellationToken;
use tonic::transport::Server;

use crate::service::PluginService;
use crate::socket::{Socket, accept};

/// How long each part of the end may take.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Patience {
    /// After the socket's name is gone: for those who connected before.
    pub(crate) linger: Duration,
    /// After that: for what runs.
    pub(crate) finish: Duration,
}

impl Default for Patience {
    /// Together below the 30 s that Kubernetes gives.
    fn default() -> Self {
        Self { linger: Duration::from_secs(1), finish: Duration::from_secs(25) }
    }
}

/// Room for pieces that nobody has read yet, per caller. Each of them has one stream on a connection of its own.
const WINDOW: u32 = 256 << 10;

/// Serves until `stopping`, and to the end.
pub(crate) async fn serve(
    service: PluginService,
    socket: Arc<Socket>,
    listener: UnixListener,
    stopping: CancellationToken,
    patience: Patience,
) -> Result<(), tonic::transport::Error> {
    let closing = CancellationToken::new();
    let incoming = accept(listener, closing.clone());
    // The end comes with the end of the incoming connections, when each of them has been handed over.
    let server = Server::builder()
        .initial_stream_window_size(WINDOW)
        .initial_connection_window_size(WINDOW)
        .add_service(service.server())
        .serve_with_incoming_shutdown(ReceiverStream::new(incoming), future::pending());
    let end = async {
        stopping.cancelled().await;
        socket.unlink();
        sleep(patience.linger).await;
        closing.cancel();
        sleep(patience.finish).await;
        tracing::warn!("calls that did not end in time are cut off");
    };
    tokio::select! {
        served = server => served,
        () = end => Ok(()),
    }
}
