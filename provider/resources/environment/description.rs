//! An environment as the data sources return it.

use std::collections::BTreeMap;

use eod_clients::kubernetes::LiveNamespace;
use eod_domain::{Environment, EnvironmentReading, labels};
use serde_json::Value;
use tfplugin::{Model, Number, Text};

use super::model::{Input, Output};
use super::{arguments, cost, live};
use crate::provider::Context;

/// An environment: its arguments and its computed attributes.
#[derive(Clone, Model)]
#[tf(output)]
pub(crate) struct Description {
    /// Arguments of the resource, except those that are not recorded on the namespace.
    #[tf(flatten(except = "adopt, force_conflicts, timeouts"))]
    pub arguments: Input,
    /// Computed attributes of the resource.
    #[tf(flatten)]
    pub outputs: Output,
}

impl Description {
    /// The environment of a namespace. `None` if its arguments are not recorded on it.
    pub(crate) fn of(cx: &Context, found: &LiveNamespace) -> Option<Self> {
        let namespace = &found.namespace;
        let name = live::environment_name(namespace)?;
        let mut spec = live::recorded_spec(namespace)?;
        spec.name = Some(name);
        let settings = cx.known_settings();
        let environment = Environment::resolve(&spec, &settings).ok();
        let input = arguments::input(&spec);
        let reading = EnvironmentReading::new(namespace, None, &settings.tiers, &settings.prices, cx.now());
        let tier = reading.tier.or(spec.tier).unwrap_or(settings.default_tier);
        let host = environment.as_ref().and_then(Environment::host);
        let cost = environment.as_ref().map(|environment| cost::per_day_at(&settings.prices, environment));
        Some(Self {
            arguments: Input { tier: Some(Text(tier)), ttl: input.ttl.or(reading.ttl().map(Text)), ..input },
            outputs: Output {
                id: live::name(namespace).to_owned(),
                namespace: live::name(namespace).to_owned(),
                uid: live::uid(namespace).unwrap_or_default().to_owned(),
                url: host.as_ref().map(|host| format!("https://{host}")),
                host,
                hosts: environment.as_ref().and_then(live::hosts),
                status: reading.status.to_string(),
                created_at: live::created_at(namespace).map(|time| time.to_string()).unwrap_or_default(),
                last_activity_at: reading.times.last_activity_at.map(|time| time.to_string()).unwrap_or_default(),
                expires_at: reading.expires_at().map(|end| end.to_string()),
                cost_per_day_usd: cost.unwrap_or_else(|| Number::from_u64(0)),
                effective_labels: ours(namespace, environment.as_ref()),
                drift: live::absent(environment.as_ref(), found),
            },
        })
    }
}

/// Labels on the namespace that EoD sets.
fn ours(namespace: &Value, environment: Option<&Environment>) -> BTreeMap<String, String> {
    let keys = environment.map(|environment| live::our_keys(&environment.namespace_labels())).unwrap_or_default();
    let live = namespace.pointer("/metadata/labels").and_then(Value::as_object).into_iter().flatten();
    live.filter(|(key, _)| keys.contains(*key) || key.starts_with(labels::DOMAIN))
        .filter_map(|(key, value)| Some((key.clone(), value.as_str()?.to_owned())))
        .collect()
}
