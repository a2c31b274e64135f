//! A Helm chart: what is checked before Helm is asked, what it is asked, and where each object of its answer came from.

mod values;

use std::collections::BTreeMap;
use std::sync::Arc;

use super::{Reading, join};
use crate::files::FileError;
use crate::manifest::{Manifest, manifests};
use crate::node::{Content, Node};
use crate::parameters::Guards;
use crate::read::{YamlLimits, read as read_yaml};
use crate::refusal::{Location, Refusal, RefusalRule, Refusals};
use crate::tools::HelmRequest;

/// Longest name of a release: <https://helm.sh/docs/chart_template_guide/builtin_objects/>.
const RELEASE_MAX: usize = 53;
/// Files of one chart.
const MOST_FILES: usize = 5000;

/// Renders the chart.
pub(super) fn read(reading: &Reading<'_>) -> Result<Vec<Manifest>, Refusals> {
    let rule = &reading.preview.policy.helm;
    let chart = chart_directory(reading)?;
    let location = || Location::file(join(&chart, "Chart.yaml"));
    if !rule.enabled {
        let message = "this is a Helm chart, and the policy has Helm switched off";
        return Err(
            Refusal::new(location(), RefusalRule::Tool, message, "write plain manifests or a kustomization").into()
        );
    }
    let files = reading.tree.files.extract(&chart, MOST_FILES).map_err(|error| error.refusal(location()))?;
    let mut refusals = schemas(&chart, &files);
    let values = values::files(reading, &chart).unwrap_or_else(|more| {
        refusals.extend(more);
        Vec::new()
    });
    if let Some(refusals) = Refusals::collected(refusals) {
        return Err(refusals);
    }
    words(reading)?;
    let request = HelmRequest {
        rule,
        files,
        release: release(reading, &chart)?,
        namespace: reading.preview.name().to_string(),
        kube_version: reading.application.kube_version.clone(),
        api_versions: reading.application.api_versions.clone(),
        values,
    };
    let output = reading
        .tools
        .helm(&request)
        .map_err(|error| Refusal::new(location(), RefusalRule::Tool, &error, &error.remedy))?;
    let names = template_names(&chart, &output);
    manifests(&|line| name_at(&names, &chart, line), output.as_bytes())
        .map_err(|refusals| Refusals::collected(refusals).unwrap_or_else(|| nothing(location()).into()))
}

fn nothing(location: Location) -> Refusal {
    Refusal::new(location, RefusalRule::Empty, "the chart gave nothing", "check its values")
}

/// The chart's directory: the parameter's, relative to the repository, else the Application's own.
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

/// A path of the repository as a path of the received tree, where it lies inside.
pub(super) fn below(path: &str, above: &str) -> Option<String> {
    let clean = path.trim_start_matches("./").trim_matches('/');
    let above = above.trim_matches('/');
    if above.is_empty() || above == "." {
        return Some(clean.to_owned());
    }
    let rest = clean.strip_prefix(above)?;
    if rest.is_empty() { Some(String::new()) } else { rest.strip_prefix('/').map(ToOwned::to_owned) }
}

/// The environment's name, and its service where several Applications share the environment.
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
    if name.len() > RELEASE_MAX || !name.bytes().all(is_label) || name.ends_with('-') {
        let message = format!(
            "`{name}` can be no name of a Helm release, which has up to {RELEASE_MAX} lower-case letters, digits and `-`"
        );
        let remedy = "use a shorter name for the environment, or name one service with `services`";
        return Err(Refusal::new(Location::parameter("environment"), RefusalRule::Helm, message, remedy).into());
    }
    Ok(name)
}

/// What becomes part of Helm's command line is made of plain characters and is no option.
fn words(reading: &Reading<'_>) -> Result<(), Refusals> {
    let application = reading.application;
    let is_word = |word: &&String| {
        word.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"._/+-".contains(&byte)) && !word.starts_with('-')
    };
    let wrong = application.kube_version.iter().chain(&application.api_versions).find(|word| !is_word(word));
    wrong.map_or(Ok(()), |word| {
        let message = format!("`{word}` is no version of Kubernetes or of an API");
        Err(Refusal::new(Location::default(), RefusalRule::Helm, message, "this is Argo CD's to write; report it")
            .into())
    })
}

/// A schema may name other schemas by address, and Helm would fetch them.
fn schemas(chart: &str, files: &BTreeMap<String, Arc<[u8]>>) -> Vec<Refusal> {
    let mut refusals = Vec::new();
    for (path, bytes) in files.iter().filter(|(path, _)| path.ends_with("values.schema.json")) {
        let location = Location::file(join(chart, path));
        let Ok(documents) = read_yaml(bytes, &YamlLimits::default()) else {
            let message = "the schema of the values cannot be read";
            refusals.push(Refusal::new(location, RefusalRule::Helm, message, "correct it, or remove it"));
            continue;
        };
        for line in documents.iter().flat_map(|document| references(&document.root)) {
            let message = "the schema of the values refers to another file or address";
            refusals.push(Refusal::new(location.clone().line(line), RefusalRule::Remote, message, "use `#/...` only"));
        }
    }
    refusals
}

/// Lines of references that lead out of their schema.
fn references(node: &Node) -> Vec<u32> {
    match &node.content {
        Content::List(items) => items.iter().flat_map(references).collect(),
        Content::Map(entries) => {
            let outward = |entry: &&crate::node::MapEntry| {
                ["$ref", "$dynamicRef", "$recursiveRef"].contains(&entry.key.as_str())
                    && entry.node.text().is_some_and(|text| !text.starts_with('#'))
            };
            let here = entries.iter().filter(outward).map(|entry| entry.line);
            here.chain(entries.iter().flat_map(|entry| references(&entry.node))).collect()
        }
        _ => Vec::new(),
    }
}

/// The templates of Helm's answer and the lines on which their output begins.
fn template_names(chart: &str, output: &str) -> Vec<(u32, Arc<str>)> {
    let source = |(at, line): (usize, &str)| {
        let path = line.strip_prefix("# Source: ")?;
        // The first part is the chart's name, which need not be its directory's.
        let path = path.split_once('/').map_or(path, |(_, path)| path);
        let name: Arc<str> = format!("{} (rendered)", join(chart, path.trim_end())).into();
        Some((u32::try_from(at + 1).unwrap_or(u32::MAX), name))
    };
    output.lines().enumerate().filter_map(source).collect()
}

fn name_at(names: &[(u32, Arc<str>)], chart: &str, line: u32) -> Arc<str> {
    let found = names.iter().take_while(|(start, _)| *start <= line).last();
    found.map_or_else(|| format!("{} (rendered)", join(chart, "templates")).into(), |(_, name)| Arc::clone(name))
}
