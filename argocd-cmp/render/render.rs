//! The whole of it: from a request to manifests, or to every reason why not.

use serde_json::json;

use crate::application::{Application, Preview};
use crate::check::check;
use crate::manifest::{Manifest, duplicates};
use crate::parameters::{Guards, Parameters, RawParameter, RunState};
use crate::policy::{Policy, ProjectPolicy};
use crate::refusal::{Location, Refusal, RefusalRule, Refusals};
use crate::source::{Source, Tree, read_source};
use crate::tools::Tools;
use crate::transform::{WAVE, transform, wave};
use crate::workload::map_at;
use crate::write::{to_json, to_yaml};
use crate::{secrets, stable};

/// Everything a render depends on, but for what the tools do.
#[derive(Clone, Copy, Debug)]
pub struct Request<'a> {
    /// Received files and the Application's directory.
    pub tree: Tree<'a>,
    /// The parameters as the Application has them.
    pub parameters: &'a [RawParameter],
    /// What Argo CD says about the Application.
    pub application: &'a Application,
    /// The platform's policy.
    pub policy: &'a Policy,
}

/// What is to be applied: at least one object, in the order of waves, kinds and names.
#[derive(Clone, Debug)]
pub struct RenderedManifests {
    manifests: Vec<Manifest>,
    /// The same as JSON, one line each.
    lines: Vec<String>,
}

/// The wave of the namespace, its guards and its secrets.
const GUARDS: &str = "-20";

/// The order of kinds within a wave: what others need comes first.
const KINDS: [&str; 19] = [
    "Namespace",
    "ServiceAccount",
    "ResourceQuota",
    "LimitRange",
    "NetworkPolicy",
    "Role",
    "RoleBinding",
    "ExternalSecret",
    "VaultStaticSecret",
    "Secret",
    "ConfigMap",
    "PersistentVolumeClaim",
    "Service",
    "Deployment",
    "StatefulSet",
    "Job",
    "CronJob",
    "Ingress",
    "HTTPRoute",
];

/// Renders an environment. The same request gives the same bytes.
///
/// # Errors
///
/// Every refusal of the step that failed: the parameters, what they settle, the source, or its objects. Then nothing
/// is rendered at all.
pub fn render_manifests(request: &Request<'_>, tools: &dyn Tools) -> Result<RenderedManifests, Refusals> {
    let Request { tree, parameters, application, policy } = *request;
    let (parameters, project) = match (Parameters::parse(parameters), policy.project(&application.project)) {
        (Ok(parameters), Ok(project)) => (parameters, project),
        (parameters, project) => return Err(both(parameters.err(), project.err())),
    };
    let preview = Preview::settle(application, &parameters, project)?;
    let source = read_source(tree, application, &preview, tools)?;
    finish(&preview, source, tree.directory)
}

fn both(refusals: Option<Refusals>, other: Option<Refusal>) -> Refusals {
    let found = refusals.map(|refusals| refusals.as_slice().to_vec()).unwrap_or_default();
    let all = found.into_iter().chain(other).collect();
    Refusals::collected(all)
        .unwrap_or_else(|| Refusal::new(Location::default(), RefusalRule::Policy, "nothing", "nothing").into())
}

/// Transform, policy, our own objects, and what they must be together.
fn finish(preview: &Preview<'_>, source: Source, directory: &str) -> Result<RenderedManifests, Refusals> {
    let Source { manifests, is_chart } = source;
    let was_empty = manifests.is_empty();
    let transformed = transform(preview, manifests, is_chart);
    let mut refusals = transformed.refusals;
    let asleep = preview.parameters.state == RunState::Asleep;
    if transformed.manifests.is_empty() && (was_empty || !asleep) {
        let message = "the source gives no object that runs in a preview, and an empty result would delete everything";
        let remedy = "check the path, the chart's values, and which services are selected";
        refusals.push(Refusal::new(Location::file(directory), RefusalRule::Empty, message, remedy));
    }
    refusals.extend(check(preview, &transformed.hosts, &transformed.manifests));
    let mut all = own(preview, &transformed.stable, &mut refusals);
    // Ours come first, so that a double names the one from the repository.
    all.extend(transformed.manifests);
    refusals.extend(duplicates(&all));
    all.sort_by_cached_key(order);
    let lines: Vec<String> = all.iter().map(|manifest| to_json(&manifest.content)).collect();
    refusals.extend(caps(preview.policy, &lines, directory));
    match Refusals::collected(refusals) {
        None => Ok(RenderedManifests { manifests: all, lines }),
        Some(refusals) => Err(refusals),
    }
}

/// The objects EoD makes: the environment's own, its secrets, and names of stable services.
fn own(preview: &Preview<'_>, stable: &[eod_domain::ServiceName], refusals: &mut Vec<Refusal>) -> Vec<Manifest> {
    let guards = preview.parameters.guards;
    let mut first = Vec::new();
    if guards == Guards::Render {
        let objects = eod_domain::objects(&preview.environment, &Preview::provenance());
        first.extend(objects.into_iter().map(|object| Manifest::own(object.content)));
    }
    match secrets::objects(preview) {
        Ok(objects) => first.extend(objects),
        Err(more) => refusals.extend(more),
    }
    for manifest in &mut first {
        if let Some(annotations) = map_at(&mut manifest.content, &["metadata", "annotations"]) {
            annotations.insert(WAVE.to_owned(), json!(GUARDS));
        }
    }
    // Where another Application renders the guards it renders these names too.
    if guards != Guards::None {
        first.extend(stable::objects(preview, stable));
    }
    first
}

fn caps(policy: &ProjectPolicy, lines: &[String], directory: &str) -> Vec<Refusal> {
    let bytes: usize = lines.iter().map(String::len).sum();
    let rows = [("objects", lines.len(), policy.caps.objects), ("bytes", bytes, policy.caps.bytes)];
    let over = rows.into_iter().filter(|(_, found, cap)| found > cap);
    let refusal = |(what, found, cap): (&str, usize, usize)| {
        let message = format!("the whole has {found} {what}, above the policy's cap of {cap}");
        Refusal::new(
            Location::file(directory),
            RefusalRule::Caps,
            message,
            "render less, or have the platform raise the cap",
        )
    };
    over.map(refusal).collect()
}

/// Wave, rank of the kind, kind, group, name.
fn order(manifest: &Manifest) -> (Option<i64>, usize, String, String, String) {
    let rank = KINDS.iter().position(|kind| *kind == manifest.kind()).unwrap_or(KINDS.len());
    let texts = [manifest.kind(), manifest.group(), manifest.name()].map(ToOwned::to_owned);
    let [kind, group, name] = texts;
    (wave(manifest), rank, kind, group, name)
}

impl RenderedManifests {
    /// The objects in order.
    pub fn manifests(&self) -> &[Manifest] {
        &self.manifests
    }

    /// Each object as one line of JSON: what Argo CD gets.
    pub fn json_lines(&self) -> &[String] {
        &self.lines
    }

    /// The same, for whoever keeps them.
    pub fn into_json_lines(self) -> Vec<String> {
        self.lines
    }

    /// All objects as YAML: what a person gets.
    pub fn yaml(&self) -> String {
        self.manifests.iter().map(|manifest| format!("---\n{}", to_yaml(&manifest.content))).collect()
    }
}

#[cfg(test)]
mod tests;
