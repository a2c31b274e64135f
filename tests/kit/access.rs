//! Address and credentials of an API server or a Vault.

use std::{io::Write, path::Path};

use base64::{Engine, engine::general_purpose::STANDARD};
use serde_json::{Value, json};
use tempfile::NamedTempFile;

/// Address, certificate authority and token.
#[derive(Clone)]
pub struct Access {
    /// The URL, without a slash at the end.
    pub server: String,
    /// Certificate authority in PEM; none for plain HTTP.
    pub ca_pem: Option<String>,
    /// The bearer token.
    pub token: String,
}

/// A temporary kubeconfig file, removed when it is dropped.
pub struct Kubeconfig(NamedTempFile);

impl Kubeconfig {
    /// Path of the file.
    pub fn path(&self) -> &Path {
        self.0.path()
    }
}

impl Access {
    /// Reads the output of `kubectl config view --raw --minify -o json`. The token is empty if the user authenticates by a
    /// client certificate or an exec plugin.
    pub(super) fn from_config(config: &Value) -> Result<Self, String> {
        let text = |pointer: &str| config.pointer(pointer).and_then(Value::as_str);
        let server = text("/clusters/0/cluster/server").ok_or("the kubeconfig has no server")?;
        let ca_pem = match text("/clusters/0/cluster/certificate-authority-data") {
            Some(data) => Some(decode(data)?),
            None => text("/clusters/0/cluster/certificate-authority")
                .map(|file| std::fs::read_to_string(file).map_err(|e| format!("{file}: {e}")))
                .transpose()?,
        };
        Ok(Self {
            server: server.trim_end_matches('/').to_owned(),
            ca_pem,
            token: text("/users/0/user/token").unwrap_or_default().to_owned(),
        })
    }

    /// Writes a kubeconfig file with this access in it.
    pub fn kubeconfig(&self) -> Kubeconfig {
        // JSON is valid YAML, and serde escapes the values.
        let mut cluster = json!({ "server": self.server });
        if let Some(pem) = &self.ca_pem {
            cluster["certificate-authority-data"] = STANDARD.encode(pem).into();
        }
        let config = json!({
            "apiVersion": "v1",
            "kind": "Config",
            "current-context": "test",
            "clusters": [{ "name": "test", "cluster": cluster }],
            "contexts": [{ "name": "test", "context": { "cluster": "test", "user": "test" } }],
            "users": [{ "name": "test", "user": { "token": self.token } }],
        });
        let mut file = NamedTempFile::with_prefix("eod-kubeconfig-").unwrap();
        file.write_all(config.to_string().as_bytes()).unwrap();
        Kubeconfig(file)
    }
}

fn decode(data: &str) -> Result<String, String> {
    let bytes = STANDARD.decode(data).map_err(|error| error.to_string())?;
    String::from_utf8(bytes).map_err(|error| error.to_string())
}
