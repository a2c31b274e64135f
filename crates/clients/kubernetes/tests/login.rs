//! Credentials: their sources, renewals and requests, and secrets that are never shown.

use std::{
    collections::BTreeMap,
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, SystemTime},
};

use futures::future::join_all;
use serde_json::json;
use tempfile::TempDir;
use tokio_util::sync::CancellationToken;

use crate::{
    Deadline, ErrorKind,
    kubernetes::{
        ClusterAccess, ClusterConnectError, ClusterLimits, ClusterSettings, Exec, Kubernetes,
        tests::fake::{FakeApiServer, Reply, deadline, shop, status},
    },
};

fn fine() -> Reply {
    Reply::Json(200, json!({ "kind": "Namespace" }))
}

/// A server that accepts one token and counts the requests with other tokens.
fn accepting(token: &'static str) -> FakeApiServer {
    FakeApiServer::new(move |_, seen| {
        let wanted = format!("Bearer {token}");
        if seen.header("authorization") == wanted { fine() } else { status(401, "Unauthorized", "Unauthorized") }
    })
}

fn tokens(fake: &FakeApiServer) -> Vec<String> {
    fake.log().iter().map(|seen| seen.header("authorization").to_owned()).collect()
}

fn client(settings: ClusterSettings) -> Kubernetes {
    Kubernetes::new(ClusterAccess::from_settings(settings, &BTreeMap::new()).unwrap(), "eod/1.0 (test) suffix\n")
}

/// A plugin that runs `script` after adding a line to `runs`.
fn plugin(folder: &TempDir, script: &str) -> Exec {
    let path = folder.path().join("plugin.sh");
    let runs = folder.path().join("runs");
    std::fs::write(&path, format!("echo run >> '{}'\n{script}\n", runs.display())).unwrap();
    Exec {
        api_version: "client.authentication.k8s.io/v1".into(),
        command: "sh".into(),
        args: vec![path.display().to_string()],
        ..Exec::default()
    }
}

fn runs(folder: &TempDir) -> usize {
    std::fs::read_to_string(folder.path().join("runs")).map_or(0, |text| text.lines().count())
}

fn credential(token: &str, expires: &str) -> String {
    format!(r#"echo '{{"kind":"ExecCredential","status":{{"token":"{token}","expirationTimestamp":"{expires}"}}}}'"#)
}

fn host(url: String, exec: Exec) -> ClusterSettings {
    ClusterSettings { host: Some(url), exec: Some(exec), ..ClusterSettings::default() }
}

#[tokio::test]
async fn without_a_cluster_the_first_request_fails() {
    let client = Kubernetes::new(ClusterAccess::nothing(), "eod");
    let error = client.get(&shop(), &deadline(60)).await.unwrap_err();
    assert_eq!(error.kind, ErrorKind::Invalid);
    assert_eq!(error.chain(), "cannot read namespace `shop`: no Kubernetes cluster is configured");
    assert!(matches!(ClusterConnectError::of(&error), Some(ClusterConnectError::NothingConfigured)));
    assert!(client.calls().is_empty());
}

#[tokio::test]
async fn a_client_does_nothing_until_it_is_used() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("config");
    let client =
        client(ClusterSettings { config_path: Some(path.display().to_string()), ..ClusterSettings::default() });
    let fake = accepting("t");
    let url = fake.serve().await;
    let config = json!({
        "clusters": [{ "name": "c", "cluster": { "server": url } }],
        "users": [{ "name": "u", "user": { "token": "t" } }],
        "contexts": [{ "name": "x", "context": { "cluster": "c", "user": "u" } }],
        "current-context": "x",
    });
    std::fs::write(&path, config.to_string()).unwrap();
    assert!(client.get(&shop(), &deadline(60)).await.unwrap().is_some());
    let seen = fake.log().remove(0);
    assert_eq!((seen.header("user-agent"), seen.header("authorization")), ("eod/1.0 (test) suffix", "Bearer t"));
}

#[tokio::test]
async fn a_plugin_of_a_kubeconfig_runs_once_and_not_interactively() {
    let folder = tempfile::tempdir().unwrap();
    let script = format!(
        r#"case "$KUBERNETES_EXEC_INFO" in *'"interactive":false'*) {} ;; esac"#,
        credential("t", "2100-01-01T00:00:00Z")
    );
    let exec = plugin(&folder, &script);
    let fake = accepting("t");
    let config = json!({
        "clusters": [{ "name": "c", "cluster": { "server": fake.serve().await } }],
        "users": [{ "name": "u", "user": { "exec": {
            "apiVersion": exec.api_version, "command": exec.command, "args": exec.args, "interactiveMode": "Always",
        } } }],
        "contexts": [{ "name": "x", "context": { "cluster": "c", "user": "u" } }],
    });
    let path = folder.path().join("config");
    std::fs::write(&path, config.to_string()).unwrap();
    let client = client(ClusterSettings {
        config_path: Some(path.display().to_string()),
        config_context: Some("x".into()),
        ..ClusterSettings::default()
    });
    let deadline = deadline(60);
    for result in join_all((0..40).map(|_| async { client.get(&shop(), &deadline).await })).await {
        assert!(result.unwrap().is_some());
    }
    assert_eq!((runs(&folder), fake.log().len()), (1, 40));
}

#[tokio::test]
async fn a_failing_plugin_runs_once_for_all_requests_and_shows_no_secret() {
    let folder = tempfile::tempdir().unwrap();
    let exec = plugin(&folder, "echo canary-token-on-stdout; echo 'please log in' >&2; exit 7");
    let client = client(host(
        "http://127.0.0.1:1".into(),
        Exec { env: BTreeMap::from([("A".into(), "canary-env".into())]), ..exec },
    ));
    let deadline = deadline(60);
    for result in join_all((0..20).map(|_| async { client.get(&shop(), &deadline).await })).await {
        let error = result.unwrap_err();
        assert_eq!(error.kind, ErrorKind::Unauthenticated);
        let shown = format!("{} {error:?} {client:?}", error.chain());
        assert!(shown.contains("please log in") && !shown.contains("canary"), "{shown}");
    }
    assert_eq!(runs(&folder), 1);
    assert!(client.get(&shop(), &deadline).await.is_err());
    assert_eq!(runs(&folder), 2);
}

#[tokio::test]
async fn a_missing_or_slow_plugin_is_an_error_of_the_credentials() {
    let missing = Exec { command: "eod-no-such-plugin".into(), ..plugin(&tempfile::tempdir().unwrap(), "") };
    let error = client(host("http://127.0.0.1:1".into(), missing)).get(&shop(), &deadline(60)).await.unwrap_err();
    assert_eq!(error.kind, ErrorKind::Unauthenticated);
    assert!(error.chain().contains("`eod-no-such-plugin` is not installed"), "{}", error.chain());

    let folder = tempfile::tempdir().unwrap();
    let limits = ClusterLimits { exec: Duration::from_millis(50), ..ClusterLimits::default() };
    let access = ClusterAccess::from_settings(
        host("http://127.0.0.1:1".into(), plugin(&folder, "exec sleep 600")),
        &BTreeMap::new(),
    );
    let client = Kubernetes::with_limits(access.unwrap(), "eod", limits, SystemTime::now);
    let error = client.get(&shop(), &deadline(600)).await.unwrap_err();
    assert_eq!(error.kind, ErrorKind::Unauthenticated);
    assert!(error.chain().contains("gave no credentials within"), "{}", error.chain());
}

#[tokio::test]
async fn cancellation_ends_a_slow_plugin() {
    let folder = tempfile::tempdir().unwrap();
    let client = client(host("http://127.0.0.1:1".into(), plugin(&folder, "exec sleep 600")));
    let cancel = CancellationToken::new();
    let deadline = Deadline::within(Duration::from_secs(600), cancel.clone());
    let object = shop();
    let (result, ()) = tokio::join!(client.get(&object, &deadline), async { cancel.cancel() });
    assert_eq!(result.unwrap_err().kind, ErrorKind::Cancelled);
}

#[tokio::test]
async fn a_token_that_lives_thirty_seconds_is_used_and_then_renewed() {
    let folder = tempfile::tempdir().unwrap();
    // The clock is at the epoch, so the token expires half a minute after it.
    let turned = Arc::new(AtomicU64::new(0));
    let clock = {
        let turned = Arc::clone(&turned);
        move || SystemTime::UNIX_EPOCH + Duration::from_secs(turned.load(Ordering::SeqCst))
    };
    let fake = accepting("t");
    let settings = host(fake.serve().await, plugin(&folder, &credential("t", "1970-01-01T00:00:30Z")));
    let access = ClusterAccess::from_settings(settings, &BTreeMap::new()).unwrap();
    let client = Kubernetes::with_limits(access, "eod", ClusterLimits::default(), clock);
    for (second, expected) in [(0, 1), (10, 1), (20, 1), (29, 2)] {
        turned.store(second, Ordering::SeqCst);
        assert!(client.get(&shop(), &deadline(60)).await.unwrap().is_some());
        assert_eq!(runs(&folder), expected, "second {second}");
    }
}

fn write(path: &Path, token: &str) {
    std::fs::write(path, token).unwrap();
}

#[tokio::test]
async fn a_401_reads_everything_again_once() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("token");
    write(&path, "old\n");
    let fake = {
        let path = path.clone();
        FakeApiServer::new(move |_, seen| {
            // The token is revoked and replaced during the first request.
            write(&path, "new");
            if seen.header("authorization") == "Bearer new" { fine() } else { status(401, "Unauthorized", "no") }
        })
    };
    let settings = ClusterSettings {
        host: Some(fake.serve().await),
        token_path: Some(path.display().to_string()),
        ..ClusterSettings::default()
    };
    assert!(client(settings).get(&shop(), &deadline(60)).await.unwrap().is_some());
    assert_eq!(tokens(&fake), ["Bearer old", "Bearer new"]);
}

#[tokio::test]
async fn a_second_401_is_an_error_without_further_plugin_runs() {
    let folder = tempfile::tempdir().unwrap();
    let fake = accepting("other");
    let settings = host(fake.serve().await, plugin(&folder, &credential("canary", "2100-01-01T00:00:00Z")));
    let client = client(settings);
    let error = client.get(&shop(), &deadline(60)).await.unwrap_err();
    assert_eq!((error.kind, fake.log().len(), runs(&folder)), (ErrorKind::Unauthenticated, 2, 2));
    assert!(error.chain().contains("also after they were read again"), "{}", error.chain());
    assert!(!format!("{} {error:?}", error.chain()).contains("canary"));
    assert_eq!(client.get(&shop(), &deadline(60)).await.unwrap_err().kind, ErrorKind::Unauthenticated);
    assert_eq!((fake.log().len(), runs(&folder)), (3, 2));
}

#[tokio::test]
async fn a_revoked_token_is_renewed_once_for_all_requests() {
    let folder = tempfile::tempdir().unwrap();
    let script = format!(
        "if [ $(wc -l < '{}') -gt 1 ]; then {}; else {}; fi",
        folder.path().join("runs").display(),
        credential("second", "2100-01-01T00:00:00Z"),
        credential("first", "2100-01-01T00:00:00Z"),
    );
    let fake = FakeApiServer::new(|number, seen| {
        let accepted = if number == 0 { "Bearer first" } else { "Bearer second" };
        if seen.header("authorization") == accepted { fine() } else { status(401, "Unauthorized", "no") }
    });
    let client = client(host(fake.serve().await, plugin(&folder, &script)));
    let deadline = deadline(60);
    assert!(client.get(&shop(), &deadline).await.unwrap().is_some());
    for result in join_all((0..10).map(|_| async { client.get(&shop(), &deadline).await })).await {
        assert!(result.unwrap().is_some());
    }
    assert_eq!(runs(&folder), 2);
}

#[tokio::test]
async fn a_token_file_is_read_again_after_a_minute_and_may_be_removed() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("token");
    write(&path, "a");
    let turned = Arc::new(AtomicU64::new(0));
    let clock = {
        let turned = Arc::clone(&turned);
        move || SystemTime::UNIX_EPOCH + Duration::from_secs(turned.load(Ordering::SeqCst))
    };
    let fake = FakeApiServer::new(|_, _| fine());
    let settings = ClusterSettings {
        host: Some(fake.serve().await),
        token_path: Some(path.display().to_string()),
        ..ClusterSettings::default()
    };
    let access = ClusterAccess::from_settings(settings, &BTreeMap::new()).unwrap();
    let client = Kubernetes::with_limits(access, "eod", ClusterLimits::default(), clock);
    client.get(&shop(), &deadline(60)).await.unwrap();
    write(&path, "b");
    client.get(&shop(), &deadline(60)).await.unwrap();
    turned.store(61, Ordering::SeqCst);
    client.get(&shop(), &deadline(60)).await.unwrap();
    std::fs::remove_file(&path).unwrap();
    turned.store(200, Ordering::SeqCst);
    client.get(&shop(), &deadline(60)).await.unwrap();
    assert_eq!(tokens(&fake), ["Bearer a", "Bearer a", "Bearer b", "Bearer b"]);
}

/// The chain of an error of a server that refuses connections, without the part before the server's name. `access` gets
/// the URL of that server.
async fn unreachable(access: impl FnOnce(&str) -> ClusterAccess) -> String {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    drop(listener);
    let mut limits = ClusterLimits::default();
    limits.retry.unreachable = Duration::from_millis(300);
    let client = Kubernetes::with_limits(access(&url), "eod", limits, SystemTime::now);
    let error = client.get(&shop(), &deadline(60)).await.unwrap_err();
    assert_eq!(error.kind, ErrorKind::Unavailable);
    assert!(client.calls()["get"] > 1);
    let chain = error.chain().replace(&url, "URL");
    let chain = chain.strip_prefix("cannot read namespace `shop`: ").map(str::to_owned);
    // The number of the operating system's error differs between systems.
    chain.unwrap().split(" (os error").next().unwrap().to_owned()
}

#[tokio::test]
async fn an_unreachable_server_is_named_with_the_origin_of_its_address_and_one_cause() {
    let settings = unreachable(|url| {
        let settings = ClusterSettings { host: Some(url.to_owned()), ..ClusterSettings::default() };
        ClusterAccess::from_settings(settings, &BTreeMap::new()).unwrap()
    });
    assert_eq!(settings.await, "the API server at URL cannot be reached: Connection refused");

    let variable = unreachable(|url| {
        let environment = BTreeMap::from([("KUBE_HOST".to_owned(), url.to_owned())]);
        ClusterAccess::from_environment(&environment).unwrap().unwrap()
    });
    assert_eq!(
        variable.await,
        "the API server at URL (from environment variable KUBE_HOST) cannot be reached: Connection refused"
    );

    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("config").display().to_string();
    let kubeconfig = unreachable(|url| {
        let text = format!(
            "{{apiVersion: v1, kind: Config, current-context: preview, clusters: [{{name: c, cluster: {{server: \
             '{url}'}}}}], contexts: [{{name: preview, context: {{cluster: c}}}}]}}"
        );
        std::fs::write(&file, text).unwrap();
        let environment = BTreeMap::from([("KUBECONFIG".to_owned(), file.clone())]);
        ClusterAccess::from_environment(&environment).unwrap().unwrap()
    });
    assert_eq!(
        kubeconfig.await,
        format!("the API server at URL (from context `preview` of {file}) cannot be reached: Connection refused")
    );
}
