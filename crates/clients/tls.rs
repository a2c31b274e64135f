//! The process-wide TLS provider and the check for untrusted certificates.

use std::error::Error as StdError;

use crate::chain::find;

/// Installs the process-wide TLS provider, AWS-LC, unless one is installed already.
///
/// rustls panics without a provider if several are compiled in. The clients call this function before they connect; a
/// `main` may call it first so that every other TLS user in the process has the same provider.
pub fn install_tls_provider() {
    // The only possible error is that a provider is installed already, which is the required state.
    let _already_installed = rustls::crypto::aws_lc_rs::default_provider().install_default();
}

/// True if a connection failed because the server's certificate is not valid or not trusted.
pub(crate) fn is_untrusted(error: &(dyn StdError + 'static)) -> bool {
    find::<rustls::Error>(error).is_some_and(|error| matches!(error, rustls::Error::InvalidCertificate(_)))
}
