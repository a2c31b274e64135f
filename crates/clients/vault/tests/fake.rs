//! A Vault for tests: a function from request to reply, a log of the requests, and faults that a real Vault cannot
//! produce on demand. It listens on loopback; the client is real.

use std::{
    convert::Infallible,
    io,
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    time::{Duration, SystemTime},
};

use bytes::Bytes;
use http::{Request, Response};
use http_body_util::{BodyExt, Full};
use hyper_util::rt::TokioIo;
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

use crate::vault::{Auth, Vault, VaultAccess, VaultLimits, VaultSettings};
use crate::{Deadline, retry::RetryPolicy};

/// The token that the fake's clients send.
pub(super) const TOKEN: &str = "hvs.canary-token";

/// One request as it arrived.
#[derive(Clone, Debug)]
pub(super) struct Seen {
    pub(super) method: String,
    pub(super) path: String,
    pub(super) headers: http::HeaderMap,
    pub(super) body: Value,
}

/// Reaction of the server.
pub(super) enum Reply {
    Json(u16, Value),
    Raw(u16, Vec<(&'static str, String)>, &'static str),
    /// Accepts the connection and never answers.
    Hang,
    /// Ends the connection after the request was read.
    Break,
}

type Script = dyn Fn(usize, &Seen) -> Reply + Send + Sync;

/// The server.
#[derive(Clone)]
pub(super) struct FakeVault {
    reply: Arc<Script>,
    log: Arc<Mutex<Vec<Seen>>>,
    in_flight: Arc<AtomicUsize>,
    peak: Arc<AtomicUsize>,
    /// `http://127.0.0.1:port`.
    pub(super) url: String,
}

impl Seen {
    pub(super) fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }

    pub(super) fn line(&self) -> String {
        format!("{} {}", self.method, self.path)
    }
}

impl FakeVault {
    /// Serves on a port of the kernel's choice. The first two requests of a client, which read its token and the
    /// mount, are answered unless the script does; the script gets the number of the request, from 0.
    pub(super) async fn serve(reply: impl Fn(usize, &Seen) -> Reply + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let fake =
            Self { reply: Arc::new(reply), log: Arc::default(), in_flight: Arc::default(), peak: Arc::default(), url };
        let server = fake.clone();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let fake = server.clone();
                tokio::spawn(async move { fake.serve_connection(stream).await });
            }
        });
        fake
    }

    async fn serve_connection(self, stream: tokio::net::TcpStream) {
        let service = hyper::service::service_fn(move |request: Request<hyper::body::Incoming>| {
            let fake = self.clone();
            async move {
                let (head, body) = request.into_parts();
                let body = body.collect().await.unwrap().to_bytes();
                fake.answer(head, &body).await
            }
        });
        let _closed = hyper::server::conn::http1::Builder::new().serve_connection(TokioIo::new(stream), service).await;
    }

    /// A client with a token, which retries within milliseconds.
    pub(super) fn client(&self) -> Vault {
        self.client_with(Auth::Token(TOKEN.to_owned().into()))
    }

    pub(super) fn client_with(&self, auth: Auth) -> Vault {
        client(VaultSettings { address: Some(self.url.clone()), auth: Some(auth), ..VaultSettings::default() })
    }

    pub(super) fn log(&self) -> Vec<Seen> {
        self.log.lock().unwrap().clone()
    }

    pub(super) fn lines(&self) -> Vec<String> {
        self.log().iter().map(Seen::line).collect()
    }

    /// Number of requests with this line.
    pub(super) fn count(&self, line: &str) -> usize {
        self.lines().iter().filter(|seen| *seen == line).count()
    }

    /// The maximum number of concurrent requests.
    pub(super) fn peak(&self) -> usize {
        self.peak.load(Ordering::SeqCst)
    }

    async fn answer(&self, head: http::request::Parts, body: &Bytes) -> io::Result<Response<Full<Bytes>>> {
        let path = head.uri.path_and_query().map(ToString::to_string).unwrap_or_default();
        let body = serde_json::from_slice(body).unwrap_or(Value::Null);
        let seen = Seen { method: head.method.to_string(), path, headers: head.headers, body };
        let reply = {
            let mut log = self.log.lock().unwrap();
            let number = log.len();
            log.push(seen.clone());
            (self.reply)(number, &seen)
        };
        let now = self.in_flight.fetch_add(1, Ordering::SeqCst) + 1;
        self.peak.fetch_max(now, Ordering::SeqCst);
        tokio::time::sleep(Duration::from_millis(2)).await;
        self.in_flight.fetch_sub(1, Ordering::SeqCst);
        perform(reply).await
    }
}

/// A client of any server, with pauses of milliseconds.
pub(super) fn client(settings: VaultSettings) -> Vault {
    let retry = RetryPolicy {
        attempt: Duration::from_secs(5),
        first_pause: Duration::from_millis(1),
        longest_pause: Duration::from_millis(4),
        longest_retry_after: Duration::from_secs(30),
        unreachable: Duration::from_millis(50),
    };
    let limits = VaultLimits { retry, ..VaultLimits::default() };
    Vault::with_limits(VaultAccess::new(settings).unwrap(), "eod/0.0.0 (test)", limits, SystemTime::now)
}

/// A call that may take a long time.
pub(super) fn deadline() -> Deadline {
    Deadline::within(Duration::from_secs(120), CancellationToken::new())
}

/// Replies that every script needs: the token does not expire, and `secret` is KV version 2.
pub(super) fn basics(seen: &Seen) -> Option<Reply> {
    match seen.path.as_str() {
        "/v1/auth/token/lookup-self" => Some(Reply::Json(200, json!({ "data": { "ttl": 0, "policies": ["root"] } }))),
        path if path.starts_with("/v1/sys/internal/ui/mounts/") => {
            let data = json!({ "path": "secret/", "type": "kv", "options": { "version": "2" } });
            Some(Reply::Json(200, json!({ "data": data })))
        }
        _ => None,
    }
}

/// A refusal as Vault writes it.
pub(super) fn refusal(status: u16, words: &str) -> Reply {
    Reply::Json(status, json!({ "errors": [words] }))
}

/// A secret as Vault gives it.
pub(super) fn secret(version: u64, data: &Value) -> Reply {
    let metadata = json!({ "version": version, "created_time": "2026-01-01T00:00:00.000000001Z",
        "deletion_time": "", "destroyed": false, "custom_metadata": null });
    Reply::Json(200, json!({ "data": { "data": data, "metadata": metadata } }))
}

async fn perform(reply: Reply) -> io::Result<Response<Full<Bytes>>> {
    match reply {
        Reply::Json(code, value) => {
            let body = Full::new(Bytes::from(value.to_string()));
            Ok(Response::builder().status(code).body(body).unwrap())
        }
        Reply::Raw(code, headers, body) => {
            let mut response = Response::builder().status(code);
            for (name, value) in headers {
                response = response.header(name, value);
            }
            Ok(response.body(Full::new(Bytes::from_static(body.as_bytes()))).unwrap())
        }
        Reply::Hang => std::future::pending::<Result<_, Infallible>>().await.map_err(|never| match never {}),
        Reply::Break => Err(io::Error::new(io::ErrorKind::ConnectionReset, "reset by peer")),
    }
}
