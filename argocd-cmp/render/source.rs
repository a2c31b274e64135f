//! From a directory to its objects: Helm, kustomize or plain files.

mod helm;
mod kustomize;
mod plain;

pub use self::kustomize::build_kustomization;
use crate::application::{Application, Preview};
use crate::files::Files;
use crate::manifest::Manifest;
use crate::refusal::{Location, Refusal, RefusalRule, Refusals};
use crate::tools::Tools;

/// The received tree and the Application's directory in it.
#[derive(Clone, Copy, Debug)]
pub struct Tree<'a> {
    /// The files.
    pub files: &'a Files,
    /// The Application's directory, relative to the tree; `.` for the tree itself.
    pub directory: &'a str,
    /// What the repository has above the tree, where only a part of it was received; empty for the whole repository.
    pub above: &'a str,
}

/// The objects of a source.
pub(crate) struct Source {
    pub(crate) manifests: Vec<Manifest>,
    /// Whether a chart made them, which has already been told about images, names and secrets.
    pub(crate) is_chart: bool,
}

/// Everything a source is read with.
pub(crate) struct Reading<'a> {
    pub(crate) tree: Tree<'a>,
    /// The real path of the Application's directory.
    pub(crate) directory: String,
    pub(crate) application: &'a Application,
    pub(crate) preview: &'a Preview<'a>,
    pub(crate) tools: &'a dyn Tools,
}

/// Reads the source: the chart that a parameter names, else what the directory is.
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
    no_overrides(&directory, &names)?;
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

/// Argo CD merges these files into the Application's source, so a pull request could change its own parameters.
fn no_overrides(directory: &str, names: &[&str]) -> Result<(), Refusals> {
    let found = names.iter().filter(|name| name.starts_with(".argocd-source"));
    let refusal = |name: &&str| {
        let message = "this file changes the Application's parameters from inside the repository";
        Refusal::new(Location::file(join(directory, name)), RefusalRule::SourceOverride, message, "remove the file")
    };
    Refusals::collected(found.map(refusal).collect()).map_or(Ok(()), Err)
}

/// A path below a directory, where the empty directory is the tree.
pub(crate) fn join(directory: &str, name: &str) -> String {
    if directory.is_empty() { name.to_owned() } else { format!("{directory}/{name}") }
}
