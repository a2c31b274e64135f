//! An environment as it is in the cluster, read into values.

use std::collections::{BTreeMap, BTreeSet};

use eod_clients::kubernetes::{KindRef, Kubernetes, LiveNamespace, NamespaceReader, ObjectRef};
use eod_domain::{
    Clock, Environment, Facts, Installation, Money, Object, ObjectKind, Status, Tier, Ttl, drift, labels, status,
};
use jiff::Timestamp;
use serde_json::Value;
use tfplugin::Number;

use super::model::Output;
use super::plan::dollars;

/// Reads the environments of one installation.
pub(crate) fn reader(kubernetes: &Kubernetes, installation: &Installation) -> NamespaceReader {
    let kinds = ObjectKind::ALL.iter().copied().filter(|kind| *kind != ObjectKind::Namespace).map(kind_ref).collect();
    NamespaceReader::new(kubernetes.clone(), kinds, selector(installation))
}

/// What selects everything of an installation.
pub(crate) fn selector(installation: &Installation) -> String {
    format!("{}={},{}={installation}", labels::MANAGED_BY, labels::MANAGED_BY_VALUE, labels::INSTALLATION)
}

fn kind_ref(kind: ObjectKind) -> KindRef {
    KindRef {
        api_version: kind.api_version().to_owned(),
        plural: kind.plural().to_owned(),
        kind: kind.as_str().to_owned(),
    }
}

/// Where an object of an environment lives.
pub(super) fn object_ref(namespace: &str, kind: ObjectKind, name: &str) -> ObjectRef {
    let namespace = if kind == ObjectKind::Namespace { None } else { Some(namespace) };
    kind_ref(kind).object(namespace, name)
}

/// Where the object with this `Kind/name` lives.
pub(super) fn recorded_ref(namespace: &str, key: &str) -> Option<ObjectRef> {
    let (kind, name) = key.split_once('/')?;
    Some(object_ref(namespace, kind.parse().ok()?, name))
}

/// A label of an object.
pub(super) fn label<'a>(object: &'a Value, key: &str) -> Option<&'a str> {
    object.pointer("/metadata/labels")?.get(key)?.as_str()
}

/// An annotation of an object.
pub(super) fn annotation<'a>(object: &'a Value, key: &str) -> Option<&'a str> {
    object.pointer("/metadata/annotations")?.get(key)?.as_str()
}

/// The server's id of an object.
pub(super) fn uid(object: &Value) -> Option<&str> {
    object.pointer("/metadata/uid")?.as_str()
}

/// The version of an object: two that are equal say that nobody has changed it in between, and nothing else.
pub(super) fn version(object: &Value) -> Option<&str> {
    object.pointer("/metadata/resourceVersion")?.as_str()
}

/// Whether an object is being deleted.
pub(super) fn is_terminating(object: &Value) -> bool {
    object.pointer("/metadata/deletionTimestamp").is_some_and(|time| !time.is_null())
}

/// The name of an object.
pub(super) fn name(object: &Value) -> &str {
    object.pointer("/metadata/name").and_then(Value::as_str).unwrap_or_default()
}

/// When the namespace was made: what we wrote, else what the server says.
pub(super) fn created_at(namespace: &Value) -> Option<Timestamp> {
    let written = annotation(namespace, labels::CREATED_AT).and_then(|text| text.parse().ok());
    written.or_else(|| namespace.pointer("/metadata/creationTimestamp")?.as_str()?.parse().ok())
}

/// The clock as it stands on the namespace. A time that cannot be read counts as not written: unknown never means expired.
pub(super) fn clock(namespace: &Value) -> Option<Clock> {
    let time = |key| annotation(namespace, key).and_then(|text| text.parse::<Timestamp>().ok());
    let last_activity_at = time(labels::LAST_ACTIVITY_AT).or_else(|| created_at(namespace))?;
    Some(Clock { last_activity_at, expires_at: time(labels::EXPIRES_AT) })
}

/// The keys of the labels that make an object ours.
pub(super) fn our_keys(effective_labels: &BTreeMap<String, String>) -> BTreeSet<String> {
    effective_labels.keys().cloned().collect()
}

/// Fingerprints of the objects that we want, as we want them.
pub(super) fn wanted(objects: &[Object], keys: &BTreeSet<String>) -> BTreeMap<String, String> {
    let guards = objects.iter().filter(|object| object.kind != ObjectKind::Namespace);
    guards.map(|object| (object.key(), drift::fingerprint(&object.content, keys))).collect()
}

/// Fingerprints of the objects that are there.
pub(super) fn fingerprints(live: &LiveNamespace, keys: &BTreeSet<String>) -> BTreeMap<String, String> {
    let objects = live.objects.iter();
    objects.map(|((kind, name), object)| (format!("{kind}/{name}"), drift::fingerprint(object, keys))).collect()
}

/// What a status is computed from, beside the namespace.
pub(super) struct Tempo {
    pub(super) tier: Tier,
    pub(super) ttl: Option<Ttl>,
    pub(super) warning: Option<Ttl>,
}

/// The status of a namespace.
pub(super) fn status_of(namespace: &Value, clock: Option<Clock>, tempo: &Tempo, now: Timestamp) -> Status {
    let facts = Facts {
        exists: !is_terminating(namespace),
        provisioned: annotation(namespace, labels::PROVISIONED_AT).is_some(),
        deployed: false,
        failed: false,
        tier: tempo.tier,
        ttl: tempo.ttl,
        warning: tempo.warning,
        last_activity_at: clock.map(|clock| clock.last_activity_at),
        expires_at: clock.and_then(|clock| clock.expires_at),
    };
    status(&facts, now)
}

/// The computed attributes of an environment that was just applied.
pub(super) fn output(
    environment: &Environment,
    namespace: &Value,
    clock: Clock,
    cost: Money,
    now: Timestamp,
) -> Output {
    let tempo = Tempo { tier: environment.tier, ttl: environment.ttl, warning: environment.tier_settings.warning };
    let host = environment.host();
    Output {
        id: environment.name.to_string(),
        namespace: environment.name.to_string(),
        uid: uid(namespace).unwrap_or_default().to_owned(),
        url: host.as_ref().map(|host| format!("https://{host}")),
        host,
        hosts: hosts(environment),
        status: status_of(namespace, Some(clock), &tempo, now).to_string(),
        created_at: created_at(namespace).map(|time| time.to_string()).unwrap_or_default(),
        last_activity_at: clock.last_activity_at.to_string(),
        expires_at: clock.expires_at.map(|time| time.to_string()),
        cost_per_day_usd: dollars(cost).unwrap_or_else(|| Number::from_u64(0)),
        effective_labels: environment.namespace_labels(),
        drift: Vec::new(),
    }
}

/// The hosts of the services, by name.
pub(super) fn hosts(environment: &Environment) -> Option<BTreeMap<String, String>> {
    let hosts = environment.hosts()?;
    Some(hosts.into_iter().map(|(service, host)| (service.to_string(), host)).collect())
}
