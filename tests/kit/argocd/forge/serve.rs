//! The forge's server: one thread, one runtime, a task per connection.

use std::{convert::Infallible, net::TcpListener, sync::Mutex};

use http::{Request, Response, StatusCode, header};
use http_body_util::Full;
use hyper::{
    body::{Bytes, Incoming},
    server::conn::http1,
    service::service_fn,
};
use hyper_util::rt::TokioIo;
use serde_json::{Value, json};
use std::sync::Arc;
use tokio::{sync::oneshot, task::JoinSet};

use super::{State, lock};

/// Serves the list of pull requests at a path until the other end of `stopped` is dropped.
pub(super) fn run(listener: TcpListener, pulls: &str, state: &Arc<Mutex<State>>, mut stopped: oneshot::Receiver<()>) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let listener = tokio::net::TcpListener::from_std(listener).unwrap();
        let pulls: Arc<str> = pulls.into();
        // Dropping the set ends every connection.
        let mut connections = JoinSet::new();
        loop {
            tokio::select! {
                _ = &mut stopped => return,
                accepted = listener.accept() => {
                    let Ok((stream, _)) = accepted else { continue };
                    let (pulls, state) = (Arc::clone(&pulls), Arc::clone(state));
                    let service = service_fn(move |request| {
                        let response = answer(&request, &pulls, &mut lock(&state));
                        async move { Ok::<_, Infallible>(response) }
                    });
                    connections.spawn(http1::Builder::new().serve_connection(TokioIo::new(stream), service));
                }
                Some(_) = connections.join_next() => {}
            }
        }
    });
}

fn answer(request: &Request<Incoming>, pulls: &str, state: &mut State) -> Response<Full<Bytes>> {
    state.calls.push(request.uri().to_string());
    match state.fault {
        Some(code) => said(StatusCode::from_u16(code).unwrap(), &json!({ "message": "a fault of the test" })),
        None if request.method() == http::Method::GET && request.uri().path() == pulls => {
            let list: Vec<_> = state.pulls.iter().map(|(number, pull)| pull.json(*number)).collect();
            said(StatusCode::OK, &Value::Array(list))
        }
        None => said(StatusCode::NOT_FOUND, &json!({ "message": "Not Found" })),
    }
}

fn said(status: StatusCode, body: &Value) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::new(Bytes::from(body.to_string())));
    *response.status_mut() = status;
    response.headers_mut().insert(header::CONTENT_TYPE, header::HeaderValue::from_static("application/json"));
    response
}
