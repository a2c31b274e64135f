//! Where a secrets engine is mounted and what it can do.
//!
//! The server tells the mount of any path to every token that has some right below it, and answers 403 to all others,
//! so that a wrong mount and a missing right look the same. The error names both.

use eod_domain::vault::{MountPath, SecretPath, SecretRef};
use serde_json::Value;

use super::{client::SYSTEM, client::Vault, endpoints::MountRequest, exchange::VaultRequest, failure::ANY};
use crate::{Deadline, Error, ErrorKind};

/// The version of the key-value engine.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum KvVersion {
    /// Without versions and metadata.
    V1,
    /// With both.
    V2,
}

/// A mounted key-value engine.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct MountInfo {
    /// Where.
    pub path: MountPath,
    /// Which.
    pub version: KvVersion,
}

impl MountInfo {
    /// A mount that is known to be of version 2, because copies of ours are on it.
    pub fn v2(path: MountPath) -> Self {
        Self { path, version: KvVersion::V2 }
    }
}

impl Vault {
    /// What is mounted at this path. Asked once per path.
    ///
    /// # Errors
    ///
    /// When nothing is mounted there, something else than a key-value engine, or the token may not know.
    pub async fn mount(&self, mount: &MountPath, call: &Deadline) -> Result<MountInfo, Error> {
        if let Some(known) = self.known_mount(mount.as_str()) {
            return Ok(known);
        }
        let stopped =
            |stop| Error::new(SYSTEM, "find", format!("the mount of `{mount}`"), ErrorKind::from(stop)).because(stop);
        let _turn = call.run(self.inner.asks_mount.lock()).await.map_err(stopped)?;
        if let Some(known) = self.known_mount(mount.as_str()) {
            return Ok(known);
        }
        let (ask, found) = self.ask_mount(mount.as_str(), call).await?;
        if found.path != *mount {
            let words = format!(
                "it lies on the mount `{0}`; set the mount to `{0}` and put the rest into the path",
                found.path
            );
            return Err(ask.error(ErrorKind::Invalid).because(words));
        }
        self.remember_mount(mount.as_str(), &found);
        Ok(found)
    }

    /// Which part of `mount/path` is the mount; for imports, where both are one text.
    ///
    /// # Errors
    ///
    /// As [`Vault::mount`], and when nothing is left for the path.
    pub async fn split(&self, whole: &SecretRef, call: &Deadline) -> Result<(MountInfo, SecretRef), Error> {
        let text = format!("{}/{}", whole.mount(), whole.path());
        let (ask, found) = self.ask_mount(&text, call).await?;
        let rest = text.strip_prefix(found.path.as_str()).and_then(|rest| rest.strip_prefix('/'));
        let path = rest.and_then(|rest| rest.parse::<SecretPath>().ok());
        let Some(path) = path else {
            let words = format!("`{text}` is the mount itself; write `{text}/<path>`");
            return Err(ask.error(ErrorKind::Invalid).because(words));
        };
        self.remember_mount(found.path.as_str(), &found);
        let reference = SecretRef::new(found.path.clone(), path);
        Ok((found, reference))
    }

    /// The page of a secret in the server's web interface.
    pub fn ui_url(&self, secret: &SecretRef) -> Option<String> {
        let mut path = vec!["ui", "vault", "secrets"];
        path.extend(secret.mount().as_str().split('/'));
        path.push("show");
        path.extend(secret.path().segments());
        self.page(&path, self.namespace().map(|namespace| ("namespace", namespace)))
    }

    async fn ask_mount(&self, path: &str, call: &Deadline) -> Result<(VaultRequest, MountInfo), Error> {
        let ask =
            VaultRequest::new("find", format!("the mount of `{path}`"), ANY, &MountRequest { path: path.to_owned() })?;
        let answer = match self.try_send(&ask, call).await {
            Ok(answer) => answer,
            Err(failed) if matches!(failed.failure.code(), Some(400 | 403 | 404)) => {
                let kind = failed.failure.kind();
                let refused = NoMount { path: path.to_owned(), source: failed.failure.into_source() };
                return Err(ask.error(kind).because(refused));
            }
            Err(failed) => return Err(failed.into_error(&ask)),
        };
        let data = answer.get("data").unwrap_or(&Value::Null);
        let engine = data.get("type").and_then(Value::as_str).unwrap_or_default();
        if !matches!(engine, "kv" | "generic") {
            let words = format!("it is an engine of type `{engine}`; secrets are copied on key-value engines only");
            return Err(ask.error(ErrorKind::Invalid).because(words));
        }
        let found = data.get("path").and_then(Value::as_str).unwrap_or_default().trim_end_matches('/');
        let path: MountPath = found.parse().map_err(|error| ask.error(ErrorKind::Other).because(error))?;
        let versioned = data.pointer("/options/version").and_then(Value::as_str) == Some("2");
        Ok((ask, MountInfo { path, version: if versioned { KvVersion::V2 } else { KvVersion::V1 } }))
    }
}

/// Nothing is mounted there, or the token may not know.
#[derive(Debug, thiserror::Error)]
#[error(
    "no secrets engine is mounted at `{path}`, or the token has no right on any path below it; check the mount, the \
     namespace and the token's policy"
)]
struct NoMount {
    path: String,
    source: Box<dyn std::error::Error + Send + Sync>,
}
