//! Values of an environment in the cluster.

use std::collections::{BTreeMap, BTreeSet};

use eod_clients::kubernetes::{LiveNamespace, ObjectRef};
use eod_domain::{
    Environment, EnvironmentName, EnvironmentSpec, NamespaceProvenance, Object, ObjectKind, drift, labels, objects,
};
use jiff::Timestamp;
use serde_json::Value;

use super::query::object_ref;

/// Reference to the object with this `Kind/name`.
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

/// Uid of an object, set by the API server.
pub(super) fn uid(object: &Value) -> Option<&str> {
    object.pointer("/metadata/uid")?.as_str()
}

/// Resource version of an object. If two are equal, the object was not changed in between.
pub(super) fn version(object: &Value) -> Option<&str> {
    object.pointer("/metadata/resourceVersion")?.as_str()
}

/// True if an object is being deleted.
pub(super) fn is_terminating(object: &Value) -> bool {
    object.pointer("/metadata/deletionTimestamp").is_some_and(|time| !time.is_null())
}

/// Name of an object.
pub(super) fn name(object: &Value) -> &str {
    object.pointer("/metadata/name").and_then(Value::as_str).unwrap_or_default()
}

/// Name of a namespace, if it is valid for an environment.
pub(super) fn environment_name(namespace: &Value) -> Option<EnvironmentName> {
    name(namespace).parse().ok()
}

/// Arguments recorded on a namespace.
pub(super) fn recorded_spec(namespace: &Value) -> Option<EnvironmentSpec> {
    EnvironmentSpec::from_json(annotation(namespace, labels::SPEC)?).ok()
}

/// Creation time of a namespace: the annotation, else the server's timestamp.
pub(super) fn created_at(namespace: &Value) -> Option<Timestamp> {
    let written = annotation(namespace, labels::CREATED_AT).and_then(|text| text.parse().ok());
    written.or_else(|| namespace.pointer("/metadata/creationTimestamp")?.as_str()?.parse().ok())
}

/// Keys of the ownership labels of an object.
pub(super) fn our_keys(effective_labels: &BTreeMap<String, String>) -> BTreeSet<String> {
    effective_labels.keys().cloned().collect()
}

/// Fingerprints of the planned objects.
pub(super) fn wanted(objects: &[Object], keys: &BTreeSet<String>) -> BTreeMap<String, String> {
    let guards = objects.iter().filter(|object| object.kind != ObjectKind::Namespace);
    guards.map(|object| (object.key(), drift::fingerprint(&object.content, keys))).collect()
}

/// Fingerprints of the objects in the cluster.
pub(super) fn fingerprints(live: &LiveNamespace, keys: &BTreeSet<String>) -> BTreeMap<String, String> {
    let objects = live.objects.iter();
    objects.map(|((kind, name), object)| (format!("{kind}/{name}"), drift::fingerprint(object, keys))).collect()
}

/// One sentence for each missing object.
pub(super) fn absent(environment: Option<&Environment>, found: &LiveNamespace) -> Vec<String> {
    let wanted =
        environment.map(|environment| objects(environment, &NamespaceProvenance::default())).unwrap_or_default();
    wanted.iter().filter_map(|object| absent_sentence(object, found)).collect()
}

/// A sentence about this object, if it is missing.
pub(super) fn absent_sentence(object: &Object, found: &LiveNamespace) -> Option<String> {
    let is_there = object.kind == ObjectKind::Namespace
        || found.objects.contains_key(&(object.kind.to_string(), object.name.clone()));
    if is_there { None } else { Some(format!("{} `{}` is missing", object.kind, object.name)) }
}

/// Hosts of the services, by name.
pub(super) fn hosts(environment: &Environment) -> Option<BTreeMap<String, String>> {
    let hosts = environment.hosts()?;
    Some(hosts.into_iter().map(|(service, host)| (service.to_string(), host)).collect())
}
