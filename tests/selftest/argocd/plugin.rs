//! The stock plugin server runs a command for a repo-server, as in production.

use std::{fs, path::Path, time::Duration};

use eod_testkit::argocd::{ArgoCd, Dial, Repository, Request};
use serde_json::{Value, json};
use tempfile::TempDir;

/// Configuration of a plugin without discovery that runs a shell script. `name` is also the name of its socket.
pub(super) fn shell(name: &str, script: &str) -> String {
    json!({
        "apiVersion": "argoproj.io/v1alpha1",
        "kind": "ConfigManagementPlugin",
        "metadata": { "name": name },
        "spec": {
            "generate": { "command": ["sh", "-c", script] },
            "parameters": { "static": [{ "name": "tier", "title": "Tier", "string": "lightweight" }] },
        },
    })
    .to_string()
}

/// Number of lines in a file. The plugin adds one line per call.
pub(super) fn calls(file: &Path) -> usize {
    fs::read_to_string(file).unwrap_or_default().lines().count()
}

/// Script that prints a ConfigMap with the data that the plugin received.
const SCRIPT: &str = r#"cat <<END
{"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "told"}, "data": {
  "application": "$ARGOCD_APP_NAME", "namespace": "$ARGOCD_APP_NAMESPACE", "project": "$ARGOCD_APP_PROJECT_NAME",
  "path": "$ARGOCD_APP_SOURCE_PATH", "color": "$ARGOCD_ENV_COLOR", "kubernetes": "$KUBE_VERSION",
  "images": "$PARAM_IMAGES_0", "number": "$PARAM_PR_NUMBER", "tier": "$PARAM_TIER", "here": "$(ls)"}}
END"#;

#[test]
fn plugin_receives_the_application() {
    let argocd = ArgoCd::shared();
    argocd.stock_plugin("told", &shell("told", SCRIPT));
    let repository = Repository::new(&[("apps/shop/one.yaml", "kind: Ignored\n")]);
    let request = Request::new(&repository, "apps/shop")
        .application("shop-pr-7")
        .project("previews")
        .namespace("preview-7")
        .cluster("1.36.1", &["v1", "apps/v1"])
        .plugin("told")
        .env("COLOR", "green")
        .parameter("tier", "full")
        .parameter("images", json!(["shop=registry.example.com/shop:1"]))
        .parameter("pr", json!({ "number": "7" }));
    let rendered = argocd.generate(&request).expect_rendered();
    assert_eq!(rendered.source_type, "Plugin");
    let expected = json!({
        "application": "shop-pr-7", "namespace": "preview-7", "project": "previews", "path": "apps/shop",
        "color": "green", "kubernetes": "1.36.1", "images": "shop=registry.example.com/shop:1", "number": "7",
        "tier": "full", "here": "one.yaml",
    });
    assert_eq!(rendered.manifests[0]["data"], expected);
}

#[test]
fn stderr_of_a_failing_command_is_in_the_error() {
    let argocd = ArgoCd::shared();
    argocd.stock_plugin("failing", &shell("failing", "echo 'shop/one.yaml:3: no such tier' >&2; exit 3"));
    let repository = Repository::new(&[("shop/one.yaml", "kind: Ignored\n")]);
    let failure = argocd.generate(&Request::new(&repository, "shop").plugin("failing")).expect_failure();
    assert!(failure.shown.starts_with("Failed to load target state: failed to generate manifest"), "{failure:?}");
    assert!(failure.shown.contains("exit status 3: shop/one.yaml:3: no such tier"), "{failure:?}");
    assert!(argocd.log("cmp-server/failing").contains("no such tier"));
}

#[test]
fn fourth_failure_comes_from_the_cache() {
    let argocd = ArgoCd::shared();
    let folder = TempDir::with_prefix("eod-calls-").unwrap();
    let file = folder.path().join("calls");
    argocd.stock_plugin("counted", &shell("counted", &format!("echo >>'{}'; exit 1", file.display())));
    let repository = Repository::new(&[("shop/one.yaml", "kind: Ignored\n")]);
    let request = Request::new(&repository, "shop").plugin("counted");
    for call in 1..=5 {
        argocd.generate(&request).expect_failure();
        assert_eq!(calls(&file), call.min(3));
    }
    argocd.generate(&request.hard()).expect_failure();
    assert_eq!(calls(&file), 4);
}

#[test]
fn commit_is_rendered_once() {
    let argocd = ArgoCd::shared();
    let folder = TempDir::with_prefix("eod-calls-").unwrap();
    let file = folder.path().join("calls");
    argocd.stock_plugin("once", &shell("once", &format!("echo >>'{}'; cat *.json", file.display())));
    let repository = Repository::new(&[("shop/one.json", r#"{"kind": "Thing", "apiVersion": "example.com/v1"}"#)]);
    let request = Request::new(&repository, "shop").plugin("once");
    let requests =
        [(request.clone(), 1), (request.clone(), 1), (request.clone().refresh(), 1), (request.no_cache(), 2)];
    for (number, (request, expected)) in requests.into_iter().enumerate() {
        argocd.generate(&request).expect_manifests();
        assert_eq!(calls(&file), expected, "request {number}");
    }
}

#[test]
fn deadline_of_the_caller_applies() {
    let argocd = ArgoCd::shared();
    argocd.stock_plugin("slow", &shell("slow", "sleep 60"));
    let repository = Repository::new(&[("shop/one.yaml", "kind: Ignored\n")]);
    let request = Request::new(&repository, "shop").plugin("slow").deadline(Duration::from_secs(2));
    let failure = argocd.generate(&request).expect_failure();
    // The plugin server usually stops the command before the deadline and reports that. The error names one of its two
    // signals.
    let is_reported = failure.message.contains("`sh -c \"sleep 60\"` failed signal: ");
    assert!(is_reported || failure.code == "DeadlineExceeded", "{failure:?}");
}

#[test]
fn plugin_is_called_without_a_repo_server() {
    let plugin = ArgoCd::shared().stock_plugin("dialled", &shell("dialled", "cat *.json; echo $ARGOCD_APP_NAME"));
    let folder = TempDir::with_prefix("eod-dialled-").unwrap();
    fs::create_dir(folder.path().join("app")).unwrap();
    fs::write(folder.path().join("app/one.json"), r#"{"kind": "One"}"#).unwrap();
    let dial = |environment| Dial {
        socket: plugin.socket.as_deref().unwrap(),
        root: folder.path(),
        path: "app",
        environment,
        deadline: Duration::from_secs(60),
    };
    let answer = dial(&[]).generate().outcome().unwrap();
    assert_eq!(answer, json!({ "manifests": [r#"{"kind": "One"}"#] }));
    let announced = dial(&[]).parameters().outcome().unwrap();
    let expected = json!([{ "name": "tier", "title": "Tier", "string": "lightweight" }]);
    assert_eq!(announced["parameterAnnouncements"], expected);
    assert_eq!(dial(&[]).generate().check, json!({}));
    // With this name, the output of the command is not valid JSON.
    let failure = dial(&[("ARGOCD_APP_NAME", "{")]).generate().outcome().unwrap_err();
    assert_eq!(failure.call, "generate");
}

#[test]
fn plugin_with_discovery_reports_it() {
    let mut settings: Value = serde_json::from_str(&shell("looking", "cat *.json")).unwrap();
    settings["spec"]["discover"] = json!({ "fileName": "one.json" });
    let plugin = ArgoCd::shared().stock_plugin("looking", &settings.to_string());
    let folder = TempDir::with_prefix("eod-looking-").unwrap();
    for (file, expected) in [
        ("two.json", json!({ "isDiscoveryEnabled": true })),
        ("one.json", json!({ "isSupported": true, "isDiscoveryEnabled": true })),
    ] {
        fs::write(folder.path().join(file), "{}").unwrap();
        let dial = Dial {
            socket: plugin.socket.as_deref().unwrap(),
            root: folder.path(),
            path: ".",
            environment: &[],
            deadline: Duration::from_secs(60),
        };
        let answer = dial.matches();
        assert_eq!(answer.check, json!({ "isDiscoveryConfigured": true }));
        assert_eq!(answer.outcome().unwrap(), expected, "{file}");
    }
}
