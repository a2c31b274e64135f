//! Attributes of an environment for JSON, under the names of the resource `eod_environment`.

use eod_domain::{DnsMode, Environment, EnvironmentReading, EnvironmentSpec, labels};
use serde_json::{Map, Value, json};

use super::{all_labels, annotation};
use crate::settings::OpsSettings;

/// Names of all attributes of the data source `eod_environment`. Each is a key of every environment, null if it has no
/// value.
const NAMES: [&str; 38] = [
    "id",
    "name",
    "namespace",
    "uid",
    "repository",
    "pull_request",
    "branch",
    "pull_request_url",
    "head_sha",
    "owner",
    "tier",
    "ttl",
    "extension",
    "protected",
    "labels",
    "annotations",
    "services",
    "quota",
    "limits",
    "network",
    "pod_security",
    "access",
    "image_pull_secrets",
    "mesh",
    "dns",
    "on_expired",
    "host",
    "hosts",
    "url",
    "status",
    "ended_at",
    "ended_reason",
    "created_at",
    "last_activity_at",
    "expires_at",
    "cost_per_day_usd",
    "effective_labels",
    // Only the provider compares the objects with their arguments.
    "drift",
];

/// All attributes without values.
pub(super) fn nulls() -> Map<String, Value> {
    NAMES.iter().map(|name| ((*name).to_owned(), Value::Null)).collect()
}

/// Attributes that the recorded arguments determine: the arguments as they were set, and the complete quota, limits and
/// network. Arguments that cannot be read are null, because the environment then has a problem that says so.
pub(super) fn recorded(namespace: &Value, reading: &EnvironmentReading, settings: &OpsSettings) -> Map<String, Value> {
    let spec = annotation(namespace, labels::SPEC).and_then(|text| EnvironmentSpec::from_json(text).ok());
    let spec = spec.unwrap_or_default();
    let Value::Object(mut attributes) = serde_json::to_value(&spec).unwrap_or_default() else { return Map::new() };
    attributes.insert("on_expired".to_owned(), json!(spec.on_expired));
    attributes.insert("effective_labels".to_owned(), json!(all_labels(namespace)));
    let settings = eod_domain::Settings {
        installation: settings.installation.clone(),
        domain: settings.domain.clone(),
        control_namespace: settings.control_namespace.clone(),
        tiers: settings.tiers.clone(),
        prices: settings.prices,
        ..eod_domain::Settings::default()
    };
    let Ok(name) = reading.name.parse() else { return attributes };
    // A TTL above the maximum of today's tiers says nothing about the other arguments.
    let spec = EnvironmentSpec { tier: reading.tier.or(spec.tier), ttl: None, ..spec };
    if let Ok(environment) = Environment::resolve_named(&spec, &settings, name) {
        let Environment { quota, limits, network, pod_security, .. } = &environment;
        let complete = [
            ("quota", json!(quota)),
            ("limits", json!(limits)),
            ("network", json!(network)),
            ("pod_security", json!(pod_security)),
            ("hosts", json!(environment.hosts())),
        ];
        attributes.extend(complete.into_iter().map(|(name, value)| (name.to_owned(), value)));
    }
    attributes
}

/// True if the environment has hosts: the mode `none` of its DNS gives it none.
pub(super) fn has_hosts(namespace: &Value) -> bool {
    let spec = annotation(namespace, labels::SPEC).and_then(|text| EnvironmentSpec::from_json(text).ok());
    spec.and_then(|spec| spec.dns).is_none_or(|dns| dns.mode != DnsMode::None)
}
