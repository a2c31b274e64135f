//! The audit log shows every call, so it also proves that a call was not made.

use eod_testkit::vault::{Vault, kv};

#[test]
fn audit_log_distinguishes_read_and_unread_secrets() {
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
    // No secret was read after this point.
    let later = audit.starting_here();
    assert!(!later.was_read(&mount, "app"));
    assert!(!later.value_ever_returned("canary-app-5f1c"));
    vault.get(&mount, "sensitive/app").unwrap();
    assert!(later.was_read(&mount, "sensitive"));
    assert!(later.value_ever_returned("canary-sensitive-5f1c"));
}

#[test]
fn rejected_read_is_logged_and_not_counted() {
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
fn operations_are_distinguished_and_a_prefix_is_whole_segments() {
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
fn read_from_a_kv_1_engine_is_found() {
    let vault = Vault::shared();
    let mount = vault.mount_v1("first-read");
    vault.put_v1(&mount, "app", &[("key", "value")]);
    let audit = vault.audit();
    assert!(!audit.was_read(&mount, "app"));
    vault.get_v1(&mount, "app").unwrap();
    assert!(audit.was_read(&mount, "app"));
}
