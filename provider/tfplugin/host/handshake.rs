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
pub(crate) fn line(address: &Address, certificate: Option<&CertificateDer<'_>>, asks_for_multiplexing: bool) -> String {
    let certificate = certificate.map(|der| STANDARD_NO_PAD.encode(der)).unwrap_or_default();
    let network = address.network();
    let multiplexing = if asks_for_multiplexing { "|false" } else { "" };
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
mod tests {
    use super::*;

    #[test]
    fn the_line_has_six_fields() {
        let der = CertificateDer::from(vec![0xff, 0xfe, 0xfd, 0xfc]);
        let unix = Address::Unix("/run/x/plugin.sock".to_owned());
        assert_eq!(line(&unix, Some(&der), false), "1|6|unix|/run/x/plugin.sock|grpc|//79/A");
        assert_eq!(line(&unix, None, false), "1|6|unix|/run/x/plugin.sock|grpc|");
        let tcp = Address::Tcp(SocketAddr::from(([127, 0, 0, 1], 10_001)));
        assert_eq!(line(&tcp, None, false), "1|6|tcp|127.0.0.1:10001|grpc|");
    }

    #[test]
    fn a_seventh_field_only_for_a_host_that_asked() {
        let tcp = Address::Tcp(SocketAddr::from(([127, 0, 0, 1], 1)));
        assert_eq!(line(&tcp, None, true), "1|6|tcp|127.0.0.1:1|grpc||false");
    }

    #[test]
    fn reattach_is_json_in_single_quotes() {
        let meta =
            Meta { name: "demo", registry_address: "registry.terraform.io/acme/demo", version: "1.2.3", silent: &[] };
        let text = reattach(&meta, &Address::Unix("/a/b'c".to_owned()), 42);
        let json =
            text.strip_prefix("TF_REATTACH_PROVIDERS='").unwrap().strip_suffix('\'').unwrap().replace("'\\''", "'");
        let value: serde_json::Value = serde_json::from_str(&json).unwrap();
        let provider = &value["registry.terraform.io/acme/demo"];
        assert_eq!(provider["ProtocolVersion"], json!(6));
        assert_eq!(provider["Pid"], json!(42));
        assert_eq!(provider["Test"], json!(true));
        assert_eq!(provider["Addr"], json!({ "Network": "unix", "String": "/a/b'c" }));
    }
}
