//! Native build of simple kustomizations, in kustomize's order: patches, namespace, names, labels, annotations,
//! replicas, images; then references to changed names.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use serde_json::{Value, json};

use super::budget::{BuildBudget, MAX_BYTES, MAX_COMPARISONS};
use super::failure::BuildFailure;
use super::kustomization::{ImageChange, LabelChange, ReplicaChange};
use super::named::Named;
use super::resource::KustomizeResource;
use super::walk::{Layer, LayerPart};
use super::{labels, references};
use crate::files::Files;
use crate::kind::SourceKind;
use crate::manifest::{Manifest, manifests};
use crate::refusal::{Location, Refusal, RefusalRule};
use crate::workload::{at, map_or_insert_at};

/// Maximum number of objects of all layers. The objects of a layer count each time it is included.
const MAX_RESOURCES: usize = 2000;

/// Builds the layer with the index `top` and all layers that it includes.
pub(super) fn build(files: &Files, layers: &[Layer], top: usize) -> Result<Vec<Manifest>, BuildFailure> {
    let resources = build_layer(files, layers, top, &mut BuildBudget::new())?;
    Ok(resources.into_iter().map(|resource| resource.manifest).collect())
}

fn build_layer(
    files: &Files,
    layers: &[Layer],
    at: usize,
    budget: &mut BuildBudget,
) -> Result<Vec<KustomizeResource>, BuildFailure> {
    let Some(found) = layers.get(at) else { return Ok(Vec::new()) };
    let Layer { directory, file, kustomization, root: _, parts } = found;
    let here = |what: &str| BuildFailure::NeedsTool(Named::new(file, 1, what));
    let mut resources = Vec::new();
    for part in parts {
        match part {
            LayerPart::Layer(below) => resources.extend(build_layer(files, layers, *below, budget)?),
            LayerPart::File(path) => resources.extend(objects(files, path, budget)?),
        }
        if resources.len() > MAX_RESOURCES {
            let message = format!("the kustomizations have more than {MAX_RESOURCES} objects");
            return Err(Named::new(file, 1, "").refuse(message, "render fewer objects").into());
        }
    }
    if resources.iter().any(is_directed) {
        return Err(here("annotations of config.kubernetes.io"));
    }
    if let Some(foreign) = resources.iter().find(|resource| is_foreign(resource)).filter(|_| kustomization.transforms())
    {
        return Err(here(&format!("changes of a {}", foreign.manifest.kind())));
    }
    refuse_duplicates(&resources)?;
    if !budget.charge_comparisons(kustomization.patches.len(), resources.len()) {
        let message = format!("number of patches times number of objects is above {MAX_COMPARISONS}");
        let remedy = "write fewer patches, with more operations in each";
        return Err(Named::new(file, 1, "").refuse(message, remedy).into());
    }
    for patch in &kustomization.patches {
        let operations =
            patch.load_and_charge(files, directory, budget).ok_or_else(|| BuildFailure::NeedsTool(patch.named()))?;
        for resource in &mut resources {
            // Unlike other references, a patch matches the original and the current name only.
            let KustomizeResource { manifest, names, .. } = resource;
            let names = [names.first(), names.last()].map(|name| name.map(String::as_str).unwrap_or_default());
            patch.apply(&operations, manifest, names)?;
        }
    }
    for resource in &mut resources {
        if let Some(namespace) = &kustomization.namespace {
            set_namespace(resource, namespace);
        }
        rename(resource, &kustomization.prefix, &kustomization.suffix);
        for set in kustomization.labels.iter().chain(&kustomization.common_labels) {
            if labels::needs_tool(set, &resource.manifest) {
                return Err(here("labels of this kind of object"));
            }
            if relabels(set, resource) {
                return Err(here("a label with two values"));
            }
            labels::put_labels(set, &mut resource.manifest);
        }
        if !kustomization.annotations.is_empty() {
            labels::put_annotations(&kustomization.annotations, &mut resource.manifest);
        }
    }
    refuse_duplicates(&resources)?;
    for replicas in &kustomization.replicas {
        set_replicas(replicas, &mut resources)?;
    }
    for resource in &mut resources {
        set_images(&kustomization.images, &mut resource.manifest.content);
    }
    if references::follow(&mut resources) { Ok(resources) } else { Err(here("references to ambiguous names")) }
}

/// True for kinds of Kubernetes without built-in rules: kustomize has rules for them that are not implemented here.
fn is_foreign(resource: &KustomizeResource) -> bool {
    let manifest = &resource.manifest;
    let is_dropped = matches!(
        (manifest.group(), manifest.kind()),
        ("autoscaling", "HorizontalPodAutoscaler") | ("policy", "PodDisruptionBudget") | ("", "Namespace")
    );
    !is_dropped && SourceKind::of(manifest.group(), manifest.kind()).is_none()
}

/// Refuses duplicate objects, as kustomize does.
fn refuse_duplicates(resources: &[KustomizeResource]) -> Result<(), BuildFailure> {
    let mut seen: BTreeMap<_, &KustomizeResource> = BTreeMap::new();
    let mut refusals = Vec::new();
    for resource in resources {
        let manifest = &resource.manifest;
        let namespace = if manifest.kind() == "Namespace" { "" } else { resource.namespace_or_default() };
        let id = (manifest.api_version(), manifest.kind(), namespace, manifest.name());
        if let Some(first) = seen.insert(id, resource) {
            let message = format!("duplicate of the object at {}", first.manifest.location(&[]));
            refusals.push(manifest.refuse(&[], RefusalRule::Name, message, "rename or remove one of them"));
        }
    }
    if refusals.is_empty() { Ok(()) } else { Err(BuildFailure::Refused(refusals)) }
}

/// True if labels change the value that another layer set. kustomize then always changes selectors too.
fn relabels(set: &LabelChange, resource: &mut KustomizeResource) -> bool {
    let pairs = set.pairs.iter();
    let mut changes = false;
    for (key, value) in pairs {
        let before = at(&resource.manifest.content, &["metadata", "labels", key]).and_then(Value::as_str);
        changes |= !resource.labelled.insert(key.clone()) && before != Some(value);
    }
    changes
}

/// Sets the namespace of an object, or the name of a `Namespace`.
fn set_namespace(resource: &mut KustomizeResource, namespace: &str) {
    let is_namespace = (resource.manifest.api_version(), resource.manifest.kind()) == ("v1", "Namespace");
    let Some(metadata) = map_or_insert_at(&mut resource.manifest.content, &["metadata"]) else { return };
    let key = if is_namespace { "name" } else { "namespace" };
    metadata.insert(key.to_owned(), json!(namespace));
    if is_namespace {
        resource.names.push(namespace.to_owned());
    }
}

fn objects(files: &Files, path: &str, budget: &mut BuildBudget) -> Result<Vec<KustomizeResource>, BuildFailure> {
    let bytes = files.read("", path).map_err(|error| error.refusal(Location::file(path)))?;
    if !budget.charge_bytes(bytes.len()) {
        let message = format!("the files of the kustomizations have more than {MAX_BYTES} bytes");
        let refusal = Refusal::new(Location::file(path), RefusalRule::Kustomize, message, "name each file once");
        return Err(refusal.into());
    }
    let shown: Arc<str> = path.into();
    let found = manifests(&shown, &bytes).map_err(BuildFailure::Refused)?;
    let resource = |manifest: Manifest| {
        let names = vec![manifest.name().to_owned()];
        KustomizeResource { manifest, names, labelled: BTreeSet::new() }
    };
    Ok(found.into_iter().map(resource).collect())
}

/// True if an object has annotations that control kustomize.
fn is_directed(resource: &KustomizeResource) -> bool {
    let annotations =
        resource.manifest.content.get("metadata").and_then(|metadata| metadata.get("annotations")?.as_object());
    let directs = |key: &String| {
        let domain = key.split('/').next().unwrap_or_default();
        domain.ends_with("config.kubernetes.io") || domain.ends_with("config.k8s.io") || domain.contains("kustomize")
    };
    annotations.is_some_and(|map| map.keys().any(directs))
}

fn rename(resource: &mut KustomizeResource, prefix: &str, suffix: &str) {
    let kept = ["Namespace", "CustomResourceDefinition", "APIService"].contains(&resource.manifest.kind());
    if kept || (prefix.is_empty() && suffix.is_empty()) || resource.manifest.name().is_empty() {
        return;
    }
    // kustomize also keeps the name with the prefix only as one of the object's names.
    for (before, behind) in [(prefix, ""), ("", suffix)] {
        if before.is_empty() && behind.is_empty() {
            continue;
        }
        let name = format!("{before}{}{behind}", resource.manifest.name());
        if let Some(metadata) = map_or_insert_at(&mut resource.manifest.content, &["metadata"]) {
            metadata.insert("name".to_owned(), json!(name));
            resource.names.push(name);
        }
    }
}

fn set_replicas(replicas: &ReplicaChange, resources: &mut [KustomizeResource]) -> Result<(), Refusal> {
    let mut found = false;
    for resource in resources {
        let scales =
            matches!(resource.manifest.kind(), "Deployment" | "StatefulSet" | "ReplicaSet" | "ReplicationController");
        if scales && resource.names.contains(&replicas.named.text) {
            found = true;
            if let Some(spec) = map_or_insert_at(&mut resource.manifest.content, &["spec"]) {
                spec.insert("replicas".to_owned(), json!(replicas.count));
            }
        }
    }
    if found {
        return Ok(());
    }
    let message = format!("`replicas` names the workload `{}`, which does not exist", replicas.named.text);
    Err(replicas.named.refuse(message, "correct the name"))
}

/// Changes the images of all containers, at any depth of an object.
fn set_images(images: &[ImageChange], value: &mut Value) {
    match value {
        Value::Array(items) => items.iter_mut().for_each(|item| set_images(images, item)),
        Value::Object(map) => {
            for (key, value) in map.iter_mut() {
                if let ("containers" | "initContainers", Some(list)) = (key.as_str(), value.as_array_mut()) {
                    for container in list.iter_mut() {
                        if let Some(Value::String(text)) = container.get_mut("image") {
                            images.iter().for_each(|image| set_image(image, text));
                        }
                    }
                }
                set_images(images, value);
            }
        }
        _ => {}
    }
}

fn set_image(image: &ImageChange, text: &mut String) {
    let (rest, digest) = match text.split_once('@') {
        Some((rest, digest)) => (rest, Some(digest)),
        None => (text.as_str(), None),
    };
    let (name, tag) = match rest.rsplit_once(':') {
        Some((name, tag)) if !tag.contains('/') => (name, Some(tag)),
        _ => (rest, None),
    };
    // An invalid reference, such as one with a variable, is not changed.
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"_.{}-".contains(&byte);
    // To kustomize the name is a regular expression, in which a dot matches any character.
    let is_meant = name.len() == image.name.len()
        && name.bytes().zip(image.name.bytes()).all(|(found, wanted)| found == wanted || wanted == b'.');
    if !is_meant || !tag.unwrap_or_default().bytes().all(is_plain) {
        return;
    }
    let name = image.new_name.as_deref().unwrap_or(name);
    let (tag, digest) = match (&image.new_tag, &image.digest) {
        (Some(tag), _) => (Some(tag.as_str()), None),
        (None, Some(digest)) => (None, Some(digest.as_str())),
        (None, None) => (tag, digest),
    };
    let tag = tag.map(|tag| format!(":{tag}")).unwrap_or_default();
    let digest = digest.map(|digest| format!("@{digest}")).unwrap_or_default();
    *text = format!("{name}{tag}{digest}");
}

#[cfg(test)]
mod tests;
