//! Comparison of a render with the build of Helm or kustomize: a preview never gets more than its source requests, and
//! nothing that previews do not get. The rules here are written without those of the renderer.

use std::collections::BTreeSet;

use serde_json::{Map, Value};

use super::output::title;

/// Kinds that an ordinary policy allows.
const KINDS: [&str; 11] = [
    "ConfigMap",
    "CronJob",
    "Deployment",
    "HTTPRoute",
    "Ingress",
    "Job",
    "PersistentVolumeClaim",
    "Secret",
    "Service",
    "ServiceAccount",
    "StatefulSet",
];
/// Domains of labels and annotations that control nothing outside the preview.
const DOMAINS: [&str; 4] = ["app.kubernetes.io", "argocd.argoproj.io", "checksum", "environment.on-demand"];
/// Fields of pods that a preview must not have, unless they are empty or false.
const POD_FIELDS: [&str; 14] = [
    "hostIPC",
    "hostNetwork",
    "hostPID",
    "nodeName",
    "nodeSelector",
    "overhead",
    "preemptionPolicy",
    "priority",
    "priorityClassName",
    "resourceClaims",
    "runtimeClassName",
    "schedulerName",
    "schedulingGates",
    "tolerations",
];
/// Types of volumes that have no data from outside the namespace.
const VOLUMES: [&str; 7] =
    ["configMap", "downwardAPI", "emptyDir", "ephemeral", "persistentVolumeClaim", "projected", "secret"];
/// Fields of Services that give them an address outside the cluster, or another destination.
const SERVICE_FIELDS: [&str; 7] = [
    "externalIPs",
    "externalName",
    "externalTrafficPolicy",
    "healthCheckNodePort",
    "loadBalancerClass",
    "loadBalancerIP",
    "loadBalancerSourceRanges",
];
/// Registries of the survey's policy.
pub(super) const REGISTRIES: [&str; 4] = ["registry.acme.internal/", "docker.io/", "ghcr.io/", "quay.io/"];
/// Domain of the survey's policy.
pub(super) const DOMAIN: &str = "preview.acme.internal";

/// Requests of a render that its source does not have, or that no preview gets. `own` are the titles of the objects that
/// EoD adds to every render.
pub(super) fn widened(built: &[Value], rendered: &[Value], own: &BTreeSet<String>) -> Vec<String> {
    let mut found = Vec::new();
    for object in rendered.iter().filter(|object| !own.contains(&title(object))) {
        let title = title(object);
        let mut add = |problem: String| found.push(format!("{title}: {problem}"));
        match built.iter().find(|built| self::title(built) == title) {
            None => add("is not in the build".to_owned()),
            Some(built) => differences(built, object).into_iter().for_each(&mut add),
        }
        requests(object).into_iter().for_each(add);
    }
    found
}

/// True for null, and for values that the API server treats as absent.
fn is_empty(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::String(text) => text.is_empty(),
        Value::Array(items) => items.is_empty(),
        Value::Object(map) => map.values().all(is_empty),
        _ => false,
    }
}

/// The value without empty fields.
fn cleaned(value: &Value) -> Value {
    match value {
        Value::Array(items) => items.iter().map(cleaned).collect(),
        Value::Object(map) => {
            let kept = map.iter().filter(|(_, value)| !is_empty(value));
            Value::Object(kept.map(|(key, value)| (key.clone(), cleaned(value))).collect::<Map<_, _>>())
        }
        other => other.clone(),
    }
}

/// Spec of an object's pods; null without pods.
fn pod(object: &Value) -> &Value {
    match object["kind"].as_str() {
        Some("CronJob") => &object["spec"]["jobTemplate"]["spec"]["template"]["spec"],
        Some("Deployment" | "StatefulSet" | "Job") => &object["spec"]["template"]["spec"],
        _ => &Value::Null,
    }
}

fn list<'a>(value: &'a Value, key: &str) -> impl Iterator<Item = &'a Value> {
    value[key].as_array().into_iter().flatten()
}

/// Parts that differ between the build and the render, of those that the transform never changes.
fn differences(built: &Value, rendered: &Value) -> Vec<String> {
    let mut found = Vec::new();
    let mut compare = |name: &str, one: &Value, other: &Value| {
        let (one, other) = (cleaned(one), cleaned(other));
        if one != other && !(is_empty(&one) && is_empty(&other)) {
            found.push(format!("{name} is {other}, the build has {one}"));
        }
    };
    let (pods, kind) = ((pod(built), pod(rendered)), rendered["kind"].as_str().unwrap_or_default());
    for key in ["containers", "initContainers", "volumes", "serviceAccountName", "securityContext", "dnsConfig"] {
        compare(key, &pods.0[key], &pods.1[key]);
    }
    match kind {
        "ConfigMap" => ["data", "binaryData"].iter().for_each(|key| compare(key, &built[*key], &rendered[*key])),
        // The values of two builds differ if the chart makes them.
        "Secret" => {
            let names = |object: &Value| -> BTreeSet<String> {
                let maps = ["data", "stringData"].into_iter().filter_map(|key| object[key].as_object());
                maps.flat_map(Map::keys).cloned().collect()
            };
            let text = |names: BTreeSet<String>| Value::from(names.into_iter().collect::<Vec<_>>());
            compare("keys", &text(names(built)), &text(names(rendered)));
        }
        "Service" => {
            compare("selector", &built["spec"]["selector"], &rendered["spec"]["selector"]);
            let ports = |object: &Value| -> Value {
                let ports = list(&object["spec"], "ports").cloned().map(|mut port| {
                    drop(port.as_object_mut().and_then(|port| port.remove("nodePort")));
                    port
                });
                ports.collect()
            };
            compare("ports", &ports(built), &ports(rendered));
        }
        "Deployment" | "StatefulSet" => {
            compare("selector", &built["spec"]["selector"], &rendered["spec"]["selector"]);
        }
        _ => {}
    }
    found
}

/// Requests that no preview gets.
fn requests(object: &Value) -> Vec<String> {
    let mut found = Vec::new();
    let kind = object["kind"].as_str().unwrap_or_default();
    if !KINDS.contains(&kind) {
        found.push("is of a kind that is not allowed".to_owned());
    }
    metadata(&object["metadata"], &mut found);
    let spec = &object["spec"];
    match kind {
        "Service" => service(spec, &mut found),
        "ServiceAccount" => {
            refuse_set(object, "secrets", &mut found);
            if object["automountServiceAccountToken"] != Value::Bool(false) {
                found.push("its pods get a token".to_owned());
            }
        }
        "Ingress" => {
            let tls = list(spec, "tls").flat_map(|entry| list(entry, "hosts"));
            hosts(list(spec, "rules").map(|rule| &rule["host"]).chain(tls), &mut found);
            if spec["ingressClassName"] != "internal" {
                found.push("has another class".to_owned());
            }
        }
        "HTTPRoute" => {
            hosts(list(spec, "hostnames"), &mut found);
            let is_own = |parent: &Value| parent["name"] == "private" && parent["namespace"] == "ingress";
            if !list(spec, "parentRefs").all(is_own) {
                found.push("has another gateway".to_owned());
            }
        }
        "PersistentVolumeClaim" => {
            ["volumeName", "dataSource", "dataSourceRef"].iter().for_each(|key| refuse_set(spec, key, &mut found));
        }
        "StatefulSet" | "Deployment" | "Job" => metadata(&spec["template"]["metadata"], &mut found),
        _ => {}
    }
    if pod(object).is_object() {
        pod_requests(pod(object), &mut found);
    }
    found
}

fn refuse_set(value: &Value, key: &str, found: &mut Vec<String>) {
    if !is_empty(&value[key]) && value[key] != Value::Bool(false) {
        found.push(format!("{key} is {}", value[key]));
    }
}

fn metadata(metadata: &Value, found: &mut Vec<String>) {
    for key in ["finalizers", "ownerReferences"] {
        refuse_set(metadata, key, found);
    }
    for map in ["labels", "annotations"] {
        for key in metadata[map].as_object().into_iter().flat_map(Map::keys) {
            let domain = key.split_once('/').map_or("", |(domain, _)| domain);
            if !domain.is_empty() && !DOMAINS.contains(&domain) && key != "helm.sh/chart" {
                found.push(format!("has the key {key}"));
            }
        }
    }
}

fn service(spec: &Value, found: &mut Vec<String>) {
    SERVICE_FIELDS.iter().for_each(|key| refuse_set(spec, key, found));
    if !matches!(spec["type"].as_str(), None | Some("ClusterIP")) {
        found.push(format!("type is {}", spec["type"]));
    }
    list(spec, "ports").for_each(|port| refuse_set(port, "nodePort", found));
}

fn hosts<'a>(hosts: impl Iterator<Item = &'a Value>, found: &mut Vec<String>) {
    for host in hosts {
        if !host.as_str().is_some_and(|host| host.ends_with(&format!(".{DOMAIN}"))) {
            found.push(format!("has the host {host}"));
        }
    }
}

fn pod_requests(pod: &Value, found: &mut Vec<String>) {
    POD_FIELDS.iter().for_each(|key| refuse_set(pod, key, found));
    refuse_set(&pod["affinity"], "nodeAffinity", found);
    if pod["automountServiceAccountToken"] != Value::Bool(false) {
        found.push("gets a token".to_owned());
    }
    for volume in list(pod, "volumes") {
        let types = volume.as_object().into_iter().flat_map(Map::keys).filter(|key| *key != "name");
        types.filter(|kind| !VOLUMES.contains(&kind.as_str())).for_each(|kind| found.push(format!("mounts {kind}")));
        for source in list(&volume["projected"], "sources") {
            refuse_set(source, "serviceAccountToken", found);
        }
    }
    for container in ["containers", "initContainers"].into_iter().flat_map(|key| list(pod, key)) {
        refuse_set(&container["securityContext"], "privileged", found);
        refuse_set(&container["securityContext"]["capabilities"], "add", found);
        list(container, "ports").for_each(|port| refuse_set(port, "hostPort", found));
        list(container, "volumeMounts").for_each(|mount| refuse_set(mount, "mountPropagation", found));
        let image = container["image"].as_str().unwrap_or_default();
        // A name without a host is one of Docker Hub.
        let has_host = image.split('/').next().is_some_and(|host| host.contains(['.', ':']) && image.contains('/'));
        if has_host && !REGISTRIES.iter().any(|registry| image.starts_with(registry)) {
            found.push(format!("has the image {image}"));
        }
    }
}

#[cfg(test)]
mod tests;
