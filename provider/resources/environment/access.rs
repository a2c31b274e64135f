//! The smaller nested arguments: access, mesh, DNS.

use eod_domain::{AccessRole, DnsMode, LabelValue, MeshKind, NamespaceName, SubjectKind};
use tfplugin::{Model, Text};

/// One subject and what it may do.
#[derive(Clone, Model)]
pub(crate) struct AccessArgs {
    /// `User`, `Group` or `ServiceAccount`.
    pub kind: Text<SubjectKind>,
    /// The subject's name.
    pub name: String,
    /// The namespace of a service account; nothing for the others.
    pub namespace: Option<Text<NamespaceName>>,
    /// `owner` (the default) is a role made in the namespace: read all but secrets; logs, exec, port-forward, scale and
    /// restart. Any other word is the name of a ClusterRole.
    pub role: Option<Text<AccessRole>>,
}

/// The service mesh that the namespace joins.
#[derive(Clone, Model)]
pub(crate) struct MeshArgs {
    /// `none`, `istio-sidecar`, `istio-ambient` or `linkerd`.
    pub kind: Text<MeshKind>,
    /// The revision of Istio's sidecar injector.
    pub revision: Option<Text<LabelValue>>,
}

/// How the hosts are published.
#[derive(Clone, Model)]
pub(crate) struct DnsArgs {
    /// `wildcard` (the default): one wildcard record per domain, made once by somebody else, covers every host. `none`: the
    /// environment has no hosts.
    pub mode: Option<Text<DnsMode>>,
}
