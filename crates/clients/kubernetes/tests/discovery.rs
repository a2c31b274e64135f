//! Kinds that a cluster may not have.

use serde_json::json;

use crate::{
    ErrorKind,
    kubernetes::{
        KindRef,
        tests::fake::{FakeApiServer, Reply, deadline, status},
    },
};

#[tokio::test]
async fn kind_is_found_in_the_newest_version_that_serves_it() {
    let fake = FakeApiServer::new(|_, seen| match seen.path.as_str() {
        "/apis/gateway.example" => Reply::Json(
            200,
            json!({ "versions": [{ "groupVersion": "gateway.example/v1" }, { "groupVersion": "gateway.example/v1beta1" }] }),
        ),
        "/apis/gateway.example/v1" => {
            Reply::Json(200, json!({ "resources": [{ "name": "gateways", "kind": "Gateway" }] }))
        }
        "/apis/gateway.example/v1beta1" => Reply::Json(
            200,
            json!({ "resources": [{ "name": "grants/status", "kind": "Grant" }, { "name": "grants", "kind": "Grant" }] }),
        ),
        _ => status(404, "NotFound", "the server could not find the requested resource"),
    });
    let client = fake.client();
    let found = client.find_kind("gateway.example", "grants", &deadline(60)).await.unwrap();
    let expected =
        KindRef { api_version: "gateway.example/v1beta1".into(), plural: "grants".into(), kind: "Grant".into() };
    assert_eq!(found, Some(expected));
    assert_eq!(client.find_kind("gateway.example", "routes", &deadline(60)).await.unwrap(), None);
    assert_eq!(client.find_kind("other.example", "grants", &deadline(60)).await.unwrap(), None);
}

#[tokio::test]
async fn failed_discovery_never_means_a_missing_kind() {
    let fake = FakeApiServer::new(|_, _| status(403, "Forbidden", "no"));
    let error = fake.client().find_kind("gateway.example", "grants", &deadline(60)).await.unwrap_err();
    assert_eq!(error.kind, ErrorKind::Denied);
}
