//! Ownership labels of a namespace and the first-claim check.
//!
//! Every change starts with this check. It is a pure function of the labels and annotations of the namespace. A namespace
//! with ownership labels that cannot be read belongs to another owner.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::installation::{Installation, Nonce};
use crate::labels;
use crate::name::Identity;

/// Ownership labels and annotations of a namespace, as found.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct OwnershipMetadata {
    /// Label `app.kubernetes.io/managed-by`.
    pub managed_by: Option<String>,
    /// Label `/installation`.
    pub installation: Option<String>,
    /// Annotation `/identity`.
    pub identity: Option<String>,
    /// Annotation `/nonce`.
    pub nonce: Option<String>,
    /// Annotation `/provisioned-at`.
    pub provisioned_at: Option<String>,
}

/// Facts about a namespace that decide about its ownership.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct NamespaceFacts {
    /// Server's id of the object. A namespace that is created again has another one.
    pub uid: String,
    /// True if the namespace has a deletionTimestamp.
    pub terminating: bool,
    /// Ownership labels and annotations.
    pub ownership: OwnershipMetadata,
}

/// Installation and identity that claim a namespace.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Claim {
    /// Our installation.
    pub installation: Installation,
    /// Identity of the environment.
    pub identity: Identity,
}

/// Result of the first-claim check.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum ClaimCheck {
    /// There is no namespace of this name.
    Absent,
    /// Ours, same identity, create not finished: continue it.
    Interrupted,
    /// Ours, same identity, create finished: import or adopt it.
    Finished,
    /// Ours, but of another pull request, branch or name.
    OtherIdentity {
        /// Identity of the owner in a readable form: `acme/shop #7`.
        theirs: String,
    },
    /// Owned by another installation of EoD.
    OtherInstallation {
        /// Id of that installation.
        theirs: String,
    },
    /// Not created by EoD.
    NotOurs,
    /// Owned by our installation and being deleted: wait until it is gone.
    Terminating,
}

impl OwnershipMetadata {
    /// Reads the ownership labels and annotations of a namespace.
    pub fn read(labels: &BTreeMap<String, String>, annotations: &BTreeMap<String, String>) -> Self {
        Self {
            managed_by: labels.get(labels::MANAGED_BY).cloned(),
            installation: labels.get(labels::INSTALLATION).cloned(),
            identity: annotations.get(labels::IDENTITY).cloned(),
            nonce: annotations.get(labels::NONCE).cloned(),
            provisioned_at: annotations.get(labels::PROVISIONED_AT).cloned(),
        }
    }

    /// True if the create call with this nonce created the namespace.
    pub fn has_nonce(&self, nonce: &Nonce) -> bool {
        self.nonce.as_deref() == Some(nonce.as_str())
    }
}

impl NamespaceFacts {
    /// Reads the facts of a namespace object.
    pub fn read(namespace: &Value) -> Self {
        let metadata = namespace.get("metadata").unwrap_or(&Value::Null);
        Self {
            uid: metadata.get("uid").and_then(Value::as_str).unwrap_or_default().to_owned(),
            terminating: metadata.get("deletionTimestamp").is_some_and(|time| !time.is_null()),
            ownership: OwnershipMetadata::read(&strings(metadata.get("labels")), &strings(metadata.get("annotations"))),
        }
    }
}

/// Checks a namespace, or its absence, against our claim.
pub fn check_claim(found: Option<&NamespaceFacts>, ours: &Claim) -> ClaimCheck {
    let Some(NamespaceFacts { terminating, ownership, .. }) = found else { return ClaimCheck::Absent };
    if ownership.managed_by.as_deref() != Some(labels::MANAGED_BY_VALUE) {
        return ClaimCheck::NotOurs;
    }
    match ownership.installation.as_deref() {
        None => return ClaimCheck::NotOurs,
        Some(theirs) if theirs != ours.installation.as_str() => {
            return ClaimCheck::OtherInstallation { theirs: theirs.to_owned() };
        }
        Some(_) => {}
    }
    if *terminating {
        return ClaimCheck::Terminating;
    }
    let theirs = ownership.identity.as_deref();
    if theirs != Some(ours.identity.canonical().as_str()) {
        return ClaimCheck::OtherIdentity { theirs: readable(theirs) };
    }
    if ownership.provisioned_at.is_none() { ClaimCheck::Interrupted } else { ClaimCheck::Finished }
}

/// Identity in a readable form, or the text of the annotation if it cannot be parsed.
fn readable(identity: Option<&str>) -> String {
    match identity {
        None => "an identity that is not recorded".to_owned(),
        Some(text) => text.parse::<Identity>().map_or_else(|_| text.to_owned(), |identity| identity.to_string()),
    }
}

fn strings(map: Option<&Value>) -> BTreeMap<String, String> {
    let entries = map.and_then(Value::as_object).into_iter().flatten();
    entries.filter_map(|(key, value)| Some((key.clone(), value.as_str()?.to_owned()))).collect()
}

#[cfg(test)]
mod tests;
