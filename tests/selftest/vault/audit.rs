//! What the audit log can prove, and that it would notice the contrary.

use eod_testkit::vault::{Vault, kv};

#[test]
fn a_secret_that_was_not_read_is_told_from_one_that_was() {
    let vault = Vault::shared();
    let mount = vault.mount("was-read");
    vault.put(&mount, "app", &[("key", "canary-app-5f1c")]);
    vault.put(&mount, "sensitive/app", &[("key", "canary-sensitive-5f1c")]);
    let audit = vault.audit();
    assert!(!audit.was_read(&mount, "app"));
    vault.get(&mount, "app").unwrap();
    vault.metadata(&mount, "sensitive/app").unwrap();
    vault.list(&mount, "sensitive");
    assert!(audit.was_read(&mount, "app"));
    assert!(!audit.was_read(&mount, "sensitive"));
    assert!(audit.value_ever_returned("canary-app-5f1c"));
    assert!(!audit.value_ever_returned("canary-sensitive-5f1c"));
    // From here on nothing was read yet.
    let later = audit.starting_here();
    assert!(!later.was_read(&mount, "app"));
    assert!(!later.value_ever_returned("canary-app-5f1c"));
    vault.get(&mount, "sensitive/app").unwrap();
    assert!(later.was_read(&mount, "sensitive"));
    assert!(later.value_ever_returned("canary-sensitive-5f1c"));
}

#[test]
fn a_read_that_was_refused_is_logged_and_is_no_read() {
    let vault = Vault::shared();
    let mount = vault.mount("refused");
    vault.put(&mount, "app", &[("key", "canary-refused-77aa")]);
    let client = vault.client(&vault.token_with(&["default"], "10m"));
    assert_eq!(client.call("GET", &kv::data(&mount, "app"), None).0, 403);
    let audit = vault.audit();
    assert!(!audit.was_read(&mount, "app"));
    assert!(!audit.value_ever_returned("canary-refused-77aa"));
    let calls = audit.operations(&format!("{mount}/data"));
    let seen: Vec<_> = calls.iter().map(|call| (call.operation.as_str(), call.error.is_some())).collect();
    assert_eq!(seen, [("create", false), ("read", true)]);
    assert!(calls[1].error.as_ref().unwrap().contains("permission denied"), "{calls:?}");
}

#[test]
fn operations_are_told_apart_and_a_prefix_is_whole_segments() {
    let vault = Vault::shared();
    let mount = vault.mount("prefix");
    for path in ["pr-1/app", "pr-12/app"] {
        vault.put(&mount, path, &[("key", "value")]);
    }
    vault.put(&mount, "pr-1/app", &[("key", "again")]);
    vault.soft_delete(&mount, "pr-1/app");
    let audit = vault.audit();
    let of = |prefix: &str| -> Vec<String> {
        let calls = audit.operations(&format!("{mount}/data/{prefix}"));
        calls.into_iter().map(|call| format!("{} {}", call.operation, &call.path[mount.len()..])).collect()
    };
    assert_eq!(of("pr-1"), ["create /data/pr-1/app", "update /data/pr-1/app", "delete /data/pr-1/app"]);
    assert_eq!(of("pr-12/"), ["create /data/pr-12/app"]);
    assert_eq!(of("pr"), [""; 0]);
}

#[test]
fn a_read_from_a_first_version_engine_is_noticed() {
    let vault = Vault::shared();
    let mount = vault.mount_v1("first-read");
    vault.put_v1(&mount, "app", &[("key", "value")]);
    let audit = vault.audit();
    assert!(!audit.was_read(&mount, "app"));
    vault.get_v1(&mount, "app").unwrap();
    assert!(audit.was_read(&mount, "app"));
}
