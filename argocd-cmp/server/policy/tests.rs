use super::*;

fn policy(namespaces: &str) -> String {
    format!("{{version: 1, projects: {{previews: {{namespaces: ['{namespaces}'], registries: []}}}}}}")
}

#[test]
fn a_broken_policy_never_replaces_one_that_works() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("policy.yaml");
    assert!(PolicyStore::open(&path).unwrap_err().to_string().contains("--policy"), "nothing starts without one");
    std::fs::write(&path, policy("a-*")).unwrap();
    let store = PolicyStore::open(&path).unwrap();
    let first = store.current();
    assert_eq!(store.reload(), Reload::Same);

    std::fs::write(&path, "version: 1\nprojects: {previews: {kindz: []}}").unwrap();
    let Reload::Refused(refusals) = store.reload() else { panic!("it has a key that nobody knows") };
    assert!(refusals.to_string().contains("kindz"), "{refusals}");
    assert!(Arc::ptr_eq(&first, &store.current()) && store.trouble().is_some());
    std::fs::remove_file(&path).unwrap();
    assert!(matches!(store.reload(), Reload::Refused(_)), "a file that is gone changes nothing");
    assert!(Arc::ptr_eq(&first, &store.current()));

    std::fs::write(&path, policy("b-*")).unwrap();
    assert_eq!(store.reload(), Reload::Replaced);
    assert!(store.current().digest != first.digest && store.trouble().is_none());
}
