//! HTTP endpoint with health and metrics, for Kubernetes and Prometheus. Kubernetes cannot probe a Unix socket.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::{Method, Request, Response, StatusCode, header};
use http_body_util::Full;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::{sleep, timeout};
use tokio_util::sync::CancellationToken;

use crate::metrics::Metrics;
use crate::policy::PolicyStore;
use crate::socket::PluginSocket;

/// State of the process that the endpoint reports.
pub(crate) struct HealthState {
    /// Socket of the plugin.
    pub(crate) socket: Arc<PluginSocket>,
    /// Active policy.
    pub(crate) policy: Arc<PolicyStore>,
    /// Metrics of the process.
    pub(crate) metrics: Arc<Metrics>,
    /// Cancelled when the process begins to stop.
    pub(crate) stopping: CancellationToken,
}

/// Timeout of a connection, which has one request.
const CONNECTION_TIMEOUT: Duration = Duration::from_secs(10);
/// Pause after a failed accept.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);
const OPEN_METRICS: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";
const TEXT: &str = "text/plain; charset=utf-8";

/// Serves requests until the process ends.
pub(crate) async fn serve(listener: TcpListener, state: Arc<HealthState>) {
    loop {
        match listener.accept().await {
            Ok((stream, _)) => drop(tokio::spawn(connection(stream, Arc::clone(&state)))),
            Err(error) => {
                tracing::warn!(%error, "cannot accept a connection of the health endpoint");
                sleep(ACCEPT_PAUSE).await;
            }
        }
    }
}

async fn connection(stream: TcpStream, state: Arc<HealthState>) {
    let service = service_fn(move |request: Request<hyper::body::Incoming>| {
        let response = state.respond(request.method(), request.uri().path());
        async move { Ok::<_, Infallible>(response) }
    });
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .keep_alive(false)
        .serve_connection(TokioIo::new(stream), service);
    // A client that disconnects early needs no response.
    let _ = timeout(CONNECTION_TIMEOUT, connection).await;
}

impl HealthState {
    /// Response to one request.
    fn respond(&self, method: &Method, path: &str) -> Response<Full<Bytes>> {
        let is_read = matches!(*method, Method::GET | Method::HEAD);
        let (code, kind, text) = match path {
            _ if !is_read => (StatusCode::METHOD_NOT_ALLOWED, TEXT, "only GET and HEAD are supported\n".to_owned()),
            "/healthz" => self.health(false),
            "/readyz" => self.health(true),
            "/metrics" => (StatusCode::OK, OPEN_METRICS, self.metrics.encode()),
            _ => (StatusCode::NOT_FOUND, TEXT, "supported paths are /healthz, /readyz and /metrics\n".to_owned()),
        };
        let mut response = Response::new(Full::from(text));
        *response.status_mut() = code;
        response.headers_mut().insert(header::CONTENT_TYPE, header::HeaderValue::from_static(kind));
        response
    }

    /// Alive if repo-server can reach the socket; ready unless the process is stopping. An invalid policy file does not
    /// make the process unhealthy: a restarted process would have no policy at all.
    fn health(&self, of_readiness: bool) -> (StatusCode, &'static str, String) {
        let is_stopping = self.stopping.is_cancelled();
        if is_stopping && of_readiness {
            return (StatusCode::SERVICE_UNAVAILABLE, TEXT, "stopping\n".to_owned());
        }
        if !is_stopping && !self.socket.is_ours() {
            let text = "the plugin's socket was removed or belongs to another process; a restart creates it again\n"
                .to_owned();
            return (StatusCode::SERVICE_UNAVAILABLE, TEXT, text);
        }
        let note = match self.policy.errors() {
            None => String::new(),
            Some(refusals) => format!("the policy file is invalid and an older policy is active:\n{refusals}\n"),
        };
        (StatusCode::OK, TEXT, format!("ok\n{note}"))
    }
}

#[cfg(test)]
mod tests;
