//! Where pods are described inside of objects.

use serde_json::{Map, Value};

use crate::kind::SourceKind;

/// The lists of containers of a pod.
pub(crate) const CONTAINER_LISTS: [&str; 3] = ["initContainers", "containers", "ephemeralContainers"];

/// The way to the pod template of a kind; none for kinds without pods.
pub(crate) fn template_path(kind: &SourceKind) -> Option<&'static [&'static str]> {
    match kind {
        SourceKind::Deployment | SourceKind::StatefulSet | SourceKind::Job => Some(&["spec", "template"]),
        SourceKind::CronJob => Some(&["spec", "jobTemplate", "spec", "template"]),
        _ => None,
    }
}

/// The value at the end of some keys.
pub(crate) fn at<'a>(value: &'a Value, keys: &[&str]) -> Option<&'a Value> {
    keys.iter().try_fold(value, |value, key| value.get(key))
}

/// The same, to be changed.
pub(crate) fn at_mut<'a>(value: &'a mut Value, keys: &[&str]) -> Option<&'a mut Value> {
    keys.iter().try_fold(value, |value, key| value.get_mut(key))
}

/// The map at the end of some keys, made where it is missing; none where something else stands there.
pub(crate) fn map_at<'a>(value: &'a mut Value, keys: &[&str]) -> Option<&'a mut Map<String, Value>> {
    let start = value.as_object_mut()?;
    keys.iter().try_fold(start, |map, key| {
        map.entry((*key).to_owned()).or_insert_with(|| Value::Object(Map::new())).as_object_mut()
    })
}

/// The items of a list at the end of some keys; none at all where there is no list.
pub(crate) fn items<'a>(value: &'a Value, keys: &[&str]) -> &'a [Value] {
    at(value, keys).and_then(Value::as_array).map_or(&[], Vec::as_slice)
}

/// All containers of a pod's spec, of every list.
pub(crate) fn containers_mut(pod: &mut Value) -> impl Iterator<Item = &mut Value> {
    let lists = pod.as_object_mut().into_iter().flat_map(Map::iter_mut);
    let containers = lists.filter(|(key, _)| CONTAINER_LISTS.contains(&key.as_str()));
    containers.filter_map(|(_, list)| list.as_array_mut()).flatten()
}
