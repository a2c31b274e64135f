//! The smaller nested arguments: access, mesh, DNS, timeouts.

use std::time::Duration;

use eod_domain::{AccessRole, DnsMode, LabelValue, MeshKind, NamespaceName, SubjectKind, Ttl};
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

/// How long operations may take, as `90s`, `5m` or `1h`.
#[derive(Clone, Model)]
pub(crate) struct TimeoutsArgs {
    /// `5m` where it is not given.
    pub create: Option<Text<Ttl>>,
    /// `1m` where it is not given.
    pub read: Option<Text<Ttl>>,
    /// `5m` where it is not given.
    pub update: Option<Text<Ttl>>,
    /// `10m` where it is not given. It covers the wait until the namespace is gone.
    pub delete: Option<Text<Ttl>>,
}

/// An operation that has a timeout.
#[derive(Clone, Copy)]
pub(crate) enum Operation {
    Create,
    Read,
    Update,
    Delete,
}

impl TimeoutsArgs {
    /// How long an operation may take.
    pub(crate) fn of(timeouts: Option<&Self>, operation: Operation) -> Duration {
        let (given, default) = match operation {
            Operation::Create => (timeouts.and_then(|each| each.create), 300),
            Operation::Read => (timeouts.and_then(|each| each.read), 60),
            Operation::Update => (timeouts.and_then(|each| each.update), 300),
            Operation::Delete => (timeouts.and_then(|each| each.delete), 600),
        };
        given.map_or(Duration::from_secs(default), |ttl| Duration::from_secs(ttl.seconds().into()))
    }
}
