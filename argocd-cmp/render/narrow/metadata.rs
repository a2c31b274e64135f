//! Narrowing of metadata: keys of other domains, finalizers and owners.

use std::collections::BTreeSet;

use eod_yaml::PathStep;
use serde_json::Value;

use super::narrower::{Narrower, keys, value_at, value_mut};
use crate::kind::SourceKind;
use crate::manifest::Manifest;
use crate::metadata_key::KeyClass;
use crate::policy::NarrowClass;
use crate::transform::{REPLACE, SYNC_OPTIONS};
use crate::workload::{items, template_path};

/// Adds the label keys of all selectors in a value.
pub(super) fn add_selected_keys(value: &Value, selected: &mut BTreeSet<String>) {
    match value {
        Value::Array(items) => items.iter().for_each(|item| add_selected_keys(item, selected)),
        Value::Object(map) => {
            for (key, below) in map {
                match (key.as_str(), below) {
                    ("matchLabels" | "selector" | "nodeSelector", Value::Object(labels)) => {
                        selected.extend(labels.keys().cloned());
                    }
                    ("matchExpressions", Value::Array(expressions)) => {
                        let keys = expressions.iter().filter_map(|expression| expression.get("key")?.as_str());
                        selected.extend(keys.map(ToOwned::to_owned));
                    }
                    _ => {}
                }
                add_selected_keys(below, selected);
            }
        }
        _ => {}
    }
}

impl Narrower<'_> {
    pub(super) fn metadata(&mut self, manifest: &mut Manifest, kind: Option<&SourceKind>) {
        if !self.has(NarrowClass::Metadata) {
            return;
        }
        self.one_metadata(manifest, &keys(&["metadata"]));
        let Some(template) = kind.and_then(template_path) else { return };
        self.one_metadata(manifest, &keys(&[template, &["metadata"]].concat()));
        if kind == Some(&SourceKind::CronJob) {
            self.one_metadata(manifest, &keys(&["spec", "jobTemplate", "metadata"]));
        }
        for claim in 0..items(&manifest.content, &["spec", "volumeClaimTemplates"]).len() {
            let claim = [keys(&["spec", "volumeClaimTemplates"]), vec![PathStep::Item(claim)], keys(&["metadata"])];
            self.one_metadata(manifest, &claim.concat());
        }
    }

    fn one_metadata(&mut self, manifest: &mut Manifest, path: &[PathStep]) {
        let class = NarrowClass::Metadata;
        for field in ["finalizers", "ownerReferences"] {
            self.remove(manifest, path, field, class);
        }
        for field in ["labels", "annotations"] {
            let path = [path, &keys(&[field])].concat();
            for key in self.foreign_keys(manifest, &path, field == "labels") {
                self.remove_key(manifest, &path, &key, class);
            }
        }
    }

    /// Keys of other domains that can be removed. A label that a selector uses cannot: without it the application has no
    /// pods.
    fn foreign_keys(&self, manifest: &Manifest, path: &[PathStep], is_labels: bool) -> Vec<String> {
        let is_job = manifest.kind() == "Job";
        let found = value_at(&manifest.content, path).and_then(Value::as_object);
        let is_foreign = |(key, value): &(&String, &Value)| {
            let text = value.as_str();
            let is_set_by_transform = if is_labels {
                text.is_some_and(|text| self.preview.labels.get(*key).is_some_and(|label| label == text))
            } else {
                is_job && *key == SYNC_OPTIONS && text == Some(REPLACE)
            };
            KeyClass::of(self.preview.policy, key) == KeyClass::Foreign
                && !is_set_by_transform
                && !(is_labels && self.selected.contains(*key))
        };
        found.into_iter().flatten().filter(is_foreign).map(|(key, _)| key.clone()).collect()
    }

    /// Removes a label or an annotation, also an empty one.
    pub(super) fn remove_key(&mut self, manifest: &mut Manifest, path: &[PathStep], key: &str, class: NarrowClass) {
        let Some(map) = value_mut(&mut manifest.content, path).and_then(Value::as_object_mut) else { return };
        if map.remove(key).is_some() {
            let steps = [path, &keys(&[key])].concat();
            self.note(manifest, &steps, class, "is removed".to_owned());
        }
    }
}
