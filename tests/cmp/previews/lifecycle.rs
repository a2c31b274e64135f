//! Lifecycle of an environment: label, push, sleep, migration and end.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::{CONFIG, Previews, controllers, image, uid};
use crate::cmp::ours;

/// Names of the objects of a kind in a namespace.
fn names(previews: &Previews<'_>, number: u32, api: &str, kind: &str) -> BTreeSet<String> {
    let list = previews.read(number, api, kind).unwrap_or_default();
    let items = list["items"].as_array().into_iter().flatten();
    items.filter_map(|item| item["metadata"]["name"].as_str()).map(ToOwned::to_owned).collect()
}

#[test]
fn label_creates_an_environment_and_its_removal_deletes_it() {
    let argocd = controllers();
    let previews = Previews::begin(&argocd);
    // A pull request without the label, which every outsider can open.
    previews.forge.open(6, "stranger", &previews.story.repository.head());
    let first = previews.open(7, &[("shop/config.yaml", &CONFIG.replace("production", "first"))]);
    previews.expect_synced(7, &first);

    let name = previews.namespace(7);
    let namespace = previews.cluster.read(&format!("/api/v1/namespaces/{name}")).unwrap();
    let (labels, annotations) = (&namespace["metadata"]["labels"], &namespace["metadata"]["annotations"]);
    assert_eq!((ours(labels, "env"), ours(labels, "owner")), (&json!(name), &json!("developer")));
    assert_eq!((ours(labels, "installation"), ours(labels, "tier")), (&json!("acme"), &json!("lightweight")));
    assert_eq!(labels["app.kubernetes.io/managed-by"], "eod");
    assert_eq!(labels["pod-security.kubernetes.io/enforce"], "baseline");
    assert_eq!(ours(annotations, "head-sha"), &json!(first));
    let policies = ["allow-dns", "allow-ingress", "allow-same-namespace", "allow-stable", "default-deny"];
    let policies: BTreeSet<_> = policies.map(ToOwned::to_owned).into();
    assert_eq!(names(&previews, 7, "apis/networking.k8s.io/v1", "networkpolicies"), policies);
    for kind in ["resourcequotas/eod", "limitranges/eod", "serviceaccounts/default", "services/payments"] {
        let guard = previews.read(7, "api/v1", kind).unwrap_or_else(|| panic!("no {kind}"));
        assert_eq!(ours(&guard["metadata"]["labels"], "env"), &json!(name), "{kind}");
    }
    let deployment = previews.deployment(7);
    assert_eq!(image(&deployment), &json!(format!("registry.acme.internal/shop:{first}")));
    assert_eq!(deployment["spec"]["replicas"], 1);
    assert_eq!(previews.read(7, "api/v1", "configmaps/settings").unwrap()["data"]["mode"], "first");

    // A push rolls out the new commit in the same environment.
    let second = previews.push(7, &[("shop/config.yaml", &CONFIG.replace("production", "second"))]);
    previews.expect_synced(7, &second);
    let rolled = previews.deployment(7);
    assert_eq!(image(&rolled), &json!(format!("registry.acme.internal/shop:{second}")));
    assert_eq!(uid(&rolled), uid(&deployment));
    let after = previews.cluster.read(&format!("/api/v1/namespaces/{name}")).unwrap();
    assert_eq!((uid(&after), ours(&after["metadata"]["annotations"], "head-sha")), (uid(&namespace), &json!(second)));

    // A push that changes no manifest is rolled out, too. Without the commit as a parameter, Argo CD would return its
    // cached manifests.
    let third = previews.push(7, &[("src/main.rs", "fn main() {}\n")]);
    previews.expect_synced(7, &third);
    assert_eq!(image(&previews.deployment(7)), &json!(format!("registry.acme.internal/shop:{third}")));

    previews.forge.unlabel(7, "preview");
    previews.expect_gone(7);
    assert_eq!(previews.application(6), None::<Value>, "it has no label");
    previews.end(&[6]);
}

#[test]
fn environment_can_sleep_and_wake() {
    let argocd = controllers();
    let previews = Previews::begin(&argocd);
    let sha = previews.open(7, &[]);
    previews.expect_synced(7, &sha);
    let before = previews.deployment(7);
    for (state, replicas) in [("asleep", 0), ("active", 1)] {
        previews.set_up(&json!([{ "name": "state", "string": state }]));
        eod_testkit::wait::wait_until(state, 2 * super::PATIENCE, || {
            let now = previews.deployment(7);
            if now["spec"]["replicas"] == replicas { Ok(()) } else { Err(now["spec"].to_string()) }
        });
        assert_eq!(uid(&previews.deployment(7)), uid(&before));
    }
    previews.end(&[7]);
}

/// Migration job before the other objects, as in most charts. As a `PreSync` hook it would run before the namespace and
/// its guards exist. Without its account, the API server refuses its pod.
const MIGRATE: &str = r#"
apiVersion: v1
kind: ServiceAccount
metadata: { name: migrate }
---
apiVersion: batch/v1
kind: Job
metadata: { name: migrate, annotations: { argocd.argoproj.io/hook: PreSync } }
spec:
  template:
    spec:
      restartPolicy: Never
      serviceAccountName: migrate
      containers: [{ name: migrate, image: registry.acme.internal/shop:main, args: [migrate] }]
"#;

#[test]
fn migration_runs_after_the_guards_and_before_the_workloads() {
    let argocd = controllers();
    let previews = Previews::begin(&argocd);
    let first = previews.open(7, &[("shop/migrate.yaml", MIGRATE)]);
    previews.expect_synced(7, &first);
    let job = previews.read(7, "apis/batch/v1", "jobs/migrate").unwrap();
    assert_eq!(image(&job), &json!(format!("registry.acme.internal/shop:{first}")));
    assert_eq!(job["status"]["succeeded"], 1, "{job}");
    let created = |object: &Value| object["metadata"]["creationTimestamp"].as_str().unwrap().to_owned();
    let quota = previews.read(7, "api/v1", "resourcequotas/eod").unwrap();
    assert!(created(&quota) <= created(&job) && created(&job) <= created(&previews.deployment(7)));

    // Every push runs it again.
    let second = previews.push(7, &[("shop/config.yaml", &CONFIG.replace("production", "second"))]);
    previews.expect_synced(7, &second);
    let again = previews.read(7, "apis/batch/v1", "jobs/migrate").unwrap();
    assert_eq!(image(&again), &json!(format!("registry.acme.internal/shop:{second}")));
    assert_ne!(uid(&again), uid(&job));
    previews.end(&[7]);
}
