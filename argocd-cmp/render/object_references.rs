//! References of objects to other objects by name.

use serde_json::Value;

use crate::kind::SourceKind;
use crate::manifest::Manifest;
use crate::workload::{at_mut, containers_mut, template_path};

/// Kinds that an autoscaler can scale.
pub(crate) const SCALED: [&str; 4] = ["Deployment", "ReplicationController", "ReplicaSet", "StatefulSet"];

/// Calls `visit` with kind and name of each reference.
pub(crate) fn each_reference(manifest: &mut Manifest, visit: &mut dyn FnMut(&str, &mut String)) {
    let kind = SourceKind::of(manifest.group(), manifest.kind());
    let is_autoscaler = (manifest.group(), manifest.kind()) == ("autoscaling", "HorizontalPodAutoscaler");
    let content = &mut manifest.content;
    match kind {
        Some(SourceKind::Ingress) => ingress(content, visit),
        Some(SourceKind::ServiceAccount) => each_name(content, &["imagePullSecrets"], "Secret", visit),
        Some(SourceKind::StatefulSet) => one(content, &["spec", "serviceName"], "Service", visit),
        None if is_autoscaler => {
            for kind in SCALED {
                one(content, &["spec", "scaleTargetRef", "name"], kind, visit);
            }
        }
        _ => {}
    }
    let Some(template) = kind.as_ref().and_then(template_path) else { return };
    let Some(pod) = at_mut(content, &[template, &["spec"][..]].concat()) else { return };
    one(pod, &["serviceAccountName"], "ServiceAccount", visit);
    each_name(pod, &["imagePullSecrets"], "Secret", visit);
    for volume in list(pod, &["volumes"]) {
        one(volume, &["configMap", "name"], "ConfigMap", visit);
        one(volume, &["secret", "secretName"], "Secret", visit);
        one(volume, &["persistentVolumeClaim", "claimName"], "PersistentVolumeClaim", visit);
        for source in list(volume, &["projected", "sources"]) {
            one(source, &["configMap", "name"], "ConfigMap", visit);
            one(source, &["secret", "name"], "Secret", visit);
        }
    }
    for container in containers_mut(pod) {
        for variable in list(container, &["env"]) {
            one(variable, &["valueFrom", "configMapKeyRef", "name"], "ConfigMap", visit);
            one(variable, &["valueFrom", "secretKeyRef", "name"], "Secret", visit);
        }
        for source in list(container, &["envFrom"]) {
            one(source, &["configMapRef", "name"], "ConfigMap", visit);
            one(source, &["secretRef", "name"], "Secret", visit);
        }
    }
}

/// Calls `visit` with kind and name of each reference of an HTTPRoute, which kustomize does not rename.
pub(crate) fn each_route_reference(manifest: &mut Manifest, visit: &mut dyn FnMut(&str, &mut String)) {
    if SourceKind::of(manifest.group(), manifest.kind()) != Some(SourceKind::HttpRoute) {
        return;
    }
    for rule in list(&mut manifest.content, &["spec", "rules"]) {
        for filter in list(rule, &["filters"]) {
            one(filter, &["requestMirror", "backendRef", "name"], "Service", visit);
        }
        for backend in list(rule, &["backendRefs"]) {
            one(backend, &["name"], "Service", visit);
            for filter in list(backend, &["filters"]) {
                one(filter, &["requestMirror", "backendRef", "name"], "Service", visit);
            }
        }
    }
}

fn ingress(content: &mut Value, visit: &mut dyn FnMut(&str, &mut String)) {
    one(content, &["spec", "defaultBackend", "service", "name"], "Service", visit);
    for entry in list(content, &["spec", "tls"]) {
        one(entry, &["secretName"], "Secret", visit);
    }
    for rule in list(content, &["spec", "rules"]) {
        for path in list(rule, &["http", "paths"]) {
            one(path, &["backend", "service", "name"], "Service", visit);
        }
    }
}

fn list<'a>(value: &'a mut Value, path: &[&str]) -> impl Iterator<Item = &'a mut Value> {
    at_mut(value, path).and_then(Value::as_array_mut).into_iter().flatten()
}

fn each_name(value: &mut Value, path: &[&str], kind: &str, visit: &mut dyn FnMut(&str, &mut String)) {
    for item in list(value, path) {
        one(item, &["name"], kind, visit);
    }
}

fn one(value: &mut Value, path: &[&str], kind: &str, visit: &mut dyn FnMut(&str, &mut String)) {
    if let Some(Value::String(name)) = at_mut(value, path) {
        visit(kind, name);
    }
}
