//! [`Narrower`]: state of one narrowing, and changes of single fields.

use std::collections::BTreeSet;

use eod_yaml::{FieldPath, PathStep};
use serde_json::Value;

use super::narrowed::Narrowed;
use crate::application::Preview;
use crate::manifest::Manifest;
use crate::policy::NarrowClass;
use crate::workload::is_empty_value;

/// Narrowing of the objects of one source.
pub(super) struct Narrower<'a> {
    pub(super) preview: &'a Preview<'a>,
    /// Label keys that selectors of the source use.
    pub(super) selected: BTreeSet<String>,
    /// Names of the Secrets in the source.
    pub(super) secrets: BTreeSet<String>,
    pub(super) narrowed: Vec<Narrowed>,
}

impl Narrower<'_> {
    pub(super) fn has(&self, class: NarrowClass) -> bool {
        self.preview.policy.narrow.contains(&class)
    }

    pub(super) fn note(&mut self, manifest: &Manifest, steps: &[PathStep], class: NarrowClass, change: String) {
        let change = if steps.is_empty() { change } else { format!("`{}` {change}", FieldPath(steps)) };
        self.narrowed.push(Narrowed { location: manifest.location(steps), class, change });
    }

    /// Removes a field that is set and not empty. Empty fields are not requests.
    pub(super) fn remove(&mut self, manifest: &mut Manifest, parent: &[PathStep], key: &str, class: NarrowClass) {
        let Some(map) = value_mut(&mut manifest.content, parent).and_then(Value::as_object_mut) else { return };
        if map.get(key).is_none_or(is_empty_value) {
            return;
        }
        map.remove(key);
        let steps = [parent, &[PathStep::Key(key.to_owned())]].concat();
        self.note(manifest, &steps, class, "is removed".to_owned());
    }

    /// Replaces a field that is set.
    pub(super) fn replace(
        &mut self,
        manifest: &mut Manifest,
        parent: &[PathStep],
        key: &str,
        class: NarrowClass,
        new: impl Into<Value>,
    ) {
        let Some(map) = value_mut(&mut manifest.content, parent).and_then(Value::as_object_mut) else { return };
        let new = new.into();
        let Some(old) = map.get_mut(key) else { return };
        let shown = |value: &Value| value.as_str().map_or_else(|| value.to_string(), ToOwned::to_owned);
        let change = format!("is `{}` instead of `{}`", shown(&new), shown(&*old));
        *old = new;
        let steps = [parent, &[PathStep::Key(key.to_owned())]].concat();
        self.note(manifest, &steps, class, change);
    }
}

/// Path of keys.
pub(super) fn keys(keys: &[&str]) -> Vec<PathStep> {
    keys.iter().map(|key| PathStep::Key((*key).to_owned())).collect()
}

/// Value at a path.
pub(super) fn value_at<'a>(value: &'a Value, steps: &[PathStep]) -> Option<&'a Value> {
    steps.iter().try_fold(value, |value, step| match step {
        PathStep::Key(key) => value.get(key),
        PathStep::Item(item) => value.get(item),
    })
}

/// Mutable value at a path.
pub(super) fn value_mut<'a>(value: &'a mut Value, steps: &[PathStep]) -> Option<&'a mut Value> {
    steps.iter().try_fold(value, |value, step| match step {
        PathStep::Key(key) => value.get_mut(key),
        PathStep::Item(item) => value.get_mut(item),
    })
}
