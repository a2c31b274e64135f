//! Small nested arguments: access, mesh, DNS.

use eod_domain::{AccessRole, DnsMode, LabelValue, MeshKind, NamespaceName, SubjectKind};
use tfplugin::{Model, Text};

/// Access of one subject to the namespace.
#[derive(Clone, Model)]
pub(crate) struct AccessArgs {
    /// `User`, `Group` or `ServiceAccount`.
    pub kind: Text<SubjectKind>,
    /// Name of the subject.
    pub name: String,
    /// Namespace of a service account. Not allowed for users and groups.
    pub namespace: Option<Text<NamespaceName>>,
    /// `owner` (the default) is a Role in the namespace: read everything except Secrets; logs, exec, port-forward, scale and
    /// restart. Any other value is the name of a ClusterRole.
    pub role: Option<Text<AccessRole>>,
}

/// Service mesh that the namespace joins.
#[derive(Clone, Model)]
pub(crate) struct MeshArgs {
    /// `none`, `istio-sidecar`, `istio-ambient` or `linkerd`.
    pub kind: Text<MeshKind>,
    /// Revision of Istio's sidecar injector.
    pub revision: Option<Text<LabelValue>>,
}

/// DNS settings of the hosts.
#[derive(Clone, Model)]
pub(crate) struct DnsArgs {
    /// `wildcard` (the default): the platform has created one wildcard record for the domain, which covers every host. `none`:
    /// the environment has no hosts.
    pub mode: Option<Text<DnsMode>>,
}
