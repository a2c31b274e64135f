//! A forge for tests: a function from request to reply and a log of the requests.

use std::{
    io,
    sync::{Arc, Mutex},
    time::{Duration, SystemTime},
};

use bytes::Bytes;
use eod_domain::Repository;
use http::{Request, Response};
use http_body_util::{BodyExt, Full};
use hyper_util::rt::TokioIo;
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

use crate::{
    Deadline,
    forge::{Forge, ForgeAccess, ForgeKind, ForgeLimits, ForgeSettings, TokenSource},
    retry::RetryPolicy,
};

/// The token of the clients.
pub(super) const TOKEN: &str = "canary-token";

/// One request as it arrived.
#[derive(Clone, Debug)]
pub(super) struct Seen {
    pub(super) line: String,
    pub(super) headers: http::HeaderMap,
    pub(super) body: Value,
}

/// Reaction of the forge.
pub(super) struct Reply {
    pub(super) status: u16,
    pub(super) headers: Vec<(&'static str, String)>,
    pub(super) body: String,
}

/// Function from the number of the request, from 0, and the request to the reply; `None` ends the connection.
type Script = dyn Fn(usize, &Seen) -> Option<Reply> + Send + Sync;

/// The forge.
#[derive(Clone)]
pub(super) struct FakeForge {
    script: Arc<Script>,
    log: Arc<Mutex<Vec<Seen>>>,
    /// `http://127.0.0.1:port`.
    pub(super) url: String,
}

impl Seen {
    pub(super) fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }
}

impl Reply {
    pub(super) fn json(status: u16, body: &Value) -> Self {
        Self { status, headers: Vec::new(), body: body.to_string() }
    }

    pub(super) fn text(status: u16, body: &str) -> Self {
        Self { status, headers: Vec::new(), body: body.to_owned() }
    }

    pub(super) fn message(status: u16, message: &str) -> Self {
        Self::json(status, &json!({ "message": message }))
    }

    pub(super) fn with(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.headers.push((name, value.into()));
        self
    }
}

impl FakeForge {
    /// Serves on a loopback port that the kernel chooses.
    pub(super) async fn serve(script: impl Fn(usize, &Seen) -> Option<Reply> + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let fake = Self { script: Arc::new(script), log: Arc::default(), url };
        let server = fake.clone();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let fake = server.clone();
                tokio::spawn(async move { fake.serve_connection(stream).await });
            }
        });
        fake
    }

    /// A client of this forge with pauses of milliseconds.
    pub(super) fn client(&self, kind: ForgeKind) -> Forge {
        self.client_at(kind, SystemTime::now)
    }

    pub(super) fn client_with(&self, kind: ForgeKind, token: TokenSource) -> Forge {
        self.make(kind, token, SystemTime::now)
    }

    pub(super) fn client_at(&self, kind: ForgeKind, clock: impl Fn() -> SystemTime + Send + Sync + 'static) -> Forge {
        self.make(kind, TokenSource::Token(TOKEN.to_owned().into()), clock)
    }

    fn make(
        &self,
        kind: ForgeKind,
        token: TokenSource,
        clock: impl Fn() -> SystemTime + Send + Sync + 'static,
    ) -> Forge {
        let retry = RetryPolicy {
            first_pause: Duration::from_millis(1),
            longest_pause: Duration::from_millis(4),
            unreachable: Duration::from_millis(50),
            ..ForgeLimits::default().retry
        };
        let limits = ForgeLimits { retry, between_writes: Duration::from_millis(40), ..ForgeLimits::default() };
        let settings = ForgeSettings { kind, host: host(kind).into(), api: Some(self.url.clone()), token };
        Forge::with_limits(ForgeAccess::new(settings).unwrap(), "eod/0.0.0 (test)", limits, clock).unwrap()
    }

    pub(super) fn log(&self) -> Vec<Seen> {
        self.log.lock().unwrap().clone()
    }

    pub(super) fn lines(&self) -> Vec<String> {
        self.log().into_iter().map(|seen| seen.line).collect()
    }

    async fn serve_connection(self, stream: tokio::net::TcpStream) {
        let service = hyper::service::service_fn(move |request: Request<hyper::body::Incoming>| {
            let fake = self.clone();
            async move {
                let (head, body) = request.into_parts();
                let body = body.collect().await.unwrap_or_else(|error| panic!("{error}")).to_bytes();
                fake.answer(head, &body)
            }
        });
        let _closed = hyper::server::conn::http1::Builder::new().serve_connection(TokioIo::new(stream), service).await;
    }

    fn answer(&self, head: http::request::Parts, body: &Bytes) -> io::Result<Response<Full<Bytes>>> {
        let path = head.uri.path_and_query().map(ToString::to_string).unwrap_or_default();
        let body = serde_json::from_slice(body).unwrap_or(Value::Null);
        let seen = Seen { line: format!("{} {path}", head.method), headers: head.headers, body };
        let mut log = self.log.lock().unwrap();
        let number = log.len();
        log.push(seen.clone());
        drop(log);
        let Some(reply) = (self.script)(number, &seen) else {
            return Err(io::Error::new(io::ErrorKind::ConnectionReset, "reset by peer"));
        };
        let mut response = Response::builder().status(reply.status);
        for (name, value) in reply.headers {
            response = response.header(name, value);
        }
        Ok(response.body(Full::new(Bytes::from(reply.body))).unwrap_or_else(|error: http::Error| panic!("{error}")))
    }
}

/// The host of the repositories of these tests.
pub(super) fn host(kind: ForgeKind) -> &'static str {
    match kind {
        ForgeKind::GitHub => "github.com",
        ForgeKind::GitLab => "gitlab.com",
    }
}

/// `acme/shop` on GitHub, `acme/team/shop` on GitLab.
pub(super) fn repository(kind: ForgeKind) -> Repository {
    match kind {
        ForgeKind::GitHub => "acme/shop".parse().unwrap(),
        ForgeKind::GitLab => "gitlab.com/acme/team/shop".parse().unwrap(),
    }
}

/// A deadline in seconds from now.
pub(super) fn deadline(seconds: u64) -> Deadline {
    Deadline::within(Duration::from_secs(seconds), CancellationToken::new())
}

/// An open pull request as GitHub writes it.
pub(super) fn github(number: u64) -> Value {
    json!({
        "number": number, "state": "open", "merged_at": null, "draft": false,
        "user": { "login": "alice" }, "labels": [{ "name": "preview" }],
        "head": { "ref": "feature/a", "sha": "0c3cf71", "repo": { "id": 1 } },
        "base": { "ref": "main", "repo": { "id": 1, "full_name": "acme/shop" } },
        "html_url": format!("https://github.com/acme/shop/pull/{number}"),
    })
}

/// An open merge request as GitLab writes it.
pub(super) fn gitlab(number: u64) -> Value {
    json!({
        "id": 900 + number, "iid": number, "state": "opened", "draft": true,
        "author": { "username": "alice" }, "labels": ["preview", "a b"],
        "references": { "full": format!("acme/team/shop!{number}") },
        "source_branch": "feature/a", "sha": "0c3cf71", "source_project_id": 1, "target_project_id": 1,
        "web_url": format!("https://gitlab.com/acme/team/shop/-/merge_requests/{number}"),
    })
}
