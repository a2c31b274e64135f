use super::*;
use crate::arguments::ParameterArguments;

fn options(path: PathBuf, parameters: &[(&str, &str)]) -> RenderArguments {
    let parameters = parameters.iter().map(|(name, value)| RawParameter::text(*name, *value)).collect();
    let project = "default".to_owned();
    RenderArguments { path, project, parameters: ParameterArguments(parameters), ..RenderArguments::default() }
}

fn checkout() -> tempfile::TempDir {
    let root = tempfile::tempdir().unwrap();
    std::fs::create_dir_all(root.path().join("deploy/pr")).unwrap();
    std::fs::create_dir_all(root.path().join(".git")).unwrap();
    std::fs::create_dir_all(root.path().join("base")).unwrap();
    let config = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\n";
    std::fs::write(root.path().join("base/a.yaml"), config).unwrap();
    std::fs::write(root.path().join("base/kustomization.yaml"), "resources: [a.yaml]").unwrap();
    std::fs::write(root.path().join("deploy/pr/kustomization.yaml"), "resources: [../../base]").unwrap();
    root
}

#[test]
fn base_above_the_directory_is_found_in_the_checkout() {
    let root = checkout();
    let path = root.path().join("deploy/pr");
    let yaml = render_directory(options(path.clone(), &[("environment", "demo")])).unwrap().yaml();
    assert!(yaml.starts_with("---\n") && yaml.contains("kind: ConfigMap\n"), "{yaml}");
    assert!(yaml.contains("namespace: demo\n"), "{yaml}");
    let pull_request = [("repository", "acme/shop"), ("pull-request", "7")];
    let named = render_directory(options(path.clone(), &pull_request)).unwrap().yaml();
    assert!(named.contains("namespace: shop-pr-7\n"), "{named}");

    let only = RenderArguments { root: Some(path.clone()), ..options(path.clone(), &[("environment", "demo")]) };
    let refusals = render_directory(only).unwrap_err().to_string();
    assert!(refusals.contains("is outside the received files"), "{refusals}");
    let beside = RenderArguments { root: Some(root.path().join("base")), ..options(path.clone(), &[]) };
    assert!(render_directory(beside).unwrap_err().to_string().contains("must be below the root"));
    let nameless = render_directory(options(path, &[])).unwrap_err().to_string();
    assert!(nameless.contains("--parameter environment=NAME"), "{nameless}");
    assert!(render_directory(options(root.path().join("none"), &[])).is_err());
}

#[test]
fn difference_is_a_unified_diff() {
    let (before, after) = ("a\nb\nc\n", "a\nB\nc\nd");
    expect_test::expect![[r#"
            @@ -1,3 +1,4 @@
             a
            -b
            +B
             c
            +d
        "#]]
    .assert_eq(&difference(before, after, false));
    assert!(difference(before, after, true).contains("\u{1b}[31m-b\u{1b}[0m\n"));
    assert_eq!(difference(before, before, true), "no change\n");
    let directory = tempfile::tempdir().unwrap();
    assert_eq!(read_earlier(&directory.path().join("none")).unwrap(), "", "a missing file is empty");
    assert!(read_earlier(directory.path()).is_err());
}
