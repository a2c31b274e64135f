//! Services that run in the environment, and services of the stable namespace.

use eod_domain::ServiceName;

use crate::application::Preview;
use crate::manifest::Manifest;

/// Label with the name of the application.
const NAME: &str = "app.kubernetes.io/name";

/// Stable services that do not run in the environment: not selected, or not in the source if nothing is selected.
pub(super) fn stable_services(preview: &Preview<'_>, manifests: &[Manifest]) -> Vec<ServiceName> {
    let runs = |name: &ServiceName| match &preview.parameters.services {
        Some(selected) => selected.contains(name),
        // Without a selection all workloads of the source run.
        None => manifests.iter().any(|manifest| belongs_to(manifest, std::slice::from_ref(name))),
    };
    let stable = preview.policy.stable_services.iter().filter_map(|service| service.name.as_str().parse().ok());
    let mut names: Vec<ServiceName> = stable.filter(|name| !runs(name)).collect();
    names.sort();
    names.dedup();
    names
}

/// True if an object is the Service or a workload of one of these services.
pub(super) fn belongs_to(manifest: &Manifest, services: &[ServiceName]) -> bool {
    const KINDS: [&str; 5] = ["Service", "Deployment", "StatefulSet", "Job", "CronJob"];
    let labelled = manifest.content.get("metadata").and_then(|metadata| metadata.get("labels")?.get(NAME)?.as_str());
    KINDS.contains(&manifest.kind())
        && services.iter().any(|service| manifest.name() == service.as_str() || labelled == Some(service.as_str()))
}
