//! Identity of an environment: Argo CD sends it, and the parameters of a pull request must agree with it.

use eod_testkit::argocd::{ArgoCd, Request};
use serde_json::{Value, json};

use super::{CONFIG, PROJECT, RenderStory, object, ours, titles};

/// Guards of an environment, in the order of their application.
const GUARDS: [&str; 12] = [
    "Namespace/shop-pr-7",
    "ServiceAccount/default",
    "ResourceQuota/eod",
    "LimitRange/eod",
    "NetworkPolicy/allow-dns",
    "NetworkPolicy/allow-ingress",
    "NetworkPolicy/allow-same-namespace",
    "NetworkPolicy/allow-stable",
    "NetworkPolicy/default-deny",
    "ConfigMap/settings",
    "ConfigMap/shop-pr-7-render",
    "Service/payments",
];

#[test]
fn application_gets_a_complete_environment() {
    let argocd = ArgoCd::own();
    let story = RenderStory::begin(&argocd, "eod@v1", &[("apps/shop/one.yaml", CONFIG)]);
    let rendered = argocd.generate(&story.request_of("apps/shop", "shop-pr-7")).expect_rendered();
    assert_eq!((rendered.source_type.as_str(), rendered.revision), ("Plugin", story.repository.head()));
    assert_eq!(titles(&rendered.manifests), GUARDS);
    for manifest in &rendered.manifests {
        let labels = &manifest["metadata"]["labels"];
        assert_eq!((ours(labels, "env"), ours(labels, "installation")), (&json!("shop-pr-7"), &json!("acme")));
        let namespace = if manifest["kind"] == "Namespace" { Value::Null } else { json!("shop-pr-7") };
        assert_eq!(manifest["metadata"]["namespace"], namespace, "{manifest}");
    }
    // Argo CD adds its tracking id, and only the guards have an earlier sync wave.
    let namespace = &rendered.manifests[0]["metadata"]["annotations"];
    assert_eq!(namespace["argocd.argoproj.io/tracking-id"], "shop-pr-7:/Namespace:shop-pr-7/shop-pr-7");
    assert_eq!(namespace["argocd.argoproj.io/sync-wave"], "-20");
}

#[test]
fn destination_namespace_is_the_identity() {
    let story = RenderStory::begin(ArgoCd::shared(), "identity@destination", &[("shop/one.yaml", CONFIG)]);
    let application = json!({
        "apiVersion": "argoproj.io/v1alpha1",
        "kind": "Application",
        // An Application in another namespace: Argo CD adds that namespace to the name.
        "metadata": { "name": "anything", "namespace": "team" },
        "spec": {
            "project": PROJECT,
            "source": {
                "repoURL": story.repository.url(), "path": "shop", "targetRevision": "main",
                "plugin": {
                    "name": story.plugin.name(),
                    // Argo CD adds a prefix to these variables, so they cannot replace the identity.
                    "env": [
                        { "name": "ARGOCD_APP_NAMESPACE", "value": "kube-system" },
                        { "name": "ARGOCD_APP_PROJECT_NAME", "value": "other" },
                    ],
                },
            },
            "destination": { "name": "in-cluster", "namespace": "shop-pr-8" },
        },
    });
    let manifests = story.rendered(&Request::of(&application));
    let settings = object(&manifests, "ConfigMap/settings");
    assert_eq!(settings["metadata"]["namespace"], "shop-pr-8");
    assert_eq!(ours(&settings["metadata"]["labels"], "env"), "shop-pr-8");
    let mark = &settings["metadata"]["annotations"]["argocd.argoproj.io/tracking-id"];
    assert_eq!(mark, "team_anything:/ConfigMap:shop-pr-8/settings");
}

#[test]
fn contradicting_parameters_are_refused() {
    let story = RenderStory::begin(ArgoCd::shared(), "identity@parameters", &[("shop/one.yaml", CONFIG)]);
    let pull_request = story.request("shop-pr-7").parameter("repository", "acme/shop").parameter("pull-request", "7");
    assert_eq!(titles(&story.rendered(&pull_request))[0], "Namespace/shop-pr-7");

    let text = story.refused(&story.request("shop-pr-7").parameter("environment", "shop-pr-8"));
    expect_test::expect![[r#"
        eod-cmp refuses this render for 1 reason

        parameters: environment
          rule:   identity
          found:  expected the Application's destination namespace `shop-pr-7`, got `shop-pr-8`
          remedy: set the parameter and `spec.destination.namespace` to the same name"#]]
    .assert_eq(&text);
    let other = story.request("shop-pr-7").parameter("repository", "acme/shop").parameter("pull-request", "8");
    expect_test::expect![[r#"
        eod-cmp refuses this render for 1 reason

        parameters: pull-request
          rule:   identity
          found:  the pull request's environment is `shop-pr-8`, but the destination namespace is `shop-pr-7`
          remedy: set `spec.destination.namespace` to `shop-pr-8`, or set the parameter `environment` to `shop-pr-7`"#]]
    .assert_eq(&story.refused(&other));
}

#[test]
fn namespace_and_project_must_be_in_the_policy() {
    let story = RenderStory::begin(ArgoCd::shared(), "identity@policy", &[("shop/one.yaml", CONFIG)]);
    expect_test::expect![[r#"
        eod-cmp refuses this render for 1 reason

        Application shop
          rule:   identity
          found:  namespace `shop` is not allowed for project `previews`; allowed are: `*-pr-*`
          remedy: use an allowed namespace, or have the platform add it to `namespaces` in the policy"#]]
    .assert_eq(&story.refused(&story.request("shop")));
    let text = story.refused(&story.request("kube-system"));
    assert!(text.contains("environment name `kube-system` is reserved"), "{text}");
    let text = story.refused(&story.request("shop-pr-7").project("default"));
    expect_test::expect![[r#"
        eod-cmp refuses this render for 1 reason

        project default
          rule:   policy
          found:  the policy has no section for the Argo CD project `default`; it has: `previews`
          remedy: use one of these projects, or have the platform add a section to the policy"#]]
    .assert_eq(&text);
}

/// Exactly one of them owns the namespace, so none deletes objects of another one.
#[test]
fn applications_can_share_an_environment() {
    let files = [("shop/one.yaml", CONFIG), ("web/two.yaml", &CONFIG.replace("settings", "web"))];
    let story = RenderStory::begin(ArgoCd::shared(), "identity@shared", &files);
    let first = titles(&story.rendered(&story.request("shop-pr-7")));
    let second = story.request_of("web", "shop-pr-7").application("shop-pr-7-web").parameter("guards", "none");
    let second = story.rendered(&second);
    assert_eq!(titles(&second), ["ConfigMap/shop-pr-7-web-render", "ConfigMap/web"]);
    assert_eq!((first.len(), &second[0]["metadata"]["namespace"]), (GUARDS.len(), &json!("shop-pr-7")));
    // With `guards = terraform` the namespace exists already; the Services of stable services are still rendered.
    let guarded = titles(&story.rendered(&story.request("shop-pr-7").parameter("guards", "terraform")));
    assert_eq!(guarded, ["ConfigMap/settings", "ConfigMap/shop-pr-7-render", "Service/payments"]);
}
