//! Render request: the identity, the parameters and the directory of one Application.
//!
//! The identity comes from the variables that repo-server sets itself (`ARGOCD_APP_*`). The field `app_name` of the
//! metadata is the base name of a directory and is ignored. The parameters are set by the pull request and are not
//! trusted.

use std::collections::BTreeMap;

use eod_proto::argocd as wire;
use eod_render::Application;

use crate::archive::{ArchiveError, DeclaredArchive};

/// Request to render one Application.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct RenderRequest {
    /// Identity of the Application.
    pub(crate) application: Application,
    /// Unparsed value of `ARGOCD_APP_PARAMETERS`; empty if not set.
    pub(crate) parameters: String,
    /// Directory of the Application, relative to the root of the archive.
    pub(crate) directory: String,
    /// Path of the archive's root in the repository; empty if the archive has the whole repository.
    pub(crate) above: String,
}

impl RenderRequest {
    /// Converts the metadata of the gRPC stream.
    ///
    /// # Errors
    ///
    /// Fails if the size or the checksum of the archive is invalid.
    pub(crate) fn from_metadata(
        metadata: wire::ManifestRequestMetadata,
    ) -> Result<(Self, DeclaredArchive), ArchiveError> {
        let wire::ManifestRequestMetadata { app_name: _, app_rel_path, checksum, size, env } = metadata;
        let declared = DeclaredArchive::parse(size, &checksum)?;
        let variables = env.into_iter().map(|wire::EnvEntry { name, value }| (name, value)).collect();
        Ok((Self::from_variables(variables, app_rel_path), declared))
    }

    /// Creates a request from environment variables by name and the Application's directory in the tree.
    pub(crate) fn from_variables(mut variables: BTreeMap<String, String>, directory: String) -> Self {
        let mut take = |name: &str| variables.remove(name).unwrap_or_default();
        let source_path = take("ARGOCD_APP_SOURCE_PATH");
        let api_versions = take("KUBE_API_VERSIONS");
        let application = Application {
            name: take("ARGOCD_APP_NAME"),
            namespace: take("ARGOCD_APP_NAMESPACE"),
            project: take("ARGOCD_APP_PROJECT_NAME"),
            repository: take("ARGOCD_APP_SOURCE_REPO_URL"),
            revision: Some(take("ARGOCD_APP_REVISION")).filter(|revision| !revision.is_empty()),
            kube_version: Some(take("KUBE_VERSION")).filter(|version| !version.is_empty()),
            api_versions: api_versions
                .split(',')
                .filter(|version| !version.is_empty())
                .map(ToOwned::to_owned)
                .collect(),
        };
        Self {
            application,
            parameters: take("ARGOCD_APP_PARAMETERS"),
            above: above(&source_path, &directory),
            directory,
        }
    }
}

/// Path of the archive's root in the repository: the path in the repository without the path in the archive. With
/// `manifest-generate-paths` the archive has only a part of the repository.
fn above(source_path: &str, directory: &str) -> String {
    let (source, directory) = (clean(source_path), clean(directory));
    match source.strip_suffix(directory) {
        Some(above) if directory.is_empty() => above.to_owned(),
        Some(above) if above.is_empty() || above.ends_with('/') => above.trim_end_matches('/').to_owned(),
        _ => String::new(),
    }
}

/// Removes a leading `./` and slashes at both ends; `.` becomes empty.
fn clean(path: &str) -> &str {
    let path = path.trim_start_matches("./").trim_matches('/');
    if path == "." { "" } else { path }
}

#[cfg(test)]
mod tests;
