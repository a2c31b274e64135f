//! Label and annotation keys of EoD, and the labels and annotations a user may add.
//!
//! Every key that EoD writes is a constant of this file. A user's key is refused if it is one of these, or if its domain
//! configures the cluster: Kubernetes itself, Pod Security, a mesh, Argo CD, OpenShift.

use std::collections::BTreeMap;

use serde::{Deserialize, Deserializer, Serialize};

use crate::dns;
use crate::mistake::Mistake;
use crate::text::text_type;

/// Domain of EoD's keys, with its slash.
pub const DOMAIN: &str = "environment.on-demand/";

/// Label: always [`NAME_VALUE`].
pub const NAME: &str = "app.kubernetes.io/name";
/// Label: name of the environment.
pub const INSTANCE: &str = "app.kubernetes.io/instance";
/// Label: always [`MANAGED_BY_VALUE`].
pub const MANAGED_BY: &str = "app.kubernetes.io/managed-by";
/// Value of [`NAME`].
pub const NAME_VALUE: &str = "preview";
/// Value of [`MANAGED_BY`].
pub const MANAGED_BY_VALUE: &str = "eod";

/// Label: name of the environment.
pub const ENV: &str = "environment.on-demand/env";
/// Label: installation that owns the object.
pub const INSTALLATION: &str = "environment.on-demand/installation";
/// Label: owner as a label value. Annotation: owner as set by the user.
pub const OWNER: &str = "environment.on-demand/owner";
/// Label: TTL, or [`NO_TTL`].
pub const TTL: &str = "environment.on-demand/ttl";
/// Label: tier.
pub const TIER: &str = "environment.on-demand/tier";

/// Label of a ConfigMap of the ledger: [`LEDGER_ENVIRONMENT`], [`LEDGER_HISTORY`] or [`LEDGER_SUMMARY`].
pub const LEDGER: &str = "environment.on-demand/ledger";
/// Value of [`LEDGER`] for the ledger of one environment.
pub const LEDGER_ENVIRONMENT: &str = "environment";
/// Value of [`LEDGER`] for rows of ended lives.
pub const LEDGER_HISTORY: &str = "history";
/// Value of [`LEDGER`] for the summary of the reaper.
pub const LEDGER_SUMMARY: &str = "summary";
/// Annotation of a ledger: its head, JSON.
pub const HEAD: &str = "environment.on-demand/head";
/// Percentage of the maximum of events that are not sealed, on the ledger of an environment; missing below a half.
pub const UNSEALED: &str = "environment.on-demand/unsealed";

/// Value of [`TTL`] for a permanent environment.
pub const NO_TTL: &str = "none";
/// Value of the label [`OWNER`] if no owner is set.
pub const NO_OWNER: &str = "unknown";

/// Annotation: creation time, RFC 3339 UTC.
pub const CREATED_AT: &str = "environment.on-demand/created-at";
/// Annotation: end of the create, RFC 3339 UTC. Written last.
pub const PROVISIONED_AT: &str = "environment.on-demand/provisioned-at";
/// Annotation of the clock: last activity, RFC 3339 UTC. Written by several tools, never applied.
pub const LAST_ACTIVITY_AT: &str = "environment.on-demand/last-activity-at";
/// Annotation of the clock: end of the environment, RFC 3339 UTC. Written by several tools, never applied.
pub const EXPIRES_AT: &str = "environment.on-demand/expires-at";
/// Annotation: URL of the pull request.
pub const PR_URL: &str = "environment.on-demand/pr-url";
/// Annotation: newest commit of the pull request.
pub const HEAD_SHA: &str = "environment.on-demand/head-sha";
/// Annotation: repository in canonical form.
pub const REPOSITORY: &str = "environment.on-demand/repository";
/// Annotation: identity of the environment in canonical form.
pub const IDENTITY: &str = "environment.on-demand/identity";
/// Annotation: nonce of the create call.
pub const NONCE: &str = "environment.on-demand/nonce";
/// Annotation of a Secret with credentials: name of the database.
pub const DATABASE: &str = "environment.on-demand/database";
/// Annotation of a Secret with credentials: digest of its entries.
pub const DIGEST: &str = "environment.on-demand/digest";
/// Annotation: arguments as normalised JSON.
pub const SPEC: &str = "environment.on-demand/spec";
/// Annotation: `true` or `false`. The reaper never ends a protected environment.
pub const PROTECTED: &str = "environment.on-demand/protected";
/// Annotation: reason for an extension.
pub const EXTENSION: &str = "environment.on-demand/extension";

/// Annotation: tool that manages the environment, `terraform` or `argocd`.
pub const MADE_BY: &str = "environment.on-demand/made-by";
/// Annotation of a mark: earliest time of the end, RFC 3339 UTC. Written by the reaper.
pub const REAP_AFTER: &str = "environment.on-demand/reap-after";
/// Annotation of a mark: reason of the end. Written by the reaper.
pub const REAP_REASON: &str = "environment.on-demand/reap-reason";
/// Annotation: approval of an end, JSON.
pub const APPROVED: &str = "environment.on-demand/approved";
/// Annotation: first successful deployment, RFC 3339 UTC. Written by the reaper.
pub const DEPLOYED_AT: &str = "environment.on-demand/deployed-at";
/// Annotation: commit that runs. Written by the reaper.
pub const DEPLOYED_SHA: &str = "environment.on-demand/deployed-sha";
/// Annotation: cause and object of a failing deployment. Written by the reaper.
pub const FAILING: &str = "environment.on-demand/failing";
/// Annotation: [`STATE_ACTIVE`] or [`STATE_ASLEEP`]. Written by the plugin.
pub const STATE: &str = "environment.on-demand/state";
/// Value of [`STATE`] for an environment with replicas.
pub const STATE_ACTIVE: &str = "active";
/// Value of [`STATE`] for an environment without replicas.
pub const STATE_ASLEEP: &str = "asleep";

/// Label of every namespace with its own name, set by the API server.
pub const NAMESPACE_NAME: &str = "kubernetes.io/metadata.name";

text_type! {
    /// Value of a Kubernetes label.
    pub struct LabelValue, check = check_label_value, error = LabelError
}

/// Labels set by the user, without reserved keys.
#[derive(Clone, Debug, Default, Eq, PartialEq, Serialize)]
#[serde(transparent)]
pub struct UserLabels(BTreeMap<String, String>);

/// Annotations set by the user, without reserved keys.
#[derive(Clone, Debug, Default, Eq, PartialEq, Serialize)]
#[serde(transparent)]
pub struct UserAnnotations(BTreeMap<String, String>);

/// Reasons to refuse a label or annotation.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum LabelError {
    /// The key is invalid.
    #[error(
        "invalid label or annotation key `{0}`: expected up to 63 letters, digits, `-`, `_` and `.` with a letter or \
            digit at both ends, after an optional DNS name and a slash"
    )]
    Key(String),
    /// The value is invalid.
    #[error(
        "invalid label value `{0}`: expected up to 63 letters, digits, `-`, `_` and `.` with a letter or digit at both \
            ends"
    )]
    Value(String),
    /// The key is one of EoD's own.
    #[error("key `{0}` is set by EoD; use another key")]
    Ours(String),
    /// The domain of the key configures the cluster.
    #[error(
        "key `{key}` is in the reserved domain `{domain}`, which configures the cluster; use a key in a domain of your own"
    )]
    Reserved {
        /// Input key.
        key: String,
        /// Reserved domain.
        domain: String,
    },
    /// The annotations are too large in total.
    #[error(
        "annotations must have at most 131072 bytes in total, got {0}: Kubernetes allows 262144 for all writers together"
    )]
    TooLarge(usize),
}

/// Domains that configure the cluster, with all their subdomains. `app.kubernetes.io` is the only exception.
const RESERVED_DOMAINS: [&str; 7] =
    ["environment.on-demand", "kubernetes.io", "k8s.io", "istio.io", "linkerd.io", "argoproj.io", "openshift.io"];
/// Keys without a domain that configure the cluster.
const RESERVED_KEYS: [&str; 1] = ["istio-injection"];
const SYNTAX_MAX: usize = 63;
const ANNOTATIONS_MAX: usize = 128 * 1024;

impl UserLabels {
    /// Validates every key and value.
    ///
    /// # Errors
    ///
    /// One mistake per entry, at `[attribute, key]`.
    pub fn parse(attribute: &str, labels: BTreeMap<String, String>) -> Result<Self, Vec<Mistake<LabelError>>> {
        let check = |(key, value): (&String, &String)| {
            let error = check_user_key(key).err().or_else(|| value.parse::<LabelValue>().err())?;
            Some(Mistake::at([attribute, key.as_str()], error))
        };
        let mistakes: Vec<_> = labels.iter().filter_map(check).collect();
        if mistakes.is_empty() { Ok(Self(labels)) } else { Err(mistakes) }
    }

    /// The labels as a map.
    pub fn as_map(&self) -> &BTreeMap<String, String> {
        &self.0
    }

    /// True if there is none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl UserAnnotations {
    /// Validates every key and the total size.
    ///
    /// # Errors
    ///
    /// One mistake per entry, at `[attribute, key]`.
    pub fn parse(attribute: &str, annotations: BTreeMap<String, String>) -> Result<Self, Vec<Mistake<LabelError>>> {
        let check = |key: &String| Some(Mistake::at([attribute, key.as_str()], check_user_key(key).err()?));
        let mut mistakes: Vec<_> = annotations.keys().filter_map(check).collect();
        let size = annotations.iter().map(|(key, value)| key.len() + value.len()).sum();
        if size > ANNOTATIONS_MAX {
            mistakes.push(Mistake::at([attribute], LabelError::TooLarge(size)));
        }
        if mistakes.is_empty() { Ok(Self(annotations)) } else { Err(mistakes) }
    }

    /// The annotations as a map.
    pub fn as_map(&self) -> &BTreeMap<String, String> {
        &self.0
    }

    /// True if there is none.
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

/// Checks that a user may set this key.
///
/// # Errors
///
/// The key is invalid, one of EoD's own, or reserved.
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
    let is_in = |domain: &&str| prefix.strip_suffix(domain).is_some_and(|rest| rest.is_empty() || rest.ends_with('.'));
    RESERVED_DOMAINS.into_iter().find(is_in).map_or(Ok(()), |domain| Err(reserved(domain)))
}

fn check_label_value(text: &str) -> Result<(), LabelError> {
    if text.is_empty() || is_syntax(text) { Ok(()) } else { Err(LabelError::Value(text.to_owned())) }
}

/// Common syntax of label values and of the names of keys.
fn is_syntax(text: &str) -> bool {
    let alphanumeric = |byte: Option<u8>| byte.is_some_and(|byte| byte.is_ascii_alphanumeric());
    text.len() <= SYNTAX_MAX
        && alphanumeric(text.bytes().next())
        && alphanumeric(text.bytes().last())
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte))
}

#[expect(clippy::needless_pass_by_value, reason = "the signature is that of an error conversion")]
fn first_mistake<E: serde::de::Error>(mistakes: Vec<Mistake<LabelError>>) -> E {
    E::custom(mistakes.first().map(ToString::to_string).unwrap_or_default())
}

#[cfg(test)]
mod tests;
