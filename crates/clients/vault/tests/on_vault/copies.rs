//! Single copies on a real Vault: ownership, edits and destroys.

use std::{collections::BTreeMap, time::Duration};

use serde_json::{Value, json};

use super::server::Server;
use crate::{
    ErrorKind,
    vault::{
        MountInfo, SecretMap, Vault,
        clone::{self, CloneOptions, Cloned, CopyOwner, KeyState, Notice, Removed, Updated},
        tests::fake::deadline,
    },
};
use eod_domain::{
    Nonce,
    vault::{Globs, KeyRecord, KeyResult, LeaveReason, Route, SecretPath},
};

pub(super) fn owner(environment: &str, nonce: u8) -> CopyOwner {
    CopyOwner {
        environment: environment.parse().unwrap(),
        installation: "acme".parse().unwrap(),
        nonce: Nonce::new([nonce; 16]),
    }
}

pub(super) fn route(engine: &MountInfo, source: &str, target: &str) -> Route {
    let place = |path: &str| format!("{}/{path}", engine.path).parse().unwrap();
    Route::new(place(source), place(target), &Globs::default_sensitive(), &Globs::default_targets()).unwrap()
}

pub(super) fn overrides(entries: &[(&str, &str)]) -> SecretMap {
    entries.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect()
}

fn path(text: &str) -> SecretPath {
    text.parse().unwrap()
}

/// An engine of the test with `stage/shop`, and a client of the administrator.
async fn bench(name: &str) -> (&'static Server, MountInfo, Vault) {
    let server = Server::shared().await;
    let engine = server.engine(name).await;
    server.put(&engine, "stage/shop", json!({ "URL": "https://real", "N": 1, "KEY": "k" })).await;
    (server, engine, server.client(server.root()))
}

async fn copy(vault: &Vault, engine: &MountInfo, owner: &CopyOwner) -> Cloned {
    clone::clone(vault, &route(engine, "stage/shop", "preview/pr-1"), &CloneOptions::default(), owner, &deadline())
        .await
}

fn only(cloned: &Cloned) -> &KeyRecord {
    assert!(cloned.error.is_none(), "{}", cloned.error.as_ref().unwrap().chain());
    assert_eq!(cloned.keys.len(), 1);
    &cloned.keys[&path("preview/pr-1")]
}

async fn refreshed(
    vault: &Vault,
    engine: &MountInfo,
    keys: &BTreeMap<SecretPath, KeyRecord>,
    owner: &CopyOwner,
) -> KeyState {
    let states = clone::refresh(vault, &engine.path, keys, owner, &deadline()).await.unwrap();
    states.into_values().next().unwrap()
}

async fn destroyed(
    vault: &Vault,
    engine: &MountInfo,
    keys: &BTreeMap<SecretPath, KeyRecord>,
    owner: &CopyOwner,
) -> Removed {
    let destroyed = clone::destroy(vault, &engine.path, keys, owner, &deadline()).await;
    assert!(destroyed.error.is_none(), "{}", destroyed.error.unwrap().chain());
    destroyed.keys.into_values().next().unwrap()
}

#[tokio::test]
async fn a_copy_is_created_refreshed_and_destroyed() {
    let (server, engine, vault) = bench("copy").await;
    server.put(&engine, "preview/pr-12", json!({ "NOT": "ours" })).await;
    let owner = owner("pr-1", 1);
    let options = CloneOptions {
        exclude_keys: vec!["KEY".to_owned()],
        overrides: overrides(&[("URL", "https://sandbox")]),
        ..CloneOptions::default()
    };
    let route = route(&engine, "stage/shop", "preview/pr-1");
    let cloned = clone::clone(&vault, &route, &options, &owner, &deadline()).await;
    let record = only(&cloned).clone();
    assert_eq!((record.result, record.version, record.source_version), (KeyResult::Cloned, 1, Some(1)));
    assert_eq!(server.value(&engine, "preview/pr-1").await, json!({ "URL": "https://sandbox", "N": 1 }));
    let metadata = server.metadata(&engine, "preview/pr-1").await;
    assert_eq!(metadata["custom_metadata"]["eod-src"], "copy/stage/shop");
    assert_eq!(metadata["custom_metadata"]["eod-created"].as_str(), record.created_time.as_deref());
    assert_eq!(refreshed(&vault, &engine, &cloned.keys, &owner).await, KeyState::Present(record.clone()));

    // An edit in the web interface is recorded, and has no other effect.
    server.put(&engine, "preview/pr-1", json!({ "URL": "https://mine" })).await;
    let edited = KeyState::Present(KeyRecord { edited: true, ..record.clone() });
    assert_eq!(refreshed(&vault, &engine, &cloned.keys, &owner).await, edited);
    // The source is deleted; the copy can be deleted nevertheless, with all its versions.
    vault.delete_all(&engine, &path("stage/shop"), &deadline()).await.unwrap();
    assert_eq!(destroyed(&vault, &engine, &cloned.keys, &owner).await, Removed::Deleted);
    assert_eq!(server.metadata(&engine, "preview/pr-1").await, Value::Null);
    assert_eq!(server.value(&engine, "preview/pr-12").await, json!({ "NOT": "ours" }));
    assert_eq!(refreshed(&vault, &engine, &cloned.keys, &owner).await, KeyState::Gone);
    assert_eq!(destroyed(&vault, &engine, &cloned.keys, &owner).await, Removed::Gone);
}

#[tokio::test]
async fn a_copy_takes_three_requests_and_a_refresh_reads_no_value() {
    let (server, engine, vault) = bench("counted").await;
    vault.mount(&engine.path, &deadline()).await.unwrap();
    let before: u64 = vault.calls().values().sum();
    let owner = owner("pr-1", 1);
    let cloned = copy(&vault, &engine, &owner).await;
    only(&cloned);
    assert_eq!(vault.calls().values().sum::<u64>() - before, 3);
    refreshed(&vault, &engine, &cloned.keys, &owner).await;
    assert_eq!(vault.calls().values().sum::<u64>() - before, 4);
    assert_eq!(server.operations("counted/data/preview"), ["create counted/data/preview/pr-1"]);
}

#[tokio::test]
async fn a_secret_of_another_owner_is_kept() {
    let (server, engine, vault) = bench("foreign").await;
    server.put(&engine, "preview/pr-1", json!({ "A": "theirs" })).await;
    let owner = owner("pr-1", 1);
    let cloned = copy(&vault, &engine, &owner).await;
    assert_eq!((only(&cloned).result, only(&cloned).edited), (KeyResult::KeptForeign, false));
    assert!(cloned.notices[0].to_string().contains("`foreign/preview/pr-1` existed before"), "{:?}", cloned.notices);
    let options = CloneOptions { on_existing: eod_domain::vault::OnExistingSecret::Fail, ..CloneOptions::default() };
    let route = route(&engine, "stage/shop", "preview/pr-1");
    let error = clone::clone(&vault, &route, &options, &owner, &deadline()).await.error.unwrap();
    assert_eq!(error.kind, ErrorKind::AlreadyExists);
    let left = Removed::Left(LeaveReason::KeptForeign);
    assert_eq!(destroyed(&vault, &engine, &cloned.keys, &owner).await, left);
    assert_eq!(server.value(&engine, "preview/pr-1").await, json!({ "A": "theirs" }));
    assert_eq!(server.metadata(&engine, "preview/pr-1").await["custom_metadata"], Value::Null);
}

#[tokio::test]
async fn a_copy_of_another_environment_is_kept_and_one_of_another_source_is_an_error() {
    let (server, engine, vault) = bench("others").await;
    only(&copy(&vault, &engine, &owner("pr-7", 7)).await);
    let cloned = copy(&vault, &engine, &owner("pr-1", 1)).await;
    assert_eq!(only(&cloned).result, KeyResult::KeptForeign);
    assert!(cloned.notices[0].to_string().contains("environment `pr-7`"));
    server.put(&engine, "stage/other", json!({ "A": "1" })).await;
    let other = route(&engine, "stage/other", "preview/pr-1");
    let error =
        clone::clone(&vault, &other, &CloneOptions::default(), &owner("pr-7", 8), &deadline()).await.error.unwrap();
    assert!(error.chain().contains("is a copy of `others/stage/shop`"), "{}", error.chain());
}

#[tokio::test]
async fn a_copy_of_a_run_killed_before_its_provenance_is_adopted() {
    let (server, engine, vault) = bench("killed").await;
    let whole = json!({ "URL": "https://real", "N": 1, "KEY": "k" });
    server.put(&engine, "preview/pr-1", whole.clone()).await;
    let owner = owner("pr-1", 2);
    let cloned = copy(&vault, &engine, &owner).await;
    let record = only(&cloned);
    assert_eq!((record.result, record.version, record.source_version), (KeyResult::Adopted, 1, Some(1)));
    assert_eq!(server.metadata(&engine, "preview/pr-1").await["current_version"], 1);
    assert_eq!(destroyed(&vault, &engine, &cloned.keys, &owner).await, Removed::Deleted);
    // With another value it belongs to another owner.
    server.put(&engine, "preview/pr-1", json!({ "URL": "https://other" })).await;
    assert_eq!(only(&copy(&vault, &engine, &owner).await).result, KeyResult::KeptForeign);
}

#[tokio::test]
async fn a_copy_that_gets_its_provenance_from_another_run_is_not_adopted() {
    let (server, engine, vault) = bench("about").await;
    server.put(&engine, "preview/pr-1", json!({ "URL": "https://real", "N": 1, "KEY": "k" })).await;
    let owner = owner("pr-1", 2);
    let marks = async {
        // As late as the answers of a slow server make it.
        tokio::time::sleep(Duration::from_millis(400)).await;
        let marks = json!({
            "eod-env": "pr-7", "eod-installation": "acme", "eod-src": "about/stage/shop", "eod-src-version": "1",
        });
        server.admin("POST", "about/metadata/preview/pr-1", json!({ "custom_metadata": marks })).await
    };
    let (cloned, _) = tokio::join!(copy(&vault, &engine, &owner), marks);
    assert_eq!(only(&cloned).result, KeyResult::KeptForeign);
    assert!(cloned.notices[0].to_string().contains("environment `pr-7`"), "{}", cloned.notices[0]);
    assert_eq!(server.metadata(&engine, "preview/pr-1").await["custom_metadata"]["eod-env"], "pr-7");
}

#[tokio::test]
async fn a_value_stored_by_an_interrupted_run_is_recognised_by_its_time() {
    let (server, engine, vault) = bench("stopped").await;
    let whole = json!({ "URL": "https://real" });
    server.put(&engine, "preview/pr-1", whole).await;
    let time =
        server.metadata(&engine, "preview/pr-1").await["versions"]["1"]["created_time"].as_str().unwrap().to_owned();
    let record = |created_time: &str| KeyRecord {
        source_version: Some(1),
        version: 1,
        result: KeyResult::Cloned,
        edited: false,
        created_time: Some(created_time.to_owned()),
    };
    let keys = |created_time: &str| BTreeMap::from([(path("preview/pr-1"), record(created_time))]);
    let owner = owner("pr-1", 1);
    let unmarked = Removed::Left(LeaveReason::Unmarked);
    assert_eq!(destroyed(&vault, &engine, &keys("2026-01-01T00:00:00Z"), &owner).await, unmarked);
    assert_eq!(destroyed(&vault, &engine, &keys(&time), &owner).await, Removed::Deleted);
}

#[tokio::test]
async fn an_adopted_copy_belongs_to_the_run_that_adopted_it() {
    let (server, engine, vault) = bench("adopted").await;
    let (first, second) = (owner("pr-1", 1), owner("pr-1", 2));
    let made = copy(&vault, &engine, &first).await;
    server.put(&engine, "preview/pr-1", json!({ "URL": "edited" })).await;
    let adopted = copy(&vault, &engine, &second).await;
    let record = only(&adopted);
    assert_eq!((record.result, record.version, record.edited), (KeyResult::Adopted, 1, true));
    // The destroy of the replaced object must not delete the copy of its successor.
    assert_eq!(refreshed(&vault, &engine, &made.keys, &first).await, KeyState::Lost);
    assert_eq!(destroyed(&vault, &engine, &made.keys, &first).await, Removed::Left(LeaveReason::Successor));
    assert_eq!(server.value(&engine, "preview/pr-1").await, json!({ "URL": "edited" }));
    assert_eq!(destroyed(&vault, &engine, &adopted.keys, &second).await, Removed::Deleted);
}

#[tokio::test]
async fn a_deleted_copy_is_not_restored() {
    let (server, engine, vault) = bench("softly").await;
    let made = copy(&vault, &engine, &owner("pr-1", 1)).await;
    server.admin("DELETE", "softly/data/preview/pr-1", Value::Null).await;
    let edited = KeyState::Present(KeyRecord { edited: true, ..only(&made).clone() });
    assert_eq!(refreshed(&vault, &engine, &made.keys, &owner("pr-1", 1)).await, edited);
    let second = owner("pr-1", 2);
    let adopted = copy(&vault, &engine, &second).await;
    assert_eq!((only(&adopted).result, only(&adopted).edited), (KeyResult::Adopted, true));
    assert_eq!(server.value(&engine, "preview/pr-1").await, Value::Null);
    assert_eq!(destroyed(&vault, &engine, &adopted.keys, &second).await, Removed::Deleted);
    assert_eq!(server.metadata(&engine, "preview/pr-1").await, Value::Null);
}

#[tokio::test]
async fn a_missing_source_is_named() {
    let (server, engine, vault) = bench("missing").await;
    let clone_of = |source: &'static str| {
        let (vault, route) = (vault.clone(), route(&engine, source, "preview/pr-1"));
        async move {
            clone::clone(&vault, &route, &CloneOptions::default(), &owner("pr-1", 1), &deadline()).await.error.unwrap()
        }
    };
    let error = clone_of("stage/none").await;
    assert_eq!(error.kind, ErrorKind::NotFound);
    assert!(error.chain().contains("cannot copy secret `missing/stage/none`"), "{}", error.chain());
    server.admin("DELETE", "missing/data/stage/shop", Value::Null).await;
    assert!(clone_of("stage/shop").await.chain().contains("is deleted"));
    assert_eq!(server.metadata(&engine, "preview/pr-1").await, Value::Null);
}

#[tokio::test]
async fn custom_metadata_is_copied_up_to_its_limit() {
    let (server, engine, vault) = bench("custom").await;
    let custom: serde_json::Map<_, _> = (0..64).map(|n| (format!("k{n:02}"), json!("v".repeat(512)))).collect();
    server.admin("POST", "custom/metadata/stage/shop", json!({ "custom_metadata": custom })).await;
    let cloned = copy(&vault, &engine, &owner("pr-1", 1)).await;
    only(&cloned);
    let Notice::MetadataLeftOut { entries, .. } = &cloned.notices[0] else { panic!("{:?}", cloned.notices) };
    assert_eq!(entries.len(), 6);
    let copied = server.metadata(&engine, "preview/pr-1").await["custom_metadata"].clone();
    assert_eq!(copied.as_object().unwrap().len(), 64);
    assert_eq!(copied["k57"].as_str().map(str::len), Some(512));
}

#[tokio::test]
async fn overrides_are_written_only_to_unedited_copies() {
    let (server, engine, vault) = bench("overrides").await;
    let owner = owner("pr-1", 1);
    let made = copy(&vault, &engine, &owner).await;
    let target = path("preview/pr-1");
    let update = |record: KeyRecord, value: &'static str| {
        let (vault, engine, owner, target) = (vault.clone(), engine.clone(), owner.clone(), target.clone());
        async move {
            let over = overrides(&[("URL", value)]);
            clone::update_overrides(&vault, &engine.path, &target, &record, &over, &owner, &deadline()).await.unwrap()
        }
    };
    let Updated::Written(second) = update(only(&made).clone(), "https://two").await else { panic!("not written") };
    assert_eq!((second.version, second.edited), (2, false));
    assert_eq!(server.value(&engine, "preview/pr-1").await, json!({ "URL": "https://two", "N": 1, "KEY": "k" }));
    let keys = BTreeMap::from([(target.clone(), second.clone())]);
    assert_eq!(refreshed(&vault, &engine, &keys, &owner).await, KeyState::Present(second.clone()));
    server.put(&engine, "preview/pr-1", json!({ "URL": "mine" })).await;
    assert!(matches!(update(second.clone(), "https://three").await, Updated::Edited));
    assert_eq!(server.value(&engine, "preview/pr-1").await, json!({ "URL": "mine" }));
    // A run that adopts it reads that version 2 was ours and version 3 was not.
    let adopted = copy(&vault, &engine, &CopyOwner { nonce: Nonce::new([9; 16]), ..owner.clone() }).await;
    assert_eq!((only(&adopted).version, only(&adopted).edited), (2, true));
    assert!(matches!(update(second.clone(), "https://four").await, Updated::NotOurs));
    vault.delete_all(&engine, &target, &deadline()).await.unwrap();
    assert!(matches!(update(second, "https://five").await, Updated::Gone));
}

#[tokio::test]
async fn two_hundred_concurrent_creates_make_one_version() {
    let (server, engine, vault) = bench("race").await;
    let route = route(&engine, "stage/shop", "preview/pr-1");
    let (options, deadline) = (CloneOptions::default(), deadline());
    let owners: Vec<_> = (0..200).map(|nonce| owner("pr-1", nonce)).collect();
    let runs = owners.iter().map(|owner| clone::clone(&vault, &route, &options, owner, &deadline));
    let cloned = futures::future::join_all(runs).await;
    let results: Vec<_> = cloned.iter().map(|cloned| only(cloned).result).collect();
    assert_eq!(results.iter().filter(|result| **result == KeyResult::Cloned).count(), 1);
    assert_eq!(results.iter().filter(|result| **result == KeyResult::Adopted).count(), 199);
    let metadata = server.metadata(&engine, "preview/pr-1").await;
    assert_eq!(metadata["current_version"], 1);
    // Exactly one of them may delete it again.
    let mut deleted = 0;
    for (cloned, owner) in cloned.iter().zip(&owners) {
        deleted += usize::from(destroyed(&vault, &engine, &cloned.keys, owner).await == Removed::Deleted);
    }
    assert_eq!(deleted, 1);
}

#[tokio::test]
async fn a_copy_goes_to_version_2_only_and_may_come_from_version_1() {
    let server = Server::shared().await;
    let engine = server.engine("two").await;
    let vault = server.client(server.root());
    server.admin("POST", "kv1/stage/shop", json!({ "A": "1" })).await;
    let from_to = |source: &str, target: &str| {
        Route::new(
            source.parse().unwrap(),
            target.parse().unwrap(),
            &Globs::default_sensitive(),
            &Globs::default_targets(),
        )
        .unwrap()
    };
    let (options, owner) = (CloneOptions::default(), owner("pr-1", 1));
    let up = clone::clone(&vault, &from_to("kv1/stage/shop", "two/preview/pr-1"), &options, &owner, &deadline()).await;
    assert_eq!(only(&up).source_version, None);
    assert_eq!(server.value(&engine, "preview/pr-1").await, json!({ "A": "1" }));
    let down =
        clone::clone(&vault, &from_to("kv1/stage/shop", "kv1/preview/pr-1"), &options, &owner, &deadline()).await;
    assert!(down.error.unwrap().chain().contains("KV version 1"));
}
