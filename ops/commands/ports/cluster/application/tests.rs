use serde_json::json;

use super::*;

fn application(destination: &Value) -> Value {
    json!({ "metadata": { "namespace": "argocd", "name": "shop-pr-1", "uid": "u", "resourceVersion": "1",
        "finalizers": ["resources-finalizer.argocd.argoproj.io/background"] },
        "spec": { "destination": destination } })
}

fn facts(object: &Value) -> ApplicationFacts {
    ApplicationFields::of(object.clone()).unwrap().facts()
}

#[test]
fn application_claims_its_namespace_also_under_another_address_of_the_cluster() {
    let claims = |destination: &Value| {
        let application = ApplicationFields::of(application(destination)).unwrap();
        application.destination_namespace() == Some("shop-pr-1")
    };
    assert!(claims(&json!({ "server": "https://kubernetes.default.svc", "namespace": "shop-pr-1" })));
    assert!(claims(&json!({ "name": "in-cluster", "namespace": "shop-pr-1" })));
    assert!(!claims(&json!({ "server": "https://kubernetes.default.svc", "namespace": "shop-pr-12" })));
    let other = json!({ "server": "https://10.0.0.1", "namespace": "shop-pr-1" });
    assert!(claims(&other), "it may be an address of this cluster");
}

#[test]
fn cluster_is_another_one_if_it_has_another_address_or_name() {
    let other = |destination: Value| facts(&application(&destination)).other_cluster;
    assert_eq!(other(json!({ "server": "https://10.0.0.1" })).as_deref(), Some("https://10.0.0.1"));
    assert_eq!(other(json!({ "name": "preview-2" })).as_deref(), Some("preview-2"));
    assert_eq!(other(json!({ "server": "https://kubernetes.default.svc/" })), None);
    assert_eq!(other(json!({ "name": "in-cluster", "server": "" })), None);
    assert_eq!(other(json!({})), None);
}

#[test]
fn deletion_waits_until_it_is_approved_after_its_start() {
    let mut object = application(&json!({}));
    object["status"] = json!({ "resources": [{ "kind": "Namespace", "requiresDeletionConfirmation": true }] });
    assert!(!facts(&object).awaits_confirmation, "it is not being deleted");
    object["metadata"]["deletionTimestamp"] = "2026-08-01T10:00:00Z".into();
    assert!(facts(&object).awaits_confirmation);
    object["metadata"]["annotations"] = json!({ APPROVED: "2026-08-01T09:00:00Z" });
    assert!(facts(&object).awaits_confirmation, "the approval is older than the deletion");
    object["metadata"]["annotations"] = json!({ APPROVED: "2026-08-01T10:00:01Z" });
    assert!(!facts(&object).awaits_confirmation);
}

#[test]
fn health_names_the_degraded_object() {
    let mut object = application(&json!({}));
    object["status"] = json!({
        "sync": { "status": "Synced", "revision": "1111111111111111111111111111111111111111" },
        "health": { "status": "Degraded" },
        "resources": [{ "kind": "Deployment", "name": "web", "health": { "status": "Degraded", "message": "no image" } }],
    });
    let found = facts(&object);
    assert_eq!(found.health, ApplicationHealth::Degraded("Deployment/web: no image".to_owned()));
    assert!(found.is_synced && !found.is_never_deleted);
    object["metadata"]["finalizers"] = json!([]);
    assert!(facts(&object).is_never_deleted);
    object["status"]["health"] = json!({ "status": "Healthy" });
    assert_eq!(facts(&object).health, ApplicationHealth::Healthy);
    object["status"]["operationState"] = json!({ "phase": "Running" });
    assert_eq!(facts(&object).health, ApplicationHealth::Progressing, "the sync is not over");
    object["status"]["operationState"] = json!({ "phase": "Failed", "message": "denied" });
    assert_eq!(facts(&object).health, ApplicationHealth::Degraded("sync failed: denied".to_owned()));
}

#[test]
fn each_source_has_its_own_commit() {
    let (first, second) = ("1111111111111111111111111111111111111111", "2222222222222222222222222222222222222222");
    let found = |spec: Value, sync: Value| {
        let mut object = application(&json!({}));
        object["spec"] = spec;
        object["status"] = json!({ "sync": sync });
        let sources = facts(&object).sources.into_iter();
        sources.map(|source| (source.url, source.sha.map(|sha| sha.to_string()))).collect::<Vec<_>>()
    };
    let source = |url: &str| json!({ "repoURL": url, "path": "shop" });
    let one = |url: &str, sha: &str| (url.to_owned(), Some(sha.to_owned()));
    let single = json!({ "source": source("https://a") });
    assert_eq!(found(single.clone(), json!({ "revision": first })), [one("https://a", first)]);
    let several = json!({ "sources": [source("https://charts"), source("https://a")] });
    let revisions = json!({ "revisions": ["1.2.3", second] });
    assert_eq!(found(several.clone(), revisions), [("https://charts".to_owned(), None), one("https://a", second)]);
    // The specification was changed after the comparison.
    let compared = json!({ "revision": first, "comparedTo": { "source": source("https://before") } });
    assert_eq!(found(single.clone(), compared), [one("https://before", first)]);
    assert_eq!(found(several, json!({ "revisions": [first] })), []);
    let hydrated = json!({ "sourceHydrator": { "drySource": source("https://a") } });
    assert_eq!(found(hydrated, json!({ "revision": first, "comparedTo": { "source": source("https://a") } })), []);
    assert_eq!(found(single, json!({})), [("https://a".to_owned(), None)]);
}
