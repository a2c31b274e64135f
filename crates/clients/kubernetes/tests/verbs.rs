//! Requests of each verb, and their results.

use serde_json::{Value, json};

use crate::{
    ErrorKind,
    kubernetes::{
        ApplyOptions, Deleted, KindRef, ListQuery, Preconditions, Rejection,
        tests::fake::{FakeApiServer, Reply, deadline, not_found, shop, status},
    },
};

fn quota() -> KindRef {
    KindRef { api_version: "v1".into(), plural: "resourcequotas".into(), kind: "ResourceQuota".into() }
}

fn pods() -> ListQuery {
    ListQuery {
        api_version: "v1".into(),
        plural: "pods".into(),
        label_selector: Some("a=b".into()),
        ..Default::default()
    }
}

#[tokio::test]
async fn apply_is_a_server_side_apply() {
    let fake = FakeApiServer::new(|_, _| Reply::Json(201, json!({ "kind": "ResourceQuota" })));
    let content = json!({ "apiVersion": "v1", "kind": "ResourceQuota", "metadata": { "name": "q" } });
    let object = quota().object(Some("shop"), "q");
    let options = ApplyOptions { manager: "eod provider", force: true };
    fake.client().apply(&object, &content, options, &deadline(60)).await.unwrap();
    let seen = fake.log().remove(0);
    assert_eq!(seen.line(), "PATCH /api/v1/namespaces/shop/resourcequotas/q");
    assert_eq!(seen.query, "fieldManager=eod%20provider&force=true");
    assert_eq!(seen.header("content-type"), "application/apply-patch+yaml");
    assert_eq!(seen.body, content);
}

#[tokio::test]
async fn a_conflict_lists_manager_and_field() {
    let fake = FakeApiServer::new(|_, _| {
        let causes = json!([{
            "reason": "FieldManagerConflict", "message": "conflict with \"kubectl\" using v1", "field": ".metadata.labels.a"
        }]);
        Reply::Json(
            409,
            json!({ "kind": "Status", "reason": "Conflict", "message": "Apply failed with 1 conflict", "details": { "causes": causes } }),
        )
    });
    let options = ApplyOptions { manager: "eod-provider", force: false };
    let error = fake.client().apply(&shop(), &json!({}), options, &deadline(60)).await.unwrap_err();
    assert_eq!(error.kind, ErrorKind::Conflict);
    let conflicts = Rejection::conflicts_of(&error);
    assert_eq!(conflicts.len(), 1);
    assert_eq!(conflicts[0].to_string(), "`.metadata.labels.a` is owned by `kubectl`");
    assert_eq!(error.chain(), "cannot apply namespace `shop`: Apply failed with 1 conflict (409 Conflict)");
}

#[tokio::test]
async fn causes_of_an_invalid_object_are_kept() {
    let fake = FakeApiServer::new(|_, _| {
        let causes =
            json!([{ "reason": "FieldValueInvalid", "message": "must be positive", "field": "spec.hard[pods]" }]);
        Reply::Json(
            422,
            json!({ "kind": "Status", "reason": "Invalid", "message": "invalid", "details": { "name": "q", "causes": causes } }),
        )
    });
    let error = fake.client().create(&shop(), &json!({}), "eod", &deadline(60)).await.unwrap_err();
    assert_eq!(error.kind, ErrorKind::Invalid);
    assert_eq!(Rejection::of(&error).unwrap().causes[0].field, "spec.hard[pods]");
}

#[tokio::test]
async fn create_and_patch_go_to_their_paths() {
    let fake = FakeApiServer::new(|_, _| Reply::Json(200, json!({})));
    let client = fake.client();
    client.create(&quota().object(Some("shop"), "q"), &json!({ "a": 1 }), "eod", &deadline(60)).await.unwrap();
    client.merge_patch(&shop(), &json!({ "b": 2 }), "eod", &deadline(60)).await.unwrap();
    let log = fake.log();
    assert_eq!(fake.lines(), ["POST /api/v1/namespaces/shop/resourcequotas", "PATCH /api/v1/namespaces/shop"]);
    assert_eq!(log[0].header("content-type"), "application/json");
    assert_eq!(log[1].header("content-type"), "application/merge-patch+json");
    assert_eq!((log[0].query.as_str(), &log[1].body), ("fieldManager=eod", &json!({ "b": 2 })));
    assert_eq!(client.calls(), [("create".to_owned(), 1), ("patch".to_owned(), 1)].into());
}

#[tokio::test]
async fn only_a_missing_object_reads_as_none() {
    let client = FakeApiServer::new(|_, _| not_found("shop")).client();
    assert_eq!(client.get(&shop(), &deadline(60)).await.unwrap(), None);
    let missing_kind = || status(404, "NotFound", "the server could not find the requested resource");
    let client = FakeApiServer::new(move |_, _| missing_kind()).client();
    assert_eq!(client.get(&shop(), &deadline(60)).await.unwrap_err().kind, ErrorKind::NotFound);
    let client = FakeApiServer::new(|_, _| Reply::Raw(404, &[], "404 page not found")).client();
    assert_eq!(client.get(&shop(), &deadline(60)).await.unwrap_err().kind, ErrorKind::NotFound);
    let error = client.delete(&shop(), &Preconditions::default(), &deadline(60)).await.unwrap_err();
    assert_eq!(error.kind, ErrorKind::NotFound);
}

fn ours() -> Preconditions {
    Preconditions { uid: Some("u1".into()), resource_version: Some("7".into()) }
}

/// A delete refused with 409, and the current object.
async fn delete_conflict(live: Option<Value>) -> Result<Deleted, ErrorKind> {
    let fake = FakeApiServer::new(move |_, seen| match (seen.method.as_str(), &live) {
        ("DELETE", _) => status(409, "Conflict", "no"),
        (_, Some(live)) => Reply::Json(200, live.clone()),
        (_, None) => not_found("shop"),
    });
    fake.client().delete(&shop(), &ours(), &deadline(60)).await.map_err(|error| error.kind)
}

#[tokio::test]
async fn delete_sends_its_preconditions() {
    let fake = FakeApiServer::new(|number, _| if number < 2 { Reply::Json(200, json!({})) } else { not_found("shop") });
    let client = fake.client();
    assert_eq!(client.delete(&shop(), &ours(), &deadline(60)).await.unwrap(), Deleted::Accepted);
    assert_eq!(client.delete(&shop(), &Preconditions::default(), &deadline(60)).await.unwrap(), Deleted::Accepted);
    assert_eq!(client.delete(&shop(), &ours(), &deadline(60)).await.unwrap(), Deleted::Gone);
    let log = fake.log();
    assert_eq!(log[0].line(), "DELETE /api/v1/namespaces/shop");
    assert_eq!(log[0].body["preconditions"], json!({ "uid": "u1", "resourceVersion": "7" }));
    assert_eq!(log[1].body, json!({ "apiVersion": "v1", "kind": "DeleteOptions" }));
}

#[tokio::test]
async fn a_conflict_of_a_delete_is_resolved_by_the_object() {
    let going =
        json!({ "metadata": { "uid": "u1", "resourceVersion": "8", "deletionTimestamp": "2026-01-01T00:00:00Z" } });
    assert_eq!(delete_conflict(Some(going)).await, Ok(Deleted::InProgress));
    let other = json!({ "metadata": { "uid": "u2", "resourceVersion": "9" } });
    assert_eq!(delete_conflict(Some(other)).await, Ok(Deleted::UidMismatch));
    let other = json!({ "metadata": { "uid": "u2", "deletionTimestamp": "2026-01-01T00:00:00Z" } });
    assert_eq!(delete_conflict(Some(other)).await, Ok(Deleted::UidMismatch));
    let changed = json!({ "metadata": { "uid": "u1", "resourceVersion": "8" } });
    assert_eq!(delete_conflict(Some(changed)).await, Ok(Deleted::Changed));
    assert_eq!(delete_conflict(None).await, Ok(Deleted::Gone));
    let same = json!({ "metadata": { "uid": "u1", "resourceVersion": "7" } });
    assert_eq!(delete_conflict(Some(same)).await, Err(ErrorKind::Conflict));
}

fn page(names: &[&str], next: Option<&str>) -> Reply {
    let items: Vec<Value> = names.iter().map(|name| json!({ "metadata": { "name": name } })).collect();
    Reply::Json(200, json!({ "kind": "PodList", "apiVersion": "v1", "metadata": { "continue": next }, "items": items }))
}

async fn names(fake: &FakeApiServer) -> Result<Vec<String>, ErrorKind> {
    let items = fake.client().list(&pods(), &deadline(60)).await.map_err(|error| error.kind)?;
    assert!(items.iter().all(|item| item["kind"] == "Pod" && item["apiVersion"] == "v1"));
    Ok(items.iter().map(|item| item["metadata"]["name"].as_str().unwrap().to_owned()).collect())
}

#[tokio::test]
async fn lists_are_paged() {
    let fake = FakeApiServer::new(|number, _| match number {
        0 => page(&["a", "b"], Some("t1")),
        1 => page(&["c"], Some("t2")),
        _ => page(&[], None),
    });
    assert_eq!(names(&fake).await.unwrap(), ["a", "b", "c"]);
    let queries: Vec<String> = fake.log().iter().map(|seen| seen.query.clone()).collect();
    assert_eq!(
        queries,
        [
            "limit=250&labelSelector=a%3Db",
            "limit=250&labelSelector=a%3Db&continue=t1",
            "limit=250&labelSelector=a%3Db&continue=t2"
        ]
    );
}

#[tokio::test]
async fn an_expired_list_begins_again_once_without_duplicates() {
    let expired = || status(410, "Expired", "the continue token is too old");
    let fake = FakeApiServer::new(move |number, _| match number {
        0 => page(&["a", "b"], Some("t1")),
        1 => expired(),
        2 => page(&["a", "b"], Some("t3")),
        _ => page(&["c"], None),
    });
    assert_eq!(names(&fake).await.unwrap(), ["a", "b", "c"]);
    let fake = FakeApiServer::new(move |number, _| if number % 2 == 0 { page(&["a"], Some("t")) } else { expired() });
    assert_eq!(names(&fake).await, Err(ErrorKind::Other));
    assert_eq!(fake.log().len(), 4);
}

#[tokio::test(start_paused = true)]
async fn a_response_that_is_not_a_list_is_an_error() {
    for body in [json!({}), json!({ "kind": "Pod" }), json!({ "kind": "PodList" }), json!([])] {
        let fake = FakeApiServer::new(move |_, _| Reply::Json(200, body.clone()));
        assert_eq!(names(&fake).await, Err(ErrorKind::Unavailable));
    }
    let fake = FakeApiServer::new(|_, _| Reply::Json(200, json!({ "kind": "PodList", "items": null })));
    assert_eq!(names(&fake).await.unwrap(), Vec::<String>::new());
}
