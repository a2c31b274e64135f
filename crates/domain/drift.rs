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
    let judge = |(key, fingerprint_then): (&String, &String)| {
        let what = match live.get(key)? {
            None => "deleted",
            Some(object) if fingerprint(object, our_label_keys) != *fingerprint_then => "changed",
            Some(_) => return None,
        };
        let (kind, name) = key.split_once('/').unwrap_or(("object", key));
        Some(format!("{kind} `{name}` was {what}"))
    };
    recorded.iter().filter_map(judge).collect()
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
mod tests {
    use serde_json::json;

    use super::*;

    fn keys() -> BTreeSet<String> {
        ["ours".to_owned()].into()
    }

    fn quota() -> Value {
        json!({
            "metadata": { "name": "eod", "uid": "1", "resourceVersion": "5", "labels": { "ours": "a", "theirs": "b" } },
            "spec": { "hard": { "pods": "20", "requests.cpu": "2" } },
            "status": { "used": { "pods": "3" } },
        })
    }

    fn edited(pointer: &str, value: Value) -> Value {
        let mut object = quota();
        *object.pointer_mut(pointer).unwrap() = value;
        object
    }

    #[test]
    fn only_what_we_decide_counts() {
        let same = fingerprint(&quota(), &keys());
        assert_eq!(same.len(), 24);
        for (pointer, value) in [
            ("/metadata/uid", json!("2")),
            ("/metadata/resourceVersion", json!("6")),
            ("/metadata/labels/theirs", json!("c")),
            ("/status", json!({})),
        ] {
            assert_eq!(fingerprint(&edited(pointer, value), &keys()), same, "{pointer}");
        }
        for (pointer, value) in [
            ("/metadata/labels/ours", json!("c")),
            ("/metadata/labels", json!({})),
            ("/spec/hard/pods", json!("21")),
            ("/spec/hard", json!({ "pods": "20" })),
            ("/spec", json!(null)),
        ] {
            assert_ne!(fingerprint(&edited(pointer, value), &keys()), same, "{pointer}");
        }
    }

    #[test]
    fn the_order_of_fields_does_not_count_but_that_of_lists_does() {
        let of = |text: &str| fingerprint(&serde_json::from_str(text).unwrap(), &keys());
        assert_eq!(of(r#"{"spec":{"a":1,"b":{"c":2,"d":3}}}"#), of(r#"{"spec":{"b":{"d":3,"c":2},"a":1}}"#));
        assert_ne!(of(r#"{"rules":[1,2]}"#), of(r#"{"rules":[2,1]}"#));
        assert_ne!(of(r#"{"rules":[1]}"#), of(r#"{"subjects":[1]}"#));
    }

    #[test]
    fn a_namespace_may_be_on_its_way_out() {
        let of =
            |spec: Value| fingerprint(&json!({ "spec": spec, "metadata": { "labels": { "ours": "a" } } }), &keys());
        assert_eq!(of(json!({ "finalizers": ["kubernetes"] })), of(json!({ "finalizers": [] })));
        assert_eq!(of(json!({ "finalizers": ["kubernetes"] })), of(json!({})));
    }

    #[test]
    fn says_what_happened() {
        let print = fingerprint(&quota(), &keys());
        let names = ["LimitRange/eod", "NetworkPolicy/default-deny", "ResourceQuota/eod", "Role/eod-owner"];
        let recorded = names.map(|name| (name.to_owned(), print.clone())).into();
        let live = [
            ("LimitRange/eod".to_owned(), Some(quota())),
            ("NetworkPolicy/default-deny".to_owned(), Some(edited("/spec/hard/pods", json!("9")))),
            ("ResourceQuota/eod".to_owned(), None),
            ("NetworkPolicy/of-somebody-else".to_owned(), Some(quota())),
        ]
        .into();
        assert_eq!(
            sentences(&recorded, &live, &keys()),
            ["NetworkPolicy `default-deny` was changed", "ResourceQuota `eod` was deleted"]
        );
    }

    #[test]
    fn a_limit_that_others_add_is_theirs_and_a_scope_is_not() {
        let ours = json!({ "spec": { "hard": { "pods": "20" }, "scopes": [] } });
        let stricter = json!({ "spec": { "hard": { "pods": "20", "count/jobs.batch": "5" } } });
        let looser = json!({ "spec": { "hard": { "pods": "20" }, "scopes": ["BestEffort"] } });
        let none = BTreeSet::new();
        assert_eq!(fingerprint(&json!({ "spec": { "hard": { "pods": "20" } } }), &none), fingerprint(&stricter, &none));
        assert!(!has_surplus(&stricter, &ours));
        assert!(has_surplus(&looser, &ours));
        assert!(has_surplus(&json!({ "spec": { "hard": {}, "scopeSelector": { "matchExpressions": [1] } } }), &ours));
    }
}
