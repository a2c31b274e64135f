//! Dependencies of a chart that are not in its directory `charts/`.

use std::collections::BTreeMap;
use std::sync::Arc;

use eod_yaml::{Content, Node, YamlLimits, read};

use super::join;
use crate::policy::ChartRepository;
use crate::refusal::{Location, Refusal, RefusalRule};
use crate::tools::ChartDependency;

/// Maximum number of dependencies that are fetched for one chart.
const MAX_DEPENDENCIES: usize = 32;
const VENDOR: &str = "run `helm dependency build` in the directory of the chart, and commit its directory `charts/`";

/// Dependency in `Chart.yaml` or `Chart.lock`.
struct ListedChart {
    name: String,
    version: String,
    repository: String,
    line: u32,
}

/// Dependencies that have to be fetched. Without repositories in the policy nothing is fetched, and Helm reports what is
/// missing.
pub(super) fn missing(
    chart: &str,
    files: &BTreeMap<String, Arc<[u8]>>,
    repositories: &[ChartRepository],
) -> Result<Vec<ChartDependency>, Vec<Refusal>> {
    if repositories.is_empty() {
        return Ok(Vec::new());
    }
    let mut declared = listed(files, "Chart.yaml");
    // A dependency without a repository has to be in `charts/`; Helm reports it if it is not.
    declared.retain(|one| !one.repository.is_empty() && !is_vendored(files, &one.name));
    let refuse = |line: u32, message: String, remedy: &str| {
        Refusal::new(Location::file(join(chart, "Chart.yaml")).line(line), RefusalRule::Helm, message, remedy)
    };
    if let Some(one) = declared.get(MAX_DEPENDENCIES) {
        let message = format!("the chart has more than {MAX_DEPENDENCIES} dependencies that are not in `charts/`");
        return Err(vec![refuse(one.line, message, VENDOR)]);
    }
    let locked = listed(files, "Chart.lock");
    let (mut found, mut refusals) = (Vec::new(), Vec::new());
    for one in declared {
        match dependency(&one, &locked, repositories) {
            Ok(dependency) if found.contains(&dependency) => {}
            Ok(dependency) => found.push(dependency),
            Err((message, remedy)) => refusals.push(refuse(one.line, message, &remedy)),
        }
    }
    if refusals.is_empty() { Ok(found) } else { Err(refusals) }
}

fn dependency(
    declared: &ListedChart,
    locked: &[ListedChart],
    repositories: &[ChartRepository],
) -> Result<ChartDependency, (String, String)> {
    let ListedChart { name, repository, .. } = declared;
    let update = "run `helm dependency update` in the directory of the chart, and commit `Chart.lock`".to_owned();
    let parsed: ChartRepository = repository.parse().map_err(|error| {
        (format!("dependency `{name}`: {error}"), format!("write the URL of the repository; or {VENDOR}"))
    })?;
    if !repositories.iter().any(|prefix| prefix.contains(&parsed)) {
        let message = format!("dependency `{name}`: the policy does not allow the repository `{parsed}`");
        return Err((message, format!("{VENDOR}; or have the platform add the repository to `helm.repositories`")));
    }
    let mut same = locked.iter().filter(|one| one.name == *name);
    let Some(pinned) = same.find(|one| one.repository.parse() == Ok(parsed.clone())) else {
        let message = if locked.iter().any(|one| one.name == *name) {
            format!("dependency `{name}`: `Chart.lock` has another repository than `Chart.yaml`")
        } else {
            format!("dependency `{name}` is neither in `charts/` nor pinned by `Chart.lock`")
        };
        return Err((message, update));
    };
    let is_name = |byte: u8| byte.is_ascii_alphanumeric() || b"._-".contains(&byte);
    let is_version = |byte: u8| byte.is_ascii_alphanumeric() || b".-+".contains(&byte);
    let is_valid = !name.starts_with('.') && name.bytes().all(is_name);
    if !is_valid || pinned.version.is_empty() || !pinned.version.bytes().all(is_version) {
        let message = format!("dependency `{name}`: invalid name or version `{}` in `Chart.lock`", pinned.version);
        return Err((message, update));
    }
    Ok(ChartDependency { name: name.clone(), version: pinned.version.clone(), repository: parsed })
}

/// Dependencies in a file; empty if the file does not exist or cannot be read, which Helm reports.
fn listed(files: &BTreeMap<String, Arc<[u8]>>, file: &str) -> Vec<ListedChart> {
    let documents = files.get(file).and_then(|bytes| read(bytes, &YamlLimits::default()).ok());
    let dependencies = documents.as_deref().and_then(|documents| documents.first()?.root.get("dependencies"));
    let Some(Content::List(items)) = dependencies.map(|node| &node.content) else { return Vec::new() };
    let text = |item: &Node, key: &str| match item.get(key).map(|node| &node.content) {
        Some(Content::Text(text)) => text.clone(),
        Some(Content::Number(number)) => number.to_string(),
        _ => String::new(),
    };
    let one = |item: &Node| ListedChart {
        name: text(item, "name"),
        version: text(item, "version"),
        repository: text(item, "repository"),
        line: item.line,
    };
    items.iter().map(one).filter(|one| !one.name.is_empty()).collect()
}

/// True if `charts/` has the chart as a directory or as an archive.
fn is_vendored(files: &BTreeMap<String, Arc<[u8]>>, name: &str) -> bool {
    files.keys().filter_map(|path| path.strip_prefix("charts/")?.strip_prefix(name)).any(|rest| {
        let version = rest.strip_prefix('-').and_then(|rest| rest.strip_suffix(".tgz"));
        let is_version = |text: &str| text.starts_with(|first: char| first.is_ascii_digit() || first == 'v');
        rest.starts_with('/') || version.is_some_and(is_version)
    })
}

#[cfg(test)]
mod tests;
