//! The forge's server: one thread, one runtime, a task per connection.

use std::{
    convert::Infallible,
    net::TcpListener,
    sync::{Arc, Mutex},
};

use http::{Request, Response, StatusCode, header};
use http_body_util::{BodyExt, Full};
use hyper::{
    body::{Bytes, Incoming},
    server::conn::http1,
    service::service_fn,
};
use hyper_util::rt::TokioIo;
use tokio::{sync::oneshot, task::JoinSet};

use super::{ForgeState, InjectedAnswer, answer::ArrivedCall, lock};

/// Serves until the other end of `stopped` is dropped.
pub(super) fn run(listener: TcpListener, state: &Arc<Mutex<ForgeState>>, mut stopped: oneshot::Receiver<()>) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let listener = tokio::net::TcpListener::from_std(listener).unwrap();
        // Dropping the set ends every connection.
        let mut connections = JoinSet::new();
        loop {
            tokio::select! {
                _ = &mut stopped => return,
                accepted = listener.accept() => {
                    let Ok((stream, _)) = accepted else { continue };
                    let state = Arc::clone(state);
                    let service = service_fn(move |request| {
                        let state = Arc::clone(&state);
                        async move { Ok::<_, Infallible>(respond(request, &state).await) }
                    });
                    connections.spawn(http1::Builder::new().serve_connection(TokioIo::new(stream), service));
                }
                Some(_) = connections.join_next() => {}
            }
        }
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
