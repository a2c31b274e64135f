//! An API server for tests: a function from request to reply, a log of the requests, and faults that a real server
//! cannot produce on demand. It replaces the transport only; the client is real.

use std::{
    convert::Infallible,
    io,
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use bytes::Bytes;
use http::{Request, Response};
use http_body_util::{BodyExt, Full};
use hyper_util::rt::TokioIo;
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

use crate::Deadline;
use crate::kubernetes::{ClusterLimits, Kubernetes, ObjectRef};

/// One request as it arrived.
#[derive(Clone, Debug)]
pub(crate) struct Seen {
    pub(crate) method: String,
    pub(crate) path: String,
    pub(crate) query: String,
    pub(crate) headers: http::HeaderMap,
    pub(crate) body: Value,
}

/// Reaction of the server.
pub(crate) enum Reply {
    Json(u16, Value),
    Raw(u16, &'static [(&'static str, &'static str)], &'static str),
    /// Accepts the connection and never answers.
    Hang,
    /// Answers after a while.
    Late(Duration, Value),
    /// Ends the connection after the request was read.
    Break,
    /// Refuses the connection.
    Refuse,
}

/// Function from request to reply.
type Script = dyn Fn(usize, &Seen) -> Reply + Send + Sync;

/// The server.
#[derive(Clone)]
pub(crate) struct FakeApiServer {
    reply: Arc<Script>,
    log: Arc<Mutex<Vec<Seen>>>,
    in_flight: Arc<AtomicUsize>,
    peak: Arc<AtomicUsize>,
}

impl Seen {
    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }

    pub(crate) fn line(&self) -> String {
        format!("{} {}", self.method, self.path)
    }
}

impl FakeApiServer {
    /// A server that replies by the number of the request, from 0, and the request.
    pub(crate) fn new(reply: impl Fn(usize, &Seen) -> Reply + Send + Sync + 'static) -> Self {
        Self { reply: Arc::new(reply), log: Arc::default(), in_flight: Arc::default(), peak: Arc::default() }
    }

    /// A client with this server as its transport, in memory, so that paused time works.
    pub(crate) fn client(&self) -> Kubernetes {
        let fake = self.clone();
        let service = tower::service_fn(move |request: Request<kube::client::Body>| {
            let fake = fake.clone();
            async move {
                let (head, body) = request.into_parts();
                let body = body.collect_bytes().await.unwrap();
                fake.answer(head, body).await
            }
        });
        Kubernetes::over(kube::Client::new(service, "default"), ClusterLimits::default())
    }

    /// Serves on a loopback port chosen by the kernel; the URL. The task ends with the test's runtime.
    pub(crate) async fn serve(&self) -> String {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let fake = self.clone();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let fake = fake.clone();
                tokio::spawn(async move { fake.serve_connection(stream).await });
            }
        });
        url
    }

    /// Serves HTTP on one connection.
    pub(crate) async fn serve_connection<S>(self, stream: S)
    where
        S: tokio::io::AsyncRead + tokio::io::AsyncWrite + Unpin + 'static,
    {
        let service = hyper::service::service_fn(move |request: Request<hyper::body::Incoming>| {
            let fake = self.clone();
            async move {
                let (head, body) = request.into_parts();
                let body = body.collect().await.unwrap().to_bytes();
                let answer = fake.answer(head, body).await.unwrap_or_else(|_| Response::new(Full::default()));
                Ok::<_, Infallible>(answer)
            }
        });
        let _closed = hyper::server::conn::http1::Builder::new().serve_connection(TokioIo::new(stream), service).await;
    }

    pub(crate) fn log(&self) -> Vec<Seen> {
        self.log.lock().unwrap().clone()
    }

    pub(crate) fn lines(&self) -> Vec<String> {
        self.log().iter().map(Seen::line).collect()
    }

    /// The maximum number of concurrent requests.
    pub(crate) fn peak(&self) -> usize {
        self.peak.load(Ordering::SeqCst)
    }

    async fn answer(&self, head: http::request::Parts, body: Bytes) -> io::Result<Response<Full<Bytes>>> {
        let seen = Seen {
            method: head.method.to_string(),
            path: head.uri.path().to_owned(),
            query: head.uri.query().unwrap_or_default().to_owned(),
            headers: head.headers,
            body: serde_json::from_slice(&body).unwrap_or(Value::Null),
        };
        let reply = {
            let mut log = self.log.lock().unwrap();
            let reply = (self.reply)(log.len(), &seen);
            log.push(seen);
            reply
        };
        let now = self.in_flight.fetch_add(1, Ordering::SeqCst) + 1;
        self.peak.fetch_max(now, Ordering::SeqCst);
        let response = perform(reply).await;
        self.in_flight.fetch_sub(1, Ordering::SeqCst);
        response
    }
}

/// A refusal as the API server writes it.
pub(crate) fn status(code: u16, reason: &str, message: &str) -> Reply {
    Reply::Json(
        code,
        json!({ "kind": "Status", "status": "Failure", "code": code, "reason": reason, "message": message }),
    )
}

/// "Not found" for an object of that name.
pub(crate) fn not_found(name: &str) -> Reply {
    let details = json!({ "name": name, "kind": "namespaces" });
    Reply::Json(
        404,
        json!({ "kind": "Status", "code": 404, "reason": "NotFound", "message": "not found", "details": details }),
    )
}

/// A call with a deadline of an hour in the time of the test.
pub(crate) fn deadline(seconds: u64) -> Deadline {
    Deadline::within(Duration::from_secs(seconds), CancellationToken::new())
}

/// The namespace in most tests.
pub(crate) fn shop() -> ObjectRef {
    ObjectRef::namespace("shop")
}

async fn perform(reply: Reply) -> io::Result<Response<Full<Bytes>>> {
    let respond = |code: u16, headers: &[(&str, &str)], body: Bytes| {
        let mut response = Response::builder().status(code);
        for (name, value) in headers {
            response = response.header(*name, *value);
        }
        Ok(response.body(Full::new(body)).unwrap())
    };
    match reply {
        Reply::Json(code, value) => respond(code, &[], value.to_string().into()),
        Reply::Raw(code, headers, body) => respond(code, headers, Bytes::from_static(body.as_bytes())),
        Reply::Late(delay, value) => {
            tokio::time::sleep(delay).await;
            respond(200, &[], value.to_string().into())
        }
        Reply::Hang => std::future::pending().await,
        Reply::Break => Err(io::Error::new(io::ErrorKind::ConnectionReset, "reset by peer")),
        Reply::Refuse => Err(io::Error::new(io::ErrorKind::ConnectionRefused, "connection refused")),
    }
}
