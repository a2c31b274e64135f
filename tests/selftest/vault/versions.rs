//! Features of Vault that cloning needs: conditional creation, three kinds of deletion, metadata.

use eod_testkit::vault::{Client, Vault, kv};
use serde_json::{Value, json};

/// Writes a secret if it does not exist (`cas` is 0).
fn create(client: &Client, mount: &str, path: &str, value: &str) -> (u16, Value) {
    let body = json!({ "data": { "key": value }, "options": { "cas": 0 } });
    client.call("POST", &kv::data(mount, path), Some(&body))
}

#[test]
fn a_conditional_create_succeeds_once() {
    let vault = Vault::shared();
    let mount = vault.mount("cas");
    let root = vault.client(vault.token());
    let (status, answer) = create(&root, &mount, "one", "first");
    assert_eq!((status, &answer["data"]["version"]), (200, &json!(1)));
    let (status, answer) = create(&root, &mount, "one", "second");
    assert_eq!(status, 400);
    assert_eq!(answer["errors"][0], "check-and-set parameter did not match the current version");
    assert_eq!(vault.get(&mount, "one"), Some(json!({ "key": "first" })));
    // A secret with metadata and without a version does not conflict with a create.
    vault.put_custom_metadata(&mount, "two", &[("owner", "somebody")]);
    assert_eq!(create(&root, &mount, "two", "first").0, 200);
}

#[test]
fn a_policy_without_update_can_create_and_nothing_else() {
    let vault = Vault::shared();
    let mount = vault.mount("create-only");
    vault.put(&mount, "preview/old", &[("key", "theirs")]);
    let hcl = format!("path \"{mount}/data/preview/*\" {{ capabilities = [\"create\"] }}");
    let client = vault.client(&vault.token_with(&[&vault.policy("create-only", &hcl)], "10m"));
    assert_eq!(create(&client, &mount, "preview/new", "ours").0, 200);
    assert_eq!(create(&client, &mount, "preview/new", "again").0, 403);
    assert_eq!(create(&client, &mount, "preview/old", "ours").0, 403);
    assert_eq!(create(&client, &mount, "elsewhere", "ours").0, 403);
    assert_eq!(client.call("GET", &kv::data(&mount, "preview/new"), None).0, 403);
    assert_eq!(vault.get(&mount, "preview/old"), Some(json!({ "key": "theirs" })));
    // After metadata were written, the first write of data is an update.
    vault.put_custom_metadata(&mount, "preview/labelled", &[("owner", "somebody")]);
    assert_eq!(create(&client, &mount, "preview/labelled", "ours").0, 403);
}

#[test]
fn a_person_edits_one_key_and_keeps_the_others() {
    let vault = Vault::shared();
    let mount = vault.mount("edit");
    assert_eq!(vault.put(&mount, "app", &[("user", "a"), ("password", "b")]), 1);
    assert_eq!(vault.patch_by_person(&mount, "app", &[("password", "c")]), 2);
    assert_eq!(vault.get(&mount, "app"), Some(json!({ "user": "a", "password": "c" })));
    let body = json!({ "data": { "user": "d" } });
    let root = vault.client(vault.token());
    root.done("PATCH", &kv::data(&mount, "app"), Some(&body));
    assert_eq!(vault.get(&mount, "app"), Some(json!({ "user": "d", "password": "c" })));
    assert_eq!(vault.metadata(&mount, "app").unwrap()["current_version"], 3);
}

#[test]
fn a_soft_deleted_secret_still_exists() {
    let vault = Vault::shared();
    let mount = vault.mount("deleted");
    let root = vault.client(vault.token());
    vault.put(&mount, "app", &[("key", "value")]);
    vault.soft_delete(&mount, "app");
    assert_eq!(vault.get(&mount, "app"), None);
    let (status, answer) = root.call("GET", &kv::data(&mount, "app"), None);
    assert_eq!((status, &answer["data"]["data"]), (404, &Value::Null));
    assert_ne!(answer["data"]["metadata"]["deletion_time"], "");
    assert_eq!(create(&root, &mount, "app", "again").0, 400);
    vault.undelete(&mount, "app", &[1]);
    assert_eq!(vault.get(&mount, "app"), Some(json!({ "key": "value" })));
}

#[test]
fn a_destroyed_version_is_known_and_a_removed_secret_is_not() {
    let vault = Vault::shared();
    let mount = vault.mount("destroyed");
    let root = vault.client(vault.token());
    vault.put(&mount, "app", &[("key", "one")]);
    vault.put(&mount, "app", &[("key", "two")]);
    vault.destroy_versions(&mount, "app", &[2]);
    let (status, answer) = root.call("GET", &kv::data(&mount, "app"), None);
    assert_eq!((status, &answer["data"]["metadata"]["destroyed"]), (404, &json!(true)));
    vault.undelete(&mount, "app", &[2]);
    assert_eq!(vault.get(&mount, "app"), None);
    let versions = vault.metadata(&mount, "app").unwrap()["versions"].clone();
    assert_eq!((&versions["1"]["destroyed"], &versions["2"]["destroyed"]), (&json!(false), &json!(true)));
    vault.remove(&mount, "app");
    assert_eq!(vault.metadata(&mount, "app"), None);
    assert_eq!(root.call("GET", &kv::data(&mount, "app"), None), (404, json!({ "errors": [] })));
    // Removing a secret that does not exist is not an error.
    vault.remove(&mount, "app");
}

#[test]
fn custom_metadata_is_replaced_by_post_and_changed_by_patch() {
    let vault = Vault::shared();
    let mount = vault.mount("metadata");
    vault.put(&mount, "app", &[("key", "value")]);
    vault.put_custom_metadata(&mount, "app", &[("a", "1"), ("b", "2")]);
    vault.put_custom_metadata(&mount, "app", &[("b", "3")]);
    assert_eq!(vault.metadata(&mount, "app").unwrap()["custom_metadata"], json!({ "b": "3" }));
    let body = json!({ "custom_metadata": { "c": "4" } });
    vault.client(vault.token()).done("PATCH", &kv::metadata(&mount, "app"), Some(&body));
    assert_eq!(vault.metadata(&mount, "app").unwrap()["custom_metadata"], json!({ "b": "3", "c": "4" }));
    assert_eq!(vault.get(&mount, "app"), Some(json!({ "key": "value" })));
}

#[test]
fn a_name_can_be_a_secret_and_a_folder_and_contain_any_character() {
    let vault = Vault::shared();
    let mount = vault.mount("list");
    for path in ["app", "app/db", "app/deep/er", "größe & 100%"] {
        vault.put(&mount, path, &[("path", path)]);
        assert_eq!(vault.get(&mount, path), Some(json!({ "path": path })));
    }
    assert_eq!(vault.list(&mount, ""), ["app", "app/", "größe & 100%"]);
    assert_eq!(vault.list(&mount, "app"), ["db", "deep/"]);
    assert_eq!(vault.list(&mount, "nowhere"), [""; 0]);
}

#[test]
fn a_kv_1_engine_has_no_versions() {
    let vault = Vault::shared();
    let mount = vault.mount_v1("first");
    vault.put_v1(&mount, "app", &[("key", "one")]);
    vault.put_v1(&mount, "app", &[("key", "two")]);
    assert_eq!(vault.get_v1(&mount, "app"), Some(json!({ "key": "two" })));
    assert_eq!(vault.get_v1(&mount, "other"), None);
    for (mount, version) in [(mount, "1"), (vault.mount("second"), "2")] {
        let (_, answer) = vault.call("GET", &format!("sys/internal/ui/mounts/{mount}"), None);
        assert_eq!(answer["data"]["options"]["version"], version);
    }
}
