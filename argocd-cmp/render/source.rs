//! Sources: objects of a directory with a Helm chart, a kustomization or plain files.

mod helm;
mod kustomize;
mod plain;
mod reading;

pub(crate) use self::helm::SecondSource;
pub use self::kustomize::build_kustomization;
pub use self::reading::Tree;
use self::reading::{Reading, join};
use crate::application::{Application, Preview};
use crate::manifest::Manifest;
use crate::refusal::{Location, Refusal, RefusalRule, Refusals};
use crate::tools::Tools;

/// Beginning of the names of files that Argo CD merges into the source of an Application.
const OVERRIDE: &str = ".argocd-source";

/// True for a path of a file that Argo CD may merge into the source of an Application. Such a file is refused in the
/// directory of the Application, so it must be part of the received files, whatever its content is.
pub fn is_source_override(path: &str) -> bool {
    path.rsplit('/').next().is_some_and(|name| name.starts_with(OVERRIDE))
}

/// The objects of a source.
pub(crate) struct Source {
    pub(crate) manifests: Vec<Manifest>,
    /// Form of the source. A chart received images, names and secrets as values.
    pub(crate) form: SourceForm,
    /// Second render of a chart, if it differs from the first.
    pub(crate) second: Option<SecondSource>,
}

/// Form of a source.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum SourceForm {
    /// Plain manifests.
    Plain,
    /// A kustomization.
    Kustomize,
    /// A Helm chart.
    Helm,
}

impl SourceForm {
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Plain => "plain",
            Self::Kustomize => "kustomize",
            Self::Helm => "helm",
        }
    }
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
    let form = if preview.parameters.chart.is_some() || has("Chart.yaml") {
        SourceForm::Helm
    } else if kustomize::NAMES.into_iter().any(has) {
        SourceForm::Kustomize
    } else {
        SourceForm::Plain
    };
    let reading = Reading { tree, directory: directory.clone(), application, preview, tools };
    let (manifests, second) = match form {
        SourceForm::Helm => helm::read(&reading)?,
        SourceForm::Kustomize => (kustomize::read(&reading)?, None),
        SourceForm::Plain => (plain::read(tree.files, &directory, &names)?, None),
    };
    Ok(Source { manifests, form, second })
}

/// Refuses files that Argo CD merges into the Application's source: a pull request could change its own parameters.
fn refuse_overrides(directory: &str, names: &[&str]) -> Result<(), Refusals> {
    let found = names.iter().filter(|name| is_source_override(name));
    let refusal = |name: &&str| {
        let message = "the file would change the Application's parameters";
        Refusal::new(Location::file(join(directory, name)), RefusalRule::SourceOverride, message, "remove the file")
    };
    Refusals::collected(found.map(refusal).collect()).map_or(Ok(()), Err)
}
