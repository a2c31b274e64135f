//! Drift: changes to EoD's objects by others.
//!
//! A fingerprint of each object is recorded as the server returned it after the apply, so defaults and normalised
//! quantities are not drift. A fingerprint includes only fields that EoD sets: never status, versions, times or labels of
//! others.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value};

use crate::hash;
use crate::objects::guards::HARD;

/// Fields of a fingerprint, over all kinds of objects.
const FIELDS: [&str; 6] = ["automountServiceAccountToken", "imagePullSecrets", "roleRef", "rules", "spec", "subjects"];

/// Computes the fingerprint of an object as the server returned it: 24 hex digits. 96 bits are enough to distinguish all
/// objects, and a short text keeps states small.
///
/// `our_label_keys` are the keys of the labels that EoD sets. The order of fields has no effect.
pub fn fingerprint(live: &Value, our_label_keys: &BTreeSet<String>) -> String {
    let mut chosen: BTreeMap<&str, Value> = BTreeMap::new();
    for field in FIELDS {
        if let Some(value) = live.get(field) {
            chosen.insert(field, value.clone());
        }
    }
    // The only field in the `spec` of a namespace is the server's own list of finalizers.
    if let Some(Value::Object(spec)) = chosen.get_mut("spec") {
        spec.remove("finalizers");
        if let Some(Value::Object(hard)) = spec.get_mut("hard") {
            hard.retain(|resource, _| HARD.contains(&resource.as_str()));
        }
    }
    let labels = live.pointer("/metadata/labels").and_then(Value::as_object);
    let ours = labels.into_iter().flatten().filter(|(key, _)| our_label_keys.contains(*key));
    let ours: Map<String, Value> = ours.map(|(key, value)| (key.clone(), value.clone())).collect();
    chosen.insert("labels", Value::Object(ours));
    let mut text = String::new();
    for (field, value) in &chosen {
        text.push_str(field);
        write_sorted(value, &mut text);
    }
    let mut print = hash::sha256_hex(text.as_bytes());
    print.truncate(24);
    print
}

/// True if the `spec` of an object has a field that EoD never sets, such as a scope on a quota. Another manager owns
/// the field, so another apply does not remove it. The field can weaken a guard, so the object must be created again.
pub fn has_surplus(live: &Value, desired: &Value) -> bool {
    let (Some(live), Some(desired)) =
        (live.get("spec").and_then(Value::as_object), desired.get("spec").and_then(Value::as_object))
    else {
        return false;
    };
    let is_empty = |value: &Value| match value {
        Value::Null => true,
        Value::Array(list) => list.is_empty(),
        Value::Object(map) => map.is_empty(),
        _ => false,
    };
    live.iter().any(|(field, value)| !is_empty(value) && desired.get(field).is_none_or(is_empty))
}

/// Describes the changes since the fingerprints were recorded, one sentence per object, ordered by kind and name.
///
/// `recorded` maps `Kind/name` to a fingerprint. `live` contains the read objects; none for a missing object. An object
/// that was not read is skipped.
pub fn sentences(
    recorded: &BTreeMap<String, String>,
    live: &BTreeMap<String, Option<Value>>,
    our_label_keys: &BTreeSet<String>,
) -> Vec<String> {
    let change = |(key, fingerprint_then): (&String, &String)| {
        let what = match live.get(key)? {
            None => "deleted",
            Some(object) if fingerprint(object, our_label_keys) != *fingerprint_then => "changed",
            Some(_) => return None,
        };
        let (kind, name) = key.split_once('/').unwrap_or(("object", key));
        Some(format!("{kind} `{name}` was {what}"))
    };
    recorded.iter().filter_map(change).collect()
}

/// Appends JSON with sorted keys.
fn write_sorted(value: &Value, text: &mut String) {
    match value {
        Value::Object(map) => {
            let sorted: BTreeMap<&String, &Value> = map.iter().collect();
            text.push('{');
            for (key, value) in sorted {
                text.push_str(&Value::String(key.clone()).to_string());
                text.push(':');
                write_sorted(value, text);
                text.push(',');
            }
            text.push('}');
        }
        Value::Array(list) => {
            text.push('[');
            for value in list {
                write_sorted(value, text);
                text.push(',');
            }
            text.push(']');
        }
        plain => text.push_str(&plain.to_string()),
    }
}

#[cfg(test)]
mod tests;
