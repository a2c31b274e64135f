//! Waits for the end of a namespace, and everything that blocks it.

use std::time::Duration;

use serde_json::{Value, json};
use tokio::time::Instant;

use crate::{
    ErrorKind,
    kubernetes::{
        tests::fake::{FakeApiServer, Reply, deadline, not_found, shop, status},
        wait::WaitStep,
    },
};

fn terminating(conditions: &Value) -> Value {
    json!({
        "kind": "Namespace",
        "metadata": { "name": "shop", "uid": "u1", "deletionTimestamp": "2026-01-01T00:00:00Z" },
        "status": { "phase": "Terminating", "conditions": conditions },
    })
}

fn stuck() -> Value {
    terminating(&json!([
        { "type": "NamespaceContentRemaining", "status": "True", "message": "Some resources are remaining: configmaps. has 2 resource instances, widgets.example.com has 1 resource instances, gone.example.org has 3 resource instances" },
        { "type": "NamespaceFinalizersRemaining", "status": "True", "message": "Some content in the namespace has finalizers remaining: example.com/hold in 2 resource instances" },
        { "type": "NamespaceDeletionDiscoveryFailure", "status": "True", "message": "Discovery failed for some groups, 1 failing: metrics.k8s.io/v1beta1: stale" },
        { "type": "NamespaceDeletionContentFailure", "status": "False", "message": "All content successfully deleted" },
    ]))
}

fn metadata(name: &str, finalizers: &[&str]) -> Value {
    json!({ "metadata": { "name": name, "finalizers": finalizers, "creationTimestamp": "2026-01-01T00:00:00Z" } })
}

fn cluster(path: &str) -> Reply {
    let list =
        |items: Value| json!({ "kind": "PartialObjectMetadataList", "apiVersion": "meta.k8s.io/v1", "items": items });
    Reply::Json(
        200,
        match path {
            "/api/v1" => json!({ "resources": [{ "name": "configmaps", "kind": "ConfigMap" }] }),
            "/api/v1/namespaces/shop/configmaps" => {
                list(json!([metadata("free", &[]), metadata("held", &["example.com/hold"])]))
            }
            "/apis/example.com" => json!({ "preferredVersion": { "groupVersion": "example.com/v1beta1" } }),
            "/apis/example.com/v1beta1" => json!({ "resources": [{ "name": "widgets", "kind": "Widget" }] }),
            "/apis/example.com/v1beta1/namespaces/shop/widgets" => list(json!([metadata("w", &["example.com/hold"])])),
            "/apis/apiregistration.k8s.io/v1/apiservices" => json!({ "kind": "APIServiceList", "items": [
            { "metadata": { "name": "v1.apps" }, "status": { "conditions": [{ "type": "Available", "status": "True" }] } },
            { "metadata": { "name": "v1beta1.metrics.k8s.io" }, "status": { "conditions": [
                { "type": "Available", "status": "False", "reason": "MissingEndpoints", "message": "no endpoints" },
            ] } },
        ] }),
            _ => return status(404, "NotFound", "the server could not find the requested resource"),
        },
    )
}

#[tokio::test]
async fn objects_finalizers_and_the_api_service_are_named() {
    let fake = FakeApiServer::new(|_, seen| cluster(&seen.path));
    let now = "2026-01-01T01:00:00Z".parse().unwrap();
    let blockers = fake.client().blockers(&stuck(), now, &deadline(60)).await;
    let objects: Vec<String> = blockers.objects.iter().map(ToString::to_string).collect();
    assert_eq!(
        objects,
        [
            "ConfigMap/held finalizers=[example.com/hold] age=60m",
            "Widget/w finalizers=[example.com/hold] age=60m",
            "ConfigMap/free finalizers=[] age=60m",
        ]
    );
    assert_eq!(blockers.unnamed, 3);
    assert_eq!(blockers.finalizers, [("example.com/hold".to_owned(), 2)]);
    assert_eq!(blockers.discovery, ["v1beta1.metrics.k8s.io (MissingEndpoints: no endpoints)"]);
    assert!(
        blockers.unread[0].contains("API group `gone.example.org`") || blockers.unread[0].contains("`example.org`"),
        "{blockers}"
    );
    assert!(blockers.failures.is_empty());
    let lists = fake.log().into_iter().filter(|seen| seen.path.contains("/namespaces/shop/"));
    assert!(lists.into_iter().all(|seen| seen.header("accept").contains("as=PartialObjectMetadataList")));
}

#[tokio::test]
async fn a_thousand_objects_are_counted_and_twenty_named() {
    let fake = FakeApiServer::new(|_, seen| match seen.path.as_str() {
        "/api/v1/namespaces/shop/configmaps" => {
            let items: Vec<Value> = (0..500).map(|number| metadata(&format!("c{number}"), &[])).collect();
            Reply::Json(200, json!({ "kind": "PartialObjectMetadataList", "items": items }))
        }
        path => cluster(path),
    });
    let namespace = terminating(&json!([
        { "type": "NamespaceContentRemaining", "status": "True", "message": "Some resources are remaining: configmaps. has 1000 resource instances" },
    ]));
    let blockers = fake.client().blockers(&namespace, "2026-01-01T01:00:00Z".parse().unwrap(), &deadline(60)).await;
    assert_eq!((blockers.objects.len(), blockers.unnamed), (20, 980));
}

#[tokio::test]
async fn false_conditions_cause_no_request() {
    let fake = FakeApiServer::new(|_, _| status(500, "InternalError", "must not be called"));
    let namespace = terminating(
        &json!([{ "type": "NamespaceContentRemaining", "status": "False", "message": "All content successfully removed" }]),
    );
    let blockers = fake.client().blockers(&namespace, "2026-01-01T01:00:00Z".parse().unwrap(), &deadline(60)).await;
    assert!(blockers.is_empty() && fake.log().is_empty());
}

#[tokio::test]
async fn finalizers_of_the_namespace_itself_are_named() {
    let fake = FakeApiServer::new(|_, _| status(500, "InternalError", "must not be read"));
    let namespace = json!({
        "metadata": { "name": "shop", "finalizers": ["example.com/hold"] },
        "spec": { "finalizers": ["kubernetes", "example.com/policy"] },
    });
    let now = "2026-01-01T01:00:00Z".parse().unwrap();
    let blockers = fake.client().blockers(&namespace, now, &deadline(60)).await;
    assert_eq!(blockers.metadata_finalizers, ["example.com/hold"]);
    assert_eq!(blockers.spec_finalizers, ["example.com/policy"]);
    assert!(!blockers.is_empty() && fake.log().is_empty());

    let usual = json!({ "metadata": { "name": "shop" }, "spec": { "finalizers": ["kubernetes"] } });
    assert!(fake.client().blockers(&usual, now, &deadline(60)).await.is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_wait_ends_when_the_namespace_is_gone_or_replaced() {
    let fake = FakeApiServer::new(|number, _| if number < 4 { Reply::Json(200, stuck()) } else { not_found("shop") });
    assert_eq!(fake.client().wait_gone(&shop(), Some("u1"), &deadline(600)).await.unwrap(), None);
    assert_eq!(fake.log().len(), 5);
    let fake = FakeApiServer::new(|_, _| Reply::Json(200, stuck()));
    let other = fake.client().wait_gone(&shop(), Some("u0"), &deadline(600)).await.unwrap();
    assert_eq!(other.unwrap()["metadata"]["uid"], "u1");
}

#[tokio::test(start_paused = true)]
async fn a_wait_that_times_out_reports_the_last_status() {
    let fake = FakeApiServer::new(|_, _| Reply::Json(200, terminating(&json!([]))));
    let started = Instant::now();
    let error = fake.client().wait_gone(&shop(), Some("u1"), &deadline(60)).await.unwrap_err();
    assert_eq!((error.kind, started.elapsed()), (ErrorKind::Timeout, Duration::from_secs(60)));
    assert_eq!(
        error.chain(),
        "cannot wait for namespace `shop` to be gone: timed out after 60 s; last status: phase \
         Terminating; being deleted since 2026-01-01T00:00:00Z"
    );
    assert!(fake.log().len() < 25, "{}", fake.log().len());
}

#[tokio::test(start_paused = true)]
async fn a_failed_request_ends_the_wait() {
    let client = FakeApiServer::new(|_, _| status(403, "Forbidden", "no")).client();
    let error = client.wait_gone(&shop(), None, &deadline(60)).await.unwrap_err();
    assert_eq!(error.kind, ErrorKind::Denied);
    let done = client.wait("anything", &deadline(60), || async { Ok(WaitStep::Done(7)) }).await;
    assert_eq!(done.unwrap(), 7);
}
