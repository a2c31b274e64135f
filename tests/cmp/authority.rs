//! The `@` in the plugin's name: repo-server's client sends the socket's path, its slashes escaped, as the authority of
//! every call. Rust's HTTP/2 accepts an escape only in the user information before an `@`.
//!
//! A newer library on either side may change that: then one of these stories fails and the `@` may be removed.

use std::{os::unix::fs::symlink, process::Command};

use eod_testkit::{
    argocd::{ArgoCd, Dial},
    command,
};
use serde_json::json;

use super::{BINARY, CONFIG, POLICY, PROJECT, RenderStory};

/// Identity of an Application, as repo-server sends it.
const IDENTITY: [(&str, &str); 4] = [
    ("ARGOCD_APP_NAME", "shop-pr-7"),
    ("ARGOCD_APP_NAMESPACE", "shop-pr-7"),
    ("ARGOCD_APP_PROJECT_NAME", PROJECT),
    ("ARGOCD_APP_SOURCE_PATH", "shop"),
];

#[test]
fn client_of_repo_server_reaches_every_call() {
    let argocd = ArgoCd::own();
    let story = RenderStory::begin(&argocd, "eod@v1", &[("shop/one.yaml", CONFIG)]);
    assert!(story.plugin.socket().ends_with("eod@v1.sock"));
    let root = story.repository.path();
    let dial = || story.dial(&root, "shop", &IDENTITY);
    // No discovery, and no credentials of the repository.
    let generated = dial().generate();
    assert_eq!(generated.check, json!({}));
    assert_eq!(generated.outcome().unwrap()["manifests"].as_array().unwrap().len(), 12);
    assert_eq!(dial().matches().outcome().unwrap(), json!({}));
    assert!(dial().parameters().outcome().unwrap()["parameterAnnouncements"].is_array());
    // A call without an identity gets an error.
    let failure = story.dial(&root, "shop", &[]).generate().outcome().unwrap_err();
    assert!(failure.code == "FailedPrecondition" && failure.message.contains("rule:   policy"), "{failure:?}");
}

#[test]
fn socket_without_an_at_sign_is_refused_by_the_library() {
    let argocd = ArgoCd::own();
    let story = RenderStory::begin(&argocd, "eod@v1", &[("shop/one.yaml", CONFIG)]);
    let root = story.repository.path();
    let socket = argocd.sockets().join("eod-v1.sock");
    symlink("eod@v1.sock", &socket).unwrap();
    let failure = Dial { socket: &socket, ..story.dial(&root, "shop", &IDENTITY) }.generate().outcome().unwrap_err();
    assert_eq!(failure.call, "CheckPluginConfiguration");
    assert!(failure.message.contains("PROTOCOL_ERROR"), "{failure:?}");
    // The call did not reach the plugin, and an Application with that plugin name gets the same error.
    assert_eq!(
        story.plugin.number("eod_cmp_calls_total{method=\"CheckPluginConfiguration\",outcome=\"answered\"}"),
        0.0
    );
    let failure = argocd.generate(&story.request("shop-pr-7").plugin("eod-v1")).expect_failure();
    assert!(failure.message.contains("PROTOCOL_ERROR"), "{failure:?}");
    // Another name with an `@` works.
    symlink("eod@v1.sock", argocd.sockets().join("other@v2.sock")).unwrap();
    story.rendered(&story.request("shop-pr-7").plugin("other@v2"));
}

#[test]
fn plugin_name_without_an_at_sign_is_a_usage_error() {
    let folder = tempfile::tempdir().unwrap();
    let policy = folder.path().join("policy.yaml");
    std::fs::write(&policy, POLICY).unwrap();
    let mut command = Command::new(BINARY);
    command.args(["serve", "--name", "eod-v1", "--http", "none", "--socket-dir"]).arg(folder.path());
    let finished = command::run(command.arg("--policy").arg(&policy), "");
    assert_eq!(finished.code, Some(2), "{}", finished.report());
    assert!(finished.stderr.contains("plugin name must be NAME@VERSION"), "{}", finished.report());
}
