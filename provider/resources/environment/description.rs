//! Environment in the form that the data sources return.

use std::collections::BTreeMap;

use eod_clients::kubernetes::LiveNamespace;
use eod_domain::{Environment, labels};
use serde_json::Value;
use tfplugin::{Diag, Model, Number, Text};

use super::attributes::ResolvedAttributes;
use super::model::{Input, Output};
use super::{arguments, attributes, live, refusal};
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
    /// The environment of a namespace, with a warning if its times cannot be read. `None` if its arguments are not recorded on
    /// the namespace.
    pub(crate) fn of(cx: &Context, found: &LiveNamespace) -> Option<(Self, Option<Diag>)> {
        let namespace = &found.namespace;
        let name = live::environment_name(namespace)?;
        let mut spec = live::recorded_spec(namespace)?;
        spec.name = Some(name);
        let settings = cx.known_settings();
        let environment = Environment::resolve(&spec, &settings).ok();
        let input = arguments::input(&spec);
        let reading = attributes::reading(cx, namespace, cx.server_now());
        let tier = reading.tier.unwrap_or(settings.default_tier);
        let resolved = ResolvedAttributes {
            host: environment.as_ref().and_then(Environment::host),
            hosts: environment.as_ref().and_then(live::hosts),
            effective_labels: ours(namespace, environment.as_ref()),
            drift: live::absent(environment.as_ref(), found),
            cost_per_day_usd: Number::from_u64(0),
        };
        let description = Self {
            arguments: Input { tier: Some(Text(tier)), ttl: input.ttl.or(reading.ttl().map(Text)), ..input },
            outputs: attributes::output(&reading, resolved),
        };
        Some((description, refusal::unreadable_times_warning(&reading)))
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
