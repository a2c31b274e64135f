//! Certificates of a server: its authority, another authority, and a client's certificate.

use std::path::{Path, PathBuf};

use base64::{Engine, engine::general_purpose::STANDARD};
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, DnType, ExtendedKeyUsagePurpose, IsCa, KeyPair};

use super::process;

/// Paths of PEM files.
pub struct Certificates {
    /// Authority that signed the certificates of the server and of the client.
    pub authority: PathBuf,
    /// An authority that signed nothing here.
    pub other_authority: PathBuf,
    /// Certificate of the client for the role [`super::CERTIFIED`].
    pub client: PathBuf,
    /// Private key of the client. Only the owner of the file can read it.
    pub client_key: PathBuf,
    /// Certificate of the server, for `localhost` but not for 127.0.0.1.
    pub(super) server: PathBuf,
    pub(super) server_key: PathBuf,
}

impl Certificates {
    /// Writes the files into a folder.
    pub(super) fn create(folder: &Path) -> Self {
        let authority = authority("kit authority");
        let other = authority_pem(&self::authority("other authority"));
        let (server, server_key) = signed("localhost", &["localhost"], ExtendedKeyUsagePurpose::ServerAuth, &authority);
        let (client, client_key) = signed(super::CERTIFIED, &[], ExtendedKeyUsagePurpose::ClientAuth, &authority);
        let write = |name: &str, pem: String, mode: u32| {
            let file = folder.join(name);
            process::write(&file, &pem, mode);
            file
        };
        let files = Self {
            authority: write("authority.pem", authority_pem(&authority), 0o644),
            other_authority: write("other-authority.pem", other, 0o644),
            client: write("client.pem", client, 0o644),
            client_key: write("client.key", client_key, 0o600),
            server: write("server.pem", server, 0o644),
            server_key: write("server.key", server_key, 0o600),
        };
        process::give_away(&files.server_key);
        files
    }
}

fn authority(name: &str) -> CertifiedIssuer<'static, KeyPair> {
    let mut params = CertificateParams::default();
    params.distinguished_name.push(DnType::CommonName, name);
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap()
}

fn authority_pem(authority: &CertifiedIssuer<'static, KeyPair>) -> String {
    pem("CERTIFICATE", authority.der())
}

/// A certificate and its key in PEM.
fn signed(
    common_name: &str,
    names: &[&str],
    usage: ExtendedKeyUsagePurpose,
    authority: &CertifiedIssuer<'static, KeyPair>,
) -> (String, String) {
    let names: Vec<_> = names.iter().map(|&name| name.to_owned()).collect();
    let mut params = CertificateParams::new(names).unwrap();
    params.distinguished_name.push(DnType::CommonName, common_name);
    params.extended_key_usages = vec![usage];
    let key = KeyPair::generate().unwrap();
    let certificate = params.signed_by(&key, authority).unwrap();
    (pem("CERTIFICATE", certificate.der()), pem("PRIVATE KEY", &key.serialize_der()))
}

fn pem(label: &str, der: &[u8]) -> String {
    let text = STANDARD.encode(der);
    let lines: Vec<_> = text.as_bytes().chunks(64).map(String::from_utf8_lossy).collect();
    format!("-----BEGIN {label}-----\n{}\n-----END {label}-----\n", lines.join("\n"))
}
