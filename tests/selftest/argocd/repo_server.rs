//! The real repo-server renders the content of a repository.

use std::process::Command;

use eod_testkit::{
    argocd::{ArgoCd, Repository, Request, Settings, Tool},
    command,
};
use serde_json::json;

const CONFIG_MAP: &str = "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: one\ndata:\n  key: value\n";

#[test]
fn plain_folder_is_rendered() {
    let repository = Repository::new(&[("shop/one.yaml", CONFIG_MAP), ("other/two.yaml", "not a manifest")]);
    let request = Request::new(&repository, "shop").application("shop-pr-1").namespace("preview");
    let rendered = ArgoCd::shared().generate(&request).expect_rendered();
    assert_eq!((rendered.source_type.as_str(), rendered.revision), ("Directory", repository.head()));
    let expected = json!([{
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {
            "name": "one",
            "annotations": { "argocd.argoproj.io/tracking-id": "shop-pr-1:/ConfigMap:preview/one" },
        },
        "data": { "key": "value" },
    }]);
    assert_eq!(json!(rendered.manifests), expected);
}

#[test]
fn error_has_the_text_that_users_see() {
    let repository = Repository::new(&[("shop/one.yaml", CONFIG_MAP)]);
    let request = Request::new(&repository, "none");
    let failure = ArgoCd::shared().generate(&request).expect_failure();
    assert_eq!((failure.code.as_str(), failure.message.as_str()), ("Unknown", "none: app path does not exist"));
    assert_eq!(
        failure.shown,
        "Failed to load target state: failed to generate manifest for source 1 of 1: rpc error: code = Unknown \
         desc = none: app path does not exist"
    );
    let failure = ArgoCd::shared().generate(&Request::new(&repository, "shop").revision("gone")).expect_failure();
    assert_eq!(failure.message, "unable to resolve 'gone' to a commit SHA");
}

#[test]
fn refresh_finds_a_new_commit() {
    let repository = Repository::new(&[("shop/one.yaml", CONFIG_MAP)]);
    let request = Request::new(&repository, "shop");
    let first = ArgoCd::shared().generate(&request).expect_rendered();
    repository.write("shop/one.yaml", CONFIG_MAP.replace("value", "changed"));
    let second = repository.commit("second");
    // The commit of `main` is cached for some time.
    let cached = ArgoCd::shared().generate(&request).expect_rendered();
    assert_eq!((&cached.revision, &cached.manifests), (&first.revision, &first.manifests));
    for looking in [request.clone().refresh(), request.clone().hard()] {
        let fresh = ArgoCd::shared().generate(&looking).expect_rendered();
        assert_eq!((&fresh.revision, &fresh.manifests[0]["data"]["key"]), (&second, &json!("changed")));
    }
    let named = ArgoCd::shared().generate(&request.revision(&first.revision)).expect_rendered();
    assert_eq!(named.manifests, first.manifests);
}

#[test]
fn parallel_applications_get_their_own_manifests() {
    let repository = Repository::new(&[("shop/one.yaml", CONFIG_MAP)]);
    let names: Vec<_> = (0..16).map(|number| format!("shop-pr-{number}")).collect();
    let requests: Vec<_> = names.iter().map(|name| Request::new(&repository, "shop").application(name)).collect();
    let answers = ArgoCd::shared().generate_all(&requests, requests.len());
    assert_eq!(answers.len(), names.len());
    for (name, answer) in names.iter().zip(answers) {
        let manifests = answer.expect_manifests();
        let mark = &manifests[0]["metadata"]["annotations"]["argocd.argoproj.io/tracking-id"];
        assert_eq!(mark, &json!(format!("{name}:/ConfigMap:shop/one")));
    }
}

#[test]
fn whole_application_is_accepted() {
    let repository = Repository::new(&[("shop/one.yaml", CONFIG_MAP)]);
    let application = json!({
        "apiVersion": "argoproj.io/v1alpha1",
        "kind": "Application",
        "metadata": { "name": "whole", "namespace": "elsewhere" },
        "spec": {
            "project": "default",
            "source": { "repoURL": repository.url(), "path": "shop", "targetRevision": "main" },
            "destination": { "name": "in-cluster", "namespace": "preview" },
        },
    });
    let manifests = ArgoCd::shared().generate(&Request::of(&application)).expect_manifests();
    // The name has the namespace as a prefix, because this is not Argo CD's own namespace.
    let mark = &manifests[0]["metadata"]["annotations"]["argocd.argoproj.io/tracking-id"];
    assert_eq!(mark, "elsewhere_whole:/ConfigMap:preview/one");
}

#[test]
fn helm_and_kustomize_have_the_pinned_versions() {
    let repository = Repository::new(&[
        ("overlay/kustomization.yaml", "resources: [one.yaml]\nnamePrefix: pr-1-\n"),
        ("overlay/one.yaml", CONFIG_MAP),
        ("chart/Chart.yaml", "apiVersion: v2\nname: chart\nversion: 1.0.0\n"),
        ("chart/templates/one.yaml", "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: {{ .Release.Name }}\n"),
    ]);
    for (tool, arguments, version) in [
        (Tool::StockHelm, ["version", "--short"].as_slice(), "v3.22.0"),
        (Tool::Kustomize, ["version"].as_slice(), "v5.8.2"),
    ] {
        let said = command::run(Command::new(tool.path()).args(arguments), "").expect_ok();
        assert_eq!(said.trim(), version);
    }
    let argocd = ArgoCd::with(&Settings { tools: vec![Tool::StockHelm, Tool::Kustomize], ..Settings::default() });
    for (path, source_type, name) in [("overlay", "Kustomize", "pr-1-one"), ("chart", "Helm", "chart")] {
        let rendered = argocd.generate(&Request::new(&repository, path)).expect_rendered();
        assert_eq!(
            (rendered.source_type.as_str(), &rendered.manifests[0]["metadata"]["name"]),
            (source_type, &json!(name))
        );
    }
}
