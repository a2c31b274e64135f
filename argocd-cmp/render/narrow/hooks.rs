//! Narrowing of hooks: phases that previews do not have.

use serde_json::{Value, json};

use super::narrower::{Narrower, keys, value_mut};
use crate::manifest::Manifest;
use crate::policy::NarrowClass;
use crate::transform::{HELM_HOOK, HOOK};

/// Phases without a counterpart in a preview, by the annotation that names them.
const PHASES: [(&str, &[&str]); 2] = [
    (
        HELM_HOOK,
        &["post-delete", "post-rollback", "pre-delete", "pre-rollback", "test", "test-failure", "test-success"],
    ),
    (HOOK, &["PostDelete", "PreDelete"]),
];

impl Narrower<'_> {
    /// Removes phases that previews do not have. Returns false if the object has no other phase, so it is dropped.
    pub(super) fn retain_hooks(&mut self, manifest: &mut Manifest) -> bool {
        let class = NarrowClass::Hooks;
        if !self.has(class) {
            return true;
        }
        for (key, phases) in PHASES {
            let Some(written) = manifest.annotation(key).map(ToOwned::to_owned) else { continue };
            let values = || written.split(',').map(str::trim).filter(|value| !value.is_empty());
            let (removed, kept): (Vec<&str>, Vec<&str>) = values().partition(|value| phases.contains(value));
            if removed.is_empty() {
                continue;
            }
            if kept.is_empty() {
                self.note(manifest, &[], class, format!("the hook `{}` is dropped", removed.join(",")));
                return false;
            }
            let path = keys(&["metadata", "annotations"]);
            if let Some(annotations) = value_mut(&mut manifest.content, &path).and_then(Value::as_object_mut) {
                annotations.insert(key.to_owned(), json!(kept.join(",")));
            }
            let path = keys(&["metadata", "annotations", key]);
            self.note(manifest, &path, class, format!("loses `{}`", removed.join(",")));
        }
        true
    }
}
