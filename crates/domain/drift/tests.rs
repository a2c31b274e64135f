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
    let of = |spec: Value| fingerprint(&json!({ "spec": spec, "metadata": { "labels": { "ours": "a" } } }), &keys());
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
