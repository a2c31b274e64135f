//! Facts about a Deployment.

use eod_domain::labels;
use eod_reaper::ports::DeploymentFacts;
use serde_json::Value;

/// Facts about a Deployment.
pub(super) fn facts(object: &Value) -> DeploymentFacts {
    let number = |pointer: &str| object.pointer(pointer).and_then(Value::as_u64).unwrap_or_default();
    let wanted = object.pointer("/spec/replicas").and_then(Value::as_u64).unwrap_or(1);
    let is_seen = number("/status/observedGeneration") >= number("/metadata/generation");
    let is_complete = number("/status/updatedReplicas") >= wanted && number("/status/availableReplicas") >= wanted;
    let annotations = object.pointer("/spec/template/metadata/annotations");
    let sha = annotations.and_then(|annotations| annotations.get(labels::HEAD_SHA)).and_then(Value::as_str);
    DeploymentFacts {
        name: object.pointer("/metadata/name").and_then(Value::as_str).unwrap_or_default().to_owned(),
        sha: sha.and_then(|sha| sha.parse().ok()),
        is_available: is_seen && is_complete,
        failing: failing(object),
    }
}

/// Message of the condition that says that the newest revision does not progress.
fn failing(object: &Value) -> Option<String> {
    let conditions = object.pointer("/status/conditions").and_then(Value::as_array)?;
    let text = |condition: &Value, key: &str| condition.get(key).and_then(Value::as_str).unwrap_or_default().to_owned();
    let is_failed = |condition: &&Value| match text(condition, "type").as_str() {
        "Progressing" => text(condition, "status") == "False",
        "ReplicaFailure" => text(condition, "status") == "True",
        _ => false,
    };
    conditions.iter().find(is_failed).map(|condition| text(condition, "message"))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn deployment_is_available_with_all_replicas_of_its_newest_revision() {
        let mut object = json!({
            "metadata": { "name": "web", "generation": 2 },
            "spec": { "replicas": 2, "template": { "metadata": { "annotations": { labels::HEAD_SHA: "1a2b3c4" } } } },
            "status": { "observedGeneration": 2, "updatedReplicas": 2, "availableReplicas": 2 },
        });
        let found = facts(&object);
        assert!(found.is_available && found.failing.is_none());
        assert_eq!(found.sha.unwrap().as_str(), "1a2b3c4");
        object["metadata"]["generation"] = 3.into();
        assert!(!facts(&object).is_available, "the newest revision was not seen yet");
        object["status"]["conditions"] =
            json!([{ "type": "Progressing", "status": "False", "message": "exceeded its progress deadline" }]);
        assert_eq!(facts(&object).failing.unwrap(), "exceeded its progress deadline");
    }
}
