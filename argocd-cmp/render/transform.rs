//! Preview transform: objects are rewritten, dropped and added as [`crate::reference::transform_steps`] describes.
//!
//! Fields with an unexpected type are not changed. The check of the policy refuses them afterwards, so that no mistake
//! is corrected silently.

mod configuration;
mod databases;
mod defaults;
mod hooks;
mod metadata;
mod names;
mod routes;
mod running;
mod steps;
mod workloads;

use eod_domain::ServiceName;

use crate::application::Preview;
use crate::kind::SourceKind;
use crate::manifest::Manifest;
use crate::refusal::Refusal;

pub(crate) use self::hooks::{CONFIRM, DELETE_POLICY, HELM_HOOK, HOOK, REPLACE, SYNC_OPTIONS, WAVE, wave};
pub(crate) use self::routes::{Hosts, gateway};
pub(crate) use self::steps::TRANSFORM_STEPS;
pub use self::steps::{TransformEffect, TransformStep};

/// Result of the transform.
pub(crate) struct Transformed {
    pub(crate) manifests: Vec<Manifest>,
    /// Hosts that routes can have.
    pub(crate) hosts: Hosts,
    /// Services that resolve to the stable namespace.
    pub(crate) stable: Vec<ServiceName>,
    /// Refusals of parameters that do not match the source.
    pub(crate) refusals: Vec<Refusal>,
}

/// Transforms the objects of a source.
pub(crate) fn transform(preview: &Preview<'_>, manifests: Vec<Manifest>, is_chart: bool) -> Transformed {
    let mut refusals = Vec::new();
    let mut manifests: Vec<Manifest> =
        manifests.into_iter().filter(|manifest| !metadata::is_dropped(preview, manifest)).collect();
    let stable = running::stable_services(preview, &manifests);
    manifests.retain(|manifest| !running::belongs_to(manifest, &stable));
    if !is_chart {
        refusals.extend(names::rewrite(preview, &mut manifests));
    }
    let hosts = Hosts::new(preview, &manifests, &mut refusals);
    let waves = hooks::Waves::new(&manifests);
    let is_asleep = preview.parameters.state == crate::parameters::RunState::Asleep;
    if !is_asleep {
        refusals.extend(databases::refuse_early_hooks(preview.name().as_str(), &manifests, &waves));
    }
    let claims = workloads::Claims::new(&manifests);
    for manifest in &mut manifests {
        hooks::rewrite(manifest, &waves);
        metadata::rewrite(preview, manifest);
        let Some(kind) = SourceKind::of(manifest.group(), manifest.kind()) else { continue };
        routes::rewrite(preview, &hosts, &kind, manifest);
        workloads::rewrite(preview, &claims, &kind, manifest, is_chart);
        defaults::add(&kind, &mut manifest.content);
    }
    configuration::move_to_first_use(&mut manifests);
    if is_asleep {
        manifests.retain(|manifest| !hooks::is_hook_job(manifest));
    }
    Transformed { manifests, hosts, stable, refusals }
}
