//! Where objects name other objects.

use serde_json::Value;

use crate::kind::SourceKind;
use crate::manifest::Manifest;
use crate::workload::{at_mut, containers_mut, template_path};

/// What an autoscaler may scale.
pub(crate) const SCALED: [&str; 4] = ["Deployment", "ReplicationController", "ReplicaSet", "StatefulSet"];

/// Calls `look` with the kind and the name of everything an object refers to.
pub(crate) fn each(manifest: &mut Manifest, look: &mut dyn FnMut(&str, &mut String)) {
    let kind = SourceKind::of(manifest.group(), manifest.kind());
    let is_autoscaler = (manifest.group(), manifest.kind()) == ("autoscaling", "HorizontalPodAutoscaler");
    let content = &mut manifest.content;
    match kind {
        Some(SourceKind::Ingress) => ingress(content, look),
        Some(SourceKind::ServiceAccount) => each_name(content, &["imagePullSecrets"], "Secret", look),
        Some(SourceKind::StatefulSet) => one(content, &["spec", "serviceName"], "Service", look),
        None if is_autoscaler => {
            for kind in SCALED {
                one(content, &["spec", "scaleTargetRef", "name"], kind, look);
            }
        }
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

/// The same for routes, which kustomize does not look into.
pub(crate) fn each_of_route(manifest: &mut Manifest, look: &mut dyn FnMut(&str, &mut String)) {
    if SourceKind::of(manifest.group(), manifest.kind()) != Some(SourceKind::HttpRoute) {
        return;
    }
    for rule in list(&mut manifest.content, &["spec", "rules"]) {
        for filter in list(rule, &["filters"]) {
            one(filter, &["requestMirror", "backendRef", "name"], "Service", look);
        }
        for backend in list(rule, &["backendRefs"]) {
            one(backend, &["name"], "Service", look);
            for filter in list(backend, &["filters"]) {
                one(filter, &["requestMirror", "backendRef", "name"], "Service", look);
            }
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
