//! The client side of a connection, like Terraform.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD};
use eod_proto::health::HealthCheckRequest;
use eod_proto::health::health_client::HealthClient;
use eod_proto::plugin::ShutdownRequest;
use eod_proto::plugin::grpc_controller_client::GrpcControllerClient;
use hyper_util::rt::TokioIo;
use rcgen::{
    BasicConstraints, CertificateParams, ExtendedKeyUsagePurpose, IsCa, KeyPair, KeyUsagePurpose,
    PKCS_ECDSA_P521_SHA512,
};
use rustls::{ClientConfig, RootCertStore};
use rustls_pki_types::{CertificateDer, PrivatePkcs8KeyDer, ServerName};
use tokio::io::AsyncReadExt as _;
use tokio::net::{TcpStream, UnixStream};
use tokio::time::timeout;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;
use tonic::Status;
use tonic::transport::{Channel, Endpoint, Uri};

use crate::host::transport::Transport;

/// Timeout of each step, so that a blocked test fails instead of blocking the run.
pub(super) const HANG: Duration = Duration::from_secs(60);

/// A client certificate and its key.
#[derive(Clone)]
pub(super) struct Identity {
    certificate: CertificateDer<'static>,
    key: Vec<u8>,
}

impl Identity {
    /// A certificate like that of go-plugin: self-signed, P-521, CA and leaf certificate at once.
    pub(super) fn like_terraforms() -> Self {
        let key = KeyPair::generate_for(&PKCS_ECDSA_P521_SHA512).unwrap();
        let mut params = CertificateParams::new(["localhost".to_owned()]).unwrap();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.key_usages =
            vec![KeyUsagePurpose::DigitalSignature, KeyUsagePurpose::KeyAgreement, KeyUsagePurpose::KeyCertSign];
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth, ExtendedKeyUsagePurpose::ServerAuth];
        let certificate = params.self_signed(&key).unwrap().der().clone();
        Self { certificate, key: key.serialize_der() }
    }

    /// This certificate with the key of another one.
    pub(super) fn with_the_key_of(&self, other: &Self) -> Self {
        Self { certificate: self.certificate.clone(), key: other.key.clone() }
    }

    pub(super) fn pem(&self) -> String {
        let text = STANDARD.encode(&self.certificate);
        let lines: Vec<_> = text.as_bytes().chunks(64).map(|line| std::str::from_utf8(line).unwrap()).collect();
        format!("-----BEGIN CERTIFICATE-----\n{}\n-----END CERTIFICATE-----\n", lines.join("\n"))
    }
}

/// Listen address of a plugin and its server certificate.
pub(super) struct Handshake {
    pub(super) network: String,
    pub(super) address: String,
    pub(super) certificate: Vec<u8>,
    pub(super) multiplexing: Option<String>,
}

impl Handshake {
    pub(super) fn parse(line: &str) -> Self {
        let fields: Vec<_> = line.split('|').collect();
        assert!((6..=7).contains(&fields.len()), "{line}");
        assert_eq!((fields[0], fields[1], fields[4]), ("1", "6", "grpc"), "{line}");
        Self {
            network: fields[2].to_owned(),
            address: fields[3].to_owned(),
            certificate: STANDARD_NO_PAD.decode(fields[5]).unwrap(),
            multiplexing: fields.get(6).map(|&field| field.to_owned()),
        }
    }

    pub(super) fn directory(&self) -> PathBuf {
        Path::new(&self.address).parent().unwrap().to_owned()
    }
}

/// Result of a connection attempt.
pub(super) enum Dialled {
    Plain(Box<dyn Transport>),
    Secure(Box<TlsStream<Box<dyn Transport>>>),
    Refused,
}

impl Dialled {
    /// True if the server refused the client. In TLS 1.3 a client detects that only at its first read.
    pub(super) async fn was_refused(self) -> bool {
        match self {
            Self::Refused => true,
            Self::Plain(_) => false,
            // A server that accepts the client sends first: its HTTP/2 settings.
            Self::Secure(mut stream) => timeout(HANG, stream.read_u8()).await.unwrap().is_err(),
        }
    }
}

/// Opens a connection as described by the handshake.
pub(super) async fn dial(handshake: &Handshake, identity: Option<&Identity>) -> Dialled {
    let transport: Box<dyn Transport> = match handshake.network.as_str() {
        "unix" => Box::new(UnixStream::connect(&handshake.address).await.unwrap()),
        _ => Box::new(TcpStream::connect(&handshake.address).await.unwrap()),
    };
    if handshake.certificate.is_empty() {
        return Dialled::Plain(transport);
    }
    let connector = TlsConnector::from(Arc::new(client_config(handshake, identity)));
    let name = ServerName::try_from("localhost").unwrap();
    match timeout(HANG, connector.connect(name, transport)).await.unwrap() {
        Ok(stream) => {
            assert_eq!(stream.get_ref().1.alpn_protocol(), Some(b"h2".as_slice()));
            Dialled::Secure(Box::new(stream))
        }
        Err(_) => Dialled::Refused,
    }
}

/// The server's certificate is the only root, as in go-plugin.
fn client_config(handshake: &Handshake, identity: Option<&Identity>) -> ClientConfig {
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let mut roots = RootCertStore::empty();
    roots.add(CertificateDer::from(handshake.certificate.clone())).unwrap();
    let builder = ClientConfig::builder_with_provider(Arc::clone(&provider))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots);
    let mut config = match identity {
        None => builder.with_no_client_auth(),
        Some(identity) => {
            let key = PrivatePkcs8KeyDer::from(identity.key.clone()).into();
            let key = provider.key_provider.load_private_key(key).unwrap();
            // Created without the usual rustls function, which would detect that certificate and key do not match.
            let certified = rustls::sign::CertifiedKey::new(vec![identity.certificate.clone()], key);
            builder.with_client_cert_resolver(Arc::new(rustls::sign::SingleCertAndKey::from(certified)))
        }
    };
    config.alpn_protocols = vec![b"h2".to_vec()];
    config
}

/// A channel over one connection, without reconnecting.
pub(super) fn reached(dialled: Dialled) -> Channel {
    let transport: Box<dyn Transport> = match dialled {
        Dialled::Plain(transport) => transport,
        Dialled::Secure(stream) => stream,
        Dialled::Refused => panic!("the plugin refused the connection"),
    };
    let mut transport = Some(TokioIo::new(transport));
    Endpoint::from_static("http://localhost").connect_with_connector_lazy(tower::service_fn(move |_: Uri| {
        let transport = transport.take().ok_or_else(|| io::Error::other("the one connection is used up"));
        async move { transport }
    }))
}

pub(super) async fn health(channel: &Channel) -> Result<(), Status> {
    let request = HealthCheckRequest { service: "plugin".to_owned() };
    timeout(HANG, HealthClient::new(channel.clone()).check(request)).await.unwrap().map(drop)
}

pub(super) async fn shut_down(channel: &Channel) -> Result<(), Status> {
    timeout(HANG, GrpcControllerClient::new(channel.clone()).shutdown(ShutdownRequest {})).await.unwrap().map(drop)
}
