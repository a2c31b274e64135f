//! Dropped objects, and namespace and labels of all other objects.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use super::hooks;
use crate::application::Preview;
use crate::kind::SourceKind;
use crate::manifest::Manifest;
use crate::workload::{at, at_mut, is_empty_value, map_or_insert_at, template_path};

/// True for objects that previews do not run: chart tests, and the own namespace.
pub(super) fn is_dropped(preview: &Preview<'_>, manifest: &Manifest) -> bool {
    match (manifest.group(), manifest.kind()) {
        ("", "Namespace") => manifest.name() == preview.name().as_str(),
        _ => hooks::is_test(manifest),
    }
}

/// Sets the namespace and the labels. Selectors are not changed.
pub(super) fn rewrite(preview: &Preview<'_>, manifest: &mut Manifest) {
    let labels = &preview.labels;
    let Some(metadata) = map_or_insert_at(&mut manifest.content, &["metadata"]) else { return };
    metadata.insert("namespace".to_owned(), json!(preview.name().as_str()));
    metadata.retain(|key, value| !(["finalizers", "ownerReferences"].contains(&key.as_str()) && is_empty_value(value)));
    put_labels(&mut manifest.content, &["metadata"], labels, &Map::new());
    let Some(kind) = SourceKind::of(manifest.group(), manifest.kind()) else { return };
    let Some(template) = template_path(&kind) else { return };
    let selected = at(&manifest.content, &["spec", "selector", "matchLabels"]).and_then(Value::as_object).cloned();
    let template_metadata = [template, &["metadata"]].concat();
    // A template that is not a map is refused later.
    if at(&manifest.content, template).is_some_and(Value::is_object) {
        if let Some(metadata) = map_or_insert_at(&mut manifest.content, &template_metadata) {
            metadata.remove("namespace");
        }
        put_labels(&mut manifest.content, &template_metadata, labels, &selected.unwrap_or_default());
    }
    if kind == SourceKind::CronJob && at(&manifest.content, &["spec", "jobTemplate"]).is_some_and(Value::is_object) {
        put_labels(&mut manifest.content, &["spec", "jobTemplate", "metadata"], labels, &Map::new());
    }
    if let Some(claims) = at_mut(&mut manifest.content, &["spec", "volumeClaimTemplates"]).and_then(Value::as_array_mut)
    {
        // The API server refuses every change of claim templates, so they get only labels that never change.
        for claim in claims {
            put_labels(claim, &["metadata"], &preview.constant_labels(), &Map::new());
        }
    }
    if kind == SourceKind::Job && !hooks::is_hook(manifest) {
        replace_at_sync(manifest);
    }
}

/// Lets Argo CD replace a Job: the API server refuses changes of its template, such as another image or label.
fn replace_at_sync(manifest: &mut Manifest) {
    if let Some(annotations) = map_or_insert_at(&mut manifest.content, &["metadata", "annotations"]) {
        annotations.entry(hooks::SYNC_OPTIONS).or_insert_with(|| json!(hooks::REPLACE));
    }
}

/// Adds labels, except those that the selector of the workload uses.
fn put_labels(value: &mut Value, metadata: &[&str], labels: &BTreeMap<String, String>, selected: &Map<String, Value>) {
    let Some(target) = map_or_insert_at(value, &[metadata, &["labels"]].concat()) else { return };
    for (key, value) in labels.iter().filter(|(key, _)| !selected.contains_key(*key)) {
        target.insert(key.clone(), json!(value));
    }
}
