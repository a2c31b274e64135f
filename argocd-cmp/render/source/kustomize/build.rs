//! Builds simple kustomizations, in the order in which kustomize applies its parts: patches, namespace, names, labels,
//! annotations, replicas, images; then the references to names that changed.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use serde_json::{Value, json};

use super::kustomization::{ImageChange, Named};
use super::{Layer, LayerPart, labels, references};
use crate::files::Files;
use crate::kind::SourceKind;
use crate::manifest::{Manifest, manifests, text};
use crate::refusal::{Location, Refusal, RefusalRule, Refusals};
use crate::workload::{at, map_at};

/// An object and all names it has had, the present one last.
#[derive(Clone)]
pub(super) struct KustomizeResource {
    pub(super) manifest: Manifest,
    pub(super) names: Vec<String>,
    /// The keys of labels that were put on it.
    labelled: BTreeSet<String>,
}

/// What came of it.
pub(super) enum Built {
    Whole(Vec<Manifest>),
    /// Something that only the binary understands.
    NeedsTool(Named),
}

/// Why a layer is not built.
pub(super) enum BuildStop {
    Refused(Vec<Refusal>),
    NeedsTool(Named),
}

/// Objects of all layers together, those that are used twice counted twice.
const MOST_RESOURCES: usize = 2000;
/// Bytes that are parsed in all: a file that is named a thousand times is read a thousand times.
const MOST_BYTES: usize = 32 << 20;

/// Patches times objects, of all layers: how often it is asked whether a patch means an object.
const MOST_LOOKS: usize = 500_000;

/// What building may still cost.
pub(super) struct Budget {
    bytes: usize,
    looks: usize,
}

impl Budget {
    /// Whether so many bytes may still be read.
    pub(super) fn spend(&mut self, bytes: usize) -> bool {
        let left = self.bytes.checked_sub(bytes);
        self.bytes = left.unwrap_or_default();
        left.is_some()
    }

    /// Whether so many patches may still be held against so many objects.
    fn look(&mut self, patches: usize, objects: usize) -> bool {
        let left = self.looks.checked_sub(patches.saturating_mul(objects));
        self.looks = left.unwrap_or_default();
        left.is_some()
    }
}

impl KustomizeResource {
    pub(super) fn namespace(&self) -> &str {
        match text(&self.manifest.content, &["metadata", "namespace"]) {
            "" => "default",
            namespace => namespace,
        }
    }
}

/// Builds the layer with the index `top`, with all layers it is built on.
pub(super) fn build(files: &Files, layers: &[Layer], top: usize) -> Result<Built, Refusals> {
    let mut budget = Budget { bytes: MOST_BYTES, looks: MOST_LOOKS };
    match layer(files, layers, top, &mut budget) {
        Ok(resources) => Ok(Built::Whole(resources.into_iter().map(|resource| resource.manifest).collect())),
        Err(BuildStop::NeedsTool(named)) => Ok(Built::NeedsTool(named)),
        Err(BuildStop::Refused(refusals)) => Err(Refusals::collected(refusals).unwrap_or_else(|| {
            Refusal::new(Location::default(), RefusalRule::Kustomize, "the kustomization cannot be built", "correct it")
                .into()
        })),
    }
}

fn layer(files: &Files, layers: &[Layer], at: usize, budget: &mut Budget) -> Result<Vec<KustomizeResource>, BuildStop> {
    let Some(found) = layers.get(at) else { return Ok(Vec::new()) };
    let Layer { directory, file, kustomization, parts } = found;
    let here = |what: &str| BuildStop::NeedsTool(Named::new(file, 1, what));
    let mut resources = Vec::new();
    for part in parts {
        match part {
            LayerPart::Layer(below) => resources.extend(layer(files, layers, *below, budget)?),
            LayerPart::File(path) => resources.extend(objects(files, path, budget)?),
        }
        if resources.len() > MOST_RESOURCES {
            let message = format!("the kustomizations bring more than {MOST_RESOURCES} objects");
            return Err(BuildStop::Refused(vec![Named::new(file, 1, "").refuse(message, "render less")]));
        }
    }
    if resources.iter().any(is_directed) {
        return Err(here("annotations of config.kubernetes.io"));
    }
    if let Some(foreign) = resources.iter().find(|resource| is_foreign(resource)).filter(|_| kustomization.transforms())
    {
        return Err(here(&format!("changing a {}", foreign.manifest.kind())));
    }
    once(&resources)?;
    if !budget.look(kustomization.patches.len(), resources.len()) {
        let message = format!("patches times objects are more than {MOST_LOOKS}");
        return Err(BuildStop::Refused(vec![
            Named::new(file, 1, "").refuse(message, "write fewer patches with more in each"),
        ]));
    }
    for patch in &kustomization.patches {
        let operations = patch.load(files, directory, budget).ok_or_else(|| BuildStop::NeedsTool(patch.named()))?;
        for resource in &mut resources {
            // Unlike everybody else, a patch knows the first name and the present one, and none between.
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
            if labels::goes_deeper(set, &resource.manifest) {
                return Err(here("labels of this kind of object"));
            }
            if relabels(set, resource) {
                return Err(here("a label that is set twice"));
            }
            labels::put_labels(set, &mut resource.manifest);
        }
        if !kustomization.annotations.is_empty() {
            labels::put_annotations(&kustomization.annotations, &mut resource.manifest);
        }
    }
    once(&resources)?;
    for replicas in &kustomization.replicas {
        set_replicas(replicas, &mut resources).map_err(|refusal| BuildStop::Refused(vec![refusal]))?;
    }
    for resource in &mut resources {
        set_images(&kustomization.images, &mut resource.manifest.content);
    }
    if references::follow(&mut resources) { Ok(resources) } else { Err(here("references to names that occur twice")) }
}

/// Whether kustomize knows things about a kind that are not known here: kinds of Kubernetes that no preview may have.
fn is_foreign(resource: &KustomizeResource) -> bool {
    let manifest = &resource.manifest;
    let is_dropped = matches!(
        (manifest.group(), manifest.kind()),
        ("autoscaling", "HorizontalPodAutoscaler") | ("policy", "PodDisruptionBudget") | ("", "Namespace")
    );
    !is_dropped && SourceKind::of(manifest.group(), manifest.kind()).is_none()
}

/// Refuses the same object in the same namespace twice, as kustomize does.
fn once(resources: &[KustomizeResource]) -> Result<(), BuildStop> {
    let mut seen: BTreeMap<_, &KustomizeResource> = BTreeMap::new();
    let mut refusals = Vec::new();
    for resource in resources {
        let manifest = &resource.manifest;
        let namespace = if manifest.kind() == "Namespace" { "" } else { resource.namespace() };
        let id = (manifest.api_version(), manifest.kind(), namespace, manifest.name());
        if let Some(first) = seen.insert(id, resource) {
            let message = format!("the same object stands at {} too", first.manifest.location(&[]));
            refusals.push(manifest.refuse(&[], RefusalRule::Name, message, "rename or remove one of them"));
        }
    }
    if refusals.is_empty() { Ok(()) } else { Err(BuildStop::Refused(refusals)) }
}

/// Whether labels change what another layer put there. kustomize then changes selectors too, asked or not.
fn relabels(set: &super::kustomization::LabelChange, resource: &mut KustomizeResource) -> bool {
    let pairs = set.pairs.iter();
    let mut changes = false;
    for (key, value) in pairs {
        let before = at(&resource.manifest.content, &["metadata", "labels", key]).and_then(Value::as_str);
        changes |= !resource.labelled.insert(key.clone()) && before != Some(value);
    }
    changes
}

/// Sets the namespace of an object, or the name of a Namespace.
fn set_namespace(resource: &mut KustomizeResource, namespace: &str) {
    let is_namespace = (resource.manifest.api_version(), resource.manifest.kind()) == ("v1", "Namespace");
    let Some(metadata) = map_at(&mut resource.manifest.content, &["metadata"]) else { return };
    let key = if is_namespace { "name" } else { "namespace" };
    metadata.insert(key.to_owned(), json!(namespace));
    if is_namespace {
        resource.names.push(namespace.to_owned());
    }
}

fn objects(files: &Files, path: &str, budget: &mut Budget) -> Result<Vec<KustomizeResource>, BuildStop> {
    let bytes = files.read("", path).map_err(|error| BuildStop::Refused(vec![error.refusal(Location::file(path))]))?;
    if !budget.spend(bytes.len()) {
        let message = format!("the kustomizations read more than {MOST_BYTES} bytes");
        return Err(BuildStop::Refused(vec![Refusal::new(
            Location::file(path),
            RefusalRule::Kustomize,
            message,
            "name each file once",
        )]));
    }
    let shown: Arc<str> = path.into();
    let found = manifests(&|_| Arc::clone(&shown), &bytes).map_err(BuildStop::Refused)?;
    let resource = |manifest: Manifest| {
        let names = vec![manifest.name().to_owned()];
        KustomizeResource { manifest, names, labelled: BTreeSet::new() }
    };
    Ok(found.into_iter().map(resource).collect())
}

/// Whether an object has annotations that tell kustomize what to do with it.
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
    // kustomize remembers the name between the two as well, and takes it for one of the object's names.
    for (before, behind) in [(prefix, ""), ("", suffix)] {
        if before.is_empty() && behind.is_empty() {
            continue;
        }
        let name = format!("{before}{}{behind}", resource.manifest.name());
        if let Some(metadata) = map_at(&mut resource.manifest.content, &["metadata"]) {
            metadata.insert("name".to_owned(), json!(name));
            resource.names.push(name);
        }
    }
}

fn set_replicas(
    replicas: &super::kustomization::ReplicaChange,
    resources: &mut [KustomizeResource],
) -> Result<(), Refusal> {
    let mut found = false;
    for resource in resources {
        let scales =
            matches!(resource.manifest.kind(), "Deployment" | "StatefulSet" | "ReplicaSet" | "ReplicationController");
        if scales && resource.names.contains(&replicas.named.text) {
            found = true;
            if let Some(spec) = map_at(&mut resource.manifest.content, &["spec"]) {
                spec.insert("replicas".to_owned(), json!(replicas.count));
            }
        }
    }
    let message = || format!("replicas name `{}`, and there is no such workload", replicas.named.text);
    if found { Ok(()) } else { Err(replicas.named.refuse(message(), "correct the name")) }
}

/// Changes the images of all containers, wherever in an object they stand.
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
    // A reference that is none, such as one with a variable in it, stays.
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"_.{}-".contains(&byte);
    // kustomize takes the name for a pattern, in which a dot is any character.
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
