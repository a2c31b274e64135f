//! Narrowing: requests that a preview does not get are removed instead of refused.
//!
//! # Guarantees
//!
//! - Narrowing happens before the transform and the check of the policy, so everything that is rendered is checked.
//! - Values are removed, or replaced by the default of Kubernetes or by `false`. Nothing is added.
//! - Everything that is removed is reported with its location.
//! - A second narrowing changes nothing.

mod fields;
mod hooks;
mod metadata;

use std::collections::BTreeSet;
use std::fmt;

use eod_yaml::{FieldPath, PathStep};
use serde_json::Value;

use crate::application::Preview;
use crate::kind::{SourceKind, is_cluster_kind, is_guard};
use crate::manifest::Manifest;
use crate::policy::NarrowClass;
use crate::refusal::{Location, visible};
use crate::workload::is_empty_value;

/// A request that was removed.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Narrowed {
    /// Location of the object or the field.
    pub location: Location,
    /// Class of the request.
    pub class: NarrowClass,
    /// Change, such as `spec.type` and its new value.
    pub change: String,
}

/// Narrowing of the objects of one source.
struct Narrower<'a> {
    preview: &'a Preview<'a>,
    /// Label keys that selectors of the source use.
    selected: BTreeSet<String>,
    /// Names of the Secrets in the source.
    secrets: BTreeSet<String>,
    narrowed: Vec<Narrowed>,
}

/// Removes the requests of the policy's classes.
pub(crate) fn narrow(preview: &Preview<'_>, manifests: Vec<Manifest>) -> (Vec<Manifest>, Vec<Narrowed>) {
    let mut narrower = Narrower { preview, selected: BTreeSet::new(), secrets: BTreeSet::new(), narrowed: Vec::new() };
    let (dropped, mut kept): (Vec<_>, Vec<_>) =
        manifests.into_iter().partition(|manifest| narrower.drop_class(manifest).is_some());
    for manifest in &dropped {
        if let Some(class) = narrower.drop_class(manifest) {
            narrower.note(manifest, &[], class, "the object is dropped".to_owned());
        }
    }
    kept.retain_mut(|manifest| narrower.retain_hooks(manifest));
    let secrets = kept.iter().filter(|manifest| manifest.kind() == "Secret");
    narrower.secrets = secrets.map(|secret| secret.name().to_owned()).collect();
    for manifest in &kept {
        metadata::add_selected_keys(&manifest.content, &mut narrower.selected);
    }
    for manifest in kept.iter_mut().filter(|manifest| !is_own_namespace(preview, manifest)) {
        narrower.narrow_object(manifest);
    }
    let mut narrowed = narrower.narrowed;
    narrowed.sort_by(|one, other| one.location.cmp(&other.location));
    (kept, narrowed)
}

/// True for the Namespace of the environment, which the transform drops.
fn is_own_namespace(preview: &Preview<'_>, manifest: &Manifest) -> bool {
    (manifest.group(), manifest.kind()) == ("", "Namespace") && manifest.name() == preview.name().as_str()
}

impl Narrower<'_> {
    fn has(&self, class: NarrowClass) -> bool {
        self.preview.policy.narrow.contains(&class)
    }

    /// Class that drops an object; none if it is kept.
    fn drop_class(&self, manifest: &Manifest) -> Option<NarrowClass> {
        let (group, kind, policy) = (manifest.group(), manifest.kind(), self.preview.policy);
        let is_allowed = SourceKind::of(group, kind).is_some_and(|kind| policy.kinds.contains(&kind));
        if is_own_namespace(self.preview, manifest) || is_allowed {
            return None;
        }
        let is_dropped = |class: NarrowClass| match class {
            NarrowClass::Guards => is_guard(group, kind),
            NarrowClass::ClusterKinds => is_cluster_kind(group, kind),
            NarrowClass::Kinds => policy.drop_kinds.iter().any(|pattern| pattern.matches(group, kind)),
            _ => false,
        };
        let classes = [NarrowClass::Guards, NarrowClass::ClusterKinds, NarrowClass::Kinds];
        classes.into_iter().find(|class| self.has(*class) && is_dropped(*class))
    }

    fn narrow_object(&mut self, manifest: &mut Manifest) {
        let kind = SourceKind::of(manifest.group(), manifest.kind());
        match kind {
            Some(SourceKind::Service) => self.service(manifest),
            Some(SourceKind::ServiceAccount) => self.account(manifest),
            _ => {}
        }
        if let Some(kind) = &kind {
            self.pod(manifest, kind);
        }
        self.metadata(manifest, kind.as_ref());
    }

    fn note(&mut self, manifest: &Manifest, steps: &[PathStep], class: NarrowClass, change: String) {
        let change = if steps.is_empty() { change } else { format!("`{}` {change}", FieldPath(steps)) };
        self.narrowed.push(Narrowed { location: manifest.location(steps), class, change });
    }

    /// Removes a field that is set and not empty. Empty fields are not requests.
    fn remove(&mut self, manifest: &mut Manifest, parent: &[PathStep], key: &str, class: NarrowClass) {
        let Some(map) = value_mut(&mut manifest.content, parent).and_then(Value::as_object_mut) else { return };
        if map.get(key).is_none_or(is_empty_value) {
            return;
        }
        map.remove(key);
        let steps = [parent, &[PathStep::Key(key.to_owned())]].concat();
        self.note(manifest, &steps, class, "is removed".to_owned());
    }

    /// Replaces a field that is set.
    fn replace(
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
fn keys(keys: &[&str]) -> Vec<PathStep> {
    keys.iter().map(|key| PathStep::Key((*key).to_owned())).collect()
}

/// Value at a path.
fn value_at<'a>(value: &'a Value, steps: &[PathStep]) -> Option<&'a Value> {
    steps.iter().try_fold(value, |value, step| match step {
        PathStep::Key(key) => value.get(key),
        PathStep::Item(item) => value.get(item),
    })
}

/// Mutable value at a path.
fn value_mut<'a>(value: &'a mut Value, steps: &[PathStep]) -> Option<&'a mut Value> {
    steps.iter().try_fold(value, |value, step| match step {
        PathStep::Key(key) => value.get_mut(key),
        PathStep::Item(item) => value.get_mut(item),
    })
}

impl Narrowed {
    /// The change with file names relative to the repository. `above` is the directory of the received tree in the
    /// repository.
    #[must_use]
    pub fn below(self, above: &str) -> Self {
        Self { location: self.location.below(above), ..self }
    }
}

impl fmt::Display for Narrowed {
    /// One line: location, change, reason and class.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { location, class, change } = self;
        write!(f, "{location}: {}: {} ({class})", visible(change), class.description().reason)
    }
}
