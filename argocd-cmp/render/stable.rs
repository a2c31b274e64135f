//! ExternalName Services for services of the stable namespace.

use eod_domain::ServiceName;
use serde_json::json;

use crate::application::Preview;
use crate::manifest::Manifest;

/// One ExternalName Service for each of these stable services.
pub(crate) fn objects(preview: &Preview<'_>, names: &[ServiceName]) -> Vec<Manifest> {
    let stable = |name: &ServiceName| {
        let found = preview.policy.stable_services.iter().find(|service| service.name.as_str() == name.as_str())?;
        Some(Manifest::added(json!({
            "apiVersion": "v1",
            "kind": "Service",
            "metadata": {
                "name": name.as_str(),
                "namespace": preview.name().as_str(),
                "labels": preview.environment.object_labels(),
            },
            "spec": {
                "type": "ExternalName",
                "externalName": format!("{}.{}.svc.cluster.local", found.name.as_str(), found.namespace.as_str()),
            },
        })))
    };
    names.iter().filter_map(stable).collect()
}
