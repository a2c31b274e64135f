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
fn only_fields_of_eod_change_the_fingerprint() {
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
fn the_order_of_lists_changes_the_fingerprint_and_that_of_fields_does_not() {
    let of = |text: &str| fingerprint(&serde_json::from_str(text).unwrap(), &keys());
    assert_eq!(of(r#"{"spec":{"a":1,"b":{"c":2,"d":3}}}"#), of(r#"{"spec":{"b":{"d":3,"c":2},"a":1}}"#));
    assert_ne!(of(r#"{"rules":[1,2]}"#), of(r#"{"rules":[2,1]}"#));
    assert_ne!(of(r#"{"rules":[1]}"#), of(r#"{"subjects":[1]}"#));
}

#[test]
fn finalizers_of_a_namespace_are_not_drift() {
    let of = |spec: Value| fingerprint(&json!({ "spec": spec, "metadata": { "labels": { "ours": "a" } } }), &keys());
    assert_eq!(of(json!({ "finalizers": ["kubernetes"] })), of(json!({ "finalizers": [] })));
    assert_eq!(of(json!({ "finalizers": ["kubernetes"] })), of(json!({})));
}

#[test]
fn drift_is_described_in_sentences() {
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
fn a_limit_of_others_is_not_drift_and_a_scope_is_surplus() {
    let ours = json!({ "spec": { "hard": { "pods": "20" }, "scopes": [] } });
    let stricter = json!({ "spec": { "hard": { "pods": "20", "count/jobs.batch": "5" } } });
    let looser = json!({ "spec": { "hard": { "pods": "20" }, "scopes": ["BestEffort"] } });
    let none = BTreeSet::new();
    assert_eq!(fingerprint(&json!({ "spec": { "hard": { "pods": "20" } } }), &none), fingerprint(&stricter, &none));
    assert!(!has_surplus(&stricter, &ours));
    assert!(has_surplus(&looser, &ours));
    assert!(has_surplus(&json!({ "spec": { "hard": {}, "scopeSelector": { "matchExpressions": [1] } } }), &ours));
}
