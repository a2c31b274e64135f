//! Health and metrics over HTTP, for Kubernetes and Prometheus. Kubernetes cannot probe a Unix socket.

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
use crate::socket::Socket;

/// What the endpoint speaks about.
pub(crate) struct Status {
    pub(crate) socket: Arc<Socket>,
    pub(crate) policy: Arc<PolicyStore>,
    pub(crate) metrics: Arc<Metrics>,
    pub(crate) stopping: CancellationToken,
}

/// A probe asks one thing and goes.
const LONGEST: Duration = Duration::from_secs(10);
const PAUSE: Duration = Duration::from_millis(50);
const OPEN_METRICS: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";
const TEXT: &str = "text/plain; charset=utf-8";

/// Answers until the process ends.
pub(crate) async fn serve(listener: TcpListener, status: Arc<Status>) {
    loop {
        match listener.accept().await {
            Ok((stream, _)) => drop(tokio::spawn(connection(stream, Arc::clone(&status)))),
            Err(error) => {
                tracing::warn!(%error, "a connection to the health endpoint could not be accepted");
                sleep(PAUSE).await;
            }
        }
    }
}

async fn connection(stream: TcpStream, status: Arc<Status>) {
    let service = service_fn(move |request: Request<hyper::body::Incoming>| {
        let response = status.answer(request.method(), request.uri().path());
        async move { Ok::<_, Infallible>(response) }
    });
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .keep_alive(false)
        .serve_connection(TokioIo::new(stream), service);
    // A probe that breaks off has lost interest.
    let _ = timeout(LONGEST, connection).await;
}

impl Status {
    fn answer(&self, method: &Method, path: &str) -> Response<Full<Bytes>> {
        let is_read = matches!(*method, Method::GET | Method::HEAD);
        let (code, kind, text) = match path {
            _ if !is_read => (StatusCode::METHOD_NOT_ALLOWED, TEXT, "only GET and HEAD\n".to_owned()),
            "/healthz" => self.health(false),
            "/readyz" => self.health(true),
            "/metrics" => (StatusCode::OK, OPEN_METRICS, self.metrics.text()),
            _ => (StatusCode::NOT_FOUND, TEXT, "here are /healthz, /readyz and /metrics\n".to_owned()),
        };
        let mut response = Response::new(Full::from(text));
        *response.status_mut() = code;
        response.headers_mut().insert(header::CONTENT_TYPE, header::HeaderValue::from_static(kind));
        response
    }

    /// Alive while callers find us; ready while new ones are welcome. A policy that cannot be read is no reason to be
    /// restarted, since after that there would be none at all.
    fn health(&self, of_readiness: bool) -> (StatusCode, &'static str, String) {
        let is_stopping = self.stopping.is_cancelled();
        if is_stopping && of_readiness {
            return (StatusCode::SERVICE_UNAVAILABLE, TEXT, "stopping\n".to_owned());
        }
        if !is_stopping && !self.socket.is_ours() {
            let text = "the plugin's socket is gone or another process's; a restart makes it anew\n".to_owned();
            return (StatusCode::SERVICE_UNAVAILABLE, TEXT, text);
        }
        let note = match self.policy.trouble() {
            None => String::new(),
            Some(refusals) => format!("the policy's file is refused and an older one is in force:\n{refusals}\n"),
        };
        (StatusCode::OK, TEXT, format!("ok\n{note}"))
    }
}

#[cfg(test)]
mod tests;
