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
mod narrowed;
mod narrower;

use std::collections::BTreeSet;

pub use self::narrowed::Narrowed;
use self::narrower::Narrower;
use crate::application::Preview;
use crate::kind::{SourceKind, is_cluster_kind, is_guard};
use crate::manifest::Manifest;
use crate::policy::NarrowClass;

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
}
