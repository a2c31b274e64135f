//! The one line that tells the host how to reach this process.
//!
//! Managed by Terraform it is go-plugin's handshake: six fields between bars, or seven for a host that asked about
//! multiplexing. Started by hand with `--debug` it is the value of `TF_REATTACH_PROVIDERS`.

use std::fmt;
use std::net::SocketAddr;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use rustls_pki_types::CertificateDer;
use serde_json::json;

use super::Meta;

/// The version of go-plugin's own protocol.
const CORE_PROTOCOL: u8 = 1;
/// The one version of the Terraform plugin protocol that is spoken here. It is printed even to a host that offered only
/// others: the host then reports the mismatch in its own words.
const PROVIDER_PROTOCOL: u8 = 6;

/// Where this process listens.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Address {
    /// The absolute path of a Unix socket.
    Unix(String),
    /// A port on the loopback interface.
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

/// go-plugin's handshake line, without its line feed. The certificate is standard base64 without padding; the field stays
/// empty in plaintext.
pub(crate) fn line(address: &Address, certificate: Option<&CertificateDer<'_>>, offers_multiplexing: bool) -> String {
    let certificate = certificate.map(|der| STANDARD_NO_PAD.encode(der)).unwrap_or_default();
    let network = address.network();
    let multiplexing = if offers_multiplexing { "|false" } else { "" };
    format!("{CORE_PROTOCOL}|{PROVIDER_PROTOCOL}|{network}|{address}|grpc|{certificate}{multiplexing}")
}

/// What a person copies into the shell that runs Terraform.
pub(crate) fn reattach(meta: &Meta, address: &Address, process: u32) -> String {
    let value = json!({
        meta.registry_address: {
            "Protocol": "grpc",
            "ProtocolVersion": PROVIDER_PROTOCOL,
            "Pid": process,
            // Tells Terraform that the process is not its own: it is neither shut down nor killed.
            "Test": true,
            "Addr": { "Network": address.network(), "String": address.to_string() },
        }
    });
    format!("TF_REATTACH_PROVIDERS='{}'", value.to_string().replace('\'', "'\\''"))
}

#[cfg(test)]
mod tests;
