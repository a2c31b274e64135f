//! Whether somebody changed an object of ours.
//!
//! An object is remembered as the fingerprint of what the server returned after we applied it, so defaults and
//! rewritten quantities are no drift. Only what we decide goes into it: never status, versions, times or other people's
//! labels.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value};

use crate::hash;
use crate::object::guards::HARD;

/// The fields that say what an object does, over all kinds of objects we make.
const FIELDS: [&str; 6] = ["automountServiceAccountToken", "imagePullSecrets", "roleRef", "rules", "spec", "subjects"];

/// The fingerprint of an object as the server returned it: 24 hex digits. 96 bits tell apart what anybody will ever
/// write, and Terraform writes its whole state again for every resource, so each byte counts.
///
/// `our_label_keys` are the keys of the labels we put on it. The order of fields does not matter.
pub fn fingerprint(live: &Value, our_label_keys: &BTreeSet<String>) -> String {
    let mut chosen: BTreeMap<&str, Value> = BTreeMap::new();
    for field in FIELDS {
        if let Some(value) = live.get(field) {
            chosen.insert(field, value.clone());
        }
    }
    // A namespace's only specification is the server's own list of finalizers.
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

/// Whether an object's specification says something that we never set, such as a scope on a quota. Applying again does
/// not take it away, because it is not ours; it can make a guard mean less than we promise, so the object has to be
/// made anew.
pub fn has_surplus(live: &Value, wanted: &Value) -> bool {
    let (Some(live), Some(wanted)) =
        (live.get("spec").and_then(Value::as_object), wanted.get("spec").and_then(Value::as_object))
    else {
        return false;
    };
    let says_nothing = |value: &Value| match value {
        Value::Null => true,
        Value::Array(list) => list.is_empty(),
        Value::Object(map) => map.is_empty(),
        _ => false,
    };
    live.iter().any(|(field, value)| !says_nothing(value) && wanted.get(field).is_none_or(says_nothing))
}

/// What happened to the objects since their fingerprints were recorded, one sentence each, ordered by kind and name.
///
/// `recorded` maps `Kind/name` to a fingerprint. `live` holds what was read: an object, or nothing where it is gone. An
/// object that was not read is not judged.
pub fn sentences(
    recorded: &BTreeMap<String, String>,
    live: &BTreeMap<String, Option<Value>>,
    our_label_keys: &BTreeSet<String>,
) -> Vec<String> {
    let check_claim = |(key, fingerprint_then): (&String, &String)| {
        let what = match live.get(key)? {
            None => "deleted",
            Some(object) if fingerprint(object, our_label_keys) != *fingerprint_then => "changed",
            Some(_) => return None,
        };
        let (kind, name) = key.split_once('/').unwrap_or(("object", key));
        Some(format!("{kind} `{name}` was {what}"))
    };
    recorded.iter().filter_map(check_claim).collect()
}

/// JSON with sorted keys, whatever order the map keeps.
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
