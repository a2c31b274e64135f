//! Hooks and waves.
//!
//! Before the first wave the namespace and its guards do not exist. So hooks that run before the sync become hooks of
//! the sync, after the guards: in wave -10, or in earlier waves if they have an order.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use crate::manifest::Manifest;
use crate::workload::map_or_insert_at;

/// Argo CD's hook annotation.
pub(crate) const HOOK: &str = "argocd.argoproj.io/hook";
/// Argo CD's annotation for the deletion of hooks.
pub(crate) const DELETE_POLICY: &str = "argocd.argoproj.io/hook-delete-policy";
/// Argo CD's wave annotation.
pub(crate) const WAVE: &str = "argocd.argoproj.io/sync-wave";

/// Argo CD's annotation for options of one object's sync.
pub(crate) const SYNC_OPTIONS: &str = "argocd.argoproj.io/sync-options";
/// Options of Argo CD to delete and create an object instead of changing it.
pub(crate) const REPLACE: &str = "Force=true,Replace=true";
/// Options of Argo CD that require a confirmation before an object is deleted.
pub(crate) const CONFIRM: &str = "Delete=confirm,Prune=confirm";

/// Helm's hook annotation.
pub(crate) const HELM_HOOK: &str = "helm.sh/hook";
const HELM_WEIGHT: &str = "helm.sh/hook-weight";
const HELM_DELETE_POLICY: &str = "helm.sh/hook-delete-policy";
const HELM_LOG_POLICY: &str = "helm.sh/hook-output-log-policy";
const HELM_KEYS: [&str; 4] = [HELM_HOOK, HELM_WEIGHT, HELM_DELETE_POLICY, HELM_LOG_POLICY];
const HELM_BEFORE: [&str; 2] = ["pre-install", "pre-upgrade"];
const HELM_AFTER: [&str; 2] = ["post-install", "post-upgrade"];
const HELM_TESTS: [&str; 3] = ["test", "test-success", "test-failure"];

/// Wave of the last of these hooks, and the first wave after the guards.
const LAST: i64 = -10;
const FIRST: i64 = -19;
/// Last wave that the policy allows.
pub(super) const LAST_WAVE: i64 = 100;

/// Sorted weights of the hooks that run before the sync.
pub(super) struct Waves(Vec<i64>);

/// Change of a hook.
enum HookChange {
    Argo { phases: Vec<String>, weight: i64 },
    Helm { weight: i64 },
    HelmAfter { weight: i64 },
}

impl Waves {
    pub(super) fn new(manifests: &[Manifest]) -> Self {
        let weights: BTreeSet<i64> = manifests
            .iter()
            .filter_map(change)
            .filter_map(|change| match change {
                HookChange::Argo { weight, .. } | HookChange::Helm { weight } => Some(weight),
                HookChange::HelmAfter { .. } => None,
            })
            .collect();
        Self(weights.into_iter().collect())
    }

    /// Wave of a weight: the highest weight has the last wave, each lower weight an earlier wave.
    fn wave(&self, weight: i64) -> i64 {
        let later = self.0.iter().filter(|other| **other > weight).count();
        i64::try_from(later).map_or(FIRST, |later| LAST.saturating_sub(later).max(FIRST))
    }
}

/// Values of an annotation with a comma-separated list.
fn values(text: &str) -> Vec<&str> {
    text.split(',').map(str::trim).filter(|value| !value.is_empty()).collect()
}

/// True for tests of a chart.
pub(super) fn is_test(manifest: &Manifest) -> bool {
    let hooks = values(manifest.annotation(HELM_HOOK).unwrap_or_default());
    !hooks.is_empty() && hooks.iter().all(|hook| HELM_TESTS.contains(hook))
}

/// True for hooks of Argo CD and of Helm.
pub(super) fn is_hook(manifest: &Manifest) -> bool {
    [HOOK, HELM_HOOK].into_iter().any(|key| manifest.annotation(key).is_some())
}

/// True if the value of Argo CD's hook annotation has the phase `Sync`.
pub(super) fn runs_in_sync(hook: &str) -> bool {
    values(hook).contains(&"Sync")
}

/// True for Jobs that run as hooks.
pub(super) fn is_hook_job(manifest: &Manifest) -> bool {
    manifest.kind() == "Job" && manifest.annotation(HOOK).is_some()
}

/// Wave of an object, 0 if not set; none if it is not an integer.
pub(crate) fn wave(manifest: &Manifest) -> Option<i64> {
    manifest.annotation(WAVE).map_or(Some(0), |text| text.parse().ok())
}

/// Sync wave of an object after the rewrite.
pub(super) fn wave_of_object(manifest: &Manifest, waves: &Waves) -> i64 {
    match change(manifest) {
        Some(HookChange::Argo { weight, .. } | HookChange::Helm { weight }) => waves.wave(weight),
        // After the sync.
        Some(HookChange::HelmAfter { .. }) => i64::MAX,
        None => wave(manifest).unwrap_or_default(),
    }
}

/// Wave of a Job that is a hook before or in the sync; none for other objects.
pub(super) fn wave_of_hook_job(manifest: &Manifest, waves: &Waves) -> Option<i64> {
    let is_in_sync = match change(manifest) {
        Some(HookChange::Argo { .. } | HookChange::Helm { .. }) => true,
        Some(HookChange::HelmAfter { .. }) => false,
        None => manifest.annotation(HOOK).is_some_and(runs_in_sync),
    };
    (manifest.kind() == "Job" && is_in_sync).then(|| wave_of_object(manifest, waves))
}

fn change(manifest: &Manifest) -> Option<HookChange> {
    if let Some(hook) = manifest.annotation(HOOK) {
        let phases = values(hook);
        let phase = |phase: &str| if phase == "PreSync" { "Sync" } else { phase }.to_owned();
        return phases.contains(&"PreSync").then(|| HookChange::Argo {
            phases: phases.into_iter().map(phase).collect::<BTreeSet<_>>().into_iter().collect(),
            weight: wave(manifest).unwrap_or_default(),
        });
    }
    let hooks = values(manifest.annotation(HELM_HOOK)?);
    // Mixed hooks cannot become one hook of Argo CD; they are not changed, and refused later.
    let are_all = |phases: &[&str]| !hooks.is_empty() && hooks.iter().all(|hook| phases.contains(hook));
    let weight = manifest.annotation(HELM_WEIGHT).map_or(Some(0), |text| text.parse().ok())?;
    match (are_all(&HELM_BEFORE), are_all(&HELM_AFTER)) {
        (true, _) => Some(HookChange::Helm { weight }),
        (_, true) => Some(HookChange::HelmAfter { weight }),
        _ => None,
    }
}

/// Changes hooks that run before the sync to hooks of the sync, and Helm's hooks after it to those of Argo CD.
pub(super) fn rewrite(manifest: &mut Manifest, waves: &Waves) {
    // Argo CD ignores Helm's hooks on an object with a hook of its own.
    if manifest.annotation(HOOK).is_some()
        && let Some(annotations) = map_or_insert_at(&mut manifest.content, &["metadata", "annotations"])
    {
        HELM_KEYS.iter().for_each(|key| drop(annotations.remove(*key)));
    }
    let Some(change) = change(manifest) else { return };
    let delete_policy = manifest.annotation(HELM_DELETE_POLICY).map(argo_delete_policy);
    let Some(annotations) = map_or_insert_at(&mut manifest.content, &["metadata", "annotations"]) else { return };
    match change {
        HookChange::Argo { phases, weight } => {
            annotations.insert(HOOK.to_owned(), json!(phases.join(",")));
            annotations.insert(WAVE.to_owned(), json!(waves.wave(weight).to_string()));
        }
        HookChange::Helm { .. } | HookChange::HelmAfter { .. } => {
            let (phase, wave) = match change {
                // The phase has waves of its own; the order of the weights is kept.
                HookChange::HelmAfter { weight } => ("PostSync", weight.clamp(FIRST, LAST_WAVE)),
                HookChange::Helm { weight } | HookChange::Argo { weight, .. } => ("Sync", waves.wave(weight)),
            };
            HELM_KEYS.iter().for_each(|key| drop(annotations.remove(*key)));
            // Helm's default deletion policy.
            let delete_policy = delete_policy.unwrap_or_else(|| json!("BeforeHookCreation"));
            annotations.insert(HOOK.to_owned(), json!(phase));
            annotations.insert(DELETE_POLICY.to_owned(), delete_policy);
            annotations.insert(WAVE.to_owned(), json!(wave.to_string()));
        }
    }
}

/// Argo CD's deletion policies for those of Helm. Unknown values are not changed, and refused later.
fn argo_delete_policy(text: &str) -> Value {
    let policy = |policy| match policy {
        "before-hook-creation" => "BeforeHookCreation",
        "hook-succeeded" => "HookSucceeded",
        "hook-failed" => "HookFailed",
        other => other,
    };
    json!(values(text).into_iter().map(policy).collect::<Vec<_>>().join(","))
}
