//! HTTPS server on loopback.

use std::{
    convert::Infallible,
    net::TcpListener,
    sync::Arc,
    thread::{self, JoinHandle},
};

use base64::{Engine, engine::general_purpose::STANDARD};
use http::{Request, Response, StatusCode, header};
use http_body_util::Full;
use hyper::body::{Bytes, Incoming};
use tokio::sync::oneshot;
use tokio_rustls::{
    TlsAcceptor,
    rustls::{
        ServerConfig,
        crypto::aws_lc_rs,
        pki_types::{CertificateDer, PrivateKeyDer},
    },
};

use crate::http_server;

/// Response of a server.
pub(super) type Reply = Response<Full<Bytes>>;

/// Server for `localhost`, which stops when it is dropped.
pub(super) struct HttpsServer {
    /// Host and port.
    pub(super) host: String,
    /// Certificate in PEM, which clients have to trust.
    pub(super) certificate: String,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl HttpsServer {
    /// Starts a server. `answer` must not wait.
    pub(super) fn start(answer: impl Fn(&Request<Incoming>) -> Reply + Send + Sync + 'static) -> Self {
        let made = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
        let certificate = CertificateDer::from(made.cert.der().to_vec());
        let key = PrivateKeyDer::try_from(made.signing_key.serialize_der()).unwrap();
        let config = ServerConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()));
        let config = config.with_safe_default_protocol_versions().unwrap().with_no_client_auth();
        let tls = TlsAcceptor::from(Arc::new(config.with_single_cert(vec![certificate], key).unwrap()));
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        listener.set_nonblocking(true).unwrap();
        let host = format!("localhost:{}", listener.local_addr().unwrap().port());
        let (stop, stopped) = oneshot::channel();
        let answer = Arc::new(answer);
        let thread = thread::spawn(move || {
            http_server::serve_tls(listener, tls, stopped, move |request: Request<Incoming>| {
                let reply = answer(&request);
                async move { Ok::<_, Infallible>(reply) }
            });
        });
        Self { host, certificate: pem("CERTIFICATE", made.cert.der()), stop: Some(stop), thread: Some(thread) }
    }
}

impl Drop for HttpsServer {
    fn drop(&mut self) {
        drop(self.stop.take());
        if let Some(thread) = self.thread.take() {
            thread.join().unwrap();
        }
    }
}

/// Response with a body.
pub(super) fn reply(status: StatusCode, body: impl Into<Bytes>) -> Reply {
    let mut reply = Response::new(Full::new(body.into()));
    *reply.status_mut() = status;
    reply
}

/// User and password of the request, as `user:password`; none without basic authentication.
pub(super) fn login(request: &Request<Incoming>) -> Option<String> {
    let header = request.headers().get(header::AUTHORIZATION)?.to_str().ok()?;
    String::from_utf8(STANDARD.decode(header.strip_prefix("Basic ")?).ok()?).ok()
}

/// Bytes in PEM.
pub fn pem(label: &str, bytes: &[u8]) -> String {
    let text = STANDARD.encode(bytes);
    let lines: Vec<_> = text.as_bytes().chunks(64).map(String::from_utf8_lossy).collect();
    format!("-----BEGIN {label}-----\n{}\n-----END {label}-----\n", lines.join("\n"))
}
