//! Which services run here, and which are reached in the stable namespace.

use eod_domain::ServiceName;

use crate::application::Preview;
use crate::manifest::Manifest;

/// The label that says which application an object belongs to.
const NAME: &str = "app.kubernetes.io/name";

/// The stable services that do not run here: not selected where there is a selection, else not in the source.
pub(super) fn stable_instead(preview: &Preview<'_>, manifests: &[Manifest]) -> Vec<ServiceName> {
    let runs = |name: &ServiceName| match &preview.parameters.services {
        Some(selected) => selected.contains(name),
        // Whatever a source brings is there to run, under whichever name its Service has.
        None => manifests.iter().any(|manifest| belongs_to(manifest, std::slice::from_ref(name))),
    };
    let stable = preview.policy.stable_services.iter().filter_map(|service| service.name.as_str().parse().ok());
    let mut names: Vec<ServiceName> = stable.filter(|name| !runs(name)).collect();
    names.sort();
    names.dedup();
    names
}

/// Whether an object is the Service or a workload of one of these services.
pub(super) fn belongs_to(manifest: &Manifest, services: &[ServiceName]) -> bool {
    const KINDS: [&str; 5] = ["Service", "Deployment", "StatefulSet", "Job", "CronJob"];
    let labelled = manifest.content.get("metadata").and_then(|metadata| metadata.get("labels")?.get(NAME)?.as_str());
    KINDS.contains(&manifest.kind())
        && services.iter().any(|service| manifest.name() == service.as_str() || labelled == Some(service.as_str()))
}
