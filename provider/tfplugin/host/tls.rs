//! AutoMTLS: the host puts a fresh certificate of its own into our environment, we put ours into the handshake line, and
//! each side accepts exactly the other's.
//!
//! The host's certificate is a CA certificate used as a leaf, which chain building refuses. There is also nothing for a
//! chain to prove: the certificate that the environment named is the only one that may connect. So it is compared byte
//! for byte, and the handshake's signature proves that the peer holds its key.

use std::sync::Arc;

use rcgen::{CertificateParams, KeyPair, PKCS_ECDSA_P256_SHA256};
use rustls::client::danger::HandshakeSignatureValid;
use rustls::crypto::{CryptoProvider, verify_tls12_signature, verify_tls13_signature};
use rustls::server::danger::{ClientCertVerified, ClientCertVerifier};
use rustls::server::{NoServerSessionStorage, ServerConfig};
use rustls::{CertificateError, DigitallySignedStruct, DistinguishedName, Error, SignatureScheme, version};
use rustls_pki_types::{CertificateDer, PrivatePkcs8KeyDer, UnixTime};

use super::HostError;

/// Our side of AutoMTLS.
pub(crate) struct Tls {
    /// Accepts the pinned client only.
    pub(crate) config: Arc<ServerConfig>,
    /// Our certificate, for the handshake line.
    pub(crate) certificate: CertificateDer<'static>,
}

impl Tls {
    /// Makes a fresh key and certificate and pins `client`.
    pub(crate) fn pinned(client: CertificateDer<'static>) -> Result<Self, HostError> {
        // The provider is passed by hand: with two of them compiled in, rustls has no default and would panic.
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let key = KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256).map_err(HostError::ServerCertificate)?;
        // The host dials under the name `localhost` and checks it against the alternative names.
        let params = CertificateParams::new(["localhost".to_owned()]).map_err(HostError::ServerCertificate)?;
        let certificate = params.self_signed(&key).map_err(HostError::ServerCertificate)?.der().clone();
        let mut config = ServerConfig::builder_with_provider(Arc::clone(&provider))
            .with_protocol_versions(&[&version::TLS13, &version::TLS12])
            .map_err(HostError::Tls)?
            .with_client_cert_verifier(Arc::new(Pinned { client, provider }))
            .with_single_cert(vec![certificate.clone()], PrivatePkcs8KeyDer::from(key.serialize_der()).into())
            .map_err(HostError::Tls)?;
        config.alpn_protocols = vec![b"h2".to_vec()];
        // One connection per process: nothing is ever resumed.
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
