//! Kinds of objects that a source may bring, and those it may never bring.

use std::fmt;
use std::str::FromStr;

/// A kind that the policy knows the rules of, or one that the platform allows by name.
#[derive(Clone, Debug, Eq, Ord, PartialEq, PartialOrd)]
#[expect(missing_docs, reason = "the names are those of Kubernetes")]
pub enum SourceKind {
    ServiceAccount,
    ConfigMap,
    Secret,
    PersistentVolumeClaim,
    Service,
    Deployment,
    StatefulSet,
    Job,
    CronJob,
    Ingress,
    HttpRoute,
    /// A namespaced kind that the platform's policy names: its group and kind.
    Other {
        group: String,
        kind: String,
    },
}

/// Why a text is no kind that a policy can allow.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum SourceKindError {
    /// One that no source may ever bring.
    #[error("`{kind}` can never be allowed: {reason}")]
    Never {
        /// The kind.
        kind: String,
        /// Why not.
        reason: &'static str,
    },
    /// One without rules.
    #[error("`{0}` is no kind that EoD has rules for; name one of the defaults, or a kind of your own as `group/Kind`")]
    Unknown(String),
}

/// The kinds with rules: their names, API groups and the one version that is read.
const KNOWN: [(SourceKind, &str, &str, &str); 11] = [
    (SourceKind::ServiceAccount, "ServiceAccount", "", "v1"),
    (SourceKind::ConfigMap, "ConfigMap", "", "v1"),
    (SourceKind::Secret, "Secret", "", "v1"),
    (SourceKind::PersistentVolumeClaim, "PersistentVolumeClaim", "", "v1"),
    (SourceKind::Service, "Service", "", "v1"),
    (SourceKind::Deployment, "Deployment", "apps", "v1"),
    (SourceKind::StatefulSet, "StatefulSet", "apps", "v1"),
    (SourceKind::Job, "Job", "batch", "v1"),
    (SourceKind::CronJob, "CronJob", "batch", "v1"),
    (SourceKind::Ingress, "Ingress", "networking.k8s.io", "v1"),
    (SourceKind::HttpRoute, "HTTPRoute", "gateway.networking.k8s.io", "v1"),
];

const GUARD: &str = "it guards the namespace, and guards are made by EoD only";
const CLUSTER: &str = "it belongs to the whole cluster";
const RIGHTS: &str = "it hands out rights";
const ARGO: &str = "it would steer Argo CD itself";
const ADDRESSES: &str = "it leads traffic to any address";
const SECRETS: &str = "it reads secrets with the rights of the store";
const MESH: &str = "it changes the routes of the whole mesh";
const ADMISSION: &str = "it changes what the API server accepts";

/// Groups of which nothing may ever come from a source, with all groups below them.
const NEVER_GROUPS: [(&str, &str); 14] = [
    ("rbac.authorization.k8s.io", RIGHTS),
    ("authorization.openshift.io", RIGHTS),
    ("certificates.k8s.io", RIGHTS),
    ("argoproj.io", ARGO),
    ("discovery.k8s.io", ADDRESSES),
    ("external-secrets.io", SECRETS),
    ("secrets.hashicorp.com", SECRETS),
    ("istio.io", MESH),
    ("admissionregistration.k8s.io", ADMISSION),
    ("apiextensions.k8s.io", ADMISSION),
    ("apiregistration.k8s.io", ADMISSION),
    ("scheduling.k8s.io", CLUSTER),
    ("storage.k8s.io", CLUSTER),
    ("node.k8s.io", CLUSTER),
];

/// Kinds of which none may ever come from a source, whatever their group.
const NEVER_KINDS: [(&str, &str); 24] = [
    ("Endpoints", ADDRESSES),
    ("EndpointSlice", ADDRESSES),
    ("ResourceQuota", GUARD),
    ("LimitRange", GUARD),
    ("NetworkPolicy", GUARD),
    ("CiliumNetworkPolicy", GUARD),
    ("AdminNetworkPolicy", GUARD),
    ("Namespace", CLUSTER),
    ("Node", CLUSTER),
    ("PersistentVolume", CLUSTER),
    ("ClusterRole", RIGHTS),
    ("ClusterRoleBinding", RIGHTS),
    ("Role", RIGHTS),
    ("RoleBinding", RIGHTS),
    ("ExternalSecret", SECRETS),
    ("ClusterExternalSecret", SECRETS),
    ("PushSecret", SECRETS),
    ("SecretStore", SECRETS),
    ("ClusterSecretStore", SECRETS),
    ("Application", ARGO),
    ("ApplicationSet", ARGO),
    ("AppProject", ARGO),
    ("CustomResourceDefinition", ADMISSION),
    ("Binding", "it puts pods on nodes"),
];

/// Groups of Kubernetes itself, whose kinds need rules of their own before they can be allowed.
fn is_builtin_group(group: &str) -> bool {
    !group.contains('.') || group == "k8s.io" || group.ends_with(".k8s.io")
}

/// Why no source may ever bring this kind.
pub(crate) fn never(group: &str, kind: &str) -> Option<&'static str> {
    let (group, kind) = (group.to_ascii_lowercase(), kind.to_ascii_lowercase());
    let lies_in = |never: &str| group.strip_suffix(never).is_some_and(|rest| rest.is_empty() || rest.ends_with('.'));
    let by_group = NEVER_GROUPS.iter().find(|(never, _)| lies_in(never));
    by_group.or_else(|| NEVER_KINDS.iter().find(|(never, _)| never.eq_ignore_ascii_case(&kind))).map(|(_, why)| *why)
}

impl SourceKind {
    /// The kinds that a policy allows where it names none.
    pub fn defaults() -> impl Iterator<Item = Self> {
        KNOWN.into_iter().map(|(kind, ..)| kind)
    }

    /// The kind of an object, where it is one with rules or has a group of its own.
    pub(crate) fn of(group: &str, kind: &str) -> Option<Self> {
        let known = KNOWN.into_iter().find(|(_, name, its_group, _)| *name == kind && *its_group == group);
        known.map(|(kind, ..)| kind).or_else(|| {
            (!is_builtin_group(group)).then(|| Self::Other { group: group.to_owned(), kind: kind.to_owned() })
        })
    }

    /// The one apiVersion in which a kind with rules is read.
    pub(crate) fn api_version(&self) -> Option<String> {
        let (_, _, group, version) = KNOWN.into_iter().find(|(kind, ..)| kind == self)?;
        Some(if group.is_empty() { version.to_owned() } else { format!("{group}/{version}") })
    }
}

impl FromStr for SourceKind {
    type Err = SourceKindError;

    fn from_str(text: &str) -> Result<Self, SourceKindError> {
        let (group, kind) = text.rsplit_once('/').unwrap_or(("", text));
        if let Some(reason) = never(group, kind) {
            return Err(SourceKindError::Never { kind: text.to_owned(), reason });
        }
        let known = KNOWN
            .into_iter()
            .find(|(_, name, its_group, _)| *name == kind && (group.is_empty() || *its_group == group));
        if let Some((known, ..)) = known {
            return Ok(known);
        }
        let is_kind = kind.bytes().next().is_some_and(|first| first.is_ascii_uppercase())
            && kind.bytes().all(|byte| byte.is_ascii_alphanumeric());
        if is_builtin_group(group) || !is_kind {
            return Err(SourceKindError::Unknown(text.to_owned()));
        }
        Ok(Self::Other { group: group.to_owned(), kind: kind.to_owned() })
    }
}

impl fmt::Display for SourceKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Other { group, kind } => write!(f, "{group}/{kind}"),
            known => {
                let name = KNOWN.into_iter().find(|(kind, ..)| kind == known).map_or("", |(_, name, ..)| name);
                f.write_str(name)
            }
        }
    }
}

#[cfg(test)]
mod tests;
