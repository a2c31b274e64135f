//! Hooks and waves.
//!
//! Before the first wave there is no namespace and nothing that guards it, so whatever wants to run before the sync
//! runs inside it, behind the guards: in wave -10, or just before where several want an order among themselves.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use crate::manifest::Manifest;
use crate::workload::map_at;

/// Argo CD's hook annotation.
pub(crate) const HOOK: &str = "argocd.argoproj.io/hook";
/// When Argo CD deletes a hook.
pub(crate) const DELETE_POLICY: &str = "argocd.argoproj.io/hook-delete-policy";
/// Argo CD's wave annotation.
pub(crate) const WAVE: &str = "argocd.argoproj.io/sync-wave";

const HELM_HOOK: &str = "helm.sh/hook";
const HELM_WEIGHT: &str = "helm.sh/hook-weight";
const HELM_DELETE_POLICY: &str = "helm.sh/hook-delete-policy";
const HELM_LOG_POLICY: &str = "helm.sh/hook-output-log-policy";
const HELM_BEFORE: [&str; 2] = ["pre-install", "pre-upgrade"];
const HELM_TESTS: [&str; 3] = ["test", "test-success", "test-failure"];

/// The wave of the last of the hooks that run first, and the earliest wave behind the guards.
const LAST: i64 = -10;
const FIRST: i64 = -19;

/// The waves of hooks that run first, by the weights they have among themselves.
pub(super) struct Waves(Vec<i64>);

/// How a hook has to be changed.
enum HookChange {
    Argo { phases: Vec<String>, weight: i64 },
    Helm { weight: i64 },
}

impl Waves {
    pub(super) fn new(manifests: &[Manifest]) -> Self {
        let weights: BTreeSet<i64> = manifests
            .iter()
            .filter_map(change)
            .map(|change| match change {
                HookChange::Argo { weight, .. } | HookChange::Helm { weight } => weight,
            })
            .collect();
        Self(weights.into_iter().collect())
    }

    /// The last weight gets the last wave, each one before it an earlier one.
    fn wave(&self, weight: i64) -> i64 {
        let behind = self.0.iter().filter(|other| **other > weight).count();
        i64::try_from(behind).map_or(FIRST, |behind| LAST.saturating_sub(behind).max(FIRST))
    }
}

/// The words of an annotation that is a list.
fn words(text: &str) -> Vec<&str> {
    text.split(',').map(str::trim).filter(|word| !word.is_empty()).collect()
}

/// Whether an object is nothing but a test of a chart.
pub(super) fn is_test(manifest: &Manifest) -> bool {
    let words = words(manifest.annotation(HELM_HOOK).unwrap_or_default());
    !words.is_empty() && words.iter().all(|word| HELM_TESTS.contains(word))
}

/// Whether an object is a hook, of Argo CD or of Helm.
pub(super) fn is_hook(manifest: &Manifest) -> bool {
    [HOOK, HELM_HOOK].into_iter().any(|key| manifest.annotation(key).is_some())
}

/// Whether an object is a Job that runs as a hook.
pub(super) fn is_hook_job(manifest: &Manifest) -> bool {
    manifest.kind() == "Job" && manifest.annotation(HOOK).is_some()
}

/// The wave of an object; 0 where it names none, none where it names one that is no number.
pub(crate) fn wave(manifest: &Manifest) -> Option<i64> {
    manifest.annotation(WAVE).map_or(Some(0), |text| text.parse().ok())
}

fn change(manifest: &Manifest) -> Option<HookChange> {
    if let Some(hook) = manifest.annotation(HOOK) {
        let phases = words(hook);
        let phase = |phase: &str| if phase == "PreSync" { "Sync" } else { phase }.to_owned();
        return phases.contains(&"PreSync").then(|| HookChange::Argo {
            phases: phases.into_iter().map(phase).collect::<BTreeSet<_>>().into_iter().collect(),
            weight: wave(manifest).unwrap_or_default(),
        });
    }
    let words = words(manifest.annotation(HELM_HOOK)?);
    // A mixture of hooks cannot be one hook of Argo CD; it stays and is refused.
    let before = !words.is_empty() && words.iter().all(|word| HELM_BEFORE.contains(word));
    let weight = manifest.annotation(HELM_WEIGHT).map_or(Some(0), |text| text.parse().ok())?;
    before.then_some(HookChange::Helm { weight })
}

/// Turns hooks that run before the sync into hooks of the sync.
pub(super) fn rewrite(manifest: &mut Manifest, waves: &Waves) {
    let Some(change) = change(manifest) else { return };
    let delete_policy = manifest.annotation(HELM_DELETE_POLICY).map(argo_delete_policy);
    let Some(annotations) = map_at(&mut manifest.content, &["metadata", "annotations"]) else { return };
    match change {
        HookChange::Argo { phases, weight } => {
            annotations.insert(HOOK.to_owned(), json!(phases.join(",")));
            annotations.insert(WAVE.to_owned(), json!(waves.wave(weight).to_string()));
        }
        HookChange::Helm { weight } => {
            for key in [HELM_HOOK, HELM_WEIGHT, HELM_DELETE_POLICY, HELM_LOG_POLICY] {
                annotations.remove(key);
            }
            // Helm deletes a hook before it makes it again, unless it is told otherwise.
            let delete_policy = delete_policy.unwrap_or_else(|| json!("BeforeHookCreation"));
            annotations.insert(HOOK.to_owned(), json!("Sync"));
            annotations.insert(DELETE_POLICY.to_owned(), delete_policy);
            annotations.insert(WAVE.to_owned(), json!(waves.wave(weight).to_string()));
        }
    }
}

/// Helm's words for when a hook is deleted in Argo CD's; an unknown word stays, and is refused.
fn argo_delete_policy(text: &str) -> Value {
    let word = |word| match word {
        "before-hook-creation" => "BeforeHookCreation",
        "hook-succeeded" => "HookSucceeded",
        "hook-failed" => "HookFailed",
        other => other,
    };
    json!(words(text).into_iter().map(word).collect::<Vec<_>>().join(","))
}
