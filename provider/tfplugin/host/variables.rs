//! Environment variables of a plugin process, set by the host (Terraform, OpenTofu, a test).

use std::ops::RangeInclusive;
use std::path::PathBuf;

use rustls_pki_types::CertificateDer;
use rustls_pki_types::pem::PemObject as _;

use super::HostError;
use crate::process_environment::{COOKIE_NAME, ProcessEnvironment};

/// The value of [`COOKIE_NAME`] in every process that a host has started.
pub const COOKIE_VALUE: &str = "d602bf8f470bc67ca7faa0386276bbdd4330efaf76d1a219cb4d6991ca9872b2";

impl ProcessEnvironment {
    /// True if a host started this process.
    pub(crate) fn has_cookie(&self) -> bool {
        self.get(COOKIE_NAME).is_some_and(|value| value == COOKIE_VALUE)
    }

    /// Certificate of the host. A host with a certificate always uses TLS. With `TF_DISABLE_PLUGIN_TLS` Terraform sends
    /// no certificate, so a missing certificate means plaintext.
    pub(crate) fn client_certificate(&self) -> Result<Option<CertificateDer<'static>>, HostError> {
        let Some(pem) = self.get("PLUGIN_CLIENT_CERT") else { return Ok(None) };
        CertificateDer::from_pem_slice(pem.as_encoded_bytes()).map(Some).map_err(HostError::ClientCertificate)
    }

    /// Range of allowed TCP ports. If the host sets only one limit, only that port; if it sets none, port 0 (any free
    /// port).
    pub(crate) fn ports(&self) -> Result<RangeInclusive<u16>, HostError> {
        match (self.port("PLUGIN_MIN_PORT")?, self.port("PLUGIN_MAX_PORT")?) {
            (Some(low), Some(high)) if low <= high => Ok(low..=high),
            (Some(low), Some(high)) => Err(HostError::PortOrder { low, high }),
            (low, high) => {
                let only = low.or(high).unwrap_or(0);
                Ok(only..=only)
            }
        }
    }

    fn port(&self, name: &'static str) -> Result<Option<u16>, HostError> {
        let Some(value) = self.get(name) else { return Ok(None) };
        let text = value.to_string_lossy();
        text.trim().parse().map(Some).map_err(|_| HostError::Port { name, value: text.into_owned() })
    }

    /// Directory for the socket, if the host sets one.
    pub(crate) fn socket_directory(&self) -> Option<PathBuf> {
        self.get("PLUGIN_UNIX_SOCKET_DIR").map(PathBuf::from)
    }

    /// Group, by name or number, that needs access to the socket.
    pub(crate) fn socket_group(&self) -> Option<String> {
        self.get("PLUGIN_UNIX_SOCKET_GROUP").map(|group| group.to_string_lossy().into_owned())
    }

    /// Temporary directory of the user, if it is set.
    pub(crate) fn temporary_directory(&self) -> Option<PathBuf> {
        self.get("TMPDIR").map(PathBuf::from)
    }

    /// True if the host offers multiplexing. It then expects a seventh field in the handshake.
    pub(crate) fn offers_multiplexing(&self) -> bool {
        self.get("PLUGIN_MULTIPLEX_GRPC").is_some()
    }
}

#[cfg(test)]
mod tests;
