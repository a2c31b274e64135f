//! References to objects that kustomize has renamed.

use std::collections::{BTreeMap, BTreeSet};

use super::resource::KustomizeResource;
use crate::manifest::text;
use crate::object_references::{SCALED, each_reference};

/// Replaces references to old names by the new names. False if a reference is ambiguous.
pub(super) fn follow(resources: &mut [KustomizeResource]) -> bool {
    // Current names by kind, namespace, and original or intermediate name.
    let mut known: BTreeMap<(String, String, String), BTreeSet<String>> = BTreeMap::new();
    for resource in resources.iter() {
        let Some(last) = resource.names.last() else { continue };
        for name in &resource.names {
            let key = (resource.manifest.kind().to_owned(), resource.namespace_or_default().to_owned(), name.clone());
            known.entry(key).or_default().insert(last.clone());
        }
    }
    let mut clear = true;
    for resource in resources {
        let namespace = resource.namespace_or_default().to_owned();
        // Targets of autoscalers can have several kinds, and kustomize ignores the kind.
        let target = text(&resource.manifest.content, &["spec", "scaleTargetRef", "name"]).to_owned();
        let could_be = |kind: &&&str| {
            !target.is_empty() && known.contains_key(&((**kind).to_owned(), namespace.clone(), target.clone()))
        };
        clear &= SCALED.iter().filter(could_be).count() < 2;
        each_reference(&mut resource.manifest, &mut |kind, name| {
            let Some(current) = known.get(&(kind.to_owned(), namespace.clone(), name.clone())) else { return };
            match (current.first(), current.len()) {
                (Some(only), 1) => name.clone_from(only),
                _ => clear = false,
            }
        });
    }
    clear
}
