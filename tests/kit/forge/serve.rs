//! The forge's server.

use std::{
    convert::Infallible,
    net::TcpListener,
    sync::{Arc, Mutex},
};

use http::{Request, Response, StatusCode, header};
use http_body_util::{BodyExt, Full};
use hyper::body::{Bytes, Incoming};
use tokio::sync::oneshot;

use super::{ForgeState, InjectedAnswer, answer::ArrivedCall, lock};
use crate::http_server;

/// Serves until the other end of `stopped` is dropped.
pub(super) fn run(listener: TcpListener, state: &Arc<Mutex<ForgeState>>, stopped: oneshot::Receiver<()>) {
    let state = Arc::clone(state);
    http_server::serve(listener, stopped, move |request| {
        let state = Arc::clone(&state);
        async move { Ok::<_, Infallible>(respond(request, &state).await) }
    });
}

async fn respond(request: Request<Incoming>, state: &Mutex<ForgeState>) -> Response<Full<Bytes>> {
    let (head, body) = request.into_parts();
    let body = body.collect().await.map(http_body_util::Collected::to_bytes).unwrap_or_default();
    let body = serde_json::from_slice(&body).unwrap_or_default();
    let tag = head.headers.get(header::IF_NONE_MATCH).and_then(|tag| tag.to_str().ok());
    let answer = lock(state).answer(&ArrivedCall {
        method: head.method.as_str(),
        path: head.uri.path(),
        query: head.uri.query().unwrap_or_default(),
        if_none_match: tag,
        body: &body,
    });
    let InjectedAnswer { status, headers, body } = answer;
    let mut response = Response::new(Full::new(Bytes::from(body)));
    *response.status_mut() = StatusCode::from_u16(status).unwrap();
    for (name, value) in headers {
        response.headers_mut().insert(name, value.parse().unwrap());
    }
    response
}
