//! The parameters `nameOverride` and `fullnameOverride` for sources other than charts.
//!
//! A chart has one application, other sources can have several. So the parameters apply to the only workload of a
//! source, or to the only workload with the image `image.repository`, and to all objects with its name. They are
//! refused if there is no such workload.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::hooks;
use crate::application::Preview;
use crate::image::Image;
use crate::kind::SourceKind;
use crate::manifest::{Manifest, text};
use crate::object_references::{each_reference, each_route_reference};
use crate::refusal::{Location, Refusal, RefusalRule};
use crate::workload::{at_mut, containers_mut, map_or_insert_at, template_path};

/// Label with the name of the application.
const NAME: &str = "app.kubernetes.io/name";

/// Sets the names of the only application of a source.
pub(super) fn rewrite(preview: &Preview<'_>, manifests: &mut [Manifest]) -> Vec<Refusal> {
    let parameters = preview.parameters;
    let rows = [("nameOverride", &parameters.name_override), ("fullnameOverride", &parameters.fullname_override)];
    let given: Vec<&str> = rows.iter().filter(|(_, value)| value.is_some()).map(|(name, _)| *name).collect();
    if given.is_empty() || manifests.is_empty() {
        return Vec::new();
    }
    let old = match only_workload(preview, manifests) {
        Ok(old) => old,
        Err(message) => {
            let remedy = "remove the parameter, set `image.repository` to the image of the workload, or create one \
                          Application for each workload";
            let refusal =
                |name: &&str| Refusal::new(Location::parameter(*name), RefusalRule::Parameter, &message, remedy);
            return given.iter().map(refusal).collect();
        }
    };
    if let Some(label) = &parameters.name_override {
        let is_selected = manifests.iter().any(|manifest| selects(&manifest.content));
        for manifest in manifests.iter_mut().filter(|manifest| manifest.name() == old) {
            put_label(manifest, label, is_selected);
        }
    }
    if let Some(new) = &parameters.fullname_override {
        rename(manifests, &old, new);
    }
    Vec::new()
}

/// Name of the workload that the parameters apply to.
fn only_workload(preview: &Preview<'_>, manifests: &mut [Manifest]) -> Result<String, String> {
    let lasting = titles(manifests, &["Deployment", "StatefulSet"], |_| true);
    let found = if lasting.is_empty() { titles(manifests, &["CronJob", "Job"], |_| true) } else { lasting };
    let names =
        |found: &BTreeSet<(String, String)>| found.iter().map(|(_, name)| name.clone()).collect::<BTreeSet<_>>();
    let mut several = names(&found);
    if let (true, Some(image)) = (several.len() > 1, &preview.parameters.image_repository) {
        let kinds: Vec<&str> = found.iter().map(|(kind, _)| kind.as_str()).collect();
        let runs = |written: &str| written.parse::<Image>().is_ok_and(|written| written.name == image.value);
        several = names(&titles(manifests, &kinds, |manifest| images(manifest).iter().any(|written| runs(written))));
    }
    match (several.pop_first(), several.is_empty()) {
        (Some(only), true) => Ok(only),
        _ if found.is_empty() => Err("expected a source with one workload, got no workload".to_owned()),
        _ => {
            let found: Vec<_> = found.iter().map(|(kind, name)| format!("{kind}/{name}")).collect();
            Err(format!("expected a source with one workload, got {}", found.join(", ")))
        }
    }
}

/// Kind and name of the workloads that are not hooks.
fn titles(
    manifests: &mut [Manifest],
    kinds: &[&str],
    mut fits: impl FnMut(&mut Manifest) -> bool,
) -> BTreeSet<(String, String)> {
    let workloads = manifests.iter_mut().filter(|manifest| {
        kinds.contains(&manifest.kind()) && !hooks::is_hook(manifest) && !manifest.name().is_empty()
    });
    let fitting = workloads.filter_map(|manifest| fits(manifest).then_some(manifest));
    fitting.map(|manifest| (manifest.kind().to_owned(), manifest.name().to_owned())).collect()
}

/// Images of a workload.
fn images(manifest: &mut Manifest) -> Vec<String> {
    let pod = pod_template(manifest).and_then(|template| at_mut(template, &["spec"]));
    pod.into_iter().flat_map(containers_mut).map(|container| text(container, &["image"]).to_owned()).collect()
}

fn pod_template(manifest: &mut Manifest) -> Option<&mut Value> {
    let kind = SourceKind::of(manifest.group(), manifest.kind())?;
    at_mut(&mut manifest.content, template_path(&kind)?)
}

/// True if a selector uses the label. Then pods must keep its value.
fn selects(value: &Value) -> bool {
    match value {
        Value::Array(items) => items.iter().any(selects),
        Value::Object(map) => map.iter().any(|(key, value)| {
            let is_selector = ["matchLabels", "selector"].contains(&key.as_str());
            (is_selector && value.get(NAME).is_some())
                || (key == "key" && value == NAME && map.contains_key("operator"))
                || selects(value)
        }),
        _ => false,
    }
}

fn put_label(manifest: &mut Manifest, label: &str, is_selected: bool) {
    if let Some(labels) = map_or_insert_at(&mut manifest.content, &["metadata", "labels"]) {
        labels.insert(NAME.to_owned(), json!(label));
    }
    if let Some(template) = pod_template(manifest).filter(|template| template.is_object() && !is_selected)
        && let Some(labels) = map_or_insert_at(template, &["metadata", "labels"])
    {
        labels.insert(NAME.to_owned(), json!(label));
    }
}

/// Renames all objects with the name `old`, with references to them.
fn rename(manifests: &mut [Manifest], old: &str, new: &str) {
    let mut renamed = BTreeSet::new();
    for manifest in manifests.iter_mut().filter(|manifest| manifest.name() == old) {
        renamed.insert(manifest.kind().to_owned());
        if let Some(metadata) = map_or_insert_at(&mut manifest.content, &["metadata"]) {
            metadata.insert("name".to_owned(), json!(new));
        }
    }
    let mut visit = |kind: &str, name: &mut String| {
        if name == old && renamed.contains(kind) {
            new.clone_into(name);
        }
    };
    for manifest in manifests {
        each_reference(manifest, &mut visit);
        each_route_reference(manifest, &mut visit);
    }
}
