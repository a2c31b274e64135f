//! A proxy of TCP connections that stops or resets them on request, for protocols other than HTTP.

use std::{
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    thread::{self, JoinHandle},
};

use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    sync::{oneshot, watch},
};

/// Treatment of all connections of a proxy.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Traffic {
    /// All bytes are forwarded.
    Forwarded,
    /// Connections stay open and no byte is forwarded.
    Stalled,
    /// Connections are reset, new ones too.
    Reset,
}

/// A running proxy on 127.0.0.1. When it is dropped, it stops and closes all connections.
pub struct TcpProxy {
    /// Address to connect to.
    pub address: SocketAddr,
    traffic: watch::Sender<Traffic>,
    accepted: Arc<AtomicUsize>,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl TcpProxy {
    /// A proxy in front of a port of 127.0.0.1, which forwards all bytes.
    pub fn start(port: u16) -> Self {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        listener.set_nonblocking(true).unwrap();
        let address = listener.local_addr().unwrap();
        let (traffic, watched) = watch::channel(Traffic::Forwarded);
        let (stop, stopped) = oneshot::channel();
        let accepted = Arc::new(AtomicUsize::new(0));
        let counted = Arc::clone(&accepted);
        let thread = thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
            runtime.block_on(async {
                tokio::select! {
                    _ = stopped => {}
                    () = serve(TcpListener::from_std(listener).unwrap(), port, watched, &counted) => {}
                }
            });
        });
        Self { address, traffic, accepted, stop: Some(stop), thread: Some(thread) }
    }

    /// Changes the treatment of all connections.
    pub fn set(&self, traffic: Traffic) {
        self.traffic.send_replace(traffic);
    }

    /// Number of connections until now.
    pub fn accepted(&self) -> usize {
        self.accepted.load(Ordering::SeqCst)
    }
}

impl Drop for TcpProxy {
    fn drop(&mut self) {
        drop(self.stop.take());
        if let Some(thread) = self.thread.take() {
            drop(thread.join());
        }
    }
}

async fn serve(listener: TcpListener, port: u16, traffic: watch::Receiver<Traffic>, accepted: &AtomicUsize) {
    while let Ok((client, _)) = listener.accept().await {
        accepted.fetch_add(1, Ordering::SeqCst);
        tokio::spawn(forward(client, port, traffic.clone()));
    }
}

async fn forward(mut client: TcpStream, port: u16, mut traffic: watch::Receiver<Traffic>) {
    let Ok(mut server) = TcpStream::connect(("127.0.0.1", port)).await else { return };
    {
        let (client_in, client_out) = client.split();
        let (server_in, server_out) = server.split();
        tokio::select! {
            () = copy(client_in, server_out, traffic.clone()) => return,
            () = copy(server_in, client_out, traffic.clone()) => return,
            _ = traffic.wait_for(|traffic| *traffic == Traffic::Reset) => {}
        }
    }
    // Without lingering, closing a socket sends a reset.
    drop(client.set_zero_linger());
    drop(server.set_zero_linger());
}

async fn copy(
    mut from: impl AsyncRead + Unpin,
    mut to: impl AsyncWrite + Unpin,
    mut traffic: watch::Receiver<Traffic>,
) {
    let mut buffer = vec![0; 16 << 10];
    loop {
        if traffic.wait_for(|traffic| *traffic != Traffic::Stalled).await.is_err() {
            return;
        }
        match from.read(&mut buffer).await {
            Ok(0) | Err(_) => return,
            Ok(length) => {
                // Bytes that arrived while the traffic was stalled wait here.
                let stopped = traffic.wait_for(|traffic| *traffic != Traffic::Stalled).await.is_err();
                let bytes = buffer.get(..length).unwrap_or_default();
                if stopped || to.write_all(bytes).await.is_err() {
                    return;
                }
            }
        }
    }
}
