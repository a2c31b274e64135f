//! Names of other objects inside of objects, as far as kustomize follows them.

use std::collections::{BTreeMap, BTreeSet};

use super::build::KustomizeResource;
use crate::manifest::text;
use crate::object_references::{SCALED, each};

/// Lets references follow the names that changed. False where it is not clear which object is meant.
pub(super) fn follow(resources: &mut [KustomizeResource]) -> bool {
    // By kind, namespace and any name an object ever had: the names that are meant.
    let mut known: BTreeMap<(String, String, String), BTreeSet<String>> = BTreeMap::new();
    for resource in resources.iter() {
        let Some(last) = resource.names.last() else { continue };
        for name in &resource.names {
            let key = (resource.manifest.kind().to_owned(), resource.namespace().to_owned(), name.clone());
            known.entry(key).or_default().insert(last.clone());
        }
    }
    let mut clear = true;
    for resource in resources {
        let namespace = resource.namespace().to_owned();
        // An autoscaler's target may be of several kinds, and kustomize does not ask of which.
        let target = text(&resource.manifest.content, &["spec", "scaleTargetRef", "name"]).to_owned();
        let could_be = |kind: &&&str| {
            !target.is_empty() && known.contains_key(&((**kind).to_owned(), namespace.clone(), target.clone()))
        };
        clear &= SCALED.iter().filter(could_be).count() < 2;
        each(&mut resource.manifest, &mut |kind, name| {
            let Some(meant) = known.get(&(kind.to_owned(), namespace.clone(), name.clone())) else { return };
            match (meant.first(), meant.len()) {
                (Some(only), 1) => name.clone_from(only),
                _ => clear = false,
            }
        });
    }
    clear
}
