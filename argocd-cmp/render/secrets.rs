//! Objects that reference the environment's secrets. No object contains a secret value.

use eod_domain::vault::SecretRef;
use serde_json::{Value, json};

use crate::application::Preview;
use crate::manifest::Manifest;
use crate::policy::SecretOperator;
use crate::refusal::{Location, Refusal, RefusalRule};

/// Refresh interval of the Secrets of operators.
const REFRESH: &str = "1m";

/// Parameter, suffix of the Secret's name, and reference, for each set parameter.
fn references<'a>(preview: &'a Preview<'_>) -> impl Iterator<Item = (&'static str, &'static str, &'a SecretRef)> {
    let parameters = preview.parameters;
    let rows = [
        ("secretRef", "config", parameters.secret_ref.as_ref().map(|given| &given.value)),
        ("sensitiveSecretRef", "sensitive", parameters.sensitive_secret_ref.as_ref().map(|given| &given.value)),
    ];
    rows.into_iter().filter_map(|(parameter, end, secret)| Some((parameter, end, secret?)))
}

/// Names of the environment's Secrets.
pub(crate) fn names(preview: &Preview<'_>) -> Vec<String> {
    references(preview).map(|(_, end, _)| format!("{}-{end}", preview.name())).collect()
}

/// Objects for the operator that creates the Secrets.
pub(crate) fn objects(preview: &Preview<'_>) -> Result<Vec<Manifest>, Vec<Refusal>> {
    let (mut found, mut refusals) = (Vec::new(), Vec::new());
    for (parameter, end, secret) in references(preview) {
        let name = format!("{}-{end}", preview.name());
        match &preview.policy.secrets {
            SecretOperator::None => {
                let message = "secret references are not allowed: the policy has no `secrets`";
                let remedy = "remove the parameter, or have the platform add `secrets` to the policy";
                refusals.push(Refusal::new(Location::parameter(parameter), RefusalRule::Secret, message, remedy));
            }
            SecretOperator::ExternalSecrets { store, store_kind } => {
                let store_kind: &str = store_kind.into();
                // Argo CD compares `dataFrom` as a whole, so the defaults of External Secrets are written too.
                let extract = json!({
                    "key": secret.to_string(),
                    "conversionStrategy": "Default",
                    "decodingStrategy": "None",
                    "metadataPolicy": "None",
                });
                let spec = json!({
                    "refreshInterval": REFRESH,
                    "secretStoreRef": { "name": store, "kind": store_kind },
                    "target": { "name": name, "creationPolicy": "Owner" },
                    "dataFrom": [{ "extract": extract }],
                });
                found.push(object(preview, "external-secrets.io/v1", "ExternalSecret", &name, &spec));
            }
            SecretOperator::VaultOperator { auth } => {
                let spec = json!({
                    "vaultAuthRef": auth,
                    "type": "kv-v2",
                    "mount": secret.mount().as_str(),
                    "path": secret.path().as_str(),
                    "refreshAfter": REFRESH,
                    "destination": { "name": name, "create": true },
                });
                found.push(object(preview, "secrets.hashicorp.com/v1beta1", "VaultStaticSecret", &name, &spec));
            }
        }
    }
    if refusals.is_empty() { Ok(found) } else { Err(refusals) }
}

fn object(preview: &Preview<'_>, api_version: &str, kind: &str, name: &str, spec: &Value) -> Manifest {
    let metadata =
        json!({ "name": name, "namespace": preview.name().as_str(), "labels": preview.environment.object_labels() });
    Manifest::added(json!({ "apiVersion": api_version, "kind": kind, "metadata": metadata, "spec": spec }))
}
