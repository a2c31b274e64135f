//! Whose namespace is it?
//!
//! Every change begins with this question, and the answer is a pure function of what stands on the namespace. Whatever
//! cannot be read is not ours.

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;

use serde_json::Value;

use crate::dns::{self, DnsError};
use crate::labels;
use crate::name::Identity;
use crate::text::as_text;

/// The id of an EoD installation: a DNS label. Two installations never touch each other's things.
#[derive(Clone, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct Installation(String);

/// The random text of one create call, by which a create knows its own namespace again.
#[derive(Clone, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct Nonce(String);

/// What a namespace says about whose it is.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Marks {
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

/// A namespace as far as ownership goes.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct NamespaceFacts {
    /// The server's id of the object; a namespace made again has another one.
    pub uid: String,
    /// Whether it has a deletionTimestamp.
    pub terminating: bool,
    /// Its marks.
    pub marks: Marks,
}

/// Who we are when we look at a namespace.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Claim {
    /// Our installation.
    pub installation: Installation,
    /// Who the environment is for.
    pub identity: Identity,
}

/// The answer.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum ClaimCheck {
    /// There is no namespace of this name.
    Absent,
    /// Ours, same identity, and its create was never finished: continue it.
    Interrupted,
    /// Ours, same identity, finished: it is to be imported or adopted.
    Finished,
    /// Ours, but it belongs to another pull request, branch or name.
    OtherIdentity {
        /// Whose it is, for people: `acme/shop #7`.
        theirs: String,
    },
    /// EoD's, but another installation's.
    OtherInstallation {
        /// Which one.
        theirs: String,
    },
    /// Not made by EoD.
    NotOurs,
    /// Of our installation and on its way out: wait until it is gone.
    Terminating,
}

as_text!(Installation);

impl Installation {
    /// The id as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl Default for Installation {
    fn default() -> Self {
        Self("default".to_owned())
    }
}

impl FromStr for Installation {
    type Err = DnsError;

    fn from_str(text: &str) -> Result<Self, DnsError> {
        dns::check_label(text)?;
        Ok(Self(text.to_owned()))
    }
}

impl fmt::Display for Installation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl Nonce {
    /// A nonce of these random bytes. Randomness is an argument, as time is.
    pub fn new(random: [u8; 16]) -> Self {
        Self(random.iter().map(|byte| format!("{byte:02x}")).collect())
    }

    /// The nonce that was found on a namespace or in a state, as it stands there.
    pub fn recorded(text: &str) -> Self {
        Self(text.to_owned())
    }

    /// The nonce as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl Marks {
    /// Reads the marks from a namespace's labels and annotations.
    pub fn read(labels: &BTreeMap<String, String>, annotations: &BTreeMap<String, String>) -> Self {
        Self {
            managed_by: labels.get(labels::MANAGED_BY).cloned(),
            installation: labels.get(labels::INSTALLATION).cloned(),
            identity: annotations.get(labels::IDENTITY).cloned(),
            nonce: annotations.get(labels::NONCE).cloned(),
            provisioned_at: annotations.get(labels::PROVISIONED_AT).cloned(),
        }
    }

    /// Whether the namespace was made by the create call with this nonce.
    pub fn has_nonce(&self, nonce: &Nonce) -> bool {
        self.nonce.as_deref() == Some(nonce.as_str())
    }
}

impl NamespaceFacts {
    /// Reads the facts from a namespace object.
    pub fn read(namespace: &Value) -> Self {
        let metadata = namespace.get("metadata").unwrap_or(&Value::Null);
        Self {
            uid: metadata.get("uid").and_then(Value::as_str).unwrap_or_default().to_owned(),
            terminating: metadata.get("deletionTimestamp").is_some_and(|time| !time.is_null()),
            marks: Marks::read(&strings(metadata.get("labels")), &strings(metadata.get("annotations"))),
        }
    }
}

/// Whose namespace it is that was found, or not found.
pub fn check_claim(found: Option<&NamespaceFacts>, ours: &Claim) -> ClaimCheck {
    let Some(NamespaceFacts { terminating, marks, .. }) = found else { return ClaimCheck::Absent };
    if marks.managed_by.as_deref() != Some(labels::MANAGED_BY_VALUE) {
        return ClaimCheck::NotOurs;
    }
    match marks.installation.as_deref() {
        None => return ClaimCheck::NotOurs,
        Some(theirs) if theirs != ours.installation.as_str() => {
            return ClaimCheck::OtherInstallation { theirs: theirs.to_owned() };
        }
        Some(_) => {}
    }
    if *terminating {
        return ClaimCheck::Terminating;
    }
    let theirs = marks.identity.as_deref();
    if theirs != Some(ours.identity.canonical().as_str()) {
        return ClaimCheck::OtherIdentity { theirs: for_people(theirs) };
    }
    if marks.provisioned_at.is_none() { ClaimCheck::Interrupted } else { ClaimCheck::Finished }
}

fn for_people(identity: Option<&str>) -> String {
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
