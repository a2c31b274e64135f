//! `serve`: the native plugin server, from its start to its end.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use eod_render::Refusals;
use tokio::net::TcpListener;
use tokio::runtime::{Builder, Handle, Runtime};
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::time::{MissedTickBehavior, interval};
use tokio_util::sync::CancellationToken;

use super::{Ended, complain};
use crate::archive::Limits;
use crate::arguments::Serve;
use crate::http;
use crate::log;
use crate::metrics::Metrics;
use crate::policy::{PolicyStore, Reload};
use crate::priority;
use crate::renderer::Renderer;
use crate::server::{Patience, serve};
use crate::service::{Capacity, PluginService};
use crate::socket::{Socket, SocketError};
use crate::toolbox;

/// Between two looks at the policy's file. Kubernetes itself takes a minute to bring a new one.
const LOOK: Duration = Duration::from_secs(5);
/// Threads that serve connections at one time.
const SERVING: usize = 2;
/// Threads for what else may block: the policy, files.
const SPARE: usize = 8;

/// Why nothing is served.
#[derive(Debug, thiserror::Error)]
enum ServeError {
    #[error("eod-cmp does not start without a policy:\n{0}")]
    Policy(Refusals),
    #[error(transparent)]
    Socket(SocketError),
    #[error("cannot listen on {address} for health and metrics: {source}; name another address with --http, or none")]
    Http { address: SocketAddr, source: io::Error },
    #[error("the system refuses {what}: {source}")]
    System { what: &'static str, source: io::Error },
    #[error("serving failed: {0}")]
    Serving(tonic::transport::Error),
}

pub(super) fn run(options: &Serve) -> Ended {
    log::install(options.log_level, options.log_format);
    let ended = runtimes(options).map_err(|source| ServeError::System { what: "threads", source });
    let ended = ended.and_then(|(serving, rendering)| {
        let ended = serving.block_on(life(options, rendering.handle().clone()));
        // A render that hangs must not keep the process alive.
        rendering.shutdown_background();
        serving.shutdown_background();
        ended
    });
    match ended {
        Ok(()) => Ended::Done,
        Err(error) => {
            let cause = std::error::Error::source(&error).map(|cause| format!(": {cause}")).unwrap_or_default();
            complain(format!("{error}{cause}"), Ended::Failed)
        }
    }
}

/// The threads that serve, and those that render, which step back behind the others.
fn runtimes(options: &Serve) -> io::Result<(Runtime, Runtime)> {
    let Capacity { small, large, .. } = capacity(options);
    let serving = Builder::new_multi_thread()
        .worker_threads(SERVING)
        .max_blocking_threads(small + SERVING + SPARE)
        .enable_all()
        .build()?;
    let rendering =
        Builder::new_current_thread().max_blocking_threads(small + large).on_thread_start(priority::lower).build()?;
    Ok((serving, rendering))
}

fn capacity(options: &Serve) -> Capacity {
    Capacity { small: options.renders * 2, large: options.renders, calls: options.calls }
}

async fn life(options: &Serve, threads: Handle) -> Result<(), ServeError> {
    // Signals come first: Kubernetes may change its mind while we start.
    let signals = Signals::install().map_err(|source| ServeError::System { what: "signals", source })?;
    let policy = Arc::new(PolicyStore::open(&options.sidecar.policy).map_err(ServeError::Policy)?);
    let metrics = Arc::new(Metrics::new());
    let toolbox =
        Box::new(toolbox::open(options.sidecar.scratch.as_deref(), Some(Arc::clone(&metrics)), options.tools));
    toolbox.clean_at_start();
    let renderer =
        Renderer::new(Arc::clone(&policy), toolbox, options.cache_bytes, Limits::default(), Arc::clone(&metrics));
    let users = options.peer_users.clone();
    let service = PluginService::new(Arc::new(renderer), Arc::clone(&metrics), capacity(options), users, threads);
    let stopping = CancellationToken::new();

    // The endpoint before the socket: once the socket is there, nothing can fail any more.
    let endpoint = match options.http {
        Some(address) => {
            let bound = TcpListener::bind(address).await;
            Some(bound.map_err(|source| ServeError::Http { address, source })?)
        }
        None => None,
    };
    let (socket, listener) = Socket::bind(&options.socket_directory, &options.name).map_err(ServeError::Socket)?;
    let socket = Arc::new(socket);
    // The port may be one that the kernel chose.
    let address = endpoint.as_ref().and_then(|endpoint| endpoint.local_addr().ok()).map(|address| address.to_string());
    if let Some(endpoint) = endpoint {
        let (socket, policy, metrics) = (Arc::clone(&socket), Arc::clone(&policy), Arc::clone(&metrics));
        let status = http::Status { socket, policy, metrics, stopping: stopping.clone() };
        tokio::spawn(http::serve(endpoint, Arc::new(status)));
    }
    let Signals { mut end, reload } = signals;
    tokio::spawn(watch_policy(policy, metrics, reload));
    let stop = stopping.clone();
    tokio::spawn(async move {
        let name = end.first().await;
        tracing::info!(signal = name, "stopping");
        stop.cancel();
    });
    let path = socket.path().display();
    tracing::info!(version = env!("CARGO_PKG_VERSION"), socket = %path, http = address, "serving");
    serve(service, socket, listener, stopping, Patience::default()).await.map_err(ServeError::Serving)?;
    tracing::info!("stopped");
    Ok(())
}

/// Looks at the policy's file now and then, and when SIGHUP says so.
async fn watch_policy(policy: Arc<PolicyStore>, metrics: Arc<Metrics>, mut reload: Signal) {
    let mut look = interval(LOOK);
    look.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut last = Reload::Same;
    loop {
        tokio::select! {
            _ = look.tick() => {}
            _ = reload.recv() => {}
        }
        let store = Arc::clone(&policy);
        let Ok(outcome) = tokio::task::spawn_blocking(move || store.reload()).await else { continue };
        metrics.policy_refused(matches!(outcome, Reload::Refused(_)));
        if outcome != last {
            match &outcome {
                Reload::Same => tracing::info!("the policy's file is again the policy in force"),
                Reload::Replaced => tracing::info!("a new policy is in force"),
                Reload::Refused(refusals) => {
                    tracing::error!(%refusals, "the policy's file is refused; the old policy stays in force");
                }
            }
        }
        // What was replaced is the same from now on.
        last = if outcome == Reload::Replaced { Reload::Same } else { outcome };
    }
}

/// The signals that this process takes out of the system's hands.
struct Signals {
    end: End,
    reload: Signal,
}

struct End {
    terminate: Signal,
    interrupt: Signal,
}

impl Signals {
    fn install() -> io::Result<Self> {
        let end = End { terminate: signal(SignalKind::terminate())?, interrupt: signal(SignalKind::interrupt())? };
        Ok(Self { end, reload: signal(SignalKind::hangup())? })
    }
}

impl End {
    async fn first(&mut self) -> &'static str {
        tokio::select! {
            _ = self.terminate.recv() => "SIGTERM",
            _ = self.interrupt.recv() => "SIGINT",
        }
    }
}
