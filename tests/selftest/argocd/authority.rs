//! Authority of repo-server's calls to a plugin: the path of the socket with escaped slashes. The HTTP/2 library `h2`
//! rejects this authority unless the name of the socket contains an `@`.

use std::{
    convert::Infallible,
    path::Path,
    sync::{Arc, Mutex},
    thread,
    time::Duration,
};

use eod_testkit::argocd::{Dial, Failure};
use http::{Request, Response};
use http_body_util::Empty;
use hyper::{
    body::{Bytes, Incoming},
    server::conn::http2,
    service::service_fn,
};
use hyper_util::rt::{TokioExecutor, TokioIo};
use tempfile::TempDir;
use tokio::{net::UnixListener, sync::oneshot};

#[test]
fn socket_name_with_at_sign_is_accepted() {
    let (failure, seen) = dialled("eod@v1.sock");
    // The test server does not implement the call, but receives it.
    assert_eq!((failure.call.as_str(), failure.code.as_str()), ("CheckPluginConfiguration", "Unimplemented"));
    let (authority, path) = seen.first().unwrap();
    assert!(authority.contains("%2F") && authority.ends_with("%2Feod@v1.sock"), "{authority}");
    assert_eq!(path, "/plugin.ConfigManagementPluginService/CheckPluginConfiguration");
}

#[test]
fn other_socket_name_is_rejected_by_the_library() {
    let (failure, seen) = dialled("eod-v1.sock");
    assert_eq!(failure.call, "CheckPluginConfiguration");
    assert!(failure.message.contains("PROTOCOL_ERROR"), "{failure:?}");
    assert_eq!(seen, []);
}

/// Calls a test server on a socket of this name. Returns the error, and authority and path of each received request.
fn dialled(name: &str) -> (Failure, Vec<(String, String)>) {
    let folder = TempDir::with_prefix("eod-authority-").unwrap();
    let socket = folder.path().join(name);
    let seen = Arc::default();
    let (stop, stopped) = oneshot::channel();
    let (ready, waiting) = std::sync::mpsc::channel();
    let server = {
        let (socket, seen) = (socket.clone(), Arc::clone(&seen));
        thread::spawn(move || serve(&socket, &seen, &ready, stopped))
    };
    waiting.recv().unwrap();
    let dial =
        Dial { socket: &socket, root: folder.path(), path: ".", environment: &[], deadline: Duration::from_secs(60) };
    let failure = dial.generate().outcome().unwrap_err();
    drop(stop);
    server.join().unwrap();
    let seen = seen.lock().unwrap().clone();
    (failure, seen)
}

type Seen = Mutex<Vec<(String, String)>>;

fn serve(socket: &Path, seen: &Arc<Seen>, ready: &std::sync::mpsc::Sender<()>, mut stopped: oneshot::Receiver<()>) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let listener = UnixListener::bind(socket).unwrap();
        ready.send(()).unwrap();
        loop {
            let (stream, _) = tokio::select! {
                _ = &mut stopped => return,
                accepted = listener.accept() => accepted.unwrap(),
            };
            let seen = Arc::clone(seen);
            let service = service_fn(move |request| {
                let seen = Arc::clone(&seen);
                async move { Ok::<_, Infallible>(unimplemented_call(&request, &seen)) }
            });
            let builder = http2::Builder::new(TokioExecutor::new());
            tokio::spawn(builder.serve_connection(TokioIo::new(stream), service));
        }
    });
}

/// gRPC response with the status UNIMPLEMENTED.
fn unimplemented_call(request: &Request<Incoming>, seen: &Seen) -> Response<Empty<Bytes>> {
    let authority = request.uri().authority().map(ToString::to_string).unwrap_or_default();
    seen.lock().unwrap().push((authority, request.uri().path().to_owned()));
    let mut response = Response::new(Empty::new());
    for (name, value) in [("content-type", "application/grpc"), ("grpc-status", "12")] {
        response.headers_mut().insert(name, value.parse().unwrap());
    }
    response
}
