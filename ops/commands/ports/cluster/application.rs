//! Facts about an Application of Argo CD.

use eod_reaper::ports::{ApplicationFacts, ApplicationHealth};
use jiff::Timestamp;
use serde_json::Value;

use super::version;

/// Annotation that confirms a deletion: a time after the start of the deletion.
pub(super) const APPROVED: &str = "argocd.argoproj.io/deletion-approved";
/// Finalizer with which Argo CD removes the objects of a deleted Application; variants have a suffix.
const FINALIZER: &str = "resources-finalizer.argocd.argoproj.io";
/// Address of the cluster in which Argo CD itself runs.
const IN_CLUSTER: &str = "https://kubernetes.default.svc";

/// True if the Application deploys into a namespace of this name, in this cluster or in one that may be this cluster: the
/// same cluster can have several addresses.
pub(super) fn deploys_into(object: &Value, namespace: &str) -> bool {
    object.pointer("/spec/destination/namespace").and_then(Value::as_str) == Some(namespace)
}

/// Address of the Application's cluster, if it is not the address of this cluster. A destination that is the name of a
/// cluster counts as this cluster.
fn other_cluster(object: &Value) -> Option<String> {
    let server = object.pointer("/spec/destination/server").and_then(Value::as_str)?;
    let is_other = !server.is_empty() && server.trim_end_matches('/') != IN_CLUSTER;
    is_other.then(|| server.to_owned())
}

/// Facts about an Application.
pub(super) fn facts(object: &Value) -> ApplicationFacts {
    let text = |pointer: &str| object.pointer(pointer).and_then(Value::as_str).unwrap_or_default();
    let deleting_since: Option<Timestamp> = text("/metadata/deletionTimestamp").parse().ok();
    let approved: Option<Timestamp> = annotation(object, APPROVED).and_then(|text| text.parse().ok());
    let is_approved = approved.zip(deleting_since).is_some_and(|(approved, since)| approved >= since);
    let revisions = object.pointer("/status/sync/revisions/0").and_then(Value::as_str);
    ApplicationFacts {
        namespace: text("/metadata/namespace").to_owned(),
        name: text("/metadata/name").to_owned(),
        version: version(object),
        synced_sha: revisions.unwrap_or_else(|| text("/status/sync/revision")).parse().ok(),
        is_synced: text("/status/sync/status") == "Synced",
        health: health(object),
        deleting_since,
        awaits_confirmation: deleting_since.is_some() && !is_approved && needs_confirmation(object),
        is_never_deleted: !has_finalizer(object),
        other_cluster: other_cluster(object),
    }
}

fn health(object: &Value) -> ApplicationHealth {
    let text = |pointer: &str| object.pointer(pointer).and_then(Value::as_str).unwrap_or_default();
    let failed_sync = matches!(text("/status/operationState/phase"), "Failed" | "Error");
    match text("/status/health/status") {
        "Healthy" if !failed_sync => ApplicationHealth::Healthy,
        "Degraded" => ApplicationHealth::Degraded(cause(object).unwrap_or_else(|| "degraded".to_owned())),
        _ if failed_sync => {
            ApplicationHealth::Degraded(format!("sync failed: {}", text("/status/operationState/message")))
        }
        _ => ApplicationHealth::Progressing,
    }
}

/// First degraded object, with its message.
fn cause(object: &Value) -> Option<String> {
    let resources = object.pointer("/status/resources").and_then(Value::as_array)?;
    let text = |resource: &Value, pointer: &str| {
        resource.pointer(pointer).and_then(Value::as_str).unwrap_or_default().to_owned()
    };
    let degraded = resources.iter().find(|resource| text(resource, "/health/status") == "Degraded")?;
    let (kind, name) = (text(degraded, "/kind"), text(degraded, "/name"));
    Some(format!("{kind}/{name}: {}", text(degraded, "/health/message")).trim_end_matches(": ").to_owned())
}

fn needs_confirmation(object: &Value) -> bool {
    let resources = object.pointer("/status/resources").and_then(Value::as_array);
    let is_held =
        |resource: &Value| resource.get("requiresDeletionConfirmation").and_then(Value::as_bool) == Some(true);
    resources.into_iter().flatten().any(is_held)
}

fn has_finalizer(object: &Value) -> bool {
    let finalizers = object.pointer("/metadata/finalizers").and_then(Value::as_array);
    finalizers.into_iter().flatten().filter_map(Value::as_str).any(|finalizer| finalizer.starts_with(FINALIZER))
}

fn annotation<'a>(object: &'a Value, key: &str) -> Option<&'a str> {
    object.get("metadata")?.get("annotations")?.get(key)?.as_str()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn application(destination: &Value) -> Value {
        json!({ "metadata": { "namespace": "argocd", "name": "shop-pr-1", "uid": "u", "resourceVersion": "1",
            "finalizers": ["resources-finalizer.argocd.argoproj.io/background"] },
            "spec": { "destination": destination } })
    }

    #[test]
    fn application_claims_its_namespace_also_under_another_address_of_the_cluster() {
        let claims = |destination: Value| deploys_into(&application(&destination), "shop-pr-1");
        assert!(claims(json!({ "server": "https://kubernetes.default.svc", "namespace": "shop-pr-1" })));
        assert!(claims(json!({ "name": "in-cluster", "namespace": "shop-pr-1" })));
        assert!(!claims(json!({ "server": "https://kubernetes.default.svc", "namespace": "shop-pr-12" })));
        let other = json!({ "server": "https://10.0.0.1", "namespace": "shop-pr-1" });
        assert!(claims(other.clone()), "it may be an address of this cluster");
        assert_eq!(facts(&application(&other)).other_cluster.as_deref(), Some("https://10.0.0.1"));
        let here = json!({ "server": "https://kubernetes.default.svc/", "namespace": "shop-pr-1" });
        assert_eq!(facts(&application(&here)).other_cluster, None);
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
        assert!(found.is_synced && found.synced_sha.is_some() && !found.is_never_deleted);
        object["metadata"]["finalizers"] = json!([]);
        assert!(facts(&object).is_never_deleted);
    }
}
