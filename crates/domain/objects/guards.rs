//! Quota and limits. They are always created together: a quota refuses every pod without requests, and the limits give
//! such a pod its defaults.

use serde_json::json;

use crate::environment::Environment;
use crate::limits::ContainerLimits;
use crate::object::{Object, ObjectKind};
use crate::quota::Quota;

const NAME: &str = "eod";

/// Resources that EoD's quota limits. A limit of another resource, added by another tool, only makes the quota
/// stricter.
pub(crate) const HARD: [&str; 10] = [
    "limits.cpu",
    "limits.memory",
    "persistentvolumeclaims",
    "pods",
    "requests.cpu",
    "requests.memory",
    "requests.storage",
    "services",
    "services.loadbalancers",
    "services.nodeports",
];

pub(super) fn guards(environment: &Environment) -> [Object; 2] {
    [quota(environment), limits(environment)]
}

fn quota(environment: &Environment) -> Object {
    let quota = &environment.quota;
    let Quota { cpu, memory, pods, services, persistent_volume_claims, storage, load_balancers, node_ports } = quota;
    let hard = json!({
        "requests.cpu": cpu.canonical(),
        "requests.memory": memory.canonical(),
        "limits.cpu": quota.limits_cpu().canonical(),
        "limits.memory": quota.limits_memory().canonical(),
        "pods": pods.to_string(),
        "services": services.to_string(),
        "persistentvolumeclaims": persistent_volume_claims.to_string(),
        "requests.storage": storage.canonical(),
        "services.loadbalancers": load_balancers.to_string(),
        "services.nodeports": node_ports.to_string(),
    });
    Object::inside(environment, ObjectKind::ResourceQuota, NAME, json!({ "spec": { "hard": hard, "scopes": [] } }))
}

fn limits(environment: &Environment) -> Object {
    let ContainerLimits {
        default_cpu,
        default_memory,
        default_request_cpu,
        default_request_memory,
        max_cpu,
        max_memory,
    } = &environment.limits;
    let container = json!({
        "type": "Container",
        "default": { "cpu": default_cpu.canonical(), "memory": default_memory.canonical() },
        "defaultRequest": { "cpu": default_request_cpu.canonical(), "memory": default_request_memory.canonical() },
        "max": { "cpu": max_cpu.canonical(), "memory": max_memory.canonical() },
    });
    Object::inside(environment, ObjectKind::LimitRange, NAME, json!({ "spec": { "limits": [container] } }))
}
