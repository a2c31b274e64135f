use serde_json::json;

use super::*;

fn owned() -> Value {
    json!([{ "manager": "eod", "fieldsV1": { "f:metadata": { "f:labels": { "f:a": {} } } } }])
}

#[track_caller]
fn check(answer: &Value, expected: &Value) {
    assert_eq!(&Value::read(answer.to_string().as_bytes()).unwrap(), expected);
}

fn page(answer: &Value) -> Option<(Vec<Listed>, Option<String>)> {
    Page::read(answer.to_string().as_bytes()).unwrap().objects()
}

#[test]
fn managed_fields_are_removed() {
    check(
        &json!({ "kind": "Pod", "metadata": { "name": "a", "managedFields": owned(), "uid": "u" } }),
        &json!({ "kind": "Pod", "metadata": { "name": "a", "uid": "u" } }),
    );
}

#[test]
fn everything_else_stays_as_it_is() {
    for answer in [
        json!({}),
        json!({ "metadata": null, "items": null }),
        json!({ "spec": { "metadata": { "managedFields": [1] }, "items": [2] }, "managedFields": [3] }),
        json!({ "data": { "n": 1.5, "no": false }, "list": [[null, "text"]] }),
    ] {
        check(&answer, &answer);
    }
    let exact = Value::read(br#"{"metadata":{"generation":123456789012345678901234567890},"n":1.0}"#).unwrap();
    assert_eq!(exact.to_string(), r#"{"metadata":{"generation":123456789012345678901234567890},"n":1.0}"#);
}

#[test]
fn an_object_of_a_list_is_parsed_when_it_is_read() {
    let item = |name: &str| json!({ "metadata": { "managedFields": owned(), "name": name }, "spec": {} });
    let mut other = item("b");
    other["kind"] = "Other".into();
    other["metadata"]["namespace"] = "shop".into();
    let answer = json!({
        "kind": "PodList", "apiVersion": "v1", "metadata": { "continue": "t" }, "items": [item("a"), other],
    });
    let (listed, next) = page(&answer).unwrap();
    assert_eq!(next.as_deref(), Some("t"));
    let places: Vec<ObjectPlace> = listed.iter().map(|object| object.place().unwrap()).collect();
    assert_eq!((places[0].name.as_str(), places[0].namespace.as_deref()), ("a", None));
    assert_eq!((places[1].name.as_str(), places[1].namespace.as_deref()), ("b", Some("shop")));
    let objects: Vec<Value> = listed.iter().map(|object| object.read().unwrap()).collect();
    assert_eq!(
        objects,
        [
            json!({ "apiVersion": "v1", "kind": "Pod", "metadata": { "name": "a" }, "spec": {} }),
            json!({
                "apiVersion": "v1", "kind": "Other", "metadata": { "name": "b", "namespace": "shop" }, "spec": {},
            }),
        ]
    );
    assert_eq!(format!("{:?}", listed[0]), r#"Listed("Pod")"#);
}

#[test]
fn empty_list_is_a_list_and_other_documents_are_not() {
    for answer in [json!({ "kind": "PodList", "items": null }), json!({ "kind": "PodList", "items": [] })] {
        let (listed, next) = page(&answer).unwrap();
        assert!(listed.is_empty() && next.is_none(), "{answer}");
    }
    for answer in [json!({}), json!({ "kind": "Pod", "items": [] }), json!({ "kind": "PodList" }), json!([])] {
        assert!(page(&answer).is_none(), "{answer}");
    }
    let (listed, _) = page(&json!({ "kind": "PodList", "items": [1, {}] })).unwrap();
    assert!(listed.iter().all(|object| object.place().is_err()));
    assert!(listed[0].read().is_err());
}

#[test]
fn a_cut_off_body_is_an_error() {
    let object = br#"{"kind":"PodList","metadata":{"managedFields":[{"a":{"b":[]}}]},"items":[{"metadata":{}}]}"#;
    for end in 0..object.len() {
        assert!(Value::read(&object[..end]).is_err(), "{end}");
        assert!(Page::read(&object[..end]).is_err(), "{end}");
    }
    for body in ["[]", "null", r#""text""#, r#"{"metadata":[]}"#, "{} {}", "<html>"] {
        assert!(Value::read(body.as_bytes()).is_err(), "{body}");
    }
    for body in [r#"{"kind":"PodList","items":{}}"#, r#"{"kind":"PodList","items":[]} {}"#, "<html>"] {
        assert!(Page::read(body.as_bytes()).is_err(), "{body}");
    }
}
