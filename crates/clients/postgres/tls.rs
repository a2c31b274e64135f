//! TLS with rustls, by the rules of `sslmode`.

use std::{
    fs,
    os::unix::fs::{MetadataExt, PermissionsExt},
    path::{Path, PathBuf},
    sync::Arc,
};

use rustls::{
    ClientConfig, DigitallySignedStruct, RootCertStore, SignatureScheme,
    client::{
        danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier},
        verify_server_cert_signed_by_trust_anchor,
    },
    crypto::{CryptoProvider, aws_lc_rs, verify_tls12_signature, verify_tls13_signature},
    server::ParsedCertificate,
};
use rustls_pki_types::{CertificateDer, PrivateKeyDer, ServerName, UnixTime, pem::PemObject};
use tokio_rustls::TlsConnector;

use super::{
    access::{TlsSettings, TrustedRoots},
    connect_error::PostgresConnectError,
    modes::SslMode,
};

/// Verifies the certificate by its authority if there are roots, and never its name.
#[derive(Debug)]
struct AuthorityVerifier {
    roots: Option<RootCertStore>,
    provider: Arc<CryptoProvider>,
}

/// A connector for the settings. Reads the files.
pub(super) fn connector(settings: &TlsSettings) -> Result<TlsConnector, PostgresConnectError> {
    let provider = Arc::new(aws_lc_rs::default_provider());
    let builder = ClientConfig::builder_with_provider(Arc::clone(&provider))
        .with_safe_default_protocol_versions()
        .map_err(|error| PostgresConnectError::Protocol(error.to_string()))?;
    let roots = roots(settings)?;
    let builder = match (settings.mode, roots) {
        (SslMode::VerifyFull, Some(roots)) => builder.with_root_certificates(roots),
        (SslMode::VerifyFull | SslMode::VerifyCa, None) => return Err(PostgresConnectError::NoAuthority),
        (_, roots) => {
            builder.dangerous().with_custom_certificate_verifier(Arc::new(AuthorityVerifier { roots, provider }))
        }
    };
    let config = match client_certificate(settings)? {
        None => builder.with_no_client_auth(),
        Some((file, chain, key)) => builder
            .with_client_auth_cert(chain, key)
            .map_err(|source| PostgresConnectError::ClientCertificate { file, source })?,
    };
    Ok(Arc::new(config).into())
}

/// Trusted authorities: `sslrootcert`, else the default file of libpq if it exists.
fn roots(settings: &TlsSettings) -> Result<Option<RootCertStore>, PostgresConnectError> {
    let file = match &settings.roots {
        Some(TrustedRoots::System) => {
            let mut roots = RootCertStore::empty();
            roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
            return if roots.is_empty() { Err(PostgresConnectError::NoSystemAuthorities) } else { Ok(Some(roots)) };
        }
        Some(TrustedRoots::File(file)) => file.clone(),
        None => match default_file(settings, "root.crt") {
            Some(file) => file,
            None => return Ok(None),
        },
    };
    if let Some(file) = default_file(settings, "root.crl") {
        return Err(PostgresConnectError::Revocations { file });
    }
    let mut roots = RootCertStore::empty();
    for certificate in certificates("the certificate authority", &file)? {
        let bad = |_| PostgresConnectError::BadFile { content: "the certificate authority", file: file.clone() };
        roots.add(certificate).map_err(bad)?;
    }
    Ok(Some(roots))
}

type ClientCertificate = (PathBuf, Vec<CertificateDer<'static>>, PrivateKeyDer<'static>);

fn client_certificate(settings: &TlsSettings) -> Result<Option<ClientCertificate>, PostgresConnectError> {
    let certificate = settings.certificate.clone().or_else(|| default_file(settings, "postgresql.crt"));
    let key = settings.key.clone().or_else(|| default_file(settings, "postgresql.key"));
    let (certificate, key) = match (certificate, key) {
        (Some(certificate), Some(key)) => (certificate, key),
        // A default key without a certificate is not used.
        (None, _) if settings.key.is_none() => return Ok(None),
        _ => return Err(PostgresConnectError::HalfCertificate),
    };
    let chain = certificates("the client certificate", &certificate)?;
    let key = private_key(&key)?;
    Ok(Some((certificate, chain, key)))
}

fn private_key(file: &Path) -> Result<PrivateKeyDer<'static>, PostgresConnectError> {
    let content = "the private key";
    let failed = |source| PostgresConnectError::File { content, file: file.to_owned(), source };
    let metadata = fs::metadata(file).map_err(failed)?;
    // The rule of libpq: a group may read a key that root owns.
    let forbidden = if metadata.uid() == 0 { 0o037 } else { 0o077 };
    if metadata.permissions().mode() & forbidden != 0 {
        return Err(PostgresConnectError::Exposed { content, file: file.to_owned() });
    }
    let pem = zeroize::Zeroizing::new(fs::read(file).map_err(failed)?);
    let bad = |_| PostgresConnectError::BadFile { content, file: file.to_owned() };
    PrivateKeyDer::from_pem_slice(&pem).map_err(bad)
}

fn certificates(content: &'static str, file: &Path) -> Result<Vec<CertificateDer<'static>>, PostgresConnectError> {
    let failed = |source| PostgresConnectError::File { content, file: file.to_owned(), source };
    let pem = fs::read(file).map_err(failed)?;
    let found: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(&pem).collect();
    let bad = || PostgresConnectError::BadFile { content, file: file.to_owned() };
    found.ok().filter(|found| !found.is_empty()).ok_or_else(bad)
}

fn default_file(settings: &TlsSettings, name: &str) -> Option<PathBuf> {
    let file = settings.defaults.as_ref()?.join(name);
    file.is_file().then_some(file)
}

impl ServerCertVerifier for AuthorityVerifier {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        _server_name: &ServerName<'_>,
        _ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        if let Some(roots) = &self.roots {
            let certificate = ParsedCertificate::try_from(end_entity)?;
            let algorithms = self.provider.signature_verification_algorithms.all;
            verify_server_cert_signed_by_trust_anchor(&certificate, roots, intermediates, now, algorithms)?;
        }
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        verify_tls12_signature(message, certificate, signature, &self.provider.signature_verification_algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        verify_tls13_signature(message, certificate, signature, &self.provider.signature_verification_algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.provider.signature_verification_algorithms.supported_schemes()
    }
}
