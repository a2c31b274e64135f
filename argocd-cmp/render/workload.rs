//! Paths of pods in objects, and access to values at a path.

use serde_json::{Map, Value};

use crate::kind::SourceKind;

/// Fields of a pod with lists of containers.
pub(crate) const CONTAINER_LISTS: [&str; 3] = ["initContainers", "containers", "ephemeralContainers"];

/// Path of a kind's pod template; none for kinds without pods.
pub(crate) fn template_path(kind: &SourceKind) -> Option<&'static [&'static str]> {
    match kind {
        SourceKind::Deployment | SourceKind::StatefulSet | SourceKind::Job => Some(&["spec", "template"]),
        SourceKind::CronJob => Some(&["spec", "jobTemplate", "spec", "template"]),
        _ => None,
    }
}

/// Value at a path of keys.
pub(crate) fn at<'a>(value: &'a Value, keys: &[&str]) -> Option<&'a Value> {
    keys.iter().try_fold(value, |value, key| value.get(key))
}

/// Mutable value at a path of keys.
pub(crate) fn at_mut<'a>(value: &'a mut Value, keys: &[&str]) -> Option<&'a mut Value> {
    keys.iter().try_fold(value, |value, key| value.get_mut(key))
}

/// Map at a path of keys, inserted if missing; none if another value is on the path.
pub(crate) fn map_or_insert_at<'a>(value: &'a mut Value, keys: &[&str]) -> Option<&'a mut Map<String, Value>> {
    let start = value.as_object_mut()?;
    keys.iter().try_fold(start, |map, key| {
        map.entry((*key).to_owned()).or_insert_with(|| Value::Object(Map::new())).as_object_mut()
    })
}

/// True for the empty string, list and map, which the API server treats as absent.
pub(crate) fn is_empty_value(value: &Value) -> bool {
    match value {
        Value::String(text) => text.is_empty(),
        Value::Array(items) => items.is_empty(),
        Value::Object(map) => map.is_empty(),
        _ => false,
    }
}

/// Items of the list at a path of keys; empty if there is no list.
pub(crate) fn items<'a>(value: &'a Value, keys: &[&str]) -> &'a [Value] {
    at(value, keys).and_then(Value::as_array).map_or(&[], Vec::as_slice)
}

/// All containers of a pod's spec.
pub(crate) fn containers_mut(pod: &mut Value) -> impl Iterator<Item = &mut Value> {
    let lists = pod.as_object_mut().into_iter().flat_map(Map::iter_mut);
    let containers = lists.filter(|(key, _)| CONTAINER_LISTS.contains(&key.as_str()));
    containers.filter_map(|(_, list)| list.as_array_mut()).flatten()
}
