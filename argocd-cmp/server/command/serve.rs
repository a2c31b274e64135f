//! `serve`: runs the plugin server from its start to its end.

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

use super::{CommandResult, print_error};
use crate::archive::ArchiveLimits;
use crate::arguments::ServeArguments;
use crate::http;
use crate::log;
use crate::metrics::Metrics;
use crate::policy::{PolicyReload, PolicyStore};
use crate::priority::lower_thread_priority;
use crate::renderer::Renderer;
use crate::server::{StopTimeouts, serve};
use crate::service::{Capacity, PluginService};
use crate::socket::{PluginSocket, SocketError};
use crate::toolbox;

/// Interval of the checks for a new policy file. Kubernetes takes about one minute to update a mounted ConfigMap.
const POLICY_INTERVAL: Duration = Duration::from_secs(5);
/// Number of threads that serve connections.
const SERVING_THREADS: usize = 2;
/// Number of threads for other blocking work, such as reading the policy.
const SPARE_THREADS: usize = 8;

/// Reasons for a server that does not start or fails.
#[derive(Debug, thiserror::Error)]
enum ServeError {
    #[error("eod-cmp requires a valid policy:\n{0}")]
    Policy(Refusals),
    #[error(transparent)]
    Socket(SocketError),
    #[error("cannot listen on {address} for health and metrics: {source}; set --http to another address or none")]
    Http { address: SocketAddr, source: io::Error },
    #[error("cannot set up {what}: {source}")]
    System { what: &'static str, source: io::Error },
    #[error("gRPC server failed: {0}")]
    Serving(tonic::transport::Error),
}

pub(super) fn run(options: &ServeArguments) -> CommandResult {
    log::install(options.log_level, options.log_format);
    let result = build_runtimes(options).map_err(|source| ServeError::System { what: "threads", source });
    let result = result.and_then(|(serving, rendering)| {
        let result = serving.block_on(run_server(options, rendering.handle().clone()));
        // A render that never ends must not keep the process alive.
        rendering.shutdown_background();
        serving.shutdown_background();
        result
    });
    match result {
        Ok(()) => CommandResult::Done,
        Err(error) => {
            let cause = std::error::Error::source(&error).map(|cause| format!(": {cause}")).unwrap_or_default();
            print_error(format!("{error}{cause}"), CommandResult::Failed)
        }
    }
}

/// Runtime of the threads that serve connections, and runtime of the threads that render, with a lower priority.
fn build_runtimes(options: &ServeArguments) -> io::Result<(Runtime, Runtime)> {
    let Capacity { renders, archives, .. } = capacity(options);
    let serving = Builder::new_multi_thread()
        .worker_threads(SERVING_THREADS)
        .max_blocking_threads(renders + SERVING_THREADS + SPARE_THREADS)
        .enable_all()
        .build()?;
    let rendering = Builder::new_current_thread()
        .max_blocking_threads(renders + archives)
        .on_thread_start(lower_thread_priority)
        .build()?;
    Ok((serving, rendering))
}

fn capacity(options: &ServeArguments) -> Capacity {
    Capacity {
        renders: options.renders_or_default(),
        archives: options.renders_or_default(),
        calls: options.calls.get(),
    }
}

async fn run_server(options: &ServeArguments, threads: Handle) -> Result<(), ServeError> {
    // Signal handlers are installed first: Kubernetes may stop the container while it starts.
    let signals = ServerSignals::install().map_err(|source| ServeError::System { what: "signals", source })?;
    let policy = Arc::new(PolicyStore::open(&options.sidecar.policy).map_err(ServeError::Policy)?);
    let metrics = Arc::new(Metrics::new());
    let toolbox = Box::new(toolbox::open(
        options.sidecar.scratch.as_deref(),
        &options.sidecar.seed_file,
        &options.sidecar.registry_config,
        Some(Arc::clone(&metrics)),
        options.tools_or_default(),
    ));
    toolbox.remove_stale_homes();
    let renderer = Renderer::new(
        Arc::clone(&policy),
        toolbox,
        options.cache_bytes,
        ArchiveLimits::default(),
        Arc::clone(&metrics),
    );
    let users = options.peer_users.iter().copied().collect();
    let service = PluginService::new(Arc::new(renderer), Arc::clone(&metrics), capacity(options), users, threads);
    let stopping = CancellationToken::new();

    // The endpoint is bound before the socket: once the socket exists, the start cannot fail.
    let endpoint = match options.http.0 {
        Some(address) => {
            let bound = TcpListener::bind(address).await;
            Some(bound.map_err(|source| ServeError::Http { address, source })?)
        }
        None => None,
    };
    let (socket, listener) =
        PluginSocket::bind(&options.socket_directory, &options.name).map_err(ServeError::Socket)?;
    let socket = Arc::new(socket);
    // The address has the actual port if the configured port is 0.
    let address = endpoint.as_ref().and_then(|endpoint| endpoint.local_addr().ok()).map(|address| address.to_string());
    if let Some(endpoint) = endpoint {
        let (socket, policy, metrics) = (Arc::clone(&socket), Arc::clone(&policy), Arc::clone(&metrics));
        let state = http::HealthState { socket, policy, metrics, stopping: stopping.clone() };
        tokio::spawn(http::serve(endpoint, Arc::new(state)));
    }
    let ServerSignals { mut stop, reload } = signals;
    tokio::spawn(watch_policy(policy, metrics, reload));
    if options.until_stdin_closes {
        stop_when_stdin_closes(stopping.clone());
    }
    let on_signal = stopping.clone();
    tokio::spawn(async move {
        let name = stop.first().await;
        tracing::info!(signal = name, "stopping");
        on_signal.cancel();
    });
    let path = socket.path().display();
    tracing::info!(version = env!("CARGO_PKG_VERSION"), socket = %path, http = address, "serving");
    serve(service, socket, listener, stopping, StopTimeouts::default()).await.map_err(ServeError::Serving)?;
    tracing::info!("stopped");
    Ok(())
}

/// Cancels `stopping` when stdin is closed. The thread ends with the process.
fn stop_when_stdin_closes(stopping: CancellationToken) {
    std::thread::spawn(move || {
        // An error of stdin counts as its end.
        let _ = io::copy(&mut io::stdin().lock(), &mut io::sink());
        tracing::info!("stdin was closed: stopping");
        stopping.cancel();
    });
}

/// Reads the policy file again in regular intervals and after SIGHUP.
async fn watch_policy(policy: Arc<PolicyStore>, metrics: Arc<Metrics>, mut reload: Signal) {
    let mut ticks = interval(POLICY_INTERVAL);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut last = PolicyReload::Same;
    loop {
        tokio::select! {
            _ = ticks.tick() => {}
            _ = reload.recv() => {}
        }
        let store = Arc::clone(&policy);
        let Ok(reloaded) = tokio::task::spawn_blocking(move || store.reload()).await else { continue };
        metrics.set_policy_refused(matches!(reloaded, PolicyReload::Refused(_)));
        if reloaded != last {
            match &reloaded {
                PolicyReload::Same => tracing::info!("the policy file is valid again and has not changed"),
                PolicyReload::Replaced => tracing::info!("a new policy is active"),
                PolicyReload::Refused(refusals) => {
                    tracing::error!(%refusals, "the policy file is invalid; the old policy stays active");
                }
            }
        }
        // After a replacement, an unchanged file is not logged.
        last = if reloaded == PolicyReload::Replaced { PolicyReload::Same } else { reloaded };
    }
}

/// Signals handled by the server.
struct ServerSignals {
    stop: StopSignals,
    reload: Signal,
}

/// Signals that stop the server.
struct StopSignals {
    terminate: Signal,
    interrupt: Signal,
}

impl ServerSignals {
    fn install() -> io::Result<Self> {
        let stop =
            StopSignals { terminate: signal(SignalKind::terminate())?, interrupt: signal(SignalKind::interrupt())? };
        Ok(Self { stop, reload: signal(SignalKind::hangup())? })
    }
}

impl StopSignals {
    /// Waits for the first signal and returns its name.
    async fn first(&mut self) -> &'static str {
        tokio::select! {
            _ = self.terminate.recv() => "SIGTERM",
            _ = self.interrupt.recv() => "SIGINT",
        }
    }
}
