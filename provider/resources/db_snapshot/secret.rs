//! The Kubernetes Secret with the credentials: read, written and removed only if it belongs to the database.

use eod_clients::kubernetes::{ApplyOptions, Deleted, Kubernetes, ObjectRef, Preconditions};
use eod_clients::{Deadline, Error, ErrorKind};
use eod_domain::labels;
use eod_snapshot::{CloneName, CloneOwner};
use serde_json::{Value, json};

use super::credentials::{DatabaseCredentials, SecretData};
use super::model::SecretArgs;

/// Field manager of the Secrets.
const MANAGER: &str = "eod-provider";

/// The Secret of a database, at one place.
pub(super) struct CredentialSecret<'a> {
    pub(super) kubernetes: &'a Kubernetes,
    pub(super) at: &'a SecretArgs,
    pub(super) owner: &'a CloneOwner,
    pub(super) name: &'a CloneName,
}

/// State of a Secret.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) enum SecretState {
    /// No Secret exists, or its namespace does not.
    Absent,
    /// The Secret has the marks of the database.
    Ours(StoredSecret),
    /// The Secret belongs to somebody else.
    Foreign {
        /// Reason.
        reason: String,
    },
}

/// A Secret with the marks of a database.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) struct StoredSecret {
    uid: String,
    resource_version: String,
    /// Claim of the database that the credentials are for.
    pub(super) nonce: String,
    /// True if the entries are those that EoD has written.
    pub(super) is_unchanged: bool,
}

impl CredentialSecret<'_> {
    /// Reads the Secret.
    pub(super) async fn look(&self, deadline: &Deadline) -> Result<SecretState, Error> {
        let found = self.kubernetes.get(&self.reference(), deadline).await?;
        Ok(found.map_or(SecretState::Absent, |secret| state(&secret, self.owner, self.name)))
    }

    /// Writes the Secret: creates it, or applies it to the one that was read. Another Secret is never changed.
    pub(super) async fn write(
        &self,
        found: Option<&StoredSecret>,
        credentials: &DatabaseCredentials<'_>,
        deadline: &Deadline,
    ) -> Result<(), Error> {
        let mut content = credentials.secret(self.at);
        let written = match found {
            None => self.kubernetes.create(&self.reference(), &content, MANAGER, deadline).await,
            Some(found) => {
                if let Some(metadata) = content.get_mut("metadata").and_then(Value::as_object_mut) {
                    metadata.insert("uid".to_owned(), json!(found.uid));
                    metadata.insert("resourceVersion".to_owned(), json!(found.resource_version));
                }
                let options = ApplyOptions { manager: MANAGER, force: true };
                self.kubernetes.apply(&self.reference(), &content, options, deadline).await
            }
        };
        match written {
            Ok(_) => Ok(()),
            // The answer to the write was lost: the Secret is the written one if its digest is.
            Err(error) if error.outcome_unknown() || error.kind == ErrorKind::AlreadyExists => {
                let expected =
                    content.pointer("/metadata/annotations").and_then(|all| all.get(labels::DIGEST)).cloned();
                let stored = self.kubernetes.get(&self.reference(), deadline).await?;
                let is_written = stored.is_some_and(|stored| {
                    state(&stored, self.owner, self.name).is_unchanged()
                        && stored.pointer("/metadata/annotations").and_then(|all| all.get(labels::DIGEST))
                            == expected.as_ref()
                });
                if is_written { Ok(()) } else { Err(error) }
            }
            Err(error) => Err(error),
        }
    }

    /// Removes the Secret if its credentials are for the database with this claim, or for any if the claim was lost.
    pub(super) async fn remove(&self, nonce: Option<&str>, deadline: &Deadline) -> Result<(), Error> {
        let SecretState::Ours(stored) = self.look(deadline).await? else { return Ok(()) };
        if nonce.is_some_and(|nonce| nonce != stored.nonce) {
            return Ok(());
        }
        let preconditions = Preconditions { uid: Some(stored.uid), resource_version: Some(stored.resource_version) };
        match self.kubernetes.delete(&self.reference(), &preconditions, deadline).await? {
            Deleted::Accepted | Deleted::Gone | Deleted::InProgress | Deleted::UidMismatch => Ok(()),
            Deleted::Changed => {
                Err(Error::new("Kubernetes", "delete", self.reference().to_string(), ErrorKind::Conflict)
                    .because("it was changed while it was deleted"))
            }
        }
    }

    fn reference(&self) -> ObjectRef {
        reference(self.at.namespace.as_str(), self.at.name.as_str())
    }
}

impl SecretState {
    fn is_unchanged(&self) -> bool {
        matches!(self, Self::Ours(stored) if stored.is_unchanged)
    }
}

/// Reference to a Secret.
pub(crate) fn reference(namespace: &str, name: &str) -> ObjectRef {
    ObjectRef {
        api_version: "v1".to_owned(),
        plural: "secrets".to_owned(),
        kind: "Secret".to_owned(),
        namespace: Some(namespace.to_owned()),
        name: name.to_owned(),
    }
}

/// State of a Secret for a database.
fn state(secret: &Value, owner: &CloneOwner, name: &CloneName) -> SecretState {
    let text = |pointer: &str, key: &str| {
        secret.pointer(pointer).and_then(|all| all.get(key)).and_then(Value::as_str).unwrap_or_default()
    };
    let label = |key: &str| text("/metadata/labels", key);
    let annotation = |key: &str| text("/metadata/annotations", key);
    let foreign = |reason: String| SecretState::Foreign { reason };
    if label(labels::MANAGED_BY) != labels::MANAGED_BY_VALUE || annotation(labels::DATABASE).is_empty() {
        return foreign("it does not have the ownership labels of EoD".to_owned());
    }
    let (environment, installation) = (label(labels::ENV), label(labels::INSTALLATION));
    if environment != owner.environment.to_string() || installation != owner.installation.as_str() {
        return foreign(format!("it belongs to environment `{environment}` of installation `{installation}`"));
    }
    let database = annotation(labels::DATABASE);
    if database != name.as_str() {
        return foreign(format!("it has the credentials of database `{database}`"));
    }
    SecretState::Ours(StoredSecret {
        uid: text("/metadata", "uid").to_owned(),
        resource_version: text("/metadata", "resourceVersion").to_owned(),
        nonce: annotation(labels::NONCE).to_owned(),
        is_unchanged: SecretData::of(secret).digest() == annotation(labels::DIGEST),
    })
}

#[cfg(test)]
mod tests;
