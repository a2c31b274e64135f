//! Line on stdout with the address of this process, for the host.
//!
//! If Terraform starts the process, the line is the handshake of go-plugin: six fields separated by `|`, or seven if
//! the host set the variable for multiplexing. If a user starts the process with `--debug`, the line is the value of
//! `TF_REATTACH_PROVIDERS`.

use std::fmt;
use std::net::SocketAddr;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use rustls_pki_types::CertificateDer;
use serde_json::json;

use super::Meta;

/// Version of the core protocol of go-plugin.
const CORE_PROTOCOL: u8 = 1;
/// The only supported version of the Terraform plugin protocol. It is also printed to a host that offers only other
/// versions: the host then reports the mismatch.
const PROVIDER_PROTOCOL: u8 = 6;

/// Listen address of this process.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Address {
    /// Absolute path of a Unix socket.
    Unix(String),
    /// Port on the loopback interface.
    Tcp(SocketAddr),
}

impl Address {
    fn network(&self) -> &'static str {
        match self {
            Self::Unix(_) => "unix",
            Self::Tcp(_) => "tcp",
        }
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unix(path) => f.write_str(path),
            Self::Tcp(address) => address.fmt(f),
        }
    }
}

/// Handshake line of go-plugin, without its line feed. The certificate is standard base64 without padding; without TLS
/// the field is empty.
pub(crate) fn line(address: &Address, certificate: Option<&CertificateDer<'_>>, offers_multiplexing: bool) -> String {
    let certificate = certificate.map(|der| STANDARD_NO_PAD.encode(der)).unwrap_or_default();
    let network = address.network();
    let multiplexing = if offers_multiplexing { "|false" } else { "" };
    format!("{CORE_PROTOCOL}|{PROVIDER_PROTOCOL}|{network}|{address}|grpc|{certificate}{multiplexing}")
}

/// Text that a user copies into the shell that runs Terraform.
pub(crate) fn reattach(meta: &Meta, address: &Address, process: u32) -> String {
    let value = json!({
        meta.registry_address: {
            "Protocol": "grpc",
            "ProtocolVersion": PROVIDER_PROTOCOL,
            "Pid": process,
            // Terraform does not shut down or kill such a process.
            "Test": true,
            "Addr": { "Network": address.network(), "String": address.to_string() },
        }
    });
    format!("TF_REATTACH_PROVIDERS='{}'", value.to_string().replace('\'', "'\\''"))
}

#[cfg(test)]
mod tests;
