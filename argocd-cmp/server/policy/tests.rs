use super::*;

fn policy(namespaces: &str) -> String {
    format!("{{version: 1, projects: {{previews: {{namespaces: ['{namespaces}'], registries: []}}}}}}")
}

#[test]
fn invalid_policy_never_replaces_a_valid_one() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("policy.yaml");
    assert!(PolicyStore::open(&path).unwrap_err().to_string().contains("--policy"), "a policy is required");
    std::fs::write(&path, policy("a-*")).unwrap();
    let store = PolicyStore::open(&path).unwrap();
    let first = store.current();
    assert_eq!(store.reload(), PolicyReload::Same);

    std::fs::write(&path, "version: 1\nprojects: {previews: {kindz: []}}").unwrap();
    let PolicyReload::Refused(refusals) = store.reload() else { panic!("the policy has an unknown key") };
    assert!(refusals.to_string().contains("kindz"), "{refusals}");
    assert!(Arc::ptr_eq(&first, &store.current()) && store.errors().is_some());
    std::fs::remove_file(&path).unwrap();
    assert!(matches!(store.reload(), PolicyReload::Refused(_)), "a missing file is an error");
    assert!(Arc::ptr_eq(&first, &store.current()));

    std::fs::write(&path, policy("b-*")).unwrap();
    assert_eq!(store.reload(), PolicyReload::Replaced);
    assert!(store.current().digest != first.digest && store.errors().is_none());
}
