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
mod tests {
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

    use super::*;
    use crate::socket::PluginName;

    async fn ask(address: std::net::SocketAddr, line: &str) -> String {
        let mut stream = TcpStream::connect(address).await.unwrap();
        stream.write_all(format!("{line} HTTP/1.1\r\nhost: x\r\n\r\n").as_bytes()).await.unwrap();
        let mut text = String::new();
        stream.read_to_string(&mut text).await.unwrap();
        text
    }

    #[tokio::test]
    async fn health_follows_the_socket_and_the_end() {
        let directory = tempfile::tempdir().unwrap();
        let file = directory.path().join("policy.yaml");
        std::fs::write(&file, "{version: 1, projects: {p: {namespaces: ['a-*'], registries: []}}}").unwrap();
        let (socket, _listener) = Socket::bind(directory.path(), &PluginName::parse("eod@v1").unwrap()).unwrap();
        let status = Arc::new(Status {
            socket: Arc::new(socket),
            policy: Arc::new(PolicyStore::open(&file).unwrap()),
            metrics: Arc::new(Metrics::new()),
            stopping: CancellationToken::new(),
        });
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let server = tokio::spawn(serve(listener, Arc::clone(&status)));

        assert!(ask(address, "GET /healthz").await.ends_with("\r\n\r\nok\n"));
        assert!(ask(address, "GET /metrics").await.contains("eod_cmp_build{"));
        assert!(ask(address, "POST /healthz").await.starts_with("HTTP/1.1 405"));
        assert!(ask(address, "GET /").await.starts_with("HTTP/1.1 404"));

        std::fs::write(&file, "version: 2").unwrap();
        status.policy.reload();
        let text = ask(address, "GET /readyz").await;
        assert!(text.starts_with("HTTP/1.1 200") && text.contains("an older one is in force"), "{text}");

        status.socket.unlink();
        assert!(ask(address, "GET /healthz").await.starts_with("HTTP/1.1 503"));
        status.stopping.cancel();
        assert!(ask(address, "GET /healthz").await.starts_with("HTTP/1.1 200"), "what runs may be finished");
        assert!(ask(address, "GET /readyz").await.starts_with("HTTP/1.1 503"));
        server.abort();
    }
}
