//! Arguments `limits` and `network`.

use std::collections::BTreeSet;

use eod_domain::{Cidr, Isolation, LimitsSettings, NamespaceName, NetworkSettings, Quantity, StableService};
use tfplugin::{Model, Text};

/// Resource limits of one container, and the requests and limits of containers that set none.
#[derive(Clone, Model)]
pub(crate) struct LimitsArgs {
    /// CPU limit of a container that sets none. Default: `250m`.
    #[tf(computed)]
    pub default_cpu: Option<Text<Quantity>>,
    /// Memory limit of a container that sets none. Default: `256Mi`.
    #[tf(computed)]
    pub default_memory: Option<Text<Quantity>>,
    /// CPU request of a container that sets none. Default: `50m`.
    #[tf(computed)]
    pub default_request_cpu: Option<Text<Quantity>>,
    /// Memory request of a container that sets none. Default: `64Mi`.
    #[tf(computed)]
    pub default_request_memory: Option<Text<Quantity>>,
    /// Maximum CPU limit of one container. Default: the quota.
    #[tf(computed)]
    pub max_cpu: Option<Text<Quantity>>,
    /// Maximum memory limit of one container. Default: the quota.
    #[tf(computed)]
    pub max_memory: Option<Text<Quantity>>,
}

/// Network access of the pods. Network policies have no effect if the cluster's network plugin does not enforce them.
#[derive(Clone, Model)]
pub(crate) struct NetworkArgs {
    /// `strict` (the default) allows only pods of the same namespace, DNS, the ingress gateway and the exceptions of this
    /// object. `none` sets no network policies.
    #[tf(computed)]
    pub isolation: Option<Text<Isolation>>,
    /// Namespaces that may connect to the pods.
    #[tf(computed)]
    pub allow_from_namespaces: Option<BTreeSet<Text<NamespaceName>>>,
    /// Namespaces that the pods may connect to.
    #[tf(computed)]
    pub allow_to_namespaces: Option<BTreeSet<Text<NamespaceName>>>,
    /// Networks that the pods may connect to, in CIDR notation. Instance metadata is always blocked.
    #[tf(computed)]
    pub allow_to_cidrs: Option<BTreeSet<Text<Cidr>>>,
    /// Services of the stable environment that the pods may connect to, as `namespace/name:port`. The policy allows that
    /// namespace and that pod port.
    #[tf(computed)]
    pub stable_services: Option<BTreeSet<Text<StableService>>>,
    /// Namespace of the cluster's DNS. Default: `kube-system`.
    #[tf(computed)]
    pub dns_namespace: Option<Text<NamespaceName>>,
    /// Namespaces of the ingress gateways.
    #[tf(computed)]
    pub ingress_namespaces: Option<BTreeSet<Text<NamespaceName>>>,
}

impl LimitsArgs {
    /// The fields of the limits that are set.
    pub(crate) fn settings(self) -> LimitsSettings {
        let Self { default_cpu, default_memory, default_request_cpu, default_request_memory, max_cpu, max_memory } =
            self;
        LimitsSettings {
            default_cpu: default_cpu.map(|value| value.0),
            default_memory: default_memory.map(|value| value.0),
            default_request_cpu: default_request_cpu.map(|value| value.0),
            default_request_memory: default_request_memory.map(|value| value.0),
            max_cpu: max_cpu.map(|value| value.0),
            max_memory: max_memory.map(|value| value.0),
        }
    }

    /// Arguments with these fields of the limits.
    pub(crate) fn given(settings: LimitsSettings) -> Self {
        let LimitsSettings {
            default_cpu,
            default_memory,
            default_request_cpu,
            default_request_memory,
            max_cpu,
            max_memory,
        } = settings;
        Self {
            default_cpu: default_cpu.map(Text),
            default_memory: default_memory.map(Text),
            default_request_cpu: default_request_cpu.map(Text),
            default_request_memory: default_request_memory.map(Text),
            max_cpu: max_cpu.map(Text),
            max_memory: max_memory.map(Text),
        }
    }
}

impl NetworkArgs {
    /// The fields of the network that are set.
    pub(crate) fn settings(self) -> NetworkSettings {
        let Self {
            isolation,
            allow_from_namespaces,
            allow_to_namespaces,
            allow_to_cidrs,
            stable_services,
            dns_namespace,
            ingress_namespaces,
        } = self;
        NetworkSettings {
            isolation: isolation.map(|isolation| isolation.0),
            allow_from_namespaces: allow_from_namespaces.map(plain),
            allow_to_namespaces: allow_to_namespaces.map(plain),
            allow_to_cidrs: allow_to_cidrs.map(plain),
            stable_services: stable_services.map(plain),
            dns_namespace: dns_namespace.map(|namespace| namespace.0),
            ingress_namespaces: ingress_namespaces.map(plain),
        }
    }

    /// Arguments with these fields of the network.
    pub(crate) fn given(settings: NetworkSettings) -> Self {
        let NetworkSettings {
            isolation,
            allow_from_namespaces,
            allow_to_namespaces,
            allow_to_cidrs,
            stable_services,
            dns_namespace,
            ingress_namespaces,
        } = settings;
        Self {
            isolation: isolation.map(Text),
            allow_from_namespaces: allow_from_namespaces.map(texts),
            allow_to_namespaces: allow_to_namespaces.map(texts),
            allow_to_cidrs: allow_to_cidrs.map(texts),
            stable_services: stable_services.map(texts),
            dns_namespace: dns_namespace.map(Text),
            ingress_namespaces: ingress_namespaces.map(texts),
        }
    }
}

/// A set of texts in the order of their values.
fn plain<T: Ord>(set: BTreeSet<Text<T>>) -> Vec<T> {
    set.into_iter().map(|text| text.0).collect()
}

fn texts<T: Ord>(values: Vec<T>) -> BTreeSet<Text<T>> {
    values.into_iter().map(Text).collect()
}
