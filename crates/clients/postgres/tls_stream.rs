//! The bridge between the driver and rustls, with channel binding `tls-server-end-point` (RFC 5929).

use std::{
    future::Future,
    io,
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    task::{Context, Poll},
};

use aws_lc_rs::digest::{self, Algorithm};
use rustls_pki_types::ServerName;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio_postgres::tls::{ChannelBinding, TlsConnect, TlsStream};
use tokio_rustls::TlsConnector;
use x509_parser::{
    asn1_rs::oid,
    certificate::X509Certificate,
    oid_registry::{
        OID_HASH_SHA1, OID_NIST_HASH_SHA256, OID_NIST_HASH_SHA384, OID_NIST_HASH_SHA512, OID_PKCS1_MD5WITHRSAENC,
        OID_PKCS1_SHA1WITHRSA, OID_PKCS1_SHA256WITHRSA, OID_PKCS1_SHA384WITHRSA, OID_PKCS1_SHA512WITHRSA,
        OID_SIG_ECDSA_WITH_SHA256, OID_SIG_ECDSA_WITH_SHA384, OID_SIG_ECDSA_WITH_SHA512, Oid,
    },
    prelude::FromDer,
    signature_algorithm::SignatureAlgorithm,
};

/// Opens TLS on one stream.
#[derive(Clone)]
pub(super) struct PostgresTls {
    connector: TlsConnector,
    name: ServerName<'static>,
    is_used: Arc<AtomicBool>,
}

impl PostgresTls {
    /// TLS to the server of this name.
    pub(super) fn new(connector: TlsConnector, name: ServerName<'static>) -> Self {
        Self { connector, name, is_used: Arc::default() }
    }

    /// True if a handshake has begun. With `sslmode=prefer` the server may refuse TLS before it.
    pub(super) fn is_used(&self) -> bool {
        self.is_used.load(Ordering::Relaxed)
    }
}

/// A stream with TLS.
pub(super) struct PostgresTlsStream<S>(tokio_rustls::client::TlsStream<S>);

impl<S: AsyncRead + AsyncWrite + Send + Unpin> TlsConnect<S> for PostgresTls {
    type Stream = PostgresTlsStream<S>;
    type Error = io::Error;
    type Future = Handshake<S>;

    fn connect(self, stream: S) -> Self::Future {
        self.is_used.store(true, Ordering::Relaxed);
        Handshake(Box::new(self.connector.connect(self.name, stream)))
    }
}

/// A TLS handshake.
pub(super) struct Handshake<S>(Box<tokio_rustls::Connect<S>>);

impl<S: AsyncRead + AsyncWrite + Unpin> Future for Handshake<S> {
    type Output = io::Result<PostgresTlsStream<S>>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        Pin::new(self.0.as_mut()).poll(cx).map_ok(PostgresTlsStream)
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> TlsStream for PostgresTlsStream<S> {
    fn channel_binding(&self) -> ChannelBinding {
        let (_, session) = self.0.get_ref();
        let certificate = session.peer_certificates().and_then(<[_]>::first);
        match certificate.and_then(|certificate| end_point(certificate)) {
            Some(hash) => ChannelBinding::tls_server_end_point(hash),
            None => ChannelBinding::none(),
        }
    }
}

/// Hash of the certificate by the hash function of its signature; SHA-256 in place of MD5 and SHA-1. None for signatures
/// without a hash function of their own.
fn end_point(certificate: &[u8]) -> Option<Vec<u8>> {
    let algorithm = signature_hash(certificate)?;
    Some(digest::digest(algorithm, certificate).as_ref().to_vec())
}

fn signature_hash(certificate: &[u8]) -> Option<&'static Algorithm> {
    let (_, certificate) = X509Certificate::from_der(certificate).ok()?;
    let identifier = &certificate.signature_algorithm;
    match SignatureAlgorithm::try_from(identifier).ok()? {
        SignatureAlgorithm::RSASSA_PSS(parameters) => hash_function(parameters.hash_algorithm_oid()),
        SignatureAlgorithm::RSA | SignatureAlgorithm::ECDSA => hash_of_signature(&identifier.algorithm),
        _ => None,
    }
}

/// Hash function of an RSA or ECDSA signature.
fn hash_of_signature(signature: &Oid<'_>) -> Option<&'static Algorithm> {
    let found = [
        (OID_PKCS1_MD5WITHRSAENC, &digest::SHA256),
        (OID_PKCS1_SHA1WITHRSA, &digest::SHA256),
        (OID_PKCS1_SHA256WITHRSA, &digest::SHA256),
        (OID_PKCS1_SHA384WITHRSA, &digest::SHA384),
        (OID_PKCS1_SHA512WITHRSA, &digest::SHA512),
        (oid!(1.2.840.10045.4.1), &digest::SHA256),
        (OID_SIG_ECDSA_WITH_SHA256, &digest::SHA256),
        (OID_SIG_ECDSA_WITH_SHA384, &digest::SHA384),
        (OID_SIG_ECDSA_WITH_SHA512, &digest::SHA512),
    ];
    found.into_iter().find(|(known, _)| known == signature).map(|(_, hash)| hash)
}

/// Hash function of RSASSA-PSS parameters.
fn hash_function(hash: &Oid<'_>) -> Option<&'static Algorithm> {
    let found = [
        (OID_HASH_SHA1, &digest::SHA256),
        (OID_NIST_HASH_SHA256, &digest::SHA256),
        (OID_NIST_HASH_SHA384, &digest::SHA384),
        (OID_NIST_HASH_SHA512, &digest::SHA512),
    ];
    found.into_iter().find(|(known, _)| known == hash).map(|(_, function)| function)
}

impl<S: AsyncRead + AsyncWrite + Unpin> AsyncRead for PostgresTlsStream<S> {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_read(cx, buffer)
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> AsyncWrite for PostgresTlsStream<S> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.0).poll_write(cx, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_shutdown(cx)
    }
}

#[cfg(test)]
mod tests;
