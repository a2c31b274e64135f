//! Helm charts: checks before Helm runs, its request, and the template of each object in its output.

mod dependencies;
mod values;

use std::collections::BTreeMap;
use std::sync::Arc;

use eod_yaml::{Content, Fault, FaultKind, Node, YamlLimits, read as read_yaml};

use super::reading::{Reading, below, join};
use crate::files::FileError;
use crate::manifest::{Manifest, rendered_manifests, yaml_refusals};
use crate::parameters::Guards;
use crate::refusal::{Location, Refusal, RefusalRule, Refusals};
use crate::tools::{HelmOutput, HelmRequest, RandomScope, SecondRender};

/// Maximum length of a release name: <https://helm.sh/docs/chart_template_guide/builtin_objects/>.
const MAX_RELEASE_NAME: usize = 53;
/// Maximum number of files of a chart.
const MAX_FILES: usize = 5000;

/// Objects of a second render that differs from the first.
pub(crate) struct SecondSource {
    pub(crate) manifests: Vec<Manifest>,
    /// Reason for the difference; continues the name of a field that differs.
    pub(crate) reason: String,
    pub(crate) remedy: String,
}

/// Renders the chart.
pub(super) fn read(reading: &Reading<'_>) -> Result<(Vec<Manifest>, Option<SecondSource>), Refusals> {
    let rule = &reading.preview.policy.helm;
    let chart = chart_directory(reading)?;
    let location = || Location::file(join(&chart, "Chart.yaml"));
    if !rule.tool.enabled {
        let message = "the source is a Helm chart, but the policy disables Helm";
        return Err(Refusal::new(
            location(),
            RefusalRule::Tool,
            message,
            "use plain manifests or a kustomization, or have the platform set `helm.enabled` in the policy",
        )
        .into());
    }
    let files = reading.tree.files.extract(&chart, MAX_FILES).map_err(|error| error.refusal(location()))?;
    let mut refusals = schemas(&chart, &files);
    let dependencies = dependencies::missing(&chart, &files, &rule.repositories).unwrap_or_else(|more| {
        refusals.extend(more);
        Vec::new()
    });
    let values = values::files(reading, &chart).unwrap_or_else(|more| {
        refusals.extend(more);
        Vec::new()
    });
    if let Some(refusals) = Refusals::collected(refusals) {
        return Err(refusals);
    }
    check_versions(reading)?;
    let request = HelmRequest {
        rule,
        random_scope: RandomScope {
            installation: reading.preview.policy.installation.to_string(),
            environment: reading.preview.name().to_string(),
            application: reading.application.name.clone(),
        },
        dependencies,
        files,
        release: release(reading, &chart)?,
        namespace: reading.preview.name().to_string(),
        kube_version: reading.application.kube_version.clone(),
        api_versions: reading.application.api_versions.clone(),
        values,
    };
    let HelmOutput { manifests, second } = reading
        .tools
        .helm(&request)
        .map_err(|error| Refusal::new(location(), RefusalRule::Tool, &error, &error.remedy))?;
    let objects = |output: &str| {
        objects(&chart, output)
            .map_err(|refusals| Refusals::collected(refusals).unwrap_or_else(|| nothing(location()).into()))
    };
    let second = match second {
        None => None,
        Some(SecondRender { manifests, reason, remedy }) => {
            Some(SecondSource { manifests: objects(&manifests)?, reason, remedy })
        }
    };
    Ok((objects(&manifests)?, second))
}

/// Objects in the output of Helm. Each template is read on its own, so that lines count in its output.
fn objects(chart: &str, output: &str) -> Result<Vec<Manifest>, Vec<Refusal>> {
    let limit = YamlLimits::default().bytes;
    if output.len() > limit {
        let kind = FaultKind::TooLarge { what: "the output of the chart", limit, unit: "bytes" };
        let fault = Fault { line: 1, column: 1, document: 1, kind };
        return Err(yaml_refusals(&join(chart, "templates"), vec![fault]));
    }
    let (mut found, mut refusals) = (Vec::new(), Vec::new());
    for (file, text) in templates(chart, output) {
        match rendered_manifests(&file, &text) {
            Ok(manifests) => found.extend(manifests),
            Err(more) => refusals.extend(more),
        }
    }
    if refusals.is_empty() { Ok(found) } else { Err(refusals) }
}

fn nothing(location: Location) -> Refusal {
    Refusal::new(location, RefusalRule::Empty, "the chart has no objects", "check the values of the chart")
}

/// Directory of the chart: the parameter `chart`, relative to the repository, else the Application's directory.
fn chart_directory(reading: &Reading<'_>) -> Result<String, Refusals> {
    let Some(chart) = &reading.preview.parameters.chart else { return Ok(reading.directory.clone()) };
    let files = reading.tree.files;
    let inside = below(chart, reading.tree.above);
    let refuse = |error: FileError| Refusals::from(error.refusal(Location::parameter("chart")));
    let inside = inside.ok_or_else(|| refuse(FileError::Missing(chart.clone())))?;
    let directory = files.resolve("", &inside).map_err(refuse)?;
    if !files.is_file(&directory, "Chart.yaml") {
        return Err(refuse(FileError::Missing(join(&directory, "Chart.yaml"))));
    }
    Ok(directory)
}

/// Name of the release: the environment, and its service if several Applications share the environment.
fn release(reading: &Reading<'_>, chart: &str) -> Result<String, Refusals> {
    let (parameters, environment) = (reading.preview.parameters, reading.preview.name().as_str());
    let name = match parameters.guards {
        Guards::Render | Guards::Terraform => environment.to_owned(),
        Guards::None => {
            let only = parameters.services.as_ref().filter(|services| services.len() == 1);
            let service = only.and_then(|services| services.first()).map(ToString::to_string);
            let folder = chart.rsplit('/').next().filter(|name| !name.is_empty()).map(ToOwned::to_owned);
            let service = service.or(folder).unwrap_or_else(|| reading.application.name.clone());
            format!("{environment}-{service}")
        }
    };
    let is_label = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    if name.len() > MAX_RELEASE_NAME || !name.bytes().all(is_label) || name.ends_with('-') {
        let message = format!(
            "invalid release name `{name}`: expected at most {MAX_RELEASE_NAME} lower-case letters, digits and `-`"
        );
        let remedy = "use a shorter name of the environment, or set `services` to one service";
        return Err(Refusal::new(Location::parameter("environment"), RefusalRule::Helm, message, remedy).into());
    }
    Ok(name)
}

/// Refuses versions that could be options or contain special characters, because they are arguments of Helm.
fn check_versions(reading: &Reading<'_>) -> Result<(), Refusals> {
    let application = reading.application;
    let is_version = |text: &&String| {
        text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"._/+-".contains(&byte)) && !text.starts_with('-')
    };
    let invalid = application.kube_version.iter().chain(&application.api_versions).find(|text| !is_version(text));
    invalid.map_or(Ok(()), |text| {
        let message = format!("invalid version of Kubernetes or of an API: `{text}`");
        Err(Refusal::new(
            Location::default(),
            RefusalRule::Helm,
            message,
            "Argo CD writes this value; report the error",
        )
        .into())
    })
}

/// Refuses references of values schemas to other files and URLs, which Helm would load.
fn schemas(chart: &str, files: &BTreeMap<String, Arc<[u8]>>) -> Vec<Refusal> {
    let mut refusals = Vec::new();
    for (path, bytes) in files.iter().filter(|(path, _)| path.ends_with("values.schema.json")) {
        let location = Location::file(join(chart, path));
        let Ok(documents) = read_yaml(bytes, &YamlLimits::default()) else {
            let message = "the schema of the values is not valid JSON";
            refusals.push(Refusal::new(location, RefusalRule::Helm, message, "correct or remove the file"));
            continue;
        };
        for line in documents.iter().flat_map(|document| references(&document.root)) {
            let message = "the schema of the values references another file or a URL";
            refusals.push(Refusal::new(
                location.clone().line(line),
                RefusalRule::Remote,
                message,
                "use references within the file: `#/...`",
            ));
        }
    }
    refusals
}

/// Lines of references to other schemas.
fn references(node: &Node) -> Vec<u32> {
    match &node.content {
        Content::List(items) => items.iter().flat_map(references).collect(),
        Content::Map(entries) => {
            let outward = |entry: &&eod_yaml::MapEntry| {
                ["$ref", "$dynamicRef", "$recursiveRef"].contains(&entry.key.as_str())
                    && entry.node.text().is_some_and(|text| !text.starts_with('#'))
            };
            let here = entries.iter().filter(outward).map(|entry| entry.line);
            here.chain(entries.iter().flat_map(|entry| references(&entry.node))).collect()
        }
        _ => Vec::new(),
    }
}

/// Templates with their output, in the order of the output. Helm writes `---` and `# Source: PATH` before each document.
fn templates(chart: &str, output: &str) -> Vec<(Arc<str>, String)> {
    let rendered = |path: &str| Arc::<str>::from(format!("{} (rendered)", join(chart, path)));
    let mut found: Vec<(Arc<str>, String)> = vec![(rendered("templates"), String::new())];
    let (mut places, mut current) = (BTreeMap::<&str, usize>::new(), 0);
    let mut lines = output.split_inclusive('\n').peekable();
    while let Some(line) = lines.next() {
        let next = lines.peek().copied().filter(|_| line.trim_end() == "---");
        let Some(path) = next.and_then(|next| next.strip_prefix("# Source: ")) else {
            if let Some((_, text)) = found.get_mut(current) {
                text.push_str(line);
            }
            continue;
        };
        // The first segment is the name of the chart, not its directory.
        let path = path.split_once('/').map_or(path, |(_, path)| path).trim_end();
        lines.next();
        match places.get(path) {
            None => {
                current = found.len();
                places.insert(path, current);
                found.push((rendered(path), String::new()));
            }
            Some(place) => {
                current = *place;
                if let Some((_, text)) = found.get_mut(current) {
                    text.push_str("---\n");
                }
            }
        }
    }
    found
}
