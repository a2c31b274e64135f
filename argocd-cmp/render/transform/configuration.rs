//! Waves of configuration: ConfigMaps, Secrets, ServiceAccounts and claims are applied with the first pods that need them.
//!
//! Argo CD waits for the Jobs and pods of a wave before it applies the next wave. A migration in an early wave would wait
//! forever for a ConfigMap in a later one. In an environment that exists already this is not noticed; a preview is new.

use std::collections::BTreeMap;

use serde_json::json;

use super::hooks::{HOOK, WAVE, is_hook, runs_in_sync, wave};
use crate::kind::SourceKind;
use crate::manifest::Manifest;
use crate::object_references::each_reference;
use crate::workload::map_or_insert_at;

/// Kinds that pods cannot start without.
const KINDS: [&str; 4] = ["ConfigMap", "PersistentVolumeClaim", "Secret", "ServiceAccount"];

/// Gives these objects the wave of the first pods that need them, if their own wave is later. Hooks keep their wave.
pub(super) fn move_to_first_use(manifests: &mut [Manifest]) {
    // Pods need ServiceAccounts, which need pull Secrets.
    for by_pods in [true, false] {
        let mut first: BTreeMap<(String, String), i64> = BTreeMap::new();
        for manifest in manifests.iter_mut().filter(|manifest| is_user(manifest, by_pods)) {
            let Some(wave) = wave(manifest) else { continue };
            each_reference(manifest, &mut |kind, name| {
                if KINDS.contains(&kind) {
                    let first = first.entry((kind.to_owned(), name.clone())).or_insert(wave);
                    *first = wave.min(*first);
                }
            });
        }
        for manifest in manifests.iter_mut().filter(|manifest| !is_hook(manifest) && manifest.group().is_empty()) {
            let key = (manifest.kind().to_owned(), manifest.name().to_owned());
            let earlier = first.get(&key).filter(|first| wave(manifest).is_some_and(|own| own > **first));
            if let Some(earlier) = earlier
                && let Some(annotations) = map_or_insert_at(&mut manifest.content, &["metadata", "annotations"])
            {
                annotations.insert(WAVE.to_owned(), json!(earlier.to_string()));
            }
        }
    }
}

/// True for objects with pods that Argo CD waits for in the sync, or for ServiceAccounts.
fn is_user(manifest: &Manifest, has_pods: bool) -> bool {
    let is_in_sync = manifest.annotation(HOOK).is_none_or(runs_in_sync);
    match SourceKind::of(manifest.group(), manifest.kind()) {
        Some(SourceKind::Deployment | SourceKind::StatefulSet | SourceKind::Job) => has_pods && is_in_sync,
        Some(SourceKind::ServiceAccount) => !has_pods && is_in_sync,
        _ => false,
    }
}
