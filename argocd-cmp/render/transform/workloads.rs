//! Replicas, images, update strategy, tokens and secrets of workloads.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::application::Preview;
use crate::image::Image;
use crate::kind::SourceKind;
use crate::manifest::{Manifest, text};
use crate::parameters::RunState;
use crate::secrets;
use crate::workload::{at_mut, containers_mut, items, map_or_insert_at, template_path};

/// Claims of the source; true if several pods can mount the claim.
pub(super) struct Claims(BTreeMap<String, bool>);

impl Claims {
    pub(super) fn new(manifests: &[Manifest]) -> Self {
        let claims = manifests.iter().filter(|manifest| manifest.kind() == "PersistentVolumeClaim");
        let shared = |claim: &Manifest| {
            let modes = items(&claim.content, &["spec", "accessModes"]);
            let is_shared = |mode: &Value| matches!(mode.as_str(), Some("ReadWriteMany" | "ReadOnlyMany"));
            (claim.name().to_owned(), !modes.is_empty() && modes.iter().all(is_shared))
        };
        Self(claims.map(shared).collect())
    }

    /// True if a pod has a volume that a second pod cannot mount at the same time.
    fn is_exclusive(&self, pod: &Value) -> bool {
        let claims = items(pod, &["volumes"]).iter().filter_map(|volume| volume.get("persistentVolumeClaim"));
        let shared = |claim: &Value| self.0.get(text(claim, &["claimName"])).copied().unwrap_or(false);
        claims.into_iter().any(|claim| !shared(claim))
    }
}

pub(super) fn rewrite(
    preview: &Preview<'_>,
    claims: &Claims,
    kind: &SourceKind,
    manifest: &mut Manifest,
    is_chart: bool,
) {
    let content = &mut manifest.content;
    match kind {
        SourceKind::ServiceAccount => service_account(preview, content),
        SourceKind::PersistentVolumeClaim => storage_class_or_default(preview, content),
        SourceKind::Deployment | SourceKind::StatefulSet => replicas(preview, content),
        SourceKind::CronJob if preview.parameters.state == RunState::Asleep => {
            if let Some(spec) = at_mut(content, &["spec"]).and_then(Value::as_object_mut) {
                spec.insert("suspend".to_owned(), json!(true));
            }
        }
        _ => {}
    }
    if let Some(templates) = at_mut(content, &["spec", "volumeClaimTemplates"]).and_then(Value::as_array_mut) {
        for template in templates {
            storage_class_or_default(preview, template);
        }
    }
    let Some(pod_path) = template_path(kind).map(|template| [template, &["spec"]].concat()) else { return };
    let Some(pod) = at_mut(content, &pod_path).filter(|pod| pod.is_object()) else { return };
    pod_spec(preview, pod, is_chart);
    if *kind == SourceKind::Deployment
        && claims.is_exclusive(pod)
        && let Some(spec) = at_mut(content, &["spec"]).and_then(Value::as_object_mut)
    {
        spec.insert("strategy".to_owned(), json!({ "type": "Recreate" }));
    }
}

/// Reduces replicas to the parameter `replicas`, and to 0 if the environment is asleep. The default is 1.
fn replicas(preview: &Preview<'_>, content: &mut Value) {
    let Some(spec) = at_mut(content, &["spec"]).and_then(Value::as_object_mut) else { return };
    let cap = match preview.parameters.state {
        RunState::Active => u64::from(preview.parameters.replicas),
        RunState::Asleep => 0,
    };
    let written = spec.get("replicas").map_or(Some(1), Value::as_u64);
    // A value of another type is refused later.
    if let Some(written) = written {
        spec.insert("replicas".to_owned(), json!(written.min(cap)));
    }
}

fn service_account(preview: &Preview<'_>, content: &mut Value) {
    let Some(account) = content.as_object_mut() else { return };
    account.entry("automountServiceAccountToken").or_insert(json!(false));
    if let Some(secret) = &preview.policy.image_pull_secret {
        let secret = json!({ "name": secret.as_str() });
        let secrets = account.entry("imagePullSecrets").or_insert_with(|| json!([]));
        if let Some(secrets) = secrets.as_array_mut().filter(|secrets| !secrets.contains(&secret)) {
            secrets.push(secret);
        }
    }
}

/// Sets the policy's first storage class if a claim has none, so that the cluster's default does not apply.
fn storage_class_or_default(preview: &Preview<'_>, content: &mut Value) {
    let spec = at_mut(content, &["spec"]).and_then(Value::as_object_mut);
    if let (Some(spec), Some(class)) = (spec, preview.policy.storage_classes.first()) {
        spec.entry("storageClassName").or_insert_with(|| json!(class));
    }
}

fn pod_spec(preview: &Preview<'_>, pod: &mut Value, is_chart: bool) {
    if let Some(pod) = pod.as_object_mut() {
        pod.entry("automountServiceAccountToken").or_insert(json!(false));
    }
    for volume in at_mut(pod, &["volumes"]).and_then(Value::as_array_mut).into_iter().flatten() {
        if let Some(template) = at_mut(volume, &["ephemeral", "volumeClaimTemplate"]) {
            storage_class_or_default(preview, template);
        }
    }
    let secrets = if is_chart { Vec::new() } else { secrets::names(preview) };
    for container in containers_mut(pod) {
        image(preview, container);
        env_from(container, &secrets);
    }
}

/// Replaces the image of a container by the image of the pull request, if it has the same name. The new reference is
/// written as it was given.
fn image(preview: &Preview<'_>, container: &mut Value) {
    let Ok(written) = text(container, &["image"]).parse::<Image>() else { return };
    let parameters = preview.parameters;
    let named = parameters.images.get(&written.name).map(|image| image.text.clone());
    let tagged = || {
        let repository = parameters.image_repository.as_ref().filter(|given| given.value == written.name)?;
        Some(format!("{}:{}", repository.text, parameters.tag_or_commit()?))
    };
    if let (Some(image), Some(container)) = (named.or_else(tagged), container.as_object_mut()) {
        container.insert("image".to_owned(), json!(image));
    }
}

/// Adds the environment's secrets after the container's own sources.
fn env_from(container: &mut Value, secrets: &[String]) {
    if secrets.is_empty() {
        return;
    }
    let Some(container) = map_or_insert_at(container, &[]) else { return };
    let list = container.entry("envFrom").or_insert_with(|| json!([]));
    let Some(list) = list.as_array_mut() else { return };
    for name in secrets {
        let source = json!({ "secretRef": { "name": name } });
        if !list.contains(&source) {
            list.push(source);
        }
    }
}
