//! The generated policies on a real Vault.

use serde_json::{Value, json};

use super::{
    copies::{overrides, owner, route},
    server::Server,
};
use crate::vault::{
    MountInfo,
    clone::{self, CloneOptions, Removed, Updated},
    tests::fake::deadline,
};
use eod_domain::vault::{CloneRights, Globs, KeyResult, Reader, cloner_policy, reader_policy};

fn rights(engine: &MountInfo) -> CloneRights {
    CloneRights {
        mount: engine.path.clone(),
        sources: vec!["stage".parse().unwrap()],
        target_mount: engine.path.clone(),
        targets: Globs::default_targets(),
        sensitive: Globs::default_sensitive(),
        update: false,
    }
}

#[tokio::test]
async fn the_cloner_policy_allows_exactly_what_copies_need() {
    let server = Server::shared().await;
    let engine = server.engine("cloner").await;
    for name in [
        "stage/shop",
        "stage/shop/db",
        "sensitive/shop",
        "stage/sensitive/x",
        "stage/a/sensitive",
        "stage/a/b/sensitive/c/d",
    ] {
        server.put(&engine, name, json!({ "A": "1" })).await;
    }
    let (auth, token) = server.token_with("cloner", &cloner_policy(&rights(&engine))).await;
    let vault = server.client(auth);
    let options = CloneOptions { recursive: true, ..CloneOptions::default() };
    let (owner, route) = (owner("pr-1", 1), route(&engine, "stage", "preview/pr-1"));
    let cloned = clone::clone(&vault, &route, &options, &owner, &deadline()).await;
    assert!(cloned.error.is_none(), "{}", cloned.error.unwrap().chain());
    assert_eq!(cloned.keys.len(), 2);
    // A second run is refused with 403 instead of a conflict, and recognises its own copy nevertheless.
    let again = clone::clone(&vault, &route, &options, &owner, &deadline()).await;
    assert!(again.keys.values().all(|record| record.result == KeyResult::Adopted), "{:?}", again.error);

    let asked = |method: &'static str, path: &'static str| {
        let token = token.clone();
        async move { server.ask(method, path, json!({ "data": { "A": "2" } }), &token).await.0 }
    };
    for (method, path) in [
        ("POST", "cloner/data/preview/pr-1/shop"),
        ("POST", "cloner/data/stage/shop"),
        ("POST", "cloner/data/other"),
        ("DELETE", "cloner/metadata/stage/shop"),
        ("POST", "cloner/metadata/stage/shop"),
        ("GET", "cloner/data/sensitive/shop"),
        ("GET", "cloner/data/stage/sensitive/x"),
        ("GET", "cloner/data/stage/a/sensitive"),
        ("GET", "cloner/data/stage/a/b/sensitive/c/d"),
        ("GET", "secret/data/anything"),
    ] {
        assert_eq!(asked(method, path).await, 403, "{method} {path}");
    }
    let record = cloned.keys.iter().next().unwrap();
    let over = overrides(&[("A", "2")]);
    let updated = clone::update_overrides(&vault, &engine.path, record.0, record.1, &over, &owner, &deadline()).await;
    let Ok(Updated::Denied(error)) = updated else { panic!("{updated:?}") };
    assert!(error.chain().contains("capability `update` on `cloner/data/preview/pr-1/shop`"), "{}", error.chain());
    let destroyed = clone::destroy(&vault, &engine.path, &cloned.keys, &owner, &deadline()).await;
    assert!(destroyed.keys.values().all(|removed| *removed == Removed::Deleted), "{destroyed:?}");
}

#[tokio::test]
async fn a_target_outside_of_the_policy_names_the_missing_capability() {
    let server = Server::shared().await;
    let engine = server.engine("outside").await;
    server.put(&engine, "stage/shop", json!({ "A": "1" })).await;
    let policy = r#"
        path "outside/data/stage/*" { capabilities = ["read"] }
        path "outside/metadata/preview/*" { capabilities = ["read"] }
    "#;
    let (auth, _) = server.token_with("outside", policy).await;
    let vault = server.client(auth);
    let route = route(&engine, "stage/shop", "preview/pr-1");
    let cloned = clone::clone(&vault, &route, &CloneOptions::default(), &owner("pr-1", 1), &deadline()).await;
    let error = cloned.error.unwrap().chain();
    assert!(error.contains("capability `create` on `outside/data/preview/pr-1`"), "{error}");
    assert!(cloned.keys.is_empty());
}

#[tokio::test]
async fn a_secret_without_provenance_that_cannot_be_read_is_kept() {
    let server = Server::shared().await;
    let engine = server.engine("blind").await;
    server.put(&engine, "stage/shop", json!({ "A": "1" })).await;
    server.put(&engine, "preview/pr-1", json!({ "A": "1" })).await;
    let policy = r#"
        path "blind/data/stage/*" { capabilities = ["read"] }
        path "blind/data/preview/*" { capabilities = ["create"] }
        path "blind/metadata/preview/*" { capabilities = ["read", "update", "delete"] }
    "#;
    let (auth, _) = server.token_with("blind", policy).await;
    let vault = server.client(auth);
    let route = route(&engine, "stage/shop", "preview/pr-1");
    let cloned = clone::clone(&vault, &route, &CloneOptions::default(), &owner("pr-1", 1), &deadline()).await;
    assert!(cloned.error.is_none(), "{}", cloned.error.unwrap().chain());
    assert_eq!(cloned.keys.values().next().unwrap().result, KeyResult::KeptForeign);
    assert!(cloned.notices[0].to_string().contains("may not read it"), "{:?}", cloned.notices);
}

#[tokio::test]
async fn the_reader_policy_allows_one_environment() {
    let server = Server::shared().await;
    let engine = server.engine("reader").await;
    for name in ["preview/pr-1/shop", "preview/pr-12/shop", "stage/shop", "sensitive/shop"] {
        server.put(&engine, name, json!({ "A": "1" })).await;
    }
    let policy = reader_policy(&engine.path, &Reader::Environment("pr-1".parse().unwrap()));
    let (_, token) = server.token_with("reader", &policy).await;
    for (method, path, expected) in [
        ("GET", "reader/data/preview/pr-1/shop", 200),
        ("POST", "reader/data/preview/pr-1/shop", 403),
        ("GET", "reader/data/preview/pr-12/shop", 403),
        ("GET", "reader/data/stage/shop", 403),
        ("GET", "reader/data/sensitive/shop", 403),
        ("GET", "reader/metadata/preview?list=true", 403),
    ] {
        let (status, answer) = server.ask(method, path, json!({ "data": {} }), &token).await;
        assert_eq!(status, expected, "{method} {path}: {answer}");
    }
    let templated = reader_policy(&engine.path, &Reader::Namespace { accessor: "auth_kubernetes_x".to_owned() });
    server.admin("PUT", "sys/policies/acl/reader-of-all", json!({ "policy": templated })).await;
    assert_eq!(server.metadata(&engine, "stage/none").await, Value::Null);
}
