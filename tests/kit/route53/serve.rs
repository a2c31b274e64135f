//! HTTP server of the service.

use std::{io, net::TcpListener, time::Instant};

use http::{Request, Response, StatusCode, header};
use http_body_util::{BodyExt, Full};
use hyper::body::{Bytes, Incoming};
use tokio::sync::oneshot;

use super::{Route53Call, Route53Service};
use crate::http_server;

/// Serves until the other end of `stopped` is dropped.
pub(super) fn run(listener: TcpListener, service: &Route53Service, stopped: oneshot::Receiver<()>) {
    let (service, started) = (service.clone(), Instant::now());
    http_server::serve(listener, stopped, move |request| {
        let service = service.clone();
        async move { respond(request, &service, started).await }
    });
}

/// Answers one call. An error makes hyper close the connection without an answer.
async fn respond(
    request: Request<Incoming>,
    service: &Route53Service,
    started: Instant,
) -> io::Result<Response<Full<Bytes>>> {
    let (head, body) = request.into_parts();
    let body = body.collect().await.map_err(io::Error::other)?.to_bytes();
    let text = |name| head.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default().to_owned();
    let call = Route53Call {
        method: head.method.to_string(),
        target: head.uri.path_and_query().map(ToString::to_string).unwrap_or_default(),
        authorization: text(header::AUTHORIZATION),
        body: String::from_utf8_lossy(&body).into_owned(),
    };
    let answer = service.answer(&call, started.elapsed());
    tokio::time::sleep(answer.delay).await;
    if answer.is_lost {
        return Err(io::ErrorKind::ConnectionReset.into());
    }
    let content_type = if answer.body.starts_with("<?xml") { "text/xml" } else { "text/html" };
    Response::builder()
        .status(StatusCode::from_u16(answer.status).map_err(io::Error::other)?)
        .header(header::CONTENT_TYPE, content_type)
        .body(Full::new(Bytes::from(answer.body)))
        .map_err(io::Error::other)
}
