//! Defaults that the API server adds to the items of lists.
//!
//! Under server-side apply such a list has one owner, and Argo CD compares it as a whole. A default that only the
//! stored object has is a difference that no sync can remove: the Application stays `OutOfSync`, and Argo CD repeats
//! the sync. So the renderer writes these defaults. Argo CD knows the defaults of most built-in kinds itself.

use serde_json::{Map, Value, json};

use crate::kind::SourceKind;
use crate::workload::at_mut;

/// Adds the defaults of a kind. Values of the source are not changed.
pub(super) fn add(kind: &SourceKind, content: &mut Value) {
    match kind {
        SourceKind::StatefulSet => items_mut(content, &["spec", "volumeClaimTemplates"]).for_each(claim_template),
        SourceKind::HttpRoute => items_mut(content, &["spec", "rules"]).for_each(route_rule),
        _ => {}
    }
}

/// Maps in the list at a path of keys.
fn items_mut<'a>(value: &'a mut Value, keys: &[&str]) -> impl Iterator<Item = &'a mut Map<String, Value>> {
    let items = at_mut(value, keys).and_then(Value::as_array_mut);
    items.into_iter().flatten().filter_map(Value::as_object_mut)
}

/// Maps in the list of a field.
fn entries_mut<'a>(map: &'a mut Map<String, Value>, key: &str) -> impl Iterator<Item = &'a mut Map<String, Value>> {
    let items = map.get_mut(key).and_then(Value::as_array_mut);
    items.into_iter().flatten().filter_map(Value::as_object_mut)
}

fn insert_if_missing(map: &mut Map<String, Value>, key: &str, value: Value) {
    if !map.contains_key(key) {
        map.insert(key.to_owned(), value);
    }
}

fn claim_template(claim: &mut Map<String, Value>) {
    insert_if_missing(claim, "apiVersion", json!("v1"));
    insert_if_missing(claim, "kind", json!("PersistentVolumeClaim"));
    if let Some(spec) = claim.get_mut("spec").and_then(Value::as_object_mut) {
        insert_if_missing(spec, "volumeMode", json!("Filesystem"));
    }
    // Exported objects have the field; the API server sets it itself.
    claim.remove("status");
}

fn route_rule(rule: &mut Map<String, Value>) {
    insert_if_missing(rule, "matches", json!([{}]));
    for matched in entries_mut(rule, "matches") {
        insert_if_missing(matched, "path", json!({}));
        if let Some(path) = matched.get_mut("path").and_then(Value::as_object_mut) {
            insert_if_missing(path, "type", json!("PathPrefix"));
            insert_if_missing(path, "value", json!("/"));
        }
        for list in ["headers", "queryParams"] {
            entries_mut(matched, list).for_each(|entry| insert_if_missing(entry, "type", json!("Exact")));
        }
    }
    filters(rule);
    for backend in entries_mut(rule, "backendRefs") {
        backend_reference(backend);
        insert_if_missing(backend, "weight", json!(1));
        filters(backend);
    }
}

fn backend_reference(backend: &mut Map<String, Value>) {
    insert_if_missing(backend, "group", json!(""));
    insert_if_missing(backend, "kind", json!("Service"));
}

fn filters(owner: &mut Map<String, Value>) {
    for filter in entries_mut(owner, "filters") {
        if let Some(redirect) = filter.get_mut("requestRedirect").and_then(Value::as_object_mut) {
            insert_if_missing(redirect, "statusCode", json!(302));
        }
        let Some(mirror) = filter.get_mut("requestMirror").and_then(Value::as_object_mut) else { continue };
        if let Some(backend) = mirror.get_mut("backendRef").and_then(Value::as_object_mut) {
            backend_reference(backend);
        }
        if let Some(fraction) = mirror.get_mut("fraction").and_then(Value::as_object_mut) {
            insert_if_missing(fraction, "denominator", json!(100));
        }
    }
}
