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
mod tests;
