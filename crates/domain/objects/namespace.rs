//! Namespace of an environment.

use serde_json::json;

use crate::environment::{Environment, NamespaceProvenance};
use crate::labels;
use crate::object::{Object, ObjectKind};

/// Namespace for the first call of a create: only the fields that identify and guard the namespace, and that no later
/// apply removes.
///
/// A create call owns its fields as an update, not as an apply. A key that a later apply no longer contains would
/// remain, because the create call still owns the key. So the user's labels, default labels and the mesh follow in the
/// first apply.
pub fn namespace_claim(environment: &Environment, provenance: &NamespaceProvenance) -> Object {
    let mut claim = environment.ownership_labels();
    claim.extend(environment.pod_security.labels());
    let mut annotations = environment.own_namespace_annotations(provenance);
    annotations.retain(|key, _| [labels::IDENTITY, labels::NONCE, labels::CREATED_AT].contains(&key.as_str()));
    object(environment, json!({ "labels": claim, "annotations": annotations }))
}

/// Namespace for every apply.
pub fn namespace_object(environment: &Environment, provenance: &NamespaceProvenance) -> Object {
    let mut annotations = environment.spec.annotations.as_map().clone();
    annotations.extend(environment.own_namespace_annotations(provenance));
    object(environment, json!({ "labels": environment.namespace_labels(), "annotations": annotations }))
}

fn object(environment: &Environment, mut metadata: serde_json::Value) -> Object {
    let kind = ObjectKind::Namespace;
    let name = environment.name.to_string();
    if let Some(metadata) = metadata.as_object_mut() {
        metadata.insert("name".to_owned(), json!(name));
    }
    Object {
        kind,
        content: json!({ "apiVersion": kind.api_version(), "kind": kind.as_str(), "metadata": metadata }),
        name,
    }
}
