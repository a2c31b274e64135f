//! Kinds of objects that a source may have, and kinds that no policy can allow.

use std::fmt;
use std::str::FromStr;

/// A kind with built-in rules, or a kind of the platform's own API group.
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
    /// A namespaced kind that the policy names by group and kind.
    Other {
        group: String,
        kind: String,
    },
}

/// Reasons why a policy cannot allow a kind.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum SourceKindError {
    /// A kind that no policy can allow.
    #[error("kind `{kind}` is never allowed: {reason}")]
    Forbidden {
        /// The kind.
        kind: String,
        /// Reason.
        reason: &'static str,
    },
    /// A kind of Kubernetes without built-in rules, or an invalid name.
    #[error("unsupported kind `{0}`: supported are {supported}, and kinds of your own API group as `group/Kind`",
        supported = supported())]
    Unsupported(String),
}

/// A kind with built-in rules, for people.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct AllowedKind {
    /// Name of the kind.
    pub kind: &'static str,
    /// API group; empty for the core group.
    pub group: &'static str,
    /// The only supported version.
    pub version: &'static str,
}

/// An API group or a kind that no policy can allow.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct ForbiddenKind {
    /// The API group, with all groups below it; none if the kind is forbidden in every group.
    pub group: Option<&'static str>,
    /// The kind; none if all kinds of the group are forbidden.
    pub kind: Option<&'static str>,
    /// Reason, as the end of a sentence.
    pub reason: &'static str,
}

/// Kinds with built-in rules: kind, name, API group and supported version.
static KNOWN: [(SourceKind, &str, &str, &str); 11] = [
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

const GUARD: &str = "only EoD creates guards of the namespace";
const CLUSTER: &str = "it is cluster-scoped";
const RIGHTS: &str = "it grants permissions";
const ARGO: &str = "it controls Argo CD";
const ADDRESSES: &str = "it sends traffic to arbitrary addresses";
const SECRETS: &str = "it reads secrets with the permissions of the secret store";
const MESH: &str = "it changes routes of the whole mesh";
const ADMISSION: &str = "it changes the behavior of the API server";

/// Forbidden API groups, with all groups below them.
static FORBIDDEN_GROUPS: [(&str, &str); 14] = [
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

/// Kinds that are forbidden in every API group.
static FORBIDDEN_KINDS: [(&str, &str); 24] = [
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
    ("Binding", "it assigns pods to nodes"),
];

/// True for API groups of Kubernetes. Their kinds need built-in rules before a policy can allow them.
fn is_builtin_group(group: &str) -> bool {
    !group.contains('.') || group == "k8s.io" || group.ends_with(".k8s.io")
}

/// Reason why no policy can allow a kind; none if a policy can.
pub(crate) fn forbidden_reason(group: &str, kind: &str) -> Option<&'static str> {
    let group = group.to_ascii_lowercase();
    let is_inside = |outer: &str| group.strip_suffix(outer).is_some_and(|rest| rest.is_empty() || rest.ends_with('.'));
    let by_group = FORBIDDEN_GROUPS.iter().find(|(forbidden, _)| is_inside(forbidden));
    let by_kind = || FORBIDDEN_KINDS.iter().find(|(forbidden, _)| forbidden.eq_ignore_ascii_case(kind));
    by_group.or_else(by_kind).map(|(_, reason)| *reason)
}

/// Guards besides those of [`FORBIDDEN_KINDS`]: API group and kind.
const OTHER_GUARDS: [(&str, &str); 3] = [
    ("policy", "PodDisruptionBudget"),
    ("autoscaling", "HorizontalPodAutoscaler"),
    ("autoscaling.k8s.io", "VerticalPodAutoscaler"),
];

/// Cluster-scoped kinds besides the forbidden ones: API group and kind.
const OTHER_CLUSTER_KINDS: [(&str, &str); 4] = [
    ("networking.k8s.io", "IngressClass"),
    ("gateway.networking.k8s.io", "GatewayClass"),
    ("flowcontrol.apiserver.k8s.io", "FlowSchema"),
    ("flowcontrol.apiserver.k8s.io", "PriorityLevelConfiguration"),
];

/// True for guards of a namespace, which only EoD creates, and for controllers of the number of pods.
pub(crate) fn is_guard(group: &str, kind: &str) -> bool {
    OTHER_GUARDS.contains(&(group, kind)) || forbidden_reason(group, kind) == Some(GUARD)
}

/// True for cluster-scoped kinds, kinds that grant permissions, and kinds that change the API server.
pub(crate) fn is_cluster_kind(group: &str, kind: &str) -> bool {
    OTHER_CLUSTER_KINDS.contains(&(group, kind))
        || matches!(forbidden_reason(group, kind), Some(CLUSTER | RIGHTS | ADMISSION))
}

/// The kinds with built-in rules.
pub(crate) fn allowed_by_default() -> impl Iterator<Item = AllowedKind> {
    KNOWN.iter().map(|&(_, kind, group, version)| AllowedKind { kind, group, version })
}

/// The forbidden groups, then the forbidden kinds.
pub(crate) fn forbidden() -> impl Iterator<Item = ForbiddenKind> {
    let group = |(group, reason)| ForbiddenKind { group: Some(group), kind: None, reason };
    let kind = |(kind, reason)| ForbiddenKind { group: None, kind: Some(kind), reason };
    FORBIDDEN_GROUPS.iter().copied().map(group).chain(FORBIDDEN_KINDS.iter().copied().map(kind))
}

fn supported() -> String {
    allowed_by_default().map(|allowed| allowed.kind).collect::<Vec<_>>().join(", ")
}

impl SourceKind {
    /// Kinds that a policy allows by default.
    pub fn defaults() -> impl Iterator<Item = Self> {
        KNOWN.iter().map(|(kind, ..)| kind.clone())
    }

    /// Kind of an object; none for kinds of Kubernetes without built-in rules.
    pub(crate) fn of(group: &str, kind: &str) -> Option<Self> {
        let known = KNOWN.iter().find(|(_, name, its_group, _)| *name == kind && *its_group == group);
        known.map(|(kind, ..)| kind.clone()).or_else(|| {
            (!is_builtin_group(group)).then(|| Self::Other { group: group.to_owned(), kind: kind.to_owned() })
        })
    }

    /// Kind with built-in rules by its name, in any API group.
    pub(crate) fn named(kind: &str) -> Option<Self> {
        KNOWN.iter().find(|(_, name, ..)| *name == kind).map(|(known, ..)| known.clone())
    }

    /// The only supported `apiVersion` of a kind with built-in rules.
    pub(crate) fn api_version(&self) -> Option<String> {
        let (_, _, group, version) = KNOWN.iter().find(|(kind, ..)| kind == self)?;
        Some(if group.is_empty() { (*version).to_owned() } else { format!("{group}/{version}") })
    }
}

impl FromStr for SourceKind {
    type Err = SourceKindError;

    fn from_str(text: &str) -> Result<Self, SourceKindError> {
        let (group, kind) = text.rsplit_once('/').unwrap_or(("", text));
        if let Some(reason) = forbidden_reason(group, kind) {
            return Err(SourceKindError::Forbidden { kind: text.to_owned(), reason });
        }
        let known =
            KNOWN.iter().find(|(_, name, its_group, _)| *name == kind && (group.is_empty() || *its_group == group));
        if let Some((known, ..)) = known {
            return Ok(known.clone());
        }
        let is_kind = kind.bytes().next().is_some_and(|first| first.is_ascii_uppercase())
            && kind.bytes().all(|byte| byte.is_ascii_alphanumeric());
        if is_builtin_group(group) || !is_kind {
            return Err(SourceKindError::Unsupported(text.to_owned()));
        }
        Ok(Self::Other { group: group.to_owned(), kind: kind.to_owned() })
    }
}

impl fmt::Display for SourceKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Other { group, kind } => write!(f, "{group}/{kind}"),
            known => {
                let name = KNOWN.iter().find(|(kind, ..)| kind == known).map_or("", |(_, name, ..)| *name);
                f.write_str(name)
            }
        }
    }
}

#[cfg(test)]
mod tests;
