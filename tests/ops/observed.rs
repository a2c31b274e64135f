//! Deployments as the reaper observes them. The Applications of Argo CD are read once for all environments of a run.

use eod_domain::labels;
use eod_testkit::fault::{Fault, FaultProxy, Logged};
use serde_json::{Value, json};

use super::Ops;

const COMMIT: &str = "1111111111111111111111111111111111111111";
const OTHER_COMMIT: &str = "2222222222222222222222222222222222222222";
/// Path of the list of Applications.
const APPLICATIONS: &str = "/apis/argoproj.io/v1alpha1/namespaces/argocd/applications";

/// An Application that is synced and healthy at these sources.
fn application(namespace: &str, sources: &[(&str, &str)]) -> Value {
    let urls: Vec<Value> = sources.iter().map(|(url, _)| json!({ "repoURL": url })).collect();
    let revisions: Vec<&str> = sources.iter().map(|(_, revision)| *revision).collect();
    json!({
        "metadata": { "namespace": "argocd", "name": namespace, "uid": namespace, "resourceVersion": "1" },
        "spec": { "destination": { "name": "in-cluster", "namespace": namespace }, "sources": urls },
        "status": {
            "sync": { "status": "Synced", "revisions": revisions }, "health": { "status": "Healthy" },
        },
    })
}

/// Lets the proxy answer the list of Applications with two pages.
fn serve(proxy: &FaultProxy, pages: [Vec<Value>; 2]) {
    let [first, second] = pages;
    let page = |items: Vec<Value>, next: &str| Fault::Status {
        code: 200,
        headers: Vec::new(),
        body: json!({
            "apiVersion": "argoproj.io/v1alpha1", "kind": "ApplicationList", "metadata": { "continue": next },
            "items": items,
        })
        .to_string(),
    };
    let is_list = |call: &Logged| call.path == APPLICATIONS;
    proxy.rule(move |call| is_list(call) && call.query.contains("continue="), usize::MAX, page(second, ""));
    proxy.rule(is_list, usize::MAX, page(first, "next"));
}

#[test]
fn applications_are_read_once_and_only_commits_of_the_own_repository_count() {
    let ops = Ops::new("opsobserved");
    let environment = |suffix: &str, made_by: &str| {
        ops.environment(suffix, "full", "24h", &json!({ "head-sha": COMMIT, "made-by": made_by }))
    };
    let own = environment("own", "terraform");
    let foreign = environment("foreign", "terraform");
    let catalog = environment("catalog", "argocd");
    let others: Vec<String> = (0..9).map(|number| environment(&format!("o{number}"), "terraform")).collect();
    let ssh = format!("git@GitHub.com:Acme/{}.git", own.to_uppercase());
    let chart = ("https://charts.acme.internal", "1.2.3");
    let another = ("https://github.com/acme/catalog.git", OTHER_COMMIT);
    let pages = [
        vec![application(&own, &[chart, another, (ssh.as_str(), COMMIT)]), application(&foreign, &[another])],
        vec![application(&catalog, &[another])],
    ];
    let folder = tempfile::tempdir().unwrap();
    let config = folder.path().join("eod.yaml");
    std::fs::write(&config, json!({ "version": 1, "argocd": { "namespaces": ["argocd"] } }).to_string()).unwrap();
    let proxy = FaultProxy::start(ops.cluster);
    serve(&proxy, pages);
    let reap = ["reap", "--no-sweep", "--config", config.to_str().unwrap()];
    let run = ops.eod_with(proxy.kubeconfig().to_str().unwrap(), &reap);
    assert_eq!(run.code, Some(0), "{}", run.report());
    // Twelve environments wait for their deployment, and the list has two pages.
    assert_eq!(proxy.calls(|call| call.path.starts_with(APPLICATIONS)), 2, "{}", proxy.story());
    let deployed = |name: &str| ops.annotation(name, labels::DEPLOYED_SHA);
    assert_eq!(deployed(&own), COMMIT);
    assert_eq!(deployed(&foreign), "", "a commit of another repository is not the environment's");
    // The plugin writes the commit of a rendered environment onto its namespace in the same sync.
    assert_eq!(deployed(&catalog), COMMIT);
    assert!(others.iter().all(|name| deployed(name).is_empty()));
    // A refused list is read once, too, and is reported for every environment.
    proxy.clear_rules();
    proxy.clear_log();
    proxy.rule(|call| call.path == APPLICATIONS, usize::MAX, Fault::status(403, "Forbidden", "no right"));
    let run = ops.eod_with(proxy.kubeconfig().to_str().unwrap(), &reap);
    assert_eq!(run.code, Some(3), "{}", run.report());
    assert_eq!(proxy.calls(|call| call.path.starts_with(APPLICATIONS)), 1, "{}", proxy.story());
}
