//! The preview transform: what is rewritten, dropped and added, and nothing else.
//!
//! It touches only what has the shape it expects. Whatever has another shape stays as it is and is refused by the
//! policy afterwards, so nothing is repaired silently. [`crate::reference::transform_steps`] lists all steps.

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

pub(crate) use self::hooks::{DELETE_POLICY, HOOK, WAVE, wave};
pub(crate) use self::routes::{Hosts, gateway};
pub(crate) use self::steps::TRANSFORM_STEPS;
pub use self::steps::{TransformEffect, TransformStep};

/// What came of a source.
pub(crate) struct Transformed {
    pub(crate) manifests: Vec<Manifest>,
    /// The hosts that routes may have.
    pub(crate) hosts: Hosts,
    /// Names of Services that lead to the stable namespace instead.
    pub(crate) stable: Vec<ServiceName>,
    /// What cannot be decided.
    pub(crate) refusals: Vec<Refusal>,
}

/// Transforms the objects of a source.
pub(crate) fn transform(preview: &Preview<'_>, manifests: Vec<Manifest>, is_chart: bool) -> Transformed {
    let mut refusals = Vec::new();
    let mut manifests: Vec<Manifest> =
        manifests.into_iter().filter(|manifest| !metadata::is_dropped(preview, manifest)).collect();
    let stable = running::stable_instead(preview, &manifests);
    manifests.retain(|manifest| !running::belongs_to(manifest, &stable));
    if !is_chart {
        refusals.extend(names::rewrite(preview, &mut manifests));
    }
    let hosts = Hosts::new(preview, &manifests, &mut refusals);
    let waves = hooks::Waves::new(&manifests);
    let claims = workloads::Claims::new(&manifests);
    for manifest in &mut manifests {
        hooks::rewrite(manifest, &waves);
        metadata::rewrite(preview, manifest);
        let Some(kind) = SourceKind::of(manifest.group(), manifest.kind()) else { continue };
        routes::rewrite(preview, &hosts, &kind, manifest);
        workloads::rewrite(preview, &claims, &kind, manifest, is_chart);
    }
    if preview.parameters.state == crate::parameters::RunState::Asleep {
        manifests.retain(|manifest| !hooks::is_hook_job(manifest));
    }
    Transformed { manifests, hosts, stable, refusals }
}
