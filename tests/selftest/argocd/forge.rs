//! Tests of the fake forge: the calls of `eod`. Those of Argo CD are tested with its controllers.

use eod_testkit::{access::Access, argocd::Forge, http::Origin};
use serde_json::{Value, json};

/// Sends a call below the repository; returns status and body.
fn call(forge: &Forge, method: &str, path: &str, body: &Value) -> (u16, Value) {
    let api: http::Uri = forge.api().parse().unwrap();
    let server = format!("http://{}", api.authority().unwrap());
    let origin = Origin::new(&Access { server, ca_pem: None, token: "token".to_owned() });
    let path = format!("{}/repos/acme/shop/{path}", api.path());
    origin.call(method, &path, "application/json", &body.to_string()).unwrap()
}

#[test]
fn labels_and_states_are_changed_by_calls() {
    let forge = Forge::start("acme", "shop");
    let none = Value::Null;
    let pull = json!({ "number": 7, "head": "feature", "sha": "1a2b3c4" });
    assert_eq!(call(&forge, "POST", "pulls", &pull).0, 200);
    assert_eq!(call(&forge, "POST", "issues/7/labels", &json!({ "labels": ["preview"] })).0, 200);
    assert!(forge.has_label(7, "preview"));
    assert_eq!(call(&forge, "PATCH", "git/refs/heads/feature", &json!({ "sha": "5d6e7f8" })).0, 200);
    let (_, list) = call(&forge, "GET", "pulls?state=open", &none);
    assert_eq!((&list[0]["head"]["sha"], &list[0]["labels"][0]["name"]), (&json!("5d6e7f8"), &json!("preview")));

    assert_eq!(call(&forge, "DELETE", "issues/7/labels/preview", &none).0, 200);
    assert_eq!(call(&forge, "DELETE", "issues/7/labels/preview", &none).0, 404, "it has no label");
    assert!(!forge.has_label(7, "preview"));
    assert_eq!(call(&forge, "PATCH", "pulls/7", &json!({ "state": "closed" })).0, 200);
    assert_eq!(call(&forge, "GET", "pulls", &none).1, json!([]));
    assert_eq!(call(&forge, "POST", "issues/7/labels", &json!({ "labels": ["x".repeat(51)] })).0, 422, "too long");
    assert_eq!(call(&forge, "POST", "issues/7/labels", &json!({ "labels": ["approved/1"] })).0, 200);
    assert_eq!(call(&forge, "DELETE", "issues/7/labels/approved%2F1", &none).0, 200);
    // A closed pull request is still read by its number.
    assert_eq!(call(&forge, "GET", "pulls/7", &none).1["state"], "closed");
    assert_eq!(call(&forge, "GET", "pulls/8", &none).0, 404);
    forge.fail_with(Some(503));
    assert_eq!(call(&forge, "GET", "pulls/7", &none).0, 503);
}

#[test]
fn reviews_name_their_commit_and_permissions_their_user() {
    let forge = Forge::start("acme", "shop");
    forge.allow_writes("alice");
    forge.open_from_fork(7, "mallory", "feature", "1a2b3c4");
    forge.review(7, "alice", "APPROVED");
    forge.push(7, "5d6e7f8");
    let (_, reviews) = call(&forge, "GET", "pulls/7/reviews?per_page=100&page=1", &Value::Null);
    assert_eq!(reviews, json!([{ "user": { "login": "alice" }, "state": "APPROVED", "commit_id": "1a2b3c4" }]));
    let (_, pull) = call(&forge, "GET", "pulls/7", &Value::Null);
    assert_eq!((&pull["user"]["login"], &pull["head"]["repo"]["id"]), (&json!("mallory"), &json!(2)));
    let permission = |user: &str| call(&forge, "GET", &format!("collaborators/{user}/permission"), &Value::Null).1;
    assert_eq!(permission("alice")["permission"], "write");
    assert_eq!(permission("mallory")["permission"], "read");
}
