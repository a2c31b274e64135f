//! All types of sources, with the real tools in their sandbox.

use eod_testkit::argocd::ArgoCd;
use serde_json::{Value, json};

use super::{CONFIG, POLICY, RenderStory, SHOP, object, ours, titles};

/// A chart that uses all values of previews.
pub(super) const CHART: [(&str, &str); 4] = [
    ("chart/Chart.yaml", "apiVersion: v2\nname: shop\nversion: 1.0.0\n"),
    (
        "chart/values.yaml",
        "image: { repository: registry.acme.internal/shop, tag: main }\nmode: production\nport: 8080\n",
    ),
    (
        "chart/templates/deployment.yaml",
        r#"
apiVersion: apps/v1
kind: Deployment
metadata:
  name: {{ .Values.fullnameOverride | default .Release.Name }}
spec:
  replicas: 3
  selector: { matchLabels: { app: shop } }
  template:
    metadata: { labels: { app: shop } }
    spec:
      containers:
        - name: shop
          image: "{{ .Values.image.repository }}:{{ .Values.image.tag }}"
          ports: [{ containerPort: {{ .Values.port }} }]
"#,
    ),
    (
        "chart/templates/config.yaml",
        "apiVersion: v1\nkind: ConfigMap\nmetadata: { name: settings }\ndata:\n  mode: {{ .Values.mode }}\n  version: {{ \
         .Capabilities.KubeVersion.Version }}\n  namespace: {{ .Release.Namespace }}\n",
    ),
];

/// A kustomization that is built natively, and one that needs the binary.
pub(super) const OVERLAYS: [(&str, &str); 6] = [
    ("base/kustomization.yaml", "resources: [shop.yaml, config.yaml]\ncommonLabels: { team: shop }\n"),
    ("base/shop.yaml", SHOP),
    ("base/config.yaml", CONFIG),
    (
        "simple/kustomization.yaml",
        "resources: [../base]\nimages: [{ name: registry.acme.internal/shop, newTag: pushed }]\npatches:\n  - target: { \
         kind: ConfigMap }\n    patch: |-\n      - { op: replace, path: /data/mode, value: patched }\n",
    ),
    (
        "generated/kustomization.yaml",
        "resources: [../base]\nconfigMapGenerator: [{ name: generated, literals: [color=green], files: [shop.properties] }]\n",
    ),
    ("generated/shop.properties", "size=large\n"),
];

/// Checks that the transform also applies to the output of tools.
#[track_caller]
fn expect_preview(manifests: &[Value], deployment: &str, image: &str) {
    assert_eq!(titles(manifests)[0], "Namespace/shop-pr-7");
    let deployment = object(manifests, deployment);
    assert_eq!(deployment["spec"]["replicas"], 1);
    assert_eq!(deployment["spec"]["template"]["spec"]["containers"][0]["image"], image);
    assert_eq!(ours(&deployment["spec"]["template"]["metadata"]["labels"], "env"), "shop-pr-7");
    assert!(manifests[1..].iter().all(|one| one["metadata"]["namespace"] == "shop-pr-7"));
}

#[test]
fn plain_files_are_rendered() {
    let files = [
        ("shop/shop.yaml", SHOP),
        ("shop/settings.json", r#"{"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "settings"}}"#),
        ("shop/values.yaml", "mode: none\n"),
        ("shop/deeper/other.yaml", "kind: Nonsense\napiVersion: v1\n"),
    ];
    let story = RenderStory::begin(ArgoCd::shared(), "sources@plain", &files);
    let manifests = story.rendered(&story.request("shop-pr-7"));
    expect_preview(&manifests, "Deployment/api", "registry.acme.internal/shop:main");
    object(&manifests, "ConfigMap/settings");
    assert_eq!(story.tool_runs(), 0.0);
}

#[test]
fn kustomizations_are_built_natively_and_by_the_binary() {
    let story = RenderStory::begin(ArgoCd::shared(), "sources@kustomize", &OVERLAYS);
    let simple = story.rendered(&story.request_of("simple", "shop-pr-7"));
    expect_preview(&simple, "Deployment/api", "registry.acme.internal/shop:pushed");
    assert_eq!(object(&simple, "ConfigMap/settings")["data"]["mode"], "patched");
    assert_eq!(story.tool_runs(), 0.0);

    let generated = story.rendered(&story.request_of("generated", "shop-pr-7"));
    expect_preview(&generated, "Deployment/api", "registry.acme.internal/shop:main");
    let made = generated.iter().find(|one| one["metadata"]["name"].as_str().unwrap().starts_with("generated-"));
    assert_eq!(made.unwrap()["data"], json!({ "color": "green", "shop.properties": "size=large\n" }));
    assert_eq!(object(&generated, "Deployment/api")["metadata"]["labels"]["team"], "shop");
    assert_eq!(story.tool_runs(), 1.0);
    assert_eq!(story.plugin.files(), [""; 0]);
}

#[test]
fn charts_receive_parameters_as_values() {
    let story = RenderStory::begin(ArgoCd::shared(), "sources@helm", &CHART);
    story.repository.write("values/preview.yaml", "mode: preview\nport: 9090\n");
    story.repository.commit("values");
    let request = story.request_of("chart", "shop-pr-7").cluster("1.36.1", &["v1", "apps/v1"]);
    let plain = story.rendered(&request);
    expect_preview(&plain, "Deployment/shop-pr-7", "registry.acme.internal/shop:main");
    let expected = json!({ "mode": "production", "version": "v1.36.1", "namespace": "shop-pr-7" });
    assert_eq!(object(&plain, "ConfigMap/settings")["data"], expected);

    let request = request
        .parameter("values", json!(["values/preview.yaml"]))
        .parameter("set", json!({ "mode": "set" }))
        .parameter("fullnameOverride", "shop-api")
        .parameter("image.repository", "registry.acme.internal/built/shop")
        .parameter("head-sha", "0123456");
    let rendered = story.rendered(&request);
    expect_preview(&rendered, "Deployment/shop-api", "registry.acme.internal/built/shop:0123456");
    assert_eq!(object(&rendered, "ConfigMap/settings")["data"]["mode"], "set");
    let container = &object(&rendered, "Deployment/shop-api")["spec"]["template"]["spec"]["containers"][0];
    assert_eq!(container["ports"][0]["containerPort"], 9090);
    // The parameter `chart` names the same chart from another directory.
    story.repository.write("preview/README.md", "see chart\n");
    story.repository.commit("preview");
    let elsewhere =
        story.request_of("preview", "shop-pr-7").parameter("chart", "chart").cluster("1.36.1", &["v1", "apps/v1"]);
    assert_eq!(story.rendered(&elsewhere.hard()), plain);
    assert_eq!(story.tool_runs(), 3.0);
    assert_eq!(story.plugin.files(), [""; 0]);
}

#[test]
fn errors_of_tools_are_shown() {
    let story = RenderStory::begin(ArgoCd::shared(), "sources@failing", &CHART);
    story.repository.write("chart/templates/config.yaml", "a: {{ required \"the port is required\" .Values.none }}\n");
    story.repository.commit("broken");
    let text = story.refused(&story.request_of("chart", "shop-pr-7"));
    assert!(text.contains("chart/Chart.yaml\n  rule:   tool\n  found:  `helm` failed (exit status: 1): "), "{text}");
    assert!(text.contains("shop/templates/config.yaml:1:6") && text.contains("the port is required"), "{text}");
    assert!(!text.contains("eod-cmp-") && !text.contains("/dev/shm"), "paths of the plugin are not shown: {text}");
    assert_eq!(story.plugin.files(), [""; 0]);
}

#[test]
fn missing_and_disabled_tools_fail_only_sources_that_need_them() {
    let files = [&OVERLAYS[..], &CHART].concat();
    let off = format!("{POLICY}    helm: {{ enabled: false }}\n    kustomize: {{ binary: no-such-kustomize }}\n");
    let story = RenderStory::under(&off, ArgoCd::shared(), "sources@off", &files);
    story.rendered(&story.request_of("simple", "shop-pr-7"));
    let text = story.refused(&story.request_of("generated", "shop-pr-7"));
    let place =
        "generated/kustomization.yaml:2\n  rule:   tool\n  found:  `configMapGenerator` needs the kustomize binary";
    assert!(text.contains(place) && text.contains("`no-such-kustomize` is required, but it is not in PATH"), "{text}");
    let text = story.refused(&story.request_of("chart", "shop-pr-7"));
    assert!(text.contains("the source is a Helm chart, but the policy disables Helm"), "{text}");
}
