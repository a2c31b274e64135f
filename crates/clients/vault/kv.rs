//! The key-value engine: values, metadata and names.

use std::collections::BTreeMap;

use eod_domain::vault::{SecretPath, SecretRef};
use serde_json::Value;
use vaultrs::api::{
    kv1::requests::GetSecretRequest,
    kv2::requests::{
        DeleteSecretMetadataRequest, ReadSecretMetadataRequest, ReadSecretRequest, SetSecretMetadataRequest,
        SetSecretRequest, SetSecretRequestOptions,
    },
};

use super::{
    client::{Failed, Vault},
    endpoints::ListRequest,
    exchange::VaultRequest,
    failure::VaultFailure,
    mount::{KvVersion, MountInfo},
    secret::{Metadata, Secret, SecretMap},
};
use crate::{Deadline, Error, ErrorKind};

/// What a read found.
#[derive(Clone, Debug)]
pub enum SecretRead {
    /// A value.
    Secret(Secret),
    /// The version was deleted or destroyed; its metadata is still there.
    Deleted {
        /// Which version.
        version: Option<u64>,
    },
    /// Nothing.
    Absent,
}

/// A value the server stored.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Receipt {
    /// Its version.
    pub version: u64,
    /// When, as the server wrote it: to the nanosecond, so that it tells this write from any other.
    pub created_time: Option<String>,
    /// What somebody had written on the secret before it had a value.
    pub custom_metadata: BTreeMap<String, String>,
}

/// What became of a create.
#[derive(Debug)]
pub enum Created {
    /// Stored.
    Stored(Receipt),
    /// Something is there.
    Exists {
        /// An earlier attempt of this very create got no answer, so what is there may be its work.
        after_silence: bool,
    },
    /// The token may not: something may be there, and the token may only create; or it may not write here at all.
    Denied(Error),
}

/// What became of a write on condition of a version.
#[derive(Debug)]
pub enum Written {
    /// Stored.
    Stored(Receipt),
    /// Another version is the newest one.
    Conflict {
        /// An earlier attempt of this very write got no answer, so the other version may be its work.
        after_silence: bool,
    },
    /// The token may not.
    Denied(Error),
}

/// A name below a path.
#[derive(Clone, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub struct ListedName {
    /// The name, without a slash.
    pub name: String,
    /// Whether more lies below it. A name can be listed twice, as a secret and as a folder.
    pub is_folder: bool,
}

impl Vault {
    /// Reads a secret; the newest version where none is named.
    ///
    /// # Errors
    ///
    /// When the server cannot be asked or refuses.
    pub async fn read(
        &self,
        mount: &MountInfo,
        path: &SecretPath,
        version: Option<u64>,
        call: &Deadline,
    ) -> Result<SecretRead, Error> {
        let (engine, path_text) = (mount.path.to_string(), path.to_string());
        let ask = match mount.version {
            KvVersion::V2 => {
                let request = ReadSecretRequest { mount: engine, path: path_text, version };
                VaultRequest::new("read", words(mount, path), "read", &request)?
            }
            KvVersion::V1 => {
                let request = GetSecretRequest { mount: engine, path: path_text };
                VaultRequest::new("read", words(mount, path), "read", &request)?
            }
        };
        let failed = match self.try_send(&ask, call).await {
            Ok(answer) if mount.version == KvVersion::V2 => return Ok(SecretRead::Secret(Secret::read_v2(answer))),
            Ok(answer) => return Ok(SecretRead::Secret(Secret::read_v1(answer))),
            Err(failed) => failed,
        };
        match &failed.failure {
            VaultFailure::Refused { refusal, body: Some(body), .. } if refusal.status == 404 => {
                // A deleted version is "not found" with an ordinary body that has no value.
                if let Some(metadata) = body.pointer("/data/metadata") {
                    return Ok(SecretRead::Deleted { version: metadata.get("version").and_then(Value::as_u64) });
                }
                if refusal.errors.is_empty() { Ok(SecretRead::Absent) } else { Err(failed.into_error(&ask)) }
            }
            _ => Err(failed.into_error(&ask)),
        }
    }

    /// Stores the first version of a secret, and only if there is none: the server decides, so of any number of
    /// writers one succeeds.
    ///
    /// # Errors
    ///
    /// When the server cannot be asked or refuses for another reason than that something is there.
    pub async fn create(
        &self,
        mount: &MountInfo,
        path: &SecretPath,
        data: &SecretMap,
        call: &Deadline,
    ) -> Result<Created, Error> {
        let ask = self.write_ask("create", "create", mount, path, data, 0)?;
        match self.try_send(&ask, call).await {
            Ok(answer) => Ok(Created::Stored(receipt(&ask, &answer)?)),
            Err(failed) if is_conflict(&failed) => Ok(Created::Exists { after_silence: failed.unknown }),
            Err(failed) if failed.failure.code() == Some(403) => Ok(Created::Denied(failed.into_error(&ask))),
            Err(failed) => Err(failed.into_error(&ask)),
        }
    }

    /// Stores a further version of a secret, on condition that `version` is still the newest.
    ///
    /// # Errors
    ///
    /// When the server cannot be asked or refuses for another reason than the condition or the token's rights.
    pub async fn write_cas(
        &self,
        mount: &MountInfo,
        path: &SecretPath,
        data: &SecretMap,
        version: u64,
        call: &Deadline,
    ) -> Result<Written, Error> {
        let ask = self.write_ask("update", "update", mount, path, data, version)?;
        match self.try_send(&ask, call).await {
            Ok(answer) => Ok(Written::Stored(receipt(&ask, &answer)?)),
            Err(failed) if is_conflict(&failed) => Ok(Written::Conflict { after_silence: failed.unknown }),
            Err(failed) if failed.failure.code() == Some(403) => Ok(Written::Denied(failed.into_error(&ask))),
            Err(failed) => Err(failed.into_error(&ask)),
        }
    }

    /// The metadata of a secret on a mount of version 2; none where nothing is known of it.
    ///
    /// # Errors
    ///
    /// When the server cannot be asked or refuses.
    pub async fn metadata(
        &self,
        mount: &MountInfo,
        path: &SecretPath,
        call: &Deadline,
    ) -> Result<Option<Metadata>, Error> {
        let request = ReadSecretMetadataRequest { mount: mount.path.to_string(), path: path.to_string() };
        let ask = VaultRequest::new("read", format!("the metadata of {}", words(mount, path)), "read", &request)?;
        match self.try_send(&ask, call).await {
            Ok(answer) => Ok(Some(Metadata::read(&answer))),
            Err(failed) if is_absent(&failed.failure) => Ok(None),
            Err(failed) => Err(failed.into_error(&ask)),
        }
    }

    /// Replaces what is written on a secret; the server keeps nothing of what stood there.
    ///
    /// # Errors
    ///
    /// When the server cannot be asked or refuses.
    pub async fn set_custom_metadata(
        &self,
        mount: &MountInfo,
        path: &SecretPath,
        custom: &BTreeMap<String, String>,
        call: &Deadline,
    ) -> Result<(), Error> {
        let request = SetSecretMetadataRequest {
            mount: mount.path.to_string(),
            path: path.to_string(),
            custom_metadata: Some(custom.clone().into_iter().collect()),
            ..SetSecretMetadataRequest::default()
        };
        let ask = VaultRequest::new("write", format!("the metadata of {}", words(mount, path)), "update", &request)?;
        self.send(&ask, call).await.map(drop)
    }

    /// Deletes all versions of a secret and its metadata. Succeeds where there is none.
    ///
    /// # Errors
    ///
    /// When the server cannot be asked or refuses.
    pub async fn delete_all(&self, mount: &MountInfo, path: &SecretPath, call: &Deadline) -> Result<(), Error> {
        let request = DeleteSecretMetadataRequest { mount: mount.path.to_string(), path: path.to_string() };
        let ask = VaultRequest::new("delete", format!("all versions of {}", words(mount, path)), "delete", &request)?;
        match self.try_send(&ask, call).await {
            Err(failed) if !is_absent(&failed.failure) => Err(failed.into_error(&ask)),
            _ => Ok(()),
        }
    }

    /// The names right below a path, in the server's order; all of them at once, as the engine has no pages. Empty
    /// where there is none.
    ///
    /// # Errors
    ///
    /// When the server cannot be asked or refuses.
    pub async fn list(
        &self,
        mount: &MountInfo,
        path: Option<&SecretPath>,
        call: &Deadline,
    ) -> Result<Vec<ListedName>, Error> {
        let engine = match mount.version {
            KvVersion::V1 => mount.path.to_string(),
            KvVersion::V2 => format!("{}/metadata", mount.path),
        };
        let below = path.map_or_else(|| format!("{engine}/"), |path| format!("{engine}/{path}/"));
        let target = path.map_or_else(|| format!("mount `{}`", mount.path), |path| format!("`{}/{path}`", mount.path));
        let ask =
            VaultRequest::new("list", format!("the secrets below {target}"), "list", &ListRequest { path: below })?;
        let answer = match self.try_send(&ask, call).await {
            Ok(answer) => answer,
            Err(failed) if is_absent(&failed.failure) => return Ok(Vec::new()),
            Err(failed) => return Err(failed.into_error(&ask)),
        };
        let names = answer.pointer("/data/keys").and_then(Value::as_array).into_iter().flatten();
        Ok(names.filter_map(Value::as_str).map(ListedName::read).collect())
    }

    fn write_ask(
        &self,
        operation: &'static str,
        capability: &'static str,
        mount: &MountInfo,
        path: &SecretPath,
        data: &SecretMap,
        version: u64,
    ) -> Result<VaultRequest, Error> {
        let refused = |words: &str| {
            Error::new(super::client::SYSTEM, operation, self::words(mount, path), ErrorKind::Invalid).because(words)
        };
        if mount.version == KvVersion::V1 {
            return Err(refused(
                "the mount is KV version 1, which cannot create without overwriting and knows no metadata; copies go \
                 to a mount of version 2 (`vault kv enable-versioning`), while a source may stay on version 1",
            ));
        }
        let cas = u32::try_from(version).map_err(|_| refused("its version is larger than any real one"))?;
        let request = SetSecretRequest {
            mount: mount.path.to_string(),
            path: path.to_string(),
            data: data.to_json(),
            options: Some(SetSecretRequestOptions { cas }),
        };
        VaultRequest::new(operation, words(mount, path), capability, &request)
    }
}

impl ListedName {
    fn read(text: &str) -> Self {
        match text.strip_suffix('/') {
            Some(name) => Self { name: name.to_owned(), is_folder: true },
            None => Self { name: text.to_owned(), is_folder: false },
        }
    }
}

fn words(mount: &MountInfo, path: &SecretPath) -> String {
    format!("secret `{}`", SecretRef::new(mount.path.clone(), path.clone()))
}

fn receipt(ask: &VaultRequest, answer: &Value) -> Result<Receipt, Error> {
    let version = answer.pointer("/data/version").and_then(Value::as_u64);
    let strange = || ask.error(ErrorKind::Other).because("the answer names no version").with_unknown_outcome(true);
    let created_time = answer.pointer("/data/created_time").and_then(Value::as_str).map(str::to_owned);
    let custom_metadata = super::secret::strings(answer.pointer("/data/custom_metadata"));
    Ok(Receipt { version: version.ok_or_else(strange)?, created_time, custom_metadata })
}

fn is_conflict(failed: &Failed) -> bool {
    matches!(&failed.failure, VaultFailure::Refused { refusal, .. } if refusal.is_version_conflict())
}

/// "Not found" without words is a missing secret; with words it is a missing mount or namespace.
fn is_absent(failure: &VaultFailure) -> bool {
    matches!(failure, VaultFailure::Refused { refusal, .. } if refusal.status == 404 && refusal.errors.is_empty())
}
