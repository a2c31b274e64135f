//! Resource quota of an environment: the total of all its pods.
//!
//! `cpu` and `memory` are requests. The limits are twice the requests, so that containers can burst within a bound. Load
//! balancers and node ports cost money and expose the environment, so the default is 0.

use serde::{Deserialize, Serialize};

use crate::quantity::Quantity;

/// Quota of an environment, complete.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Quota {
    /// Sum of the CPU requests.
    pub cpu: Quantity,
    /// Sum of the memory requests.
    pub memory: Quantity,
    /// Number of pods.
    pub pods: u32,
    /// Number of services.
    pub services: u32,
    /// Number of persistent volume claims.
    pub persistent_volume_claims: u32,
    /// Sum of the storage requests.
    pub storage: Quantity,
    /// Number of services of type LoadBalancer.
    pub load_balancers: u32,
    /// Number of node ports.
    pub node_ports: u32,
}

/// Quota as set by the user. A field that is not set has the value of the tier.
#[derive(Clone, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct QuotaSettings {
    /// See [`Quota::cpu`].
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cpu: Option<Quantity>,
    /// See [`Quota::memory`].
    #[serde(skip_serializing_if = "Option::is_none")]
    pub memory: Option<Quantity>,
    /// See [`Quota::pods`].
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pods: Option<u32>,
    /// See [`Quota::services`].
    #[serde(skip_serializing_if = "Option::is_none")]
    pub services: Option<u32>,
    /// See [`Quota::persistent_volume_claims`].
    #[serde(skip_serializing_if = "Option::is_none")]
    pub persistent_volume_claims: Option<u32>,
    /// See [`Quota::storage`].
    #[serde(skip_serializing_if = "Option::is_none")]
    pub storage: Option<Quantity>,
    /// See [`Quota::load_balancers`].
    #[serde(skip_serializing_if = "Option::is_none")]
    pub load_balancers: Option<u32>,
    /// See [`Quota::node_ports`].
    #[serde(skip_serializing_if = "Option::is_none")]
    pub node_ports: Option<u32>,
}

impl Quota {
    /// Replaces the fields that are set in `settings`.
    #[must_use]
    pub fn with(&self, settings: &QuotaSettings) -> Self {
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
            cpu: cpu.clone().unwrap_or_else(|| self.cpu.clone()),
            memory: memory.clone().unwrap_or_else(|| self.memory.clone()),
            pods: pods.unwrap_or(self.pods),
            services: services.unwrap_or(self.services),
            persistent_volume_claims: persistent_volume_claims.unwrap_or(self.persistent_volume_claims),
            storage: storage.clone().unwrap_or_else(|| self.storage.clone()),
            load_balancers: load_balancers.unwrap_or(self.load_balancers),
            node_ports: node_ports.unwrap_or(self.node_ports),
        }
    }

    /// Sum of the CPU limits: twice the requests.
    pub fn limits_cpu(&self) -> Quantity {
        self.cpu.double()
    }

    /// Sum of the memory limits: twice the requests.
    pub fn limits_memory(&self) -> Quantity {
        self.memory.double()
    }
}

impl From<Quota> for QuotaSettings {
    /// Sets every field.
    fn from(decided: Quota) -> Self {
        let Quota { cpu, memory, pods, services, persistent_volume_claims, storage, load_balancers, node_ports } =
            decided;
        Self {
            cpu: Some(cpu),
            memory: Some(memory),
            pods: Some(pods),
            services: Some(services),
            persistent_volume_claims: Some(persistent_volume_claims),
            storage: Some(storage),
            load_balancers: Some(load_balancers),
            node_ports: Some(node_ports),
        }
    }
}

#[cfg(test)]
mod tests;
