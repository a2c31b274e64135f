//! Requests to the external tools Helm and kustomize. The caller of the renderer runs the tools.
//!
//! A request has all input of the tool: the content of its files, without links, and checked arguments of its command
//! line. The tool needs no network, home directory or environment variables.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::policy::{ChartRepository, HelmRule, ToolRule};

/// Execution of Helm and kustomize.
pub trait Tools {
    /// Runs `helm template` without CRDs, test hooks, post-renderers and dependency updates. A chart that can make random
    /// or time-dependent values is rendered twice.
    ///
    /// # Errors
    ///
    /// If the tool is missing, must not run, fails or times out.
    fn helm(&self, request: &HelmRequest<'_>) -> Result<HelmOutput, ToolError>;

    /// Runs `kustomize build` without plugins, Helm and other files. Returns its output.
    ///
    /// # Errors
    ///
    /// As [`Tools::helm`].
    fn kustomize(&self, request: &KustomizeRequest<'_>) -> Result<String, ToolError>;
}

/// A chart to render.
#[derive(Clone, Debug)]
pub struct HelmRequest<'a> {
    /// The policy's section for the binary.
    pub rule: &'a HelmRule,
    /// Owner of the chart's random values.
    pub random_scope: RandomScope,
    /// Dependencies that are not among the files, from repositories that the policy allows.
    pub dependencies: Vec<ChartDependency>,
    /// Files of the chart by their path relative to the chart.
    pub files: BTreeMap<String, Arc<[u8]>>,
    /// Name of the release.
    pub release: String,
    /// `--namespace`.
    pub namespace: String,
    /// `--kube-version`, if known.
    pub kube_version: Option<String>,
    /// `--api-versions`, one each.
    pub api_versions: Vec<String>,
    /// Contents of values files; later files override earlier files.
    pub values: Vec<Arc<[u8]>>,
}

/// Dependency of a chart, as `Chart.lock` pins it.
#[derive(Clone, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct ChartDependency {
    /// Name of the chart: letters, digits, `.`, `_` and `-`.
    pub name: String,
    /// Exact version.
    pub version: String,
    /// Repository.
    pub repository: ChartRepository,
}

/// Owner of random values: environment and application. All of them are confirmed by Argo CD or the policy.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct RandomScope {
    /// EoD installation.
    pub installation: String,
    /// Name of the environment.
    pub environment: String,
    /// Name of the Application.
    pub application: String,
}

/// Output of Helm.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct HelmOutput {
    /// Manifests of the chart.
    pub manifests: String,
    /// A second render, if its output differs from the first.
    pub second: Option<SecondRender>,
}

/// Second render of a chart, with a difference from the first.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct SecondRender {
    /// Manifests of the chart.
    pub manifests: String,
    /// Reason for the difference; continues the name of a field that differs.
    pub reason: String,
    /// Correction.
    pub remedy: String,
}

impl From<String> for HelmOutput {
    fn from(manifests: String) -> Self {
        Self { manifests, second: None }
    }
}

/// A kustomization to build.
#[derive(Clone, Debug)]
pub struct KustomizeRequest<'a> {
    /// The policy's section for the binary.
    pub rule: &'a ToolRule,
    /// Files by their path in the received tree.
    pub files: BTreeMap<String, Arc<[u8]>>,
    /// Directory to build.
    pub directory: String,
}

/// Failure of a tool.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[error("{message}")]
pub struct ToolError {
    /// Problem, with the output of the tool.
    pub message: String,
    /// Correction.
    pub remedy: String,
}

/// No tools: sources that need one are refused.
#[derive(Clone, Copy, Debug, Default)]
pub struct NoTools;

impl Tools for NoTools {
    fn helm(&self, request: &HelmRequest<'_>) -> Result<HelmOutput, ToolError> {
        Err(missing(&request.rule.tool.binary))
    }

    fn kustomize(&self, request: &KustomizeRequest<'_>) -> Result<String, ToolError> {
        Err(missing(&request.rule.binary))
    }
}

fn missing(binary: &str) -> ToolError {
    ToolError {
        message: format!("`{binary}` is not installed"),
        remedy: format!("install `{binary}` for the plugin, or use plain manifests"),
    }
}
