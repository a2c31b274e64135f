//! The proxy's server.

use std::{convert::Infallible, io, net::TcpListener, sync::Arc, time::Instant};

use http::{HeaderMap, Request, Response, StatusCode, header};
use http_body_util::{BodyExt, Full};
use hyper::body::{Bytes, Incoming};
use tokio::sync::oneshot;

use super::{
    Fault, Logged, Shared, Ticket,
    body::{self, ProxiedBody},
};
use crate::http_server;

/// Serves until the other end of `stopped` is dropped.
pub(super) fn run(listener: TcpListener, shared: &Arc<Shared>, stopped: oneshot::Receiver<()>) {
    let shared = Arc::clone(shared);
    http_server::serve(listener, stopped, move |request| {
        let shared = Arc::clone(&shared);
        async move { answer(&shared, request).await }
    });
}

/// Answers one call. An error makes hyper close the connection without an answer.
async fn answer(shared: &Shared, request: Request<Incoming>) -> io::Result<Response<ProxiedBody>> {
    let (mut parts, incoming) = request.into_parts();
    let bytes = incoming.collect().await.map_err(io::Error::other)?.to_bytes();
    let (ticket, fault) = shared.arrived(Logged {
        at: Instant::now(),
        method: parts.method.to_string(),
        path: parts.uri.path().to_owned(),
        query: parts.uri.query().unwrap_or_default().to_owned(),
        user_agent: parts
            .headers
            .get(header::USER_AGENT)
            .map(|value| String::from_utf8_lossy(value.as_bytes()).into_owned())
            .unwrap_or_default(),
        headers: shown(&parts.headers),
        body: serde_json::from_slice(&bytes).ok(),
        stored: None,
        status: None,
        spoiled: false,
    });
    // kubectl and the Kubernetes provider do not send their token over plain HTTP, so the proxy adds it. Other clients
    // send their own.
    let shy = ["kubectl/", "HashiCorp/"].iter().any(|name| ticket.call.user_agent.starts_with(name));
    if shy && !ticket.call.headers.contains_key(header::AUTHORIZATION) {
        parts.headers.insert(header::AUTHORIZATION, shared.origin.bearer());
    }
    let request = Request::from_parts(parts, Full::new(bytes));
    let response = spoil(shared, &ticket, request, fault).await?;
    shared.update(&ticket, |logged| logged.status = Some(response.status().as_u16()));
    Ok(response)
}

/// A copy of the headers with credentials marked as sensitive, so that they are not printed.
fn shown(headers: &HeaderMap) -> HeaderMap {
    let mut copy = headers.clone();
    for name in ["authorization", "x-vault-token"] {
        if let Some(value) = copy.get_mut(name) {
            value.set_sensitive(true);
        }
    }
    copy
}

async fn spoil(
    shared: &Shared,
    ticket: &Ticket,
    request: Request<Full<Bytes>>,
    fault: Option<Fault>,
) -> io::Result<Response<ProxiedBody>> {
    let forward = || forward(shared, ticket, request);
    match fault {
        None => forward().await,
        Some(Fault::Delay(pause)) => {
            tokio::time::sleep(pause).await;
            forward().await
        }
        Some(Fault::Hold) => {
            // The result of a closed semaphore is an error, which is the release.
            let _ = shared.held.acquire().await;
            forward().await
        }
        Some(Fault::Status { code, headers, body }) => {
            let mut response = ours(code, "application/json", body)?;
            for (name, value) in headers {
                let value = value.parse().map_err(io::Error::other)?;
                response.headers_mut().insert(name, value);
            }
            Ok(response)
        }
        Some(Fault::Date(date)) => {
            let date = date.parse().map_err(io::Error::other)?;
            let mut response = forward().await?;
            response.headers_mut().insert(header::DATE, date);
            Ok(response)
        }
        Some(Fault::Html502) => ours(502, "text/html", BAD_GATEWAY.to_owned()),
        Some(Fault::AnswerAfterStore(code)) => {
            finish(forward().await?).await?;
            ours(code, "application/json", status(code, "Timeout", "the answer was lost"))
        }
        Some(Fault::DropBefore) => Err(io::ErrorKind::ConnectionReset.into()),
        Some(Fault::DropAfterStore) => {
            finish(forward().await?).await?;
            Err(io::ErrorKind::ConnectionReset.into())
        }
        Some(Fault::Hang) => std::future::pending().await,
        Some(Fault::HalfBody) => {
            let (mut parts, body) = forward().await?.into_parts();
            let whole = body.collect().await.map_err(io::Error::other)?.to_bytes();
            // The length is that of the whole body, so that the client notices the missing part.
            parts.headers.remove(header::TRANSFER_ENCODING);
            parts.headers.insert(header::CONTENT_LENGTH, whole.len().into());
            Ok(Response::from_parts(parts, body::half(&whole)))
        }
    }
}

async fn forward(shared: &Shared, ticket: &Ticket, request: Request<Full<Bytes>>) -> io::Result<Response<ProxiedBody>> {
    let response = shared.origin.send(request).await?;
    let code = response.status().as_u16();
    shared.update(ticket, |logged| logged.stored = Some(code));
    Ok(response.map(|body| body.map_err(io::Error::other).boxed()))
}

/// Reads an answer to its end: then the server has carried out the call.
async fn finish(response: Response<ProxiedBody>) -> io::Result<()> {
    response.into_body().collect().await.map(drop)
}

fn ours(code: u16, content_type: &str, text: String) -> io::Result<Response<ProxiedBody>> {
    let body = Full::from(text).map_err(|error: Infallible| match error {}).boxed();
    Response::builder()
        .status(StatusCode::from_u16(code).map_err(io::Error::other)?)
        .header(header::CONTENT_TYPE, content_type)
        .body(body)
        .map_err(io::Error::other)
}

/// A Kubernetes `Status`.
pub(super) fn status(code: u16, reason: &str, message: &str) -> String {
    serde_json::json!({
        "apiVersion": "v1", "kind": "Status", "metadata": {}, "status": "Failure",
        "code": code, "reason": reason, "message": message,
    })
    .to_string()
}

const BAD_GATEWAY: &str = "<html><head><title>502 Bad Gateway</title></head>\
    <body><h1>502 Bad Gateway</h1></body></html>";
