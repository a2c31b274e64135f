//! Classes of label and annotation keys.
//!
//! Keys with a domain can control other software: cloud identities, DNS names, sidecar injection, options of Argo CD.
//! So only keys without effect and keys that the policy lists are allowed.

use crate::policy::ProjectPolicy;
use crate::transform::{DELETE_POLICY, HOOK, WAVE};

/// Class of a key.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum KeyClass {
    /// A key that every source may set.
    Allowed,
    /// A key that is not valid for the API server.
    Invalid,
    /// A hook of Helm.
    HelmHook,
    /// A hook or a wave of Argo CD.
    ArgoHook,
    /// A key that may control other software.
    Foreign,
}

/// Keys without a domain that control other software.
const CONTROL_KEYS: [&str; 1] = ["istio-injection"];

impl KeyClass {
    /// Class of a key under a policy.
    pub(crate) fn of(policy: &ProjectPolicy, key: &str) -> Self {
        let is_syntax = |text: &str| !text.is_empty() && text.parse::<eod_domain::LabelValue>().is_ok();
        let (domain, name) = match key.split_once('/') {
            Some((domain, name)) => (Some(domain), name),
            None => (None, key),
        };
        if !is_syntax(name) || domain.is_some_and(|domain| domain.parse::<eod_domain::SecretName>().is_err()) {
            return Self::Invalid;
        }
        let is_listed = || policy.metadata_allow.iter().any(|prefix| key.starts_with(prefix.as_str()));
        match domain {
            None if !CONTROL_KEYS.contains(&key) => Self::Allowed,
            Some("app.kubernetes.io" | "checksum") => Self::Allowed,
            Some("helm.sh") if key == "helm.sh/chart" => Self::Allowed,
            Some("helm.sh") if key.starts_with("helm.sh/hook") => Self::HelmHook,
            Some("argocd.argoproj.io") if [HOOK, DELETE_POLICY, WAVE].contains(&key) => Self::ArgoHook,
            _ if is_listed() => Self::Allowed,
            _ => Self::Foreign,
        }
    }
}
