//! Computed attributes of an environment: values from its namespace and values from its arguments.

use std::collections::BTreeMap;

use eod_domain::{Environment, EnvironmentReading};
use jiff::Timestamp;
use serde_json::Value;
use tfplugin::Number;

use super::model::Output;
use super::{cost, live};
use crate::provider::Context;

/// Reads a namespace with the tiers and prices of the provider.
pub(super) fn reading(cx: &Context, namespace: &Value, now: Timestamp) -> EnvironmentReading {
    let settings = cx.known_settings();
    EnvironmentReading::new(namespace, None, &settings.tiers, &settings.prices, now)
}

/// Computed attributes that do not come from the namespace.
pub(super) struct ResolvedAttributes {
    pub(super) host: Option<String>,
    pub(super) hosts: Option<BTreeMap<String, String>>,
    pub(super) effective_labels: BTreeMap<String, String>,
    pub(super) drift: Vec<String>,
    /// Cost of an environment with arguments that cannot be read.
    pub(super) cost_per_day_usd: Number,
}

impl ResolvedAttributes {
    /// Attributes of an environment that was just applied.
    pub(super) fn applied(cx: &Context, environment: &Environment) -> Self {
        Self {
            host: environment.host(),
            hosts: live::hosts(environment),
            effective_labels: environment.namespace_labels(),
            drift: Vec::new(),
            cost_per_day_usd: cost::per_day(cx, environment),
        }
    }
}

/// Computed attributes of an environment.
pub(super) fn output(reading: &EnvironmentReading, resolved: ResolvedAttributes) -> Output {
    let ResolvedAttributes { host, hosts, effective_labels, drift, cost_per_day_usd } = resolved;
    let time = |time: Option<Timestamp>| time.map(|time| time.to_string());
    Output {
        id: reading.name.clone(),
        namespace: reading.name.clone(),
        uid: reading.uid.clone(),
        url: host.as_ref().map(|host| format!("https://{host}")),
        host,
        hosts,
        status: reading.status.to_string(),
        ended_at: None,
        ended_reason: None,
        created_at: time(reading.times.created_at).unwrap_or_default(),
        last_activity_at: time(reading.times.last_activity_at).unwrap_or_default(),
        expires_at: time(reading.expires_at()),
        cost_per_day_usd: reading.cost_per_day.as_ref().map_or(cost_per_day_usd, cost::number),
        effective_labels,
        drift,
    }
}
