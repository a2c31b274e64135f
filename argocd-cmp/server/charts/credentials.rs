//! Credentials of repositories, in the format of Docker's `config.json` and of Secrets of the type
//! `kubernetes.io/dockerconfigjson`.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use eod_render::ToolError;
use reqwest::Url;
use reqwest::header::HeaderValue;
use serde_json::Value;

use super::failure::error;

/// Path of the file. It is read at each fetch, because Kubernetes replaces it.
pub(super) struct CredentialsFile(PathBuf);

/// Values of the header `Authorization` by host, with its port if it has one.
pub(super) struct Credentials(BTreeMap<String, HeaderValue>);

impl CredentialsFile {
    pub(super) fn new(path: &Path) -> Self {
        Self(path.to_owned())
    }

    /// Reads the file; a file that does not exist has no credentials.
    ///
    /// # Errors
    ///
    /// Fails if the file cannot be read. The message never has a part of its content.
    pub(super) fn read(&self) -> Result<Credentials, ToolError> {
        let failed = |problem: &str| {
            let message = format!("credentials of repositories in `{}` cannot be read: {problem}", self.0.display());
            error(
                message,
                "have the platform correct the file of --registry-config: `{\"auths\": {\"<host>\": {\"auth\": ...}}}`",
            )
        };
        let bytes = match fs::read(&self.0) {
            Err(problem) if problem.kind() == io::ErrorKind::NotFound => return Ok(Credentials(BTreeMap::new())),
            Err(problem) => return Err(failed(&problem.to_string())),
            Ok(bytes) => bytes,
        };
        let value: Value = serde_json::from_slice(&bytes).map_err(|_| failed("it is not valid JSON"))?;
        let mut found = BTreeMap::new();
        for (host, entry) in value.get("auths").and_then(Value::as_object).into_iter().flatten() {
            let text = |key: &str| entry.get(key).and_then(Value::as_str).filter(|text| !text.is_empty());
            let pair = text("username").zip(text("password"));
            let auth = text("auth").map(ToOwned::to_owned);
            let auth = auth.or_else(|| pair.map(|(user, password)| STANDARD.encode(format!("{user}:{password}"))));
            let Some(auth) = auth else { continue };
            let mut header = HeaderValue::try_from(format!("Basic {auth}"))
                .map_err(|_| failed(&format!("`auth` of `{host}` is not Base64")))?;
            header.set_sensitive(true);
            found.insert(host_of(host), header);
        }
        Ok(Credentials(found))
    }
}

impl Credentials {
    /// Credentials of the host of a URL.
    pub(super) fn of(&self, url: &Url) -> Option<&HeaderValue> {
        let host = url.host_str()?;
        let with_port = format!("{host}:{}", url.port_or_known_default()?);
        self.0.get(&with_port).or_else(|| self.0.get(host).filter(|_| url.port().is_none()))
    }
}

/// Host of a key, which may be a URL.
fn host_of(key: &str) -> String {
    let key = key.split_once("://").map_or(key, |(_, rest)| rest);
    key.split('/').next().unwrap_or_default().to_ascii_lowercase()
}
