//! What the stories share: files, one Application, a policy.

use std::path::{Path, PathBuf};

use crate::application::Application;
use crate::files::Files;
use crate::parameters::RawParameter;
use crate::policy::{Policy, parse_policy};
use crate::refusal::Refusals;
use crate::render::{Rendered, Request, render};
use crate::source::Tree;
use crate::tools::{NoTools, Tools};

pub(super) fn data() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests")
}

pub(super) fn policy() -> Policy {
    let bytes = std::fs::read(data().join("policy.yaml")).unwrap();
    parse_policy("policy.yaml", &bytes).unwrap_or_else(|error| panic!("{error}"))
}

pub(super) fn application() -> Application {
    Application {
        name: "shop-pr-7".to_owned(),
        namespace: "shop-pr-7".to_owned(),
        project: "previews".to_owned(),
        ..Application::default()
    }
}

pub(super) fn parameters(pairs: &[(&str, &str)]) -> Vec<RawParameter> {
    pairs.iter().map(|(name, value)| RawParameter::text(*name, *value)).collect()
}

/// The files of a tree.
pub(super) fn files(texts: &[(&str, &str)]) -> Files {
    let mut files = Files::default();
    for (path, text) in texts {
        files.add_file(path, text.as_bytes()).unwrap();
    }
    files
}

/// Renders the directory `app` with our parameters.
pub(super) fn render_with(files: &Files, pairs: &[(&str, &str)], tools: &dyn Tools) -> Result<Rendered, Refusals> {
    let (parameters, application, policy) = (parameters(pairs), application(), policy());
    let tree = Tree { files, directory: "app", above: "" };
    render(&Request { tree, parameters: &parameters, application: &application, policy: &policy }, tools)
}

/// Renders one file.
pub(super) fn render_text(text: &str, pairs: &[(&str, &str)]) -> Result<Rendered, Refusals> {
    render_with(&files(&[("app/all.yaml", text)]), pairs, &NoTools)
}
