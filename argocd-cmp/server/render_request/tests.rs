use super::*;

fn variables(pairs: &[(&str, &str)]) -> BTreeMap<String, String> {
    pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
}

#[test]
fn identity_comes_only_from_the_variables() {
    let env = [
        ("ARGOCD_APP_NAME", "shop-pr-7"),
        ("ARGOCD_APP_NAMESPACE", "shop-pr-7"),
        ("ARGOCD_APP_PROJECT_NAME", "previews"),
        ("ARGOCD_APP_SOURCE_PATH", "deploy/pr"),
        ("ARGOCD_APP_SOURCE_REPO_URL", "https://git.example/acme/shop"),
        ("ARGOCD_APP_REVISION", "0c3cf7115a1b9b3a1d6a7d9c3bb2f3d35c7cbe21"),
        ("ARGOCD_APP_PARAMETERS", "[]"),
        ("ARGOCD_ENV_ARGOCD_APP_NAME", "evil"),
        ("PARAM_ENVIRONMENT", "evil"),
        ("KUBE_VERSION", "1.36.1"),
        ("KUBE_API_VERSIONS", "v1,apps/v1,"),
    ];
    let metadata = wire::ManifestRequestMetadata {
        app_name: "evil".to_owned(),
        app_rel_path: "deploy/pr".to_owned(),
        checksum: "0".repeat(64),
        size: 3,
        env: env.iter().map(|(name, value)| wire::EnvEntry { name: (*name).into(), value: (*value).into() }).collect(),
    };
    let (request, declared) = RenderRequest::from_metadata(metadata).unwrap();
    assert_eq!(declared.size, 3);
    assert_eq!(
        request,
        RenderRequest {
            application: Application {
                name: "shop-pr-7".to_owned(),
                namespace: "shop-pr-7".to_owned(),
                project: "previews".to_owned(),
                repository: "https://git.example/acme/shop".to_owned(),
                revision: Some("0c3cf7115a1b9b3a1d6a7d9c3bb2f3d35c7cbe21".to_owned()),
                kube_version: Some("1.36.1".to_owned()),
                api_versions: vec!["v1".to_owned(), "apps/v1".to_owned()],
            },
            parameters: "[]".to_owned(),
            directory: "deploy/pr".to_owned(),
            above: String::new(),
        }
    );
    assert_eq!(RenderRequest::from_variables(variables(&[]), ".".to_owned()).application, Application::default());
}

#[test]
fn path_above_a_partial_archive_is_derived() {
    for (source, directory, expected) in [
        ("apps/shop/pr", "apps/shop/pr", ""),
        ("apps/shop/pr", "shop/pr", "apps"),
        ("apps/shop/pr", ".", "apps/shop/pr"),
        (".", ".", ""),
        ("", "", ""),
        (".deploy/shop", "shop", ".deploy"),
        ("shop", ".", "shop"),
        ("./apps/shop/", "shop", "apps"),
        ("apps/workshop", "shop", ""),
    ] {
        assert_eq!(above(source, directory), expected, "{source} {directory}");
    }
}
