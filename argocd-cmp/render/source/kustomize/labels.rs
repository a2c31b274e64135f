//! Labels and annotations of objects, their templates and their selectors, as kustomize sets them.

use serde_json::{Value, json};

use super::kustomization::LabelChange;
use crate::manifest::Manifest;
use crate::workload::{at, at_mut, map_or_insert_at};

/// Paths of the metadata of templates, by kind.
fn templates(kind: &str) -> &'static [&'static [&'static str]] {
    match kind {
        "Deployment" | "StatefulSet" | "Job" => &[&["spec", "template", "metadata"]],
        "CronJob" => &[&["spec", "jobTemplate", "metadata"], &["spec", "jobTemplate", "spec", "template", "metadata"]],
        _ => &[],
    }
}

/// True if kustomize would set the labels in further fields of the object, which are not implemented here.
pub(super) fn needs_tool(labels: &LabelChange, manifest: &Manifest) -> bool {
    let pod = ["spec", "template", "spec"];
    let placed = |key: &&str| at(&manifest.content, &[&pod[..], &[*key]].concat()).is_some();
    let placed = labels.selectors && ["affinity", "topologySpreadConstraints"].iter().any(placed);
    let cron = ["spec", "jobTemplate", "spec", "selector"];
    let jobs = at(&manifest.content, &cron).is_some()
        || (manifest.kind() == "Job" && at(&manifest.content, &["spec", "selector"]).is_some());
    // In some versions of kustomize, templates of claims count as templates.
    let claims =
        labels.templates != labels.claims && at(&manifest.content, &["spec", "volumeClaimTemplates"]).is_some();
    placed || claims || (labels.selectors && jobs)
}

/// Sets labels on an object, and on its templates and selectors if they are included.
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

/// Sets annotations on an object and its templates.
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
    let Some(map) = map_or_insert_at(content, path) else { return };
    for (key, value) in pairs {
        map.insert(key.clone(), json!(value));
    }
}
