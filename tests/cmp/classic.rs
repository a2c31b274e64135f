//! `eod-cmp generate` under `argocd-cmp-server`, which starts it for each call. The results are those of `eod-cmp serve`.

use std::path::PathBuf;

use eod_testkit::argocd::{ArgoCd, Dial, Failure, Request, Settings, Tool};
use serde_json::{Value, json};
use tempfile::TempDir;

use super::{
    BINARY, CONFIG, LONG, POLICY, PROJECT, RenderStory, SHOP, object,
    sources::{CHART, OVERLAYS},
};

/// Servers for both plugins, with the same tools in PATH.
fn argocd() -> ArgoCd {
    ArgoCd::with(&Settings { tools: vec![Tool::Helm, Tool::Kustomize], ..Settings::default() })
}

/// `argocd-cmp-server` with the commands that `eod-cmp init` prints.
struct Classic {
    name: &'static str,
    socket: PathBuf,
    // Policy file, read at every call.
    _policy: TempDir,
}

impl Classic {
    #[track_caller]
    fn start(argocd: &ArgoCd, name: &'static str, discover: &Value) -> Self {
        let folder = TempDir::with_prefix("eod-classic-").unwrap();
        let policy = folder.path().join("policy.yaml");
        std::fs::write(&policy, POLICY).unwrap();
        let plugin = json!({
            "apiVersion": "argoproj.io/v1alpha1",
            "kind": "ConfigManagementPlugin",
            "metadata": { "name": name },
            "spec": {
                "generate": { "command": [BINARY, "generate", "--policy", policy] },
                "parameters": { "dynamic": { "command": [BINARY, "parameters"] } },
                "discover": discover,
            },
        });
        let running = argocd.stock_plugin(name, &plugin.to_string());
        Self { name, socket: running.socket.unwrap(), _policy: folder }
    }
}

/// Every kind of source: directory and parameters.
fn sources() -> [(&'static str, Vec<(&'static str, Value)>); 6] {
    [
        ("shop", vec![("services", json!(["api"])), ("owner", json!("\u{e4} [bot] $HOME"))]),
        ("simple", vec![]),
        ("generated", vec![("replicas", json!("2"))]),
        ("chart", vec![("set", json!({ "mode": "set" })), ("head-sha", json!("0123456"))]),
        ("nested/preview", vec![("chart", json!("chart")), ("values", json!(["nested/values.yaml"]))]),
        ("nested/preview", vec![("chart", json!("chart")), ("state", json!("asleep"))]),
    ]
}

#[test]
fn serve_and_generate_give_the_same_bytes() {
    let argocd = argocd();
    let files = [&OVERLAYS[..], &CHART, &[("shop/shop.yaml", SHOP), ("shop/config.yaml", CONFIG)]].concat();
    let files = [&files[..], &[("nested/preview/README.md", "#\n"), ("nested/values.yaml", "mode: nested\n")]].concat();
    let story = RenderStory::begin(&argocd, "eod@v1", &files);
    let classic = Classic::start(&argocd, "classic", &Value::Null);
    for (path, parameters) in sources() {
        // Parameters in the form that repo-server sends.
        let sent: Vec<_> = parameters
            .iter()
            .map(|(name, value)| {
                let kind = if value.is_array() {
                    "array"
                } else if value.is_object() {
                    "map"
                } else {
                    "string"
                };
                json!({ "name": name, kind: value })
            })
            .collect();
        let sent = json!(sent).to_string();
        let environment = [
            ("ARGOCD_APP_NAME", "shop-pr-7"),
            ("ARGOCD_APP_NAMESPACE", "shop-pr-7"),
            ("ARGOCD_APP_PROJECT_NAME", PROJECT),
            ("ARGOCD_APP_SOURCE_PATH", path),
            ("ARGOCD_APP_SOURCE_REPO_URL", "https://github.com/acme/shop.git"),
            ("ARGOCD_APP_PARAMETERS", &sent),
            ("KUBE_VERSION", "1.36.1"),
            ("KUBE_API_VERSIONS", "v1,apps/v1"),
        ];
        let root = story.repository.path();
        let dial = |socket| Dial { socket, root: &root, path, environment: &environment, deadline: LONG };
        let native = dial(story.plugin.socket()).generate().outcome().unwrap();
        let stock = dial(&classic.socket).generate().outcome().unwrap();
        assert!(native["manifests"].as_array().unwrap().len() > 10, "{native}");
        assert_eq!(stock["manifests"], native["manifests"], "{path} {sent}");

        // An Application gets the same from both plugins.
        let request = |plugin| {
            let request = story.request_of(path, "shop-pr-7").cluster("1.36.1", &["v1", "apps/v1"]).plugin(plugin);
            parameters.iter().fold(request, |request, (name, value)| request.parameter(name, value.clone()))
        };
        let rendered = story.rendered(&request(story.plugin.name()));
        assert_eq!(rendered, story.rendered(&request(classic.name)), "{path}");
    }
}

#[test]
fn serve_and_generate_refuse_with_the_same_text() {
    let argocd = argocd();
    let story = RenderStory::begin(&argocd, "eod@v1", &[("shop/shop.yaml", &SHOP.replace("registry.acme", "evil"))]);
    let classic = Classic::start(&argocd, "classic", &Value::Null);
    let native = story.refused(&story.request("shop-pr-7"));
    let Failure { shown, .. } = argocd.generate(&story.request("shop-pr-7").plugin(classic.name)).expect_failure();
    let blocks = native.split_once("\n\n").unwrap().1;
    assert!(blocks.contains("rule:   image") && shown.contains(blocks), "{shown}\n--- native\n{native}");
}

#[test]
fn serve_and_generate_announce_the_same_parameters() {
    let argocd = argocd();
    let story = RenderStory::begin(&argocd, "eod@v1", &[("shop/one.yaml", CONFIG)]);
    let classic = Classic::start(&argocd, "classic", &Value::Null);
    let root = story.repository.path();
    let native = story.dial(&root, "shop", &[]).parameters().outcome().unwrap();
    let dial = Dial { socket: &classic.socket, root: &root, path: "shop", environment: &[], deadline: LONG };
    let stock = dial.parameters().outcome().unwrap();
    assert!(native["parameterAnnouncements"].as_array().unwrap().len() > 20, "{native}");
    assert_eq!(stock["parameterAnnouncements"], native["parameterAnnouncements"]);
}

/// Only `argocd-cmp-server` has discovery, which reads the parameters.
#[test]
fn application_without_a_plugin_name_is_discovered_by_its_parameters() {
    let argocd = argocd();
    let story = RenderStory::begin(&argocd, "eod@v1", &[("shop/one.yaml", CONFIG)]);
    let classic = Classic::start(&argocd, "classic", &json!({ "find": { "command": [BINARY, "discover"] } }));
    let root = story.repository.path();
    for (parameters, expected) in [
        (r#"[{"name": "pull-request", "string": "7"}]"#, true),
        (r#"[{"name": "environment", "string": "shop-pr-7"}]"#, true),
        (r#"[{"name": "image", "string": "shop"}]"#, false),
        ("", false),
    ] {
        let environment = [("ARGOCD_APP_PARAMETERS", parameters)];
        let dial = |socket| Dial { socket, root: &root, path: "shop", environment: &environment, deadline: LONG };
        let stock = dial(&classic.socket).matches().outcome().unwrap();
        assert_eq!(stock["isSupported"].as_bool().unwrap_or_default(), expected, "{parameters}");
        // `eod-cmp serve` has no discovery, so no archive is packed for it.
        assert_eq!(dial(story.plugin.socket()).matches().check, json!({}));
    }
    let unnamed = |request: Request| request.plugin("");
    let ours = unnamed(story.request("shop-pr-7")).parameter("environment", "shop-pr-7");
    let rendered = argocd.generate(&ours).expect_rendered();
    assert_eq!(rendered.source_type, "Plugin");
    object(&rendered.manifests, "Namespace/shop-pr-7");
    let named = story.request("shop-pr-7").parameter("environment", "shop-pr-7");
    assert_eq!(rendered.manifests, story.rendered(&named));
}
