//! The environment variables through which a host (Terraform, OpenTofu, a test) talks to a plugin process.
//!
//! They are read once, at the start, into a value, so that everything behind this file is a function of its arguments.
//! Only the variables named here are kept: the rest of the user's environment may hold secrets and is none of our business.

use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::ops::RangeInclusive;
use std::path::PathBuf;

use rustls_pki_types::CertificateDer;
use rustls_pki_types::pem::PemObject as _;

use super::HostError;

/// What a host puts into [`COOKIE_NAME`] so that a plugin knows it was not started by hand.
pub const COOKIE_VALUE: &str = "d602bf8f470bc67ca7faa0386276bbdd4330efaf76d1a219cb4d6991ca9872b2";
/// The variable that carries [`COOKIE_VALUE`].
pub const COOKIE_NAME: &str = "TF_PLUGIN_MAGIC_COOKIE";

/// A snapshot of the variables that concern the host and the log.
#[derive(Clone, Default)]
pub struct Environment(BTreeMap<OsString, OsString>);

impl Environment {
    /// Reads the variables of this process.
    pub fn of_process() -> Self {
        std::env::vars_os().collect()
    }

    /// The value of a variable. An empty value counts as absent, as it does for go-plugin.
    pub fn get(&self, name: &str) -> Option<&OsStr> {
        self.0.get(OsStr::new(name)).map(OsString::as_os_str).filter(|value| !value.is_empty())
    }

    /// Whether a host started this process.
    pub(crate) fn has_cookie(&self) -> bool {
        self.get(COOKIE_NAME).is_some_and(|value| value == COOKIE_VALUE)
    }

    /// The certificate that the host will show. A host that sends one always speaks TLS; `TF_DISABLE_PLUGIN_TLS` makes
    /// Terraform send none, so its absence is the one sign of plaintext.
    pub(crate) fn client_certificate(&self) -> Result<Option<CertificateDer<'static>>, HostError> {
        let Some(pem) = self.get("PLUGIN_CLIENT_CERT") else { return Ok(None) };
        CertificateDer::from_pem_slice(pem.as_encoded_bytes()).map(Some).map_err(HostError::ClientCertificate)
    }

    /// The TCP ports to choose from; any port when the host names none.
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

    /// Where the host wants the socket.
    pub(crate) fn socket_directory(&self) -> Option<PathBuf> {
        self.get("PLUGIN_UNIX_SOCKET_DIR").map(PathBuf::from)
    }

    /// The group, by name or number, that must be able to open the socket.
    pub(crate) fn socket_group(&self) -> Option<String> {
        self.get("PLUGIN_UNIX_SOCKET_GROUP").map(|group| group.to_string_lossy().into_owned())
    }

    /// The user's temporary directory, if it is named.
    pub(crate) fn temporary_directory(&self) -> Option<PathBuf> {
        self.get("TMPDIR").map(PathBuf::from)
    }

    /// Whether the host asked about several services on one connection. It then reads a seventh field in the handshake.
    pub(crate) fn asks_for_multiplexing(&self) -> bool {
        self.get("PLUGIN_MULTIPLEX_GRPC").is_some()
    }
}

impl<K: Into<OsString>, V: Into<OsString>> FromIterator<(K, V)> for Environment {
    fn from_iter<I: IntoIterator<Item = (K, V)>>(pairs: I) -> Self {
        let pairs = pairs.into_iter().map(|(name, value)| (name.into(), value.into()));
        Self(pairs.filter(|(name, _)| concerns_us(name)).collect())
    }
}

fn concerns_us(name: &OsStr) -> bool {
    let name = name.to_string_lossy();
    name == "TMPDIR" || name == COOKIE_NAME || name.starts_with("PLUGIN_") || name.starts_with("TF_LOG")
}

#[cfg(test)]
mod tests;
