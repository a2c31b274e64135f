//! Requests of the key-value engine: values, metadata and names.

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
    client::Vault,
    endpoints::ListRequest,
    engine::{KvVersion, MountInfo},
    failure::VaultFailure,
    problem::VaultProblem,
    refusal::VaultRefusal,
    request::{SYSTEM, VaultRequest},
    secret::{Metadata, Secret, SecretMap, strings},
};
use crate::{
    Deadline, Error, ErrorKind,
    send::{AttemptFailure, FailedRequest},
};

/// Result of a read.
#[derive(Clone, Debug)]
pub enum SecretRead {
    /// The secret has a value.
    Secret(Secret),
    /// The version is deleted or destroyed; its metadata exists.
    Deleted {
        /// The version, if the server named it.
        version: Option<u64>,
    },
    /// There is no such secret.
    Absent,
}

/// Result of a stored value.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Receipt {
    /// Version of the value.
    pub version: u64,
    /// Time of the write as the server reports it, to the nanosecond; it is different for every write.
    pub created_time: Option<String>,
    /// Custom metadata that the secret had before it had a value.
    pub custom_metadata: BTreeMap<String, String>,
}

/// Result of a create.
#[derive(Debug)]
pub enum Created {
    /// The value is stored.
    Stored(Receipt),
    /// A secret exists already.
    Exists {
        /// True if an earlier attempt of this create got no response, so that the secret may be its result.
        after_silence: bool,
    },
    /// The token has no right: either a secret exists and the token may only create, or it may not write here at all.
    Denied(Error),
}

/// Result of a write with a version as precondition.
#[derive(Debug)]
pub enum Written {
    /// The value is stored.
    Stored(Receipt),
    /// Another version is the newest one.
    Conflict {
        /// True if an earlier attempt of this write got no response, so that the other version may be its result.
        after_silence: bool,
    },
    /// The token has no right.
    Denied(Error),
}

/// A listed name.
#[derive(Clone, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub struct ListedName {
    /// The name, without a slash.
    pub name: String,
    /// True if the name is a folder. A name may be listed twice, as a secret and as a folder.
    pub is_folder: bool,
}

impl Vault {
    /// Reads a version of a secret; the default is the newest one.
    ///
    /// # Errors
    ///
    /// The request failed.
    pub async fn read(
        &self,
        mount: &MountInfo,
        path: &SecretPath,
        version: Option<u64>,
        deadline: &Deadline,
    ) -> Result<SecretRead, Error> {
        let (engine, path_text) = (mount.path.to_string(), path.to_string());
        let request = match mount.version {
            KvVersion::V2 => {
                let endpoint = ReadSecretRequest { mount: engine, path: path_text, version };
                VaultRequest::new("read", target_of(mount, path), "read", &endpoint)?
            }
            KvVersion::V1 => {
                let endpoint = GetSecretRequest { mount: engine, path: path_text };
                VaultRequest::new("read", target_of(mount, path), "read", &endpoint)?
            }
        };
        let failed = match self.try_send(&request, deadline).await {
            Ok(response) if mount.version == KvVersion::V2 => return Ok(SecretRead::Secret(Secret::read_v2(response))),
            Ok(response) => return Ok(SecretRead::Secret(Secret::read_v1(response))),
            Err(failed) => failed,
        };
        let AttemptFailure::System(VaultFailure::Refused { refusal, body, .. }) = &failed.failure else {
            return Err(failed.into_error(SYSTEM, &request));
        };
        // A deleted version is "not found" with a normal body that has no value.
        match body.pointer("/data/metadata") {
            Some(metadata) if refusal.status == 404 => {
                Ok(SecretRead::Deleted { version: metadata.get("version").and_then(Value::as_u64) })
            }
            _ if is_absent(&failed) => Ok(SecretRead::Absent),
            _ => Err(failed.into_error(SYSTEM, &request)),
        }
    }

    /// Stores the first version of a secret if there is none. The server decides, so exactly one of several writers
    /// succeeds.
    ///
    /// # Errors
    ///
    /// The request failed for another reason than an existing secret or a missing right, or the mount is KV version 1.
    pub async fn create(
        &self,
        mount: &MountInfo,
        path: &SecretPath,
        data: &SecretMap,
        deadline: &Deadline,
    ) -> Result<Created, Error> {
        let request = self.write_request("create", "create", mount, path, data, 0)?;
        match self.try_send(&request, deadline).await {
            Ok(response) => Ok(Created::Stored(receipt(&request, &response)?)),
            Err(failed) if is_conflict(&failed) => Ok(Created::Exists { after_silence: failed.outcome_unknown }),
            Err(failed) if failed.failure.status() == Some(403) => {
                Ok(Created::Denied(failed.into_error(SYSTEM, &request)))
            }
            Err(failed) => Err(failed.into_error(SYSTEM, &request)),
        }
    }

    /// Stores a further version of a secret if `version` is still the newest one.
    ///
    /// # Errors
    ///
    /// The request failed for another reason than the precondition or a missing right, or the mount is KV version 1.
    pub async fn write_cas(
        &self,
        mount: &MountInfo,
        path: &SecretPath,
        data: &SecretMap,
        version: u64,
        deadline: &Deadline,
    ) -> Result<Written, Error> {
        let request = self.write_request("update", "update", mount, path, data, version)?;
        match self.try_send(&request, deadline).await {
            Ok(response) => Ok(Written::Stored(receipt(&request, &response)?)),
            Err(failed) if is_conflict(&failed) => Ok(Written::Conflict { after_silence: failed.outcome_unknown }),
            Err(failed) if failed.failure.status() == Some(403) => {
                Ok(Written::Denied(failed.into_error(SYSTEM, &request)))
            }
            Err(failed) => Err(failed.into_error(SYSTEM, &request)),
        }
    }

    /// Reads the metadata of a secret on a mount of version 2; `None` if there is none.
    ///
    /// # Errors
    ///
    /// The request failed.
    pub async fn metadata(
        &self,
        mount: &MountInfo,
        path: &SecretPath,
        deadline: &Deadline,
    ) -> Result<Option<Metadata>, Error> {
        let endpoint = ReadSecretMetadataRequest { mount: mount.path.to_string(), path: path.to_string() };
        let request =
            VaultRequest::new("read", format!("the metadata of {}", target_of(mount, path)), "read", &endpoint)?;
        match self.try_send(&request, deadline).await {
            Ok(response) => Ok(Some(Metadata::read(&response))),
            Err(failed) if is_absent(&failed) => Ok(None),
            Err(failed) => Err(failed.into_error(SYSTEM, &request)),
        }
    }

    /// Replaces the custom metadata of a secret as a whole.
    ///
    /// # Errors
    ///
    /// The request failed.
    pub async fn set_custom_metadata(
        &self,
        mount: &MountInfo,
        path: &SecretPath,
        custom: &BTreeMap<String, String>,
        deadline: &Deadline,
    ) -> Result<(), Error> {
        let endpoint = SetSecretMetadataRequest {
            mount: mount.path.to_string(),
            path: path.to_string(),
            custom_metadata: Some(custom.clone().into_iter().collect()),
            ..SetSecretMetadataRequest::default()
        };
        let request =
            VaultRequest::new("write", format!("the metadata of {}", target_of(mount, path)), "update", &endpoint)?;
        self.send(&request, deadline).await.map(drop)
    }

    /// Deletes all versions of a secret and its metadata. Succeeds if there is no such secret.
    ///
    /// # Errors
    ///
    /// The request failed.
    pub async fn delete_all(&self, mount: &MountInfo, path: &SecretPath, deadline: &Deadline) -> Result<(), Error> {
        let endpoint = DeleteSecretMetadataRequest { mount: mount.path.to_string(), path: path.to_string() };
        let request =
            VaultRequest::new("delete", format!("all versions of {}", target_of(mount, path)), "delete", &endpoint)?;
        match self.try_send(&request, deadline).await {
            Err(failed) if !is_absent(&failed) => Err(failed.into_error(SYSTEM, &request)),
            _ => Ok(()),
        }
    }

    /// Lists the names directly below a path in the order of the server, in one response, because the engine has no
    /// pages. Empty if there are none.
    ///
    /// # Errors
    ///
    /// The request failed.
    pub async fn list(
        &self,
        mount: &MountInfo,
        path: Option<&SecretPath>,
        deadline: &Deadline,
    ) -> Result<Vec<ListedName>, Error> {
        let engine = match mount.version {
            KvVersion::V1 => mount.path.to_string(),
            KvVersion::V2 => format!("{}/metadata", mount.path),
        };
        let below = path.map_or_else(|| format!("{engine}/"), |path| format!("{engine}/{path}/"));
        let target = path.map_or_else(|| format!("mount `{}`", mount.path), |path| format!("`{}/{path}`", mount.path));
        let request =
            VaultRequest::new("list", format!("the secrets below {target}"), "list", &ListRequest { path: below })?;
        let response = match self.try_send(&request, deadline).await {
            Ok(response) => response,
            Err(failed) if is_absent(&failed) => return Ok(Vec::new()),
            Err(failed) => return Err(failed.into_error(SYSTEM, &request)),
        };
        let names = response.pointer("/data/keys").and_then(Value::as_array).into_iter().flatten();
        Ok(names.filter_map(Value::as_str).map(ListedName::read).collect())
    }

    fn write_request(
        &self,
        operation: &'static str,
        capability: &'static str,
        mount: &MountInfo,
        path: &SecretPath,
        data: &SecretMap,
        version: u64,
    ) -> Result<VaultRequest, Error> {
        let target = target_of(mount, path);
        let invalid = || Error::new(SYSTEM, operation, target.clone(), ErrorKind::Invalid);
        if mount.version == KvVersion::V1 {
            return Err(invalid().because(VaultProblem::KvVersion1));
        }
        let cas = u32::try_from(version).map_err(|_| invalid().because("its version is larger than any real one"))?;
        let endpoint = SetSecretRequest {
            mount: mount.path.to_string(),
            path: path.to_string(),
            data: data.to_json(),
            options: Some(SetSecretRequestOptions { cas }),
        };
        VaultRequest::new(operation, target, capability, &endpoint)
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

fn target_of(mount: &MountInfo, path: &SecretPath) -> String {
    format!("secret `{}`", SecretRef::new(mount.path.clone(), path.clone()))
}

fn receipt(request: &VaultRequest, response: &Value) -> Result<Receipt, Error> {
    let version = response.pointer("/data/version").and_then(Value::as_u64);
    let no_version =
        || request.error(ErrorKind::Other).because("the response contains no version").with_unknown_outcome(true);
    let created_time = response.pointer("/data/created_time").and_then(Value::as_str).map(str::to_owned);
    let custom_metadata = strings(response.pointer("/data/custom_metadata"));
    Ok(Receipt { version: version.ok_or_else(no_version)?, created_time, custom_metadata })
}

fn is_conflict(failed: &FailedRequest<VaultFailure>) -> bool {
    VaultFailure::refusal(&failed.failure).is_some_and(VaultRefusal::is_version_conflict)
}

/// True if there is no such secret. A 404 with messages means a missing mount or namespace.
fn is_absent(failed: &FailedRequest<VaultFailure>) -> bool {
    VaultFailure::refusal(&failed.failure).is_some_and(|refusal| refusal.status == 404 && refusal.errors.is_empty())
}
