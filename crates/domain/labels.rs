//! Label and annotation keys of EoD, and the labels and annotations a user may add.
//!
//! Every key we write stands here as a constant. A user's key is refused when it is ours or lies in a domain whose keys
//! switch something on: Kubernetes itself, Pod Security, a mesh, Argo CD, OpenShift.

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize};

use crate::dns;
use crate::mistake::Mistake;
use crate::text::as_text;

/// The domain of our keys, with its slash.
pub const DOMAIN: &str = "environment.on-demand/";

/// Label: always [`NAME_VALUE`].
pub const NAME: &str = "app.kubernetes.io/name";
/// Label: the environment's name.
pub const INSTANCE: &str = "app.kubernetes.io/instance";
/// Label: always [`MANAGED_BY_VALUE`].
pub const MANAGED_BY: &str = "app.kubernetes.io/managed-by";
/// Value of [`NAME`].
pub const NAME_VALUE: &str = "preview";
/// Value of [`MANAGED_BY`].
pub const MANAGED_BY_VALUE: &str = "eod";

/// Label: the environment's name.
pub const ENV: &str = "environment.on-demand/env";
/// Label: the installation that owns the object.
pub const INSTALLATION: &str = "environment.on-demand/installation";
/// Label: the owner as a label value. Annotation: the owner as written.
pub const OWNER: &str = "environment.on-demand/owner";
/// Label: the TTL, or [`NO_TTL`].
pub const TTL: &str = "environment.on-demand/ttl";
/// Label: the tier.
pub const TIER: &str = "environment.on-demand/tier";

/// Value of [`TTL`] where an environment is permanent.
pub const NO_TTL: &str = "none";
/// Value of the label [`OWNER`] where nobody is named.
pub const NO_OWNER: &str = "unknown";

/// Annotation: when the environment was created, RFC 3339 UTC.
pub const CREATED_AT: &str = "environment.on-demand/created-at";
/// Annotation: when the create was complete. Written last.
pub const PROVISIONED_AT: &str = "environment.on-demand/provisioned-at";
/// Annotation of the clock: the last activity, RFC 3339 UTC. Written by several tools, never applied.
pub const LAST_ACTIVITY_AT: &str = "environment.on-demand/last-activity-at";
/// Annotation of the clock: the end, RFC 3339 UTC. Written by several tools, never applied.
pub const EXPIRES_AT: &str = "environment.on-demand/expires-at";
/// Annotation: address of the pull request.
pub const PR_URL: &str = "environment.on-demand/pr-url";
/// Annotation: the commit that runs.
pub const HEAD_SHA: &str = "environment.on-demand/head-sha";
/// Annotation: the repository, canonical.
pub const REPOSITORY: &str = "environment.on-demand/repository";
/// Annotation: the identity that took the name, canonical.
pub const IDENTITY: &str = "environment.on-demand/identity";
/// Annotation: the nonce of the create call.
pub const NONCE: &str = "environment.on-demand/nonce";
/// Annotation: the arguments as normalised JSON.
pub const SPEC: &str = "environment.on-demand/spec";
/// Annotation: `true` or `false`; the reaper leaves a protected environment alone.
pub const PROTECTED: &str = "environment.on-demand/protected";
/// Annotation: why the environment was extended.
pub const EXTENSION: &str = "environment.on-demand/extension";

/// Label that every namespace carries with its own name; set by the API server.
pub const NAMESPACE_NAME: &str = "kubernetes.io/metadata.name";

/// A value that Kubernetes accepts for a label.
#[derive(Clone, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct LabelValue(String);

/// Labels a user adds; none of them ours or reserved.
#[derive(Clone, Debug, Default, Eq, PartialEq, Serialize)]
#[serde(transparent)]
pub struct UserLabels(BTreeMap<String, String>);

/// Annotations a user adds; none of them ours or reserved.
#[derive(Clone, Debug, Default, Eq, PartialEq, Serialize)]
#[serde(transparent)]
pub struct UserAnnotations(BTreeMap<String, String>);

/// Why a label or annotation is refused.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum LabelError {
    /// The key is no key of Kubernetes.
    #[error(
        "`{0}` is no label or annotation key; expected up to 63 letters, digits, `-`, `_` and `.` with a letter or \
            digit at both ends, after an optional DNS name and a slash"
    )]
    Key(String),
    /// The value is no label value.
    #[error(
        "`{0}` is no label value; expected up to 63 letters, digits, `-`, `_` and `.` with a letter or digit at both \
            ends"
    )]
    Value(String),
    /// The key is one of ours.
    #[error("`{0}` is set by EoD itself; choose another key")]
    Ours(String),
    /// The key belongs to a domain that steers the cluster.
    #[error(
        "`{key}` lies in `{domain}`, whose keys change how the cluster treats the namespace; choose a key in a \
            domain of your own"
    )]
    Reserved {
        /// The key.
        key: String,
        /// The reserved domain.
        domain: String,
    },
    /// All annotations together are too large.
    #[error(
        "the annotations have {0} bytes in all; at most 131072 are allowed, as Kubernetes keeps 262144 for all writers"
    )]
    TooLarge(usize),
}

/// Domains whose keys steer something, with all their subdomains. `app.kubernetes.io` is the one exception.
const RESERVED_DOMAINS: [&str; 7] =
    ["environment.on-demand", "kubernetes.io", "k8s.io", "istio.io", "linkerd.io", "argoproj.io", "openshift.io"];
/// Keys without a domain that steer something.
const RESERVED_KEYS: [&str; 1] = ["istio-injection"];
const SYNTAX_MAX: usize = 63;
const ANNOTATIONS_MAX: usize = 128 * 1024;

as_text!(LabelValue);

impl LabelValue {
    /// The value as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for LabelValue {
    type Err = LabelError;

    fn from_str(text: &str) -> Result<Self, LabelError> {
        if text.is_empty() || is_syntax(text) {
            Ok(Self(text.to_owned()))
        } else {
            Err(LabelError::Value(text.to_owned()))
        }
    }
}

impl fmt::Display for LabelValue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl UserLabels {
    /// Checks every key and value.
    ///
    /// # Errors
    ///
    /// One mistake per entry, at `[attribute, key]`.
    pub fn parse(attribute: &str, labels: BTreeMap<String, String>) -> Result<Self, Vec<Mistake>> {
        let check = |(key, value): (&String, &String)| {
            let error = check_user_key(key).err().or_else(|| value.parse::<LabelValue>().err())?;
            Some(Mistake::at([attribute, key.as_str()], error))
        };
        let mistakes: Vec<_> = labels.iter().filter_map(check).collect();
        if mistakes.is_empty() { Ok(Self(labels)) } else { Err(mistakes) }
    }

    /// The labels.
    pub fn as_map(&self) -> &BTreeMap<String, String> {
        &self.0
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl UserAnnotations {
    /// Checks every key, and the size of all together.
    ///
    /// # Errors
    ///
    /// One mistake per entry, at `[attribute, key]`.
    pub fn parse(attribute: &str, annotations: BTreeMap<String, String>) -> Result<Self, Vec<Mistake>> {
        let check = |key: &String| Some(Mistake::at([attribute, key.as_str()], check_user_key(key).err()?));
        let mut mistakes: Vec<_> = annotations.keys().filter_map(check).collect();
        let size = annotations.iter().map(|(key, value)| key.len() + value.len()).sum();
        if size > ANNOTATIONS_MAX {
            mistakes.push(Mistake::at([attribute], LabelError::TooLarge(size)));
        }
        if mistakes.is_empty() { Ok(Self(annotations)) } else { Err(mistakes) }
    }

    /// The annotations.
    pub fn as_map(&self) -> &BTreeMap<String, String> {
        &self.0
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl<'de> Deserialize<'de> for UserLabels {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Self::parse("labels", BTreeMap::deserialize(deserializer)?).map_err(first_mistake)
    }
}

impl<'de> Deserialize<'de> for UserAnnotations {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Self::parse("annotations", BTreeMap::deserialize(deserializer)?).map_err(first_mistake)
    }
}

/// Whether a user may set this key.
///
/// # Errors
///
/// When it is no key, one of ours, or reserved.
pub fn check_user_key(key: &str) -> Result<(), LabelError> {
    let (prefix, name) = match key.split_once('/') {
        Some((prefix, name)) => (Some(prefix), name),
        None => (None, key),
    };
    if !is_syntax(name) || prefix.is_some_and(|prefix| dns::check_name(prefix).is_err()) {
        return Err(LabelError::Key(key.to_owned()));
    }
    if [NAME, INSTANCE, MANAGED_BY].contains(&key) || key.starts_with(DOMAIN) {
        return Err(LabelError::Ours(key.to_owned()));
    }
    let reserved = |domain: &str| LabelError::Reserved { key: key.to_owned(), domain: domain.to_owned() };
    let Some(prefix) = prefix else {
        return if RESERVED_KEYS.contains(&key) { Err(reserved("istio.io")) } else { Ok(()) };
    };
    if prefix == "app.kubernetes.io" {
        return Ok(());
    }
    let lies_in =
        |domain: &&str| prefix.strip_suffix(domain).is_some_and(|rest| rest.is_empty() || rest.ends_with('.'));
    RESERVED_DOMAINS.into_iter().find(lies_in).map_or(Ok(()), |domain| Err(reserved(domain)))
}

/// The rule that label values and the names of keys share.
fn is_syntax(text: &str) -> bool {
    let alphanumeric = |byte: Option<u8>| byte.is_some_and(|byte| byte.is_ascii_alphanumeric());
    text.len() <= SYNTAX_MAX
        && alphanumeric(text.bytes().next())
        && alphanumeric(text.bytes().last())
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte))
}

// The mistakes are a parser's output that is given away.
#[expect(clippy::needless_pass_by_value, reason = "the signature is that of an error conversion")]
fn first_mistake<E: serde::de::Error>(mistakes: Vec<Mistake>) -> E {
    E::custom(mistakes.first().map(ToString::to_string).unwrap_or_default())
}

#[cfg(test)]
mod tests;
