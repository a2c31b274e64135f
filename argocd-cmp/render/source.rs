//! Sources: objects of a directory with a Helm chart, a kustomization or plain files.

mod helm;
mod kustomize;
mod plain;
mod reading;

pub use self::kustomize::build_kustomization;
pub use self::reading::Tree;
use self::reading::{Reading, join};
use crate::application::{Application, Preview};
use crate::manifest::Manifest;
use crate::refusal::{Location, Refusal, RefusalRule, Refusals};
use crate::tools::Tools;

/// The objects of a source.
pub(crate) struct Source {
    pub(crate) manifests: Vec<Manifest>,
    /// True if the source is a chart, which received images, names and secrets as values.
    pub(crate) is_chart: bool,
}

/// Reads the source: the chart of the parameter `chart`, else the directory's chart, kustomization or plain files.
pub(crate) fn read_source(
    tree: Tree<'_>,
    application: &Application,
    preview: &Preview<'_>,
    tools: &dyn Tools,
) -> Result<Source, Refusals> {
    let location = || Location::file(tree.directory);
    let directory = tree.files.resolve("", tree.directory).map_err(|error| error.refusal(location()))?;
    let names = tree.files.names(&directory);
    if names.is_empty() {
        let missing = crate::files::FileError::Missing(directory);
        return Err(missing.refusal(location()).into());
    }
    refuse_overrides(&directory, &names)?;
    let has = |name: &str| names.contains(&name);
    let is_chart = preview.parameters.chart.is_some() || has("Chart.yaml");
    let reading = Reading { tree, directory: directory.clone(), application, preview, tools };
    let manifests = if is_chart {
        helm::read(&reading)?
    } else if kustomize::NAMES.into_iter().any(has) {
        kustomize::read(&reading)?
    } else {
        plain::read(tree.files, &directory, &names)?
    };
    Ok(Source { manifests, is_chart })
}

/// Refuses files that Argo CD merges into the Application's source: a pull request could change its own parameters.
fn refuse_overrides(directory: &str, names: &[&str]) -> Result<(), Refusals> {
    let found = names.iter().filter(|name| name.starts_with(".argocd-source"));
    let refusal = |name: &&str| {
        let message = "the file would change the Application's parameters";
        Refusal::new(Location::file(join(directory, name)), RefusalRule::SourceOverride, message, "remove the file")
    };
    Refusals::collected(found.map(refusal).collect()).map_or(Ok(()), Err)
}
