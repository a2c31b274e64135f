//! Helpers of the tests: files, an Application, a policy, and tools with a fixed output.

use std::cell::RefCell;
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use crate::application::Application;
use crate::files::Files;
use crate::parameters::RawParameter;
use crate::policy::{Policy, parse_policy};
use crate::refusal::Refusals;
use crate::render::{RenderInput, RenderedManifests, render_manifests};
use crate::source::Tree;
use crate::tools::{HelmOutput, HelmRequest, KustomizeRequest, NoTools, SecondRender, ToolError, Tools};

pub(super) fn data() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests")
}

pub(super) fn policy_text() -> String {
    std::fs::read_to_string(data().join("policy.yaml")).unwrap()
}

pub(super) fn policy_of(text: &str) -> Policy {
    parse_policy("policy.yaml", text.as_bytes()).unwrap_or_else(|error| panic!("{error}"))
}

pub(super) fn application() -> Application {
    Application {
        name: "shop-pr-7".to_owned(),
        namespace: "shop-pr-7".to_owned(),
        project: "previews".to_owned(),
        kube_version: Some("1.33.0".to_owned()),
        api_versions: vec!["v1".to_owned(), "apps/v1".to_owned()],
        ..Application::default()
    }
}

pub(super) fn parameters(pairs: &[(&str, &str)]) -> Vec<RawParameter> {
    pairs.iter().map(|(name, value)| RawParameter::text(*name, *value)).collect()
}

/// Files of a tree.
pub(super) fn files(texts: &[(&str, &str)]) -> Files {
    let mut files = Files::default();
    for (path, text) in texts {
        files.add_file(path, text.as_bytes()).unwrap();
    }
    files
}

/// Renders the directory `app` with a policy.
pub(super) fn render_under(
    policy: &Policy,
    files: &Files,
    pairs: &[(&str, &str)],
    tools: &dyn Tools,
) -> Result<RenderedManifests, Refusals> {
    let (parameters, application) = (parameters(pairs), application());
    let tree = Tree { files, directory: "app", above: "" };
    render_manifests(&RenderInput { tree, parameters: &parameters, application: &application, policy }, tools)
}

/// Renders the directory `app` with the policy of the tests.
pub(super) fn render_with(
    files: &Files,
    pairs: &[(&str, &str)],
    tools: &dyn Tools,
) -> Result<RenderedManifests, Refusals> {
    render_under(&policy_of(&policy_text()), files, pairs, tools)
}

/// Renders one file.
pub(super) fn render_text(text: &str, pairs: &[(&str, &str)]) -> Result<RenderedManifests, Refusals> {
    render_with(&files(&[("app/all.yaml", text)]), pairs, &NoTools)
}

/// Names of the violated rules.
#[track_caller]
pub(super) fn rules(result: Result<RenderedManifests, Refusals>) -> BTreeSet<&'static str> {
    match result {
        Ok(rendered) => panic!("nothing is refused:\n{}", rendered.yaml()),
        Err(refusals) => refusals.as_slice().iter().map(|refusal| refusal.rule.as_str()).collect(),
    }
}

#[track_caller]
pub(super) fn rendered(result: Result<RenderedManifests, Refusals>) -> RenderedManifests {
    result.unwrap_or_else(|refusals| panic!("\n{refusals}"))
}

/// Policy of the tests that refuses everything that narrowing would remove.
pub(super) fn strict_policy() -> Policy {
    policy_of(&(policy_text() + "    narrow: []\n"))
}

/// `Kind/name` of all rendered objects except the report.
pub(super) fn titles(rendered: &RenderedManifests) -> Vec<String> {
    let titles = rendered.manifests().iter().map(crate::manifest::Manifest::title);
    titles.filter(|title| title != "ConfigMap/shop-pr-7-render").collect()
}

/// Tools with a fixed output that record their requests.
pub(super) struct Answering {
    pub(super) answer: Result<String, ToolError>,
    /// Second output of Helm.
    pub(super) second: Option<String>,
    pub(super) asked: RefCell<Vec<String>>,
}

impl Answering {
    pub(super) fn with(answer: &str) -> Self {
        Self { answer: Ok(answer.to_owned()), second: None, asked: RefCell::default() }
    }
}

impl Tools for Answering {
    fn helm(&self, request: &HelmRequest<'_>) -> Result<HelmOutput, ToolError> {
        let HelmRequest {
            rule,
            random_scope: _,
            dependencies: _,
            files,
            release,
            namespace,
            kube_version,
            api_versions,
            values,
        } = request;
        let files: Vec<_> = files.keys().collect();
        let values: Vec<_> = values.iter().map(|bytes| String::from_utf8(bytes.to_vec()).unwrap()).collect();
        self.asked.borrow_mut().push(format!(
            "{} {release} in {namespace} for {kube_version:?} {api_versions:?}\nfiles {files:?}\nvalues {values:?}",
            rule.tool.binary
        ));
        let second = self.second.clone().map(|manifests| SecondRender {
            manifests,
            reason: "the chart uses `now`".to_owned(),
            remedy: "set the value".to_owned(),
        });
        self.answer.clone().map(|manifests| HelmOutput { manifests, second })
    }

    fn kustomize(&self, request: &KustomizeRequest<'_>) -> Result<String, ToolError> {
        let KustomizeRequest { rule, files, directory } = request;
        let mut asked = format!("{} build {directory}\n", rule.binary);
        for (path, bytes) in files {
            asked.push_str(&format!(
                "{path}: {}\n",
                String::from_utf8(bytes.to_vec()).unwrap().lines().next().unwrap_or_default()
            ));
        }
        self.asked.borrow_mut().push(asked);
        self.answer.clone()
    }
}
