//! Errors in the form that a user of Argo CD reads.

use eod_testkit::argocd::ArgoCd;

use super::{CONFIG, RenderStory, SHOP, titles};

/// Sources that are refused, in several files.
const HOSTILE: [(&str, &str); 4] = [
    (
        "shop/pod.yaml",
        "apiVersion: apps/v1\nkind: Deployment\nmetadata: { name: api }\nspec:\n  selector: { matchLabels: { app: api } }\n  \
         template:\n    metadata: { labels: { app: api } }\n    spec:\n      hostNetwork: true\n      containers:\n        \
         - { name: api, image: docker.io/library/api:1 }\n",
    ),
    (
        "shop/secret.yaml",
        "# Everything.\napiVersion: external-secrets.io/v1\nkind: ExternalSecret\nmetadata: { name: all }\n",
    ),
    ("shop/elsewhere.yaml", "apiVersion: argoproj.io/v1alpha1\nkind: Application\nmetadata: { name: other }\n"),
    ("shop/settings.yaml", CONFIG),
];

#[test]
fn all_refusals_are_reported_with_file_line_object_rule_and_remedy() {
    let story = RenderStory::begin(ArgoCd::shared(), "errors@all", &HOSTILE);
    let failure = story.argocd.generate(&story.request("shop-pr-7")).expect_failure();
    // Text of the condition in Argo CD's user interface.
    expect_test::expect![[r#"
        Failed to load target state: failed to generate manifest for source 1 of 1: rpc error: code = Unknown desc = CMP processing failed for application "shop-pr-7": error generating manifests in cmp: rpc error: code = FailedPrecondition desc = eod-cmp refuses this render for 4 reasons

        shop/elsewhere.yaml:1: Application/other
          rule:   kind
          found:  `Application` of `argoproj.io/v1alpha1` is never allowed: it controls Argo CD
          remedy: remove the object, or have the platform add `argoproj.io/Application` to `drop_kinds` of the policy to leave it out

        shop/pod.yaml:9: Deployment/api
          rule:   host-access
          found:  `spec.template.spec.hostNetwork` must be false
          remedy: write `false`, or remove the field

        shop/pod.yaml:11: Deployment/api
          rule:   image
          found:  `spec.template.spec.containers[0].image` is `docker.io/library/api:1`, which is not from an allowed registry
          remedy: push the image to `registry.acme.internal/`, or replace it with the parameter `images`

        shop/secret.yaml:2: ExternalSecret/all
          rule:   kind
          found:  `ExternalSecret` of `external-secrets.io/v1` is never allowed: it reads secrets with the permissions of the secret store
          remedy: remove the object, or have the platform add `external-secrets.io/ExternalSecret` to `drop_kinds` of the policy to leave it out"#]].assert_eq(&failure.shown);
    assert_eq!(story.calls("refused"), 1.0);
    assert_eq!(story.plugin.number("eod_cmp_refusals_total{rule=\"kind\"}"), 2.0);
}

#[test]
fn yaml_error_has_its_line() {
    let twice = "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: a\n  name: b\n";
    let files =
        [("shop/twice.yaml", twice), ("shop/broken.yaml", "apiVersion: v1\nkind: [\n"), ("shop/a.yaml", CONFIG)];
    let story = RenderStory::begin(ArgoCd::shared(), "errors@yaml", &files);
    expect_test::expect![[r#"
        eod-cmp refuses this render for 2 reasons

        shop/broken.yaml:2
          rule:   yaml
          found:  invalid YAML: unclosed bracket '['
          remedy: correct the line; templates of Helm must be part of a chart

        shop/twice.yaml:5
          rule:   yaml
          found:  duplicate key `name`
          remedy: remove one of the two"#]]
    .assert_eq(&story.refused(&story.request("shop-pr-7")));
}

#[test]
fn control_characters_of_the_repository_are_escaped() {
    let name = "apiVersion: v1\nkind: \"Pod\\e[31m\\n\\u202Eevil\"\nmetadata: { name: a }\n";
    let story = RenderStory::begin(ArgoCd::shared(), "errors@visible", &[("shop/a.yaml", name)]);
    let text = story.refused(&story.request("shop-pr-7"));
    assert!(text.chars().all(|c| c == '\n' || !c.is_control()) && !text.contains('\u{202e}'), "{text:?}");
    assert!(text.contains("Pod\\u{1b}[31m\\u{a}\\u{202e}evil"), "{text}");
}

#[test]
fn empty_source_is_an_error() {
    let files = [("shop/README.md", "# Shop\n"), ("other/values.yaml", "replicas: 1\n"), ("app/one.yaml", CONFIG)];
    let story = RenderStory::begin(ArgoCd::shared(), "errors@empty", &files);
    for path in ["shop", "other"] {
        let text = story.refused(&story.request_of(path, "shop-pr-7"));
        assert!(text.contains(&format!("{path}\n  rule:   empty\n  found:  the source has no object")), "{text}");
    }
    assert!(!story.rendered(&story.request_of("app", "shop-pr-7")).is_empty());
}

/// After the third failure Argo CD returns the cached error for some time; a hard refresh renders again.
#[test]
fn corrected_source_is_rendered_after_a_refusal() {
    let story = RenderStory::begin(ArgoCd::shared(), "errors@again", &HOSTILE);
    let request = story.request("shop-pr-7");
    let first = story.refused(&request);
    for _ in 0..3 {
        assert!(story.refused(&request).contains(first.trim()), "Argo CD's cache keeps the whole text");
    }
    assert_eq!(story.calls("refused"), 3.0, "the fourth error is from Argo CD's cache");

    for (file, _) in &HOSTILE[..3] {
        story.repository.remove(file);
    }
    story.repository.write("shop/shop.yaml", SHOP);
    story.repository.commit("mended");
    let manifests = story.rendered(&request.clone().hard());
    assert!(titles(&manifests).contains(&"Deployment/api".to_owned()));
    assert_eq!(story.rendered(&request), manifests);
}

#[test]
fn missing_plugin_is_reported_by_argo_cd() {
    let story = RenderStory::begin(ArgoCd::shared(), "errors@gone", &[("shop/one.yaml", CONFIG)]);
    let text = story.refused(&story.request("shop-pr-7").plugin("errors@nobody"));
    assert!(text.contains("could not find cmp-server plugin with name \"errors@nobody\""), "{text}");
    assert_eq!(story.calls("answered"), 0.0);
}
