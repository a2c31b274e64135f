//! One render as Argo CD asks for it: the metadata before the archive, parsed.
//!
//! Who the Application is comes from what repo-server itself says (`ARGOCD_APP_*`). The metadata's own name is the base
//! name of a directory and says nothing. Parameters are the pull request's word.

use std::collections::BTreeMap;

use eod_proto::argocd as wire;
use eod_render::Application;

use crate::archive::{ArchiveError, Stated};

/// What is asked.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct Call {
    /// The Application's identity.
    pub(crate) application: Application,
    /// The repository's address.
    pub(crate) repository: String,
    /// `ARGOCD_APP_PARAMETERS`, to the letter; empty where there are none.
    pub(crate) parameters: String,
    /// The Application's directory in the archive.
    pub(crate) directory: String,
    /// What the repository has above the archive.
    pub(crate) above: String,
}

impl Call {
    /// Reads the metadata.
    ///
    /// # Errors
    ///
    /// When size or checksum of the archive are none.
    pub(crate) fn parse(metadata: wire::ManifestRequestMetadata) -> Result<(Self, Stated), ArchiveError> {
        let wire::ManifestRequestMetadata { app_name: _, app_rel_path, checksum, size, env } = metadata;
        let stated = Stated::parse(size, &checksum)?;
        let variables = env.into_iter().map(|wire::EnvEntry { name, value }| (name, value)).collect();
        Ok((Self::of(variables, app_rel_path), stated))
    }

    /// From variables, by name, and the directory in the tree.
    pub(crate) fn of(mut variables: BTreeMap<String, String>, directory: String) -> Self {
        let mut take = |name: &str| variables.remove(name).unwrap_or_default();
        let source_path = take("ARGOCD_APP_SOURCE_PATH");
        let api_versions = take("KUBE_API_VERSIONS");
        let application = Application {
            name: take("ARGOCD_APP_NAME"),
            namespace: take("ARGOCD_APP_NAMESPACE"),
            project: take("ARGOCD_APP_PROJECT_NAME"),
            kube_version: Some(take("KUBE_VERSION")).filter(|version| !version.is_empty()),
            api_versions: api_versions
                .split(',')
                .filter(|version| !version.is_empty())
                .map(ToOwned::to_owned)
                .collect(),
        };
        Self {
            application,
            repository: take("ARGOCD_APP_SOURCE_REPO_URL"),
            parameters: take("ARGOCD_APP_PARAMETERS"),
            above: above(&source_path, &directory),
            directory,
        }
    }
}

/// What the repository has above the archive: the path in the repository without the path in the archive. With
/// `manifest-generate-paths` the archive is a part of the repository.
fn above(source_path: &str, directory: &str) -> String {
    let (source, directory) = (clean(source_path), clean(directory));
    match source.strip_suffix(directory) {
        Some(above) if directory.is_empty() => above.to_owned(),
        Some(above) if above.is_empty() || above.ends_with('/') => above.trim_end_matches('/').to_owned(),
        _ => String::new(),
    }
}

fn clean(path: &str) -> &str {
    let path = path.trim_start_matches("./").trim_matches('/');
    if path == "." { "" } else { path }
}

#[cfg(test)]
mod tests;
