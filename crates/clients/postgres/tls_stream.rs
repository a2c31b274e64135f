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
    // Certificate ::= SEQUENCE { tbsCertificate, signatureAlgorithm SEQUENCE { algorithm OID, ... }, signature }
    let (_, certificate, _) = element(certificate)?;
    let (_, _, after_content) = element(certificate)?;
    let (_, algorithm, _) = element(after_content)?;
    let (tag, identifier, parameters) = element(algorithm)?;
    if tag != 0x06 {
        return None;
    }
    match identifier {
        // 1.2.840.113549.1.1: RSA with MD5, SHA-1, SHA-256, SHA-384, SHA-512.
        [0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, last] => match last {
            4 | 5 | 11 => Some(&digest::SHA256),
            12 => Some(&digest::SHA384),
            13 => Some(&digest::SHA512),
            // RSASSA-PSS: the hash function is in the parameters, [0] { SEQUENCE { OID } }; SHA-1 if it is missing.
            10 => pss_hash(parameters),
            _ => None,
        },
        // 1.2.840.10045.4: ECDSA with SHA-1, SHA-256, SHA-384, SHA-512.
        [0x2a, 0x86, 0x48, 0xce, 0x3d, 0x04, 0x01] | [0x2a, 0x86, 0x48, 0xce, 0x3d, 0x04, 0x03, 2] => {
            Some(&digest::SHA256)
        }
        [0x2a, 0x86, 0x48, 0xce, 0x3d, 0x04, 0x03, 3] => Some(&digest::SHA384),
        [0x2a, 0x86, 0x48, 0xce, 0x3d, 0x04, 0x03, 4] => Some(&digest::SHA512),
        _ => None,
    }
}

fn pss_hash(parameters: &[u8]) -> Option<&'static Algorithm> {
    let (_, parameters, _) = element(parameters)?;
    let Some((0xa0, hash, _)) = element(parameters) else { return Some(&digest::SHA256) };
    let (_, hash, _) = element(hash)?;
    let (_, identifier, _) = element(hash)?;
    match identifier {
        // 2.16.840.1.101.3.4.2: SHA-256, SHA-384, SHA-512.
        [0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, last] => match last {
            1 => Some(&digest::SHA256),
            2 => Some(&digest::SHA384),
            3 => Some(&digest::SHA512),
            _ => None,
        },
        _ => Some(&digest::SHA256),
    }
}

/// Tag and content of the first element in DER, and the bytes after it.
fn element(der: &[u8]) -> Option<(u8, &[u8], &[u8])> {
    let (&tag, rest) = der.split_first()?;
    let (&first, rest) = rest.split_first()?;
    let (length, rest) = if first < 0x80 {
        (usize::from(first), rest)
    } else {
        let (bytes, rest) = rest.split_at_checked(usize::from(first & 0x7f))?;
        if bytes.is_empty() || bytes.len() > 4 {
            return None;
        }
        (bytes.iter().fold(0, |length, byte| (length << 8) | usize::from(*byte)), rest)
    };
    let (content, rest) = rest.split_at_checked(length)?;
    Some((tag, content, rest))
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
