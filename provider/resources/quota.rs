//! Argument `quota` of an environment and of a tier: one list of fields.

use eod_domain::{Quantity, QuotaSettings};
use tfplugin::{Model, Text};

/// Declares a struct with the fields of a quota, with the given marker on each field.
macro_rules! quota_args {
    ($(#[$about:meta])* $visibility:vis struct $name:ident $(, each field with #[$marker:meta])?) => {
        $(#[$about])*
        $visibility struct $name {
            /// Sum of the CPU requests; the sum of the limits is twice that.
            $(#[$marker])?
            pub cpu: Option<Text<Quantity>>,
            /// Sum of the memory requests; the sum of the limits is twice that.
            $(#[$marker])?
            pub memory: Option<Text<Quantity>>,
            /// Number of pods.
            $(#[$marker])?
            pub pods: Option<u64>,
            /// Number of services.
            $(#[$marker])?
            pub services: Option<u64>,
            /// Number of persistent volume claims.
            $(#[$marker])?
            pub persistent_volume_claims: Option<u64>,
            /// Sum of the storage requests.
            $(#[$marker])?
            pub storage: Option<Text<Quantity>>,
            /// Number of services of type LoadBalancer. Default: 0.
            $(#[$marker])?
            pub load_balancers: Option<u64>,
            /// Number of node ports. Default: 0.
            $(#[$marker])?
            pub node_ports: Option<u64>,
        }

        impl $name {
            /// The fields of the quota that are set.
            pub(crate) fn settings(self) -> QuotaSettings {
                let Self { cpu, memory, pods, services, persistent_volume_claims, storage, load_balancers, node_ports } =
                    self;
                QuotaSettings {
                    cpu: cpu.map(|cpu| cpu.0),
                    memory: memory.map(|memory| memory.0),
                    pods: pods.map(count_or_max),
                    services: services.map(count_or_max),
                    persistent_volume_claims: persistent_volume_claims.map(count_or_max),
                    storage: storage.map(|storage| storage.0),
                    load_balancers: load_balancers.map(count_or_max),
                    node_ports: node_ports.map(count_or_max),
                }
            }
        }
    };
}

quota_args! {
    /// Resource quota of all pods together.
    #[derive(Clone, Model)]
    pub(crate) struct QuotaArgs, each field with #[tf(computed)]
}

quota_args! {
    /// Quota of a tier. Fields that are not set keep their preset.
    #[derive(Model)]
    pub struct TierQuotaArgs
}

impl QuotaArgs {
    /// Arguments with these fields of the quota.
    pub(crate) fn given(settings: QuotaSettings) -> Self {
        let QuotaSettings {
            cpu,
            memory,
            pods,
            services,
            persistent_volume_claims,
            storage,
            load_balancers,
            node_ports,
        } = settings;
        Self {
            cpu: cpu.map(Text),
            memory: memory.map(Text),
            pods: pods.map(u64::from),
            services: services.map(u64::from),
            persistent_volume_claims: persistent_volume_claims.map(u64::from),
            storage: storage.map(Text),
            load_balancers: load_balancers.map(u64::from),
            node_ports: node_ports.map(u64::from),
        }
    }
}

/// The number as 32 bits. Larger numbers are cut: no cluster has that many objects.
fn count_or_max(number: u64) -> u32 {
    u32::try_from(number).unwrap_or(u32::MAX)
}
