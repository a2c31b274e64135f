use super::*;

#[test]
fn root_of_a_partial_tree_is_found() {
    for (directory, source, expected) in [
        ("/w/_cmp_server/1-2/apps/shop/pr", "apps/shop/pr", ("/w/_cmp_server/1-2", "apps/shop/pr")),
        ("/w/_cmp_server/1-2/shop/pr", "apps/shop/pr", ("/w/_cmp_server/1-2", "shop/pr")),
        ("/w/_cmp_server/1-2", "apps/shop/pr", ("/w/_cmp_server/1-2", ".")),
        ("/w/_cmp_server/1-2", ".", ("/w/_cmp_server/1-2", ".")),
        ("/w/_cmp_server/1-2/shop", "./shop/", ("/w/_cmp_server/1-2", "shop")),
    ] {
        let (root, below) = root_of(Path::new(directory), source);
        assert_eq!((root.to_str().unwrap(), below.as_str()), expected, "{directory} {source}");
    }
}

#[test]
fn manifests_are_json_lines_and_errors_are_refusals() {
    let root = tempfile::tempdir().unwrap();
    let app = root.path().join("deploy/app");
    std::fs::create_dir_all(&app).unwrap();
    std::fs::write(app.join("a.yaml"), "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\n").unwrap();
    let policy = root.path().join("policy.yaml");
    std::fs::write(&policy, "{version: 1, projects: {p: {namespaces: ['*-pr-*'], registries: []}}}").unwrap();
    let variables: BTreeMap<String, String> = [
        ("ARGOCD_APP_NAME", "shop"),
        ("ARGOCD_APP_NAMESPACE", "shop-pr-7"),
        ("ARGOCD_APP_PROJECT_NAME", "p"),
        ("ARGOCD_APP_SOURCE_PATH", "deploy/app"),
    ]
    .into_iter()
    .map(|(name, value)| (name.to_owned(), value.to_owned()))
    .collect();
    let options = SidecarArguments { policy, scratch: None, seed_file: "none".into(), registry_config: "none".into() };
    let lines = generate(&options, &app, variables.clone()).unwrap();
    assert!(lines.lines().all(|line| line.starts_with('{') && line.ends_with('}')), "{lines}");
    assert!(lines.contains(r#""kind":"Namespace""#) && lines.contains(r#""kind":"ConfigMap""#), "{lines}");

    let other = BTreeMap::from_iter([("ARGOCD_APP_PROJECT_NAME".to_owned(), "other".to_owned())]);
    let refusals = generate(&options, &app, variables.into_iter().chain(other).collect()).unwrap_err();
    assert!(refusals.to_string().contains("rule:   policy"), "{refusals}");
    let missing = SidecarArguments {
        policy: root.path().join("none"),
        scratch: None,
        seed_file: "none".into(),
        registry_config: "none".into(),
    };
    let refusals = generate(&missing, &app, BTreeMap::new()).unwrap_err();
    assert!(refusals.to_string().contains("--policy"), "{refusals}");
}
