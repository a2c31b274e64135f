//! Servers end with the process that started them, and can be restarted during a test.

use std::{fs, io, net::TcpStream, os::unix::net::UnixStream, thread, time::Duration};

use eod_testkit::{
    argocd::{ArgoCd, REPO_SERVER, Repository, Request, Settings},
    wait::wait_until,
};
use serde_json::json;
use tempfile::TempDir;

use super::plugin::{calls, shell};

const PATIENCE: Duration = Duration::from_secs(60);

#[test]
fn all_servers_stop_with_the_process_that_started_them() {
    let argocd = ArgoCd::own();
    let plugin = argocd.stock_plugin("plugin", &shell("plugin", "true"));
    let (folder, address) = (argocd.sockets().parent().unwrap().to_owned(), argocd.repo_server().to_owned());
    TcpStream::connect(&address).unwrap();
    let socket = plugin.socket.unwrap();
    UnixStream::connect(&socket).unwrap();
    drop(argocd);
    TcpStream::connect(&address).unwrap_err();
    UnixStream::connect(&socket).unwrap_err();
    assert!(eod_testkit::keep_folders() || !folder.exists());
}

#[test]
fn restarted_repo_server_keeps_its_cache() {
    let argocd = ArgoCd::own();
    let folder = TempDir::with_prefix("eod-calls-").unwrap();
    let file = folder.path().join("calls");
    let script = format!("echo >>'{}'; cat *.json", file.display());
    argocd.stock_plugin("counted", &shell("counted", &script));
    let repository = Repository::new(&[("shop/one.json", r#"{"kind": "Thing", "apiVersion": "example.com/v1"}"#)]);
    let request = Request::new(&repository, "shop").plugin("counted");
    let before = argocd.generate(&request).expect_manifests();
    argocd.kill(REPO_SERVER);
    let failure = argocd.generate(&request.clone().deadline(Duration::from_secs(5))).expect_failure();
    assert!(["Unavailable", "DeadlineExceeded"].contains(&failure.code.as_str()), "{failure:?}");
    argocd.start(REPO_SERVER);
    assert_eq!(argocd.generate(&request).expect_manifests(), before);
    assert_eq!(calls(&file), 1);
    assert_eq!(argocd.generate(&request.hard()).expect_manifests(), before);
    assert_eq!(calls(&file), 2);
}

/// The controller's client repeats the request, so a restart during a render only delays the result.
#[test]
fn restart_during_a_render_is_retried() {
    let argocd = ArgoCd::own();
    let folder = TempDir::with_prefix("eod-calls-").unwrap();
    let (file, go) = (folder.path().join("calls"), folder.path().join("go"));
    let script =
        format!("echo >>'{}'; until [ -e '{}' ]; do sleep 0.1; done; cat *.json", file.display(), go.display());
    argocd.stock_plugin("waiting", &shell("waiting", &script));
    let repository = Repository::new(&[("shop/one.json", r#"{"kind": "Thing", "apiVersion": "example.com/v1"}"#)]);
    let request = Request::new(&repository, "shop").plugin("waiting");
    thread::scope(|scope| {
        let answer = scope.spawn(|| argocd.generate(&request));
        wait_until("the plugin to be called", PATIENCE, || match calls(&file) {
            0 => Err("no call".to_owned()),
            _ => Ok(()),
        });
        argocd.kill(REPO_SERVER);
        fs::write(&go, "").unwrap();
        argocd.start(REPO_SERVER);
        let manifests = answer.join().unwrap().expect_manifests();
        assert_eq!(manifests[0]["kind"], json!("Thing"));
    });
    assert_eq!(calls(&file), 2);
}

#[test]
fn missing_plugin_is_named_and_used_again_after_its_restart() {
    let argocd = ArgoCd::shared();
    let plugin = argocd.stock_plugin("coming", &shell("coming-v1.0", "cat *.json"));
    let repository = Repository::new(&[("shop/one.json", r#"{"kind": "Thing", "apiVersion": "example.com/v1"}"#)]);
    let request = Request::new(&repository, "shop").plugin("coming-v1.0").hard();
    let before = argocd.generate(&request).expect_manifests();
    argocd.stop(&plugin.name);
    let gone = fs::symlink_metadata(plugin.socket.as_ref().unwrap()).unwrap_err();
    assert_eq!(gone.kind(), io::ErrorKind::NotFound);
    let failure = argocd.generate(&request).expect_failure();
    assert!(failure.shown.contains("could not find cmp-server plugin with name \"coming-v1.0\""), "{failure:?}");
    let again = argocd.start(&plugin.name);
    assert_ne!(again.pid, plugin.pid);
    assert_eq!(argocd.generate(&request).expect_manifests(), before);
}

#[test]
fn settings_of_the_test_reach_the_servers() {
    let argocd = ArgoCd::with(&Settings {
        environment: vec![("EOD_COLOR".to_owned(), "green".to_owned())],
        repo_server: ["--plugin-tar-exclude=.git", "--plugin-use-manifest-generate-paths"].map(str::to_owned).into(),
        ..Settings::default()
    });
    // Prints the variable and the entries of the parent directory.
    let script = r#"printf '{"kind": "%s", "apiVersion": "%s"}' "$EOD_COLOR" "$(ls -A .. | tr '\n' ' ')""#;
    argocd.stock_plugin("settings", &shell("settings", script));
    let repository = Repository::new(&[("shop/one.json", "{}"), ("other/one.json", "{}")]);
    let request = Request::new(&repository, "shop").plugin("settings");
    let whole = argocd.generate(&request).expect_manifests();
    assert_eq!((&whole[0]["kind"], &whole[0]["apiVersion"]), (&json!("green"), &json!("other shop ")));
    let narrow = argocd.generate(&request.application("narrow").generate_paths(".")).expect_manifests();
    assert!(!narrow[0]["apiVersion"].to_string().contains("other"), "{narrow:?}");
}
