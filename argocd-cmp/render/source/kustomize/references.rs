//! Names of other objects inside of objects, as far as kustomize follows them.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::build::Resource;
use crate::kind::SourceKind;
use crate::workload::{at_mut, containers_mut, template_path};

/// Lets references follow the names that changed. False where it is not clear which object is meant.
pub(super) fn follow(resources: &mut [Resource]) -> bool {
    // By kind, namespace and any name an object ever had: the names that are meant.
    let mut known: BTreeMap<(String, String, String), BTreeSet<String>> = BTreeMap::new();
    for resource in resources.iter() {
        let Some(last) = resource.names.last() else { continue };
        for name in &resource.names {
            let key = (resource.manifest.kind().to_owned(), resource.namespace().to_owned(), name.clone());
            known.entry(key).or_default().insert(last.clone());
        }
    }
    let mut clear = true;
    for resource in resources {
        let namespace = resource.namespace().to_owned();
        references(resource, &mut |kind, name| {
            let Some(meant) = known.get(&(kind.to_owned(), namespace.clone(), name.clone())) else { return };
            match (meant.first(), meant.len()) {
                (Some(only), 1) => name.clone_from(only),
                _ => clear = false,
            }
        });
    }
    clear
}

/// Calls `look` with the kind and the name of everything an object refers to.
fn references(resource: &mut Resource, look: &mut dyn FnMut(&str, &mut String)) {
    let kind = SourceKind::of(resource.manifest.group(), resource.manifest.kind());
    let content = &mut resource.manifest.content;
    match kind {
        Some(SourceKind::Ingress) => ingress(content, look),
        Some(SourceKind::ServiceAccount) => each_name(content, &["imagePullSecrets"], "Secret", look),
        Some(SourceKind::StatefulSet) => one(content, &["spec", "serviceName"], "Service", look),
        _ => {}
    }
    let Some(template) = kind.as_ref().and_then(template_path) else { return };
    let Some(pod) = at_mut(content, &[template, &["spec"][..]].concat()) else { return };
    one(pod, &["serviceAccountName"], "ServiceAccount", look);
    each_name(pod, &["imagePullSecrets"], "Secret", look);
    for volume in list(pod, &["volumes"]) {
        one(volume, &["configMap", "name"], "ConfigMap", look);
        one(volume, &["secret", "secretName"], "Secret", look);
        one(volume, &["persistentVolumeClaim", "claimName"], "PersistentVolumeClaim", look);
        for source in list(volume, &["projected", "sources"]) {
            one(source, &["configMap", "name"], "ConfigMap", look);
            one(source, &["secret", "name"], "Secret", look);
        }
    }
    for container in containers_mut(pod) {
        for variable in list(container, &["env"]) {
            one(variable, &["valueFrom", "configMapKeyRef", "name"], "ConfigMap", look);
            one(variable, &["valueFrom", "secretKeyRef", "name"], "Secret", look);
        }
        for source in list(container, &["envFrom"]) {
            one(source, &["configMapRef", "name"], "ConfigMap", look);
            one(source, &["secretRef", "name"], "Secret", look);
        }
    }
}

fn ingress(content: &mut Value, look: &mut dyn FnMut(&str, &mut String)) {
    one(content, &["spec", "defaultBackend", "service", "name"], "Service", look);
    for entry in list(content, &["spec", "tls"]) {
        one(entry, &["secretName"], "Secret", look);
    }
    for rule in list(content, &["spec", "rules"]) {
        for path in list(rule, &["http", "paths"]) {
            one(path, &["backend", "service", "name"], "Service", look);
        }
    }
}

fn list<'a>(value: &'a mut Value, path: &[&str]) -> impl Iterator<Item = &'a mut Value> {
    at_mut(value, path).and_then(Value::as_array_mut).into_iter().flatten()
}

fn each_name(value: &mut Value, path: &[&str], kind: &str, look: &mut dyn FnMut(&str, &mut String)) {
    for item in list(value, path) {
        one(item, &["name"], kind, look);
    }
}

fn one(value: &mut Value, path: &[&str], kind: &str, look: &mut dyn FnMut(&str, &mut String)) {
    if let Some(Value::String(name)) = at_mut(value, path) {
        look(kind, name);
    }
}
