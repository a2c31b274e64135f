//! Rendering of a request: manifests, or all reasons not to render.

mod difference;

use eod_domain::labels;
use serde_json::{Value, json};

use crate::application::{Application, Preview};
use crate::check::{check, drop_empty_fields};
use crate::manifest::{Manifest, duplicates};
use crate::narrow::{Narrowed, narrow};
use crate::parameters::{Guards, Parameters, RawParameter, RunState};
use crate::policy::{Policy, ProjectPolicy};
use crate::refusal::{Location, Refusal, RefusalRule, Refusals};
use crate::report;
use crate::source::{SecondSource, Source, SourceForm, Tree, read_source};
use crate::tools::Tools;
use crate::transform::{CONFIRM, SYNC_OPTIONS, WAVE, transform, wave};
use crate::workload::map_or_insert_at;
use crate::write::{to_json, to_yaml};
use crate::{secrets, stable};

/// Input of a render, besides the output of tools.
#[derive(Clone, Copy, Debug)]
pub struct RenderInput<'a> {
    /// Received files and the Application's directory.
    pub tree: Tree<'a>,
    /// Parameters of the Application.
    pub parameters: &'a [RawParameter],
    /// Facts that Argo CD sends about the Application.
    pub application: &'a Application,
    /// Policy of the platform.
    pub policy: &'a Policy,
}

/// Rendered objects, at least one, sorted by wave, kind and name.
#[derive(Clone, Debug)]
pub struct RenderedManifests {
    manifests: Vec<Manifest>,
    narrowed: Vec<Narrowed>,
    /// Objects as JSON, one line each.
    lines: Vec<String>,
}

/// Wave of the namespace, its guards and its secrets.
const GUARDS: &str = "-20";

/// Order of kinds in a wave: kinds that others depend on come first.
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
/// All refusals of the first step with refusals: parameters, environment, source, or objects. Nothing is rendered then.
pub fn render_manifests(request: &RenderInput<'_>, tools: &dyn Tools) -> Result<RenderedManifests, Refusals> {
    let RenderInput { tree, parameters, application, policy } = *request;
    let (parameters, project) = match (Parameters::parse(parameters), policy.project(&application.project)) {
        (Ok(parameters), Ok(project)) => (parameters, project),
        (parameters, project) => return Err(join_refusals(parameters.err(), project.err())),
    };
    let preview = Preview::resolve(application, &parameters, project)?;
    let Source { manifests, form, second } = read_source(tree, application, &preview, tools)?;
    let rendered = finish(&preview, application, manifests, form, tree)?;
    let Some(SecondSource { manifests, reason, remedy }) = second else { return Ok(rendered) };
    // The results are compared, because a difference can be in a part that was removed.
    let again = finish(&preview, application, manifests, form, tree)?;
    match difference::refusals(&rendered.manifests, &again.manifests, &reason, &remedy) {
        None => Ok(rendered),
        Some(refusals) => Err(refusals),
    }
}

fn join_refusals(refusals: Option<Refusals>, other: Option<Refusal>) -> Refusals {
    let found = refusals.map(|refusals| refusals.as_slice().to_vec()).unwrap_or_default();
    let all = found.into_iter().chain(other).collect();
    Refusals::collected(all)
        .unwrap_or_else(|| Refusal::new(Location::default(), RefusalRule::Policy, "nothing", "nothing").into())
}

/// Narrows, transforms and checks the objects of the source, adds EoD's objects, and checks the whole.
fn finish(
    preview: &Preview<'_>,
    application: &Application,
    manifests: Vec<Manifest>,
    form: SourceForm,
    tree: Tree<'_>,
) -> Result<RenderedManifests, Refusals> {
    let directory = tree.directory;
    let was_empty = manifests.is_empty();
    let (manifests, narrowed) = narrow(preview, manifests);
    let narrowed: Vec<Narrowed> = narrowed.into_iter().map(|one| one.below(tree.above)).collect();
    let mut transformed = transform(preview, manifests, form == SourceForm::Helm);
    drop_empty_fields(&mut transformed.manifests);
    let mut refusals = transformed.refusals;
    let asleep = preview.parameters.state == RunState::Asleep;
    if transformed.manifests.is_empty() && (was_empty || !asleep) {
        let message = "the source has no object that runs in a preview; an empty result would delete all objects";
        let remedy = "check the path, the values of the chart, and the selected services";
        refusals.push(Refusal::new(Location::file(directory), RefusalRule::Empty, message, remedy));
    }
    refusals.extend(check(preview, &transformed.hosts, &transformed.manifests));
    let mut all = added_objects(preview, &transformed.stable, &mut refusals);
    all.push(report::config_map(preview, application, form, &narrowed));
    // EoD's objects come first, so that the refusal of a duplicate names the object of the source.
    all.extend(transformed.manifests);
    refusals.extend(duplicates(&all));
    all.sort_by_cached_key(order);
    let lines: Vec<String> = all.iter().map(|manifest| to_json(&manifest.content)).collect();
    refusals.extend(check_caps(preview.policy, &lines, directory));
    match Refusals::collected(refusals) {
        None => Ok(RenderedManifests { manifests: all, narrowed, lines }),
        Some(refusals) => Err(refusals),
    }
}

/// Objects that EoD adds: guards, secrets, and stable services.
fn added_objects(
    preview: &Preview<'_>,
    stable: &[eod_domain::ServiceName],
    refusals: &mut Vec<Refusal>,
) -> Vec<Manifest> {
    let guards = preview.parameters.guards;
    let mut first = Vec::new();
    if guards == Guards::Render {
        let objects = eod_domain::objects(&preview.environment, &Preview::provenance());
        first.extend(objects.into_iter().map(|object| Manifest::added(object.content)));
        annotate_namespace(preview, &mut first);
    }
    match secrets::objects(preview) {
        Ok(objects) => first.extend(objects),
        Err(more) => refusals.extend(more),
    }
    for manifest in &mut first {
        if let Some(annotations) = map_or_insert_at(&mut manifest.content, &["metadata", "annotations"]) {
            annotations.insert(WAVE.to_owned(), json!(GUARDS));
        }
    }
    // With `guards: none` another Application renders the stable services too.
    if guards != Guards::None {
        first.extend(stable::objects(preview, stable));
    }
    first
}

/// Adds the annotations of a namespace that Argo CD applies: the state, and the option to confirm a deletion.
fn annotate_namespace(preview: &Preview<'_>, manifests: &mut [Manifest]) {
    let is_namespace = |manifest: &&mut Manifest| manifest.kind() == "Namespace";
    let annotations = (manifests.iter_mut().find(is_namespace))
        .and_then(|namespace| map_or_insert_at(&mut namespace.content, &["metadata", "annotations"]));
    let Some(annotations) = annotations else { return };
    let state = match preview.parameters.state {
        RunState::Active => labels::STATE_ACTIVE,
        RunState::Asleep => labels::STATE_ASLEEP,
    };
    annotations.insert(labels::STATE.to_owned(), Value::from(state));
    if preview.needs_confirmation() {
        annotations.insert(SYNC_OPTIONS.to_owned(), Value::from(CONFIRM));
    }
}

fn check_caps(policy: &ProjectPolicy, lines: &[String], directory: &str) -> Vec<Refusal> {
    let bytes: usize = lines.iter().map(String::len).sum();
    let rows = [("objects", lines.len(), policy.caps.objects), ("bytes", bytes, policy.caps.bytes)];
    let over = rows.into_iter().filter(|(_, found, cap)| found > cap);
    let refusal = |(what, found, cap): (&str, usize, usize)| {
        let message = format!("the output has {found} {what}, above the policy's cap of {cap}");
        let remedy = format!("render less, or have the platform raise `caps.{what}` in the policy");
        Refusal::new(Location::file(directory), RefusalRule::Caps, message, remedy)
    };
    over.map(refusal).collect()
}

/// Sort key: wave, rank of the kind, kind, group, name.
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

    /// Everything that was removed from the source, sorted by location.
    pub fn narrowed(&self) -> &[Narrowed] {
        &self.narrowed
    }

    /// Objects as JSON for Argo CD, one line each.
    pub fn json_lines(&self) -> &[String] {
        &self.lines
    }

    /// Takes the objects as JSON, one line each.
    pub fn into_json_lines(self) -> Vec<String> {
        self.lines
    }

    /// All objects as YAML, for people.
    pub fn yaml(&self) -> String {
        self.manifests.iter().map(|manifest| format!("---\n{}", to_yaml(&manifest.content))).collect()
    }
}

#[cfg(test)]
mod tests;
