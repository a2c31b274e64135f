//! Single calls to the API server, one connection each.
//!
//! Polling through kubectl would take most of the tests' time, and the fault proxy has to forward calls unchanged.

use std::{io, sync::Arc};

use http::{HeaderValue, Request, Response, Uri, header};
use http_body_util::{BodyExt, Full};
use hyper::{
    body::{Bytes, Incoming},
    client::conn::http1,
};
use hyper_util::rt::TokioIo;
use serde_json::Value;
use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::TcpStream,
};
use tokio_rustls::{
    TlsConnector,
    rustls::{
        ClientConfig, RootCertStore,
        crypto::aws_lc_rs,
        pki_types::{CertificateDer, ServerName, pem::PemObject},
    },
};

use crate::access::Access;

/// Client of one server.
#[derive(Clone)]
pub struct Origin {
    host: String,
    port: u16,
    bearer: HeaderValue,
    /// None for plain HTTP.
    tls: Option<TlsConnector>,
}

impl Origin {
    /// A client of the server at this address. It connects at the first call.
    pub fn new(access: &Access) -> Self {
        let uri: Uri = access.server.parse().unwrap();
        let mut bearer = HeaderValue::from_str(&format!("Bearer {}", access.token)).unwrap();
        bearer.set_sensitive(true);
        let plain = uri.scheme_str() == Some("http");
        Self {
            host: uri.host().unwrap().trim_matches(['[', ']']).to_owned(),
            port: uri.port_u16().unwrap_or(if plain { 80 } else { 443 }),
            bearer,
            tls: (!plain).then(|| connector(access.ca_pem.as_deref().unwrap_or_default())),
        }
    }

    /// The `Authorization` header.
    pub fn bearer(&self) -> HeaderValue {
        self.bearer.clone()
    }

    /// Sends one call and reads the whole answer. Blocks; must not be called from async code.
    ///
    /// # Errors
    /// If the connection fails, or closes before the end of the answer.
    pub fn call(&self, method: &str, path: &str, content_type: &str, body: &str) -> io::Result<(u16, Value)> {
        let request = Request::builder()
            .method(method)
            .uri(path)
            .header(header::AUTHORIZATION, self.bearer())
            .header(header::CONTENT_TYPE, content_type)
            .header(header::ACCEPT, "application/json")
            .body(Full::new(Bytes::copy_from_slice(body.as_bytes())))
            .map_err(io::Error::other)?;
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        runtime.block_on(async {
            let response = self.send(request).await?;
            let status = response.status().as_u16();
            let body = response.into_body().collect().await.map_err(io::Error::other)?.to_bytes();
            let text = || Value::String(String::from_utf8_lossy(&body).into_owned());
            Ok((status, serde_json::from_slice(&body).unwrap_or_else(|_| text())))
        })
    }

    /// Sends a request over a connection of its own. Headers are sent as they are,
    /// except for the host.
    ///
    /// # Errors
    /// If the connection fails, or closes before the head of the answer.
    pub async fn send(&self, mut request: Request<Full<Bytes>>) -> io::Result<Response<Incoming>> {
        let host = format!("{}:{}", self.host, self.port);
        request.headers_mut().insert(header::HOST, HeaderValue::from_str(&host).map_err(io::Error::other)?);
        let tcp = TcpStream::connect((self.host.as_str(), self.port)).await?;
        match &self.tls {
            None => exchange(tcp, request).await,
            Some(tls) => {
                let name = ServerName::try_from(self.host.clone()).map_err(io::Error::other)?;
                exchange(tls.connect(name, tcp).await?, request).await
            }
        }
    }
}

async fn exchange(
    stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static,
    request: Request<Full<Bytes>>,
) -> io::Result<Response<Incoming>> {
    let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await.map_err(io::Error::other)?;
    // The connection closes when the answer has been read or dropped.
    tokio::spawn(connection);
    sender.send_request(request).await.map_err(io::Error::other)
}

fn connector(ca_pem: &str) -> TlsConnector {
    let mut roots = RootCertStore::empty();
    let certificates = CertificateDer::pem_slice_iter(ca_pem.as_bytes()).flatten();
    roots.add_parsable_certificates(certificates);
    let config = ClientConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    TlsConnector::from(Arc::new(config))
}
