//! Whole subtrees on a real Vault.

use serde_json::{Value, json};

use super::{
    copies::{overrides, owner, route},
    server::Server,
};
use crate::vault::{
    MountInfo,
    clone::{self, CloneOptions, Notice, Removed},
    tests::fake::deadline,
};
use eod_domain::vault::{KeyResult, LeaveReason};

fn recursive() -> CloneOptions {
    CloneOptions { recursive: true, ..CloneOptions::default() }
}

async fn fill(server: &Server, engine: &MountInfo, names: &[&str]) {
    for name in names {
        server.put(engine, name, json!({ "NAME": name })).await;
    }
}

#[tokio::test]
async fn a_subtree_is_created_refreshed_and_destroyed() {
    let server = Server::shared().await;
    let engine = server.engine("tree").await;
    let vault = server.client(server.root());
    fill(server, &engine, &["stage/shop", "stage/shop/db", "stage/shop/db/ro", "stage/shop/a b", "stage/shopping"])
        .await;
    fill(server, &engine, &["stage/shop/gone", "stage/shop/sensitive/pay", "stage/shop/x/Sensitive"]).await;
    server.admin("DELETE", "tree/data/stage/shop/gone", Value::Null).await;
    server.put(&engine, "preview/pr-1/db", json!({ "NOT": "ours" })).await;
    let (owner, route) = (owner("pr-1", 1), route(&engine, "stage/shop", "preview/pr-1"));
    let options = CloneOptions { overrides: overrides(&[("X", "1")]), ..recursive() };
    let cloned = clone::clone(&vault, &route, &options, &owner, &deadline()).await;
    assert!(cloned.error.is_none(), "{}", cloned.error.unwrap().chain());
    let results: Vec<_> = cloned.keys.iter().map(|(path, record)| (path.as_str(), record.result)).collect();
    assert_eq!(
        results,
        [
            ("preview/pr-1", KeyResult::Cloned),
            ("preview/pr-1/a b", KeyResult::Cloned),
            ("preview/pr-1/db", KeyResult::KeptForeign),
            ("preview/pr-1/db/ro", KeyResult::Cloned),
        ]
    );
    let mut skipped: Vec<_> = cloned
        .notices
        .iter()
        .filter_map(|notice| match notice {
            Notice::Skipped { source, .. } => Some(source.as_str()),
            _ => None,
        })
        .collect();
    skipped.sort_unstable();
    assert_eq!(skipped, ["tree/stage/shop/gone", "tree/stage/shop/sensitive/", "tree/stage/shop/x/Sensitive"]);
    assert!(cloned.notices.iter().all(|notice| !notice.to_string().is_empty()));
    let asked = server.operations("tree/data/stage/shop");
    let read = |name: &str| asked.contains(&format!("read tree/data/stage/shop{name}"));
    assert!(read("/db/ro") && read(""), "the log is there");
    assert!(!read("/sensitive/pay") && !read("/x/Sensitive"), "sensitive secrets were read: {asked:?}");

    let inspected = clone::inspect(&vault, &"tree/preview/pr-1".parse().unwrap(), &deadline()).await.unwrap();
    assert_eq!(inspected.keys.keys().collect::<Vec<_>>(), cloned.keys.keys().collect::<Vec<_>>());

    // One half is deleted already, and a neighbour has a name with a common prefix.
    vault.delete_all(&engine, &"preview/pr-1/a b".parse().unwrap(), &deadline()).await.unwrap();
    server.put(&engine, "preview/pr-12", json!({ "A": "1" })).await;
    let destroyed = clone::destroy(&vault, &engine.path, &cloned.keys, &owner, &deadline()).await;
    assert!(destroyed.error.is_none());
    let results: Vec<_> = destroyed.keys.into_values().collect();
    assert_eq!(results, [Removed::Deleted, Removed::Gone, Removed::Left(LeaveReason::KeptForeign), Removed::Deleted]);
    assert_eq!(server.value(&engine, "preview/pr-1/db").await, json!({ "NOT": "ours" }));
    assert_eq!(server.value(&engine, "preview/pr-12").await, json!({ "A": "1" }));
    assert_eq!(server.value(&engine, "stage/shopping").await, json!({ "NAME": "stage/shopping" }));
}

#[tokio::test]
async fn twenty_copies_take_three_requests_each() {
    let server = Server::shared().await;
    let engine = server.engine("twenty").await;
    let vault = server.client(server.root());
    let names: Vec<String> = (0..20).map(|number| format!("stage/shop/k{number:02}")).collect();
    fill(server, &engine, &names.iter().map(String::as_str).collect::<Vec<_>>()).await;
    vault.mount(&engine.path, &deadline()).await.unwrap();
    let before: u64 = vault.calls().values().sum();
    let route = route(&engine, "stage/shop", "preview/pr-1");
    let owner = owner("pr-1", 1);
    let cloned = clone::clone(&vault, &route, &recursive(), &owner, &deadline()).await;
    assert_eq!(cloned.keys.len(), 20);
    // Three per secret, one list, and one read of the root.
    assert_eq!(vault.calls().values().sum::<u64>() - before, 62);
    let before: u64 = vault.calls().values().sum();
    clone::refresh(&vault, &engine.path, &cloned.keys, &owner, &deadline()).await.unwrap();
    assert_eq!(vault.calls().values().sum::<u64>() - before, 20);
}

#[tokio::test]
async fn a_failure_in_the_middle_is_returned_with_the_copies_made() {
    let server = Server::shared().await;
    let engine = server.engine("half").await;
    fill(server, &engine, &["stage/a", "stage/b", "stage/c", "stage/d", "stage/e", "stage/f"]).await;
    let policy = r#"
        path "half/*" { capabilities = ["create", "read", "update", "delete", "list"] }
        path "half/data/stage/d" { capabilities = ["deny"] }
    "#;
    let (auth, _) = server.token_with("half", policy).await;
    let vault = server.client(auth);
    let (route, owner) = (route(&engine, "stage", "preview/pr-1"), owner("pr-1", 1));
    let cloned = clone::clone(&vault, &route, &recursive(), &owner, &deadline()).await;
    let error = cloned.error.as_ref().unwrap().chain();
    assert!(error.contains("capability `read` on `half/data/stage/d`"), "{error}");
    assert!(!cloned.keys.is_empty() && cloned.keys.len() < 6, "{:?}", cloned.keys);
    for path in cloned.keys.keys() {
        assert_eq!(server.metadata(&engine, path.as_str()).await["custom_metadata"]["eod-env"], "pr-1");
    }
    // Everything that exists is recorded, so that a destroy leaves nothing.
    clone::destroy(&vault, &engine.path, &cloned.keys, &owner, &deadline()).await;
    let left = clone::inspect(&vault, &"half/preview/pr-1".parse().unwrap(), &deadline()).await.unwrap();
    assert!(left.keys.is_empty(), "{:?}", left.keys);
}

#[tokio::test]
async fn a_subtree_too_deep_or_too_large_is_refused_before_anything_is_written() {
    let server = Server::shared().await;
    let engine = server.engine("large").await;
    let vault = server.client(server.root());
    server.put(&engine, &format!("deep{}", "/x".repeat(20)), json!({})).await;
    let error =
        clone::clone(&vault, &route(&engine, "deep", "preview/a"), &recursive(), &owner("pr-1", 1), &deadline()).await;
    assert!(error.error.unwrap().chain().contains("more than 16 folders deep"));
    let writes = (0..501).map(|number| {
        let engine = engine.clone();
        async move { server.put(&engine, &format!("wide/k{number}"), json!({})).await }
    });
    futures::future::join_all(writes).await;
    let error =
        clone::clone(&vault, &route(&engine, "wide", "preview/a"), &recursive(), &owner("pr-1", 1), &deadline()).await;
    assert!(error.error.unwrap().chain().contains("more than 500"));
    assert_eq!(server.operations("large/data/preview"), Vec::<String>::new());
    let error =
        clone::clone(&vault, &route(&engine, "none", "preview/a"), &recursive(), &owner("pr-1", 1), &deadline()).await;
    assert!(error.error.unwrap().chain().contains("there is no secret to copy"));
}
