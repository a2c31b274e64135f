//! Where kustomize puts labels and annotations.

use serde_json::{Value, json};

use super::kustomization::LabelChange;
use crate::manifest::Manifest;
use crate::workload::{at, at_mut, map_at};

/// Where the metadata of templates stands, by kind.
fn templates(kind: &str) -> &'static [&'static [&'static str]] {
    match kind {
        "Deployment" | "StatefulSet" | "Job" => &[&["spec", "template", "metadata"]],
        "CronJob" => &[&["spec", "jobTemplate", "metadata"], &["spec", "jobTemplate", "spec", "template", "metadata"]],
        _ => &[],
    }
}

/// Whether labels go deeper into this object than is known here.
pub(super) fn goes_deeper(labels: &LabelChange, manifest: &Manifest) -> bool {
    let pod = ["spec", "template", "spec"];
    let placed = |key: &&str| at(&manifest.content, &[&pod[..], &[*key]].concat()).is_some();
    let placed = labels.selectors && ["affinity", "topologySpreadConstraints"].iter().any(placed);
    let cron = ["spec", "jobTemplate", "spec", "selector"];
    let jobs = at(&manifest.content, &cron).is_some()
        || (manifest.kind() == "Job" && at(&manifest.content, &["spec", "selector"]).is_some());
    // Versions of kustomize differ in whether templates of claims are templates.
    let claims =
        labels.templates != labels.claims && at(&manifest.content, &["spec", "volumeClaimTemplates"]).is_some();
    placed || claims || (labels.selectors && jobs)
}

/// Puts labels on an object, its templates and its selector, as far as they go.
pub(super) fn put_labels(labels: &LabelChange, manifest: &mut Manifest) {
    let kind = manifest.kind().to_owned();
    let content = &mut manifest.content;
    put(content, &["metadata", "labels"], &labels.pairs);
    if labels.templates {
        for template in templates(&kind) {
            put(content, &[template, &["labels"][..]].concat(), &labels.pairs);
        }
    }
    if labels.claims && kind == "StatefulSet" {
        let claims = at_mut(content, &["spec", "volumeClaimTemplates"]).and_then(Value::as_array_mut);
        for claim in claims.into_iter().flatten() {
            put(claim, &["metadata", "labels"], &labels.pairs);
        }
    }
    if labels.selectors {
        match kind.as_str() {
            "Service" => put(content, &["spec", "selector"], &labels.pairs),
            "PodDisruptionBudget" if at(content, &["spec", "selector", "matchLabels"]).is_some() => {
                put(content, &["spec", "selector", "matchLabels"], &labels.pairs);
            }
            "Deployment" | "StatefulSet" => put(content, &["spec", "selector", "matchLabels"], &labels.pairs),
            _ => {}
        }
    }
}

/// Puts annotations on an object and its templates.
pub(super) fn put_annotations(pairs: &[(String, String)], manifest: &mut Manifest) {
    let kind = manifest.kind().to_owned();
    put(&mut manifest.content, &["metadata", "annotations"], pairs);
    for template in templates(&kind) {
        put(&mut manifest.content, &[template, &["annotations"][..]].concat(), pairs);
    }
}

fn put(content: &mut Value, path: &[&str], pairs: &[(String, String)]) {
    if pairs.is_empty() {
        return;
    }
    let Some(map) = map_at(content, path) else { return };
    for (key, value) in pairs {
        map.insert(key.clone(), json!(value));
    }
}
