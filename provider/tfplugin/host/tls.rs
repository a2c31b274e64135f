//! AutoMTLS: the host passes its new certificate in the environment, this process prints its certificate in the
//! handshake line, and each side accepts only the certificate of the other.
//!
//! The certificate of the host is a CA certificate used as a leaf certificate, so normal chain validation refuses it. A
//! chain is also not needed: only the certificate from the environment is accepted. So it is compared byte for byte,
//! and the signature in the TLS handshake proves that the peer has its private key.

use std::sync::Arc;

use rcgen::{CertificateParams, KeyPair, PKCS_ECDSA_P256_SHA256};
use rustls::client::danger::HandshakeSignatureValid;
use rustls::crypto::{CryptoProvider, verify_tls12_signature, verify_tls13_signature};
use rustls::server::danger::{ClientCertVerified, ClientCertVerifier};
use rustls::server::{NoServerSessionStorage, ServerConfig};
use rustls::{CertificateError, DigitallySignedStruct, DistinguishedName, Error, SignatureScheme, version};
use rustls_pki_types::{CertificateDer, PrivatePkcs8KeyDer, UnixTime};

use super::HostError;

/// TLS settings of this process.
pub(crate) struct Tls {
    /// Accepts the pinned client only.
    pub(crate) config: Arc<ServerConfig>,
    /// Certificate of this process, for the handshake line.
    pub(crate) certificate: CertificateDer<'static>,
}

impl Tls {
    /// Creates a new key and certificate and pins the certificate `client`.
    pub(crate) fn pinned(client: CertificateDer<'static>) -> Result<Self, HostError> {
        // The crypto provider is set explicitly: if two are compiled in, rustls has no default and panics.
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let key = KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256).map_err(HostError::ServerCertificate)?;
        // The host connects with the name `localhost` and checks it against the subject alternative names.
        let params = CertificateParams::new(["localhost".to_owned()]).map_err(HostError::ServerCertificate)?;
        let certificate = params.self_signed(&key).map_err(HostError::ServerCertificate)?.der().clone();
        let mut config = ServerConfig::builder_with_provider(Arc::clone(&provider))
            .with_protocol_versions(&[&version::TLS13, &version::TLS12])
            .map_err(HostError::Tls)?
            .with_client_cert_verifier(Arc::new(Pinned { client, provider }))
            .with_single_cert(vec![certificate.clone()], PrivatePkcs8KeyDer::from(key.serialize_der()).into())
            .map_err(HostError::Tls)?;
        config.alpn_protocols = vec![b"h2".to_vec()];
        // Each process has one connection, so sessions are never resumed.
        config.send_tls13_tickets = 0;
        config.session_storage = Arc::new(NoServerSessionStorage {});
        Ok(Self { config: Arc::new(config), certificate })
    }
}

#[derive(Debug)]
struct Pinned {
    client: CertificateDer<'static>,
    provider: Arc<CryptoProvider>,
}

impl ClientCertVerifier for Pinned {
    fn verify_client_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        _intermediates: &[CertificateDer<'_>],
        _now: UnixTime,
    ) -> Result<ClientCertVerified, Error> {
        if *end_entity == self.client {
            Ok(ClientCertVerified::assertion())
        } else {
            Err(Error::InvalidCertificate(CertificateError::ApplicationVerificationFailure))
        }
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls12_signature(message, certificate, signature, &self.provider.signature_verification_algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls13_signature(message, certificate, signature, &self.provider.signature_verification_algorithms)
    }

    fn root_hint_subjects(&self) -> &[DistinguishedName] {
        &[]
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.provider.signature_verification_algorithms.supported_schemes()
    }
}

#[cfg(test)]
mod tests;
