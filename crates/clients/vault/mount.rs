//! Mounts of secrets engines.
//!
//! The server reports the mount of a path to every token that has some right below the path, and responses 403 to all
//! others. So a wrong mount and a missing right get the same response, and the error names both.

use eod_domain::vault::{MountPath, SecretPath, SecretRef};
use serde_json::Value;

use super::{
    client::Vault,
    endpoints::MountRequest,
    engine::{KvVersion, MountInfo},
    problem::VaultProblem,
    refusal::ANY,
    request::{SYSTEM, VaultRequest},
};
use crate::{Deadline, Error, ErrorKind};

impl Vault {
    /// Reads the engine at a mount path, once per path.
    ///
    /// # Errors
    ///
    /// There is no mount at the path, the engine is not a key-value engine, the token has no right below the path, or
    /// the
    /// request failed.
    pub async fn mount(&self, mount: &MountPath, deadline: &Deadline) -> Result<MountInfo, Error> {
        if let Some(known) = self.known_mount(mount.as_str()) {
            return Ok(known);
        }
        let target = || format!("the mount of `{mount}`");
        let interrupted = |reason| Error::new(SYSTEM, "find", target(), ErrorKind::from(reason)).because(reason);
        let _permit = deadline.run(self.mount_read().lock()).await.map_err(interrupted)?;
        if let Some(known) = self.known_mount(mount.as_str()) {
            return Ok(known);
        }
        let (request, found) = self.read_mount(mount.as_str(), deadline).await?;
        if found.path != *mount {
            let problem = VaultProblem::OtherMount { mount: found.path.to_string() };
            return Err(request.error(ErrorKind::Invalid).because(problem));
        }
        self.remember_mount(mount.as_str(), &found);
        Ok(found)
    }

    /// Splits `mount/path` into both parts, for imports, which have both in one string.
    ///
    /// # Errors
    ///
    /// See [`Vault::mount`]; or the string is a mount without a path.
    pub async fn split(&self, whole: &SecretRef, deadline: &Deadline) -> Result<(MountInfo, SecretRef), Error> {
        let text = format!("{}/{}", whole.mount(), whole.path());
        let (request, found) = self.read_mount(&text, deadline).await?;
        let rest = text.strip_prefix(found.path.as_str()).and_then(|rest| rest.strip_prefix('/'));
        let path = rest.and_then(|rest| rest.parse::<SecretPath>().ok());
        let Some(path) = path else {
            return Err(request.error(ErrorKind::Invalid).because(VaultProblem::MountItself { path: text }));
        };
        self.remember_mount(found.path.as_str(), &found);
        let reference = SecretRef::new(found.path.clone(), path);
        Ok((found, reference))
    }

    /// URL of a secret in the server's web interface.
    pub fn ui_url(&self, secret: &SecretRef) -> Option<String> {
        let mut path = vec!["ui", "vault", "secrets"];
        path.extend(secret.mount().as_str().split('/'));
        path.push("show");
        path.extend(secret.path().segments());
        self.page(&path, self.namespace().map(|namespace| ("namespace", namespace)))
    }

    async fn read_mount(&self, path: &str, deadline: &Deadline) -> Result<(VaultRequest, MountInfo), Error> {
        let request =
            VaultRequest::new("find", format!("the mount of `{path}`"), ANY, &MountRequest { path: path.to_owned() })?;
        let response = match self.try_send(&request, deadline).await {
            Ok(response) => response,
            Err(failed) if matches!(failed.failure.status(), Some(400 | 403 | 404)) => {
                let kind = failed.failure.kind();
                let source = failed.failure.into_source();
                return Err(request.error(kind).because(VaultProblem::NotMounted { path: path.to_owned(), source }));
            }
            Err(failed) => return Err(failed.into_error(SYSTEM, &request)),
        };
        let data = response.get("data").unwrap_or(&Value::Null);
        let engine = data.get("type").and_then(Value::as_str).unwrap_or_default();
        if !matches!(engine, "kv" | "generic") {
            let problem = VaultProblem::WrongEngine { engine: engine.to_owned() };
            return Err(request.error(ErrorKind::Invalid).because(problem));
        }
        let found = data.get("path").and_then(Value::as_str).unwrap_or_default().trim_end_matches('/');
        let path: MountPath = found.parse().map_err(|error| request.error(ErrorKind::Other).because(error))?;
        let versioned = data.pointer("/options/version").and_then(Value::as_str) == Some("2");
        Ok((request, MountInfo { path, version: if versioned { KvVersion::V2 } else { KvVersion::V1 } }))
    }
}
