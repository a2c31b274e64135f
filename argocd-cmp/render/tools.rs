//! What is asked of the external tools. Whoever calls the renderer runs them; nothing here starts a process.
//!
//! A request holds everything the tool may see: the bytes of its files, with no links among them, and words for its
//! command line that were checked here. The tool needs no network, no home and no environment.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::policy::ToolRule;

/// Runs Helm and kustomize.
pub trait Tools {
    /// `helm template`, never with CRDs, hooks of tests, post-renderers or dependency updates. The answer is its output.
    ///
    /// # Errors
    ///
    /// When it is missing, may not run, fails or takes too long.
    fn helm(&self, request: &HelmRequest<'_>) -> Result<String, ToolError>;

    /// `kustomize build`, never with plugins, Helm or files from outside. The answer is its output.
    ///
    /// # Errors
    ///
    /// As [`Tools::helm`].
    fn kustomize(&self, request: &KustomizeRequest<'_>) -> Result<String, ToolError>;
}

/// A chart to render.
#[derive(Clone, Debug)]
pub struct HelmRequest<'a> {
    /// The policy's word about the binary.
    pub rule: &'a ToolRule,
    /// The chart's files by their path relative to the chart.
    pub files: BTreeMap<String, Arc<[u8]>>,
    /// The release's name.
    pub release: String,
    /// `--namespace`.
    pub namespace: String,
    /// `--kube-version`, where it is known.
    pub kube_version: Option<String>,
    /// `--api-versions`, one each.
    pub api_versions: Vec<String>,
    /// Contents of values files, the later ones above the earlier ones.
    pub values: Vec<Arc<[u8]>>,
}

/// A kustomization to build.
#[derive(Clone, Debug)]
pub struct KustomizeRequest<'a> {
    /// The policy's word about the binary.
    pub rule: &'a ToolRule,
    /// The files it may see by their path in the tree.
    pub files: BTreeMap<String, Arc<[u8]>>,
    /// The directory to build.
    pub directory: String,
}

/// Why a tool gave nothing.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[error("{message}")]
pub struct ToolError {
    /// What happened, with what the tool said.
    pub message: String,
    /// What to do.
    pub remedy: String,
}

/// No tools at all: whatever needs one is refused.
#[derive(Clone, Copy, Debug, Default)]
pub struct NoTools;

impl Tools for NoTools {
    fn helm(&self, request: &HelmRequest<'_>) -> Result<String, ToolError> {
        Err(missing(&request.rule.binary))
    }

    fn kustomize(&self, request: &KustomizeRequest<'_>) -> Result<String, ToolError> {
        Err(missing(&request.rule.binary))
    }
}

fn missing(binary: &str) -> ToolError {
    ToolError {
        message: format!("this needs `{binary}`, and there is none here"),
        remedy: format!("install `{binary}` beside the plugin, or write plain manifests"),
    }
}
