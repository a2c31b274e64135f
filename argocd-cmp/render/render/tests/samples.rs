//! Sample repositories with recorded output.

use std::path::Path;

use super::kit::{data, render_with};
use crate::files::Files;
use crate::render::RenderedManifests;
use crate::tools::NoTools;

fn add(files: &mut Files, root: &Path, folder: &Path) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            add(files, root, &path);
        } else {
            let name = path.strip_prefix(root).unwrap().to_str().unwrap();
            files.add_file(name, std::fs::read(&path).unwrap()).unwrap();
        }
    }
}

/// Source files of a sample, and its parameters.
pub(super) fn sample(name: &str) -> (Files, Vec<(String, String)>) {
    let root = data().join("samples").join(name);
    let mut files = Files::default();
    for entry in std::fs::read_dir(&root).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            add(&mut files, &root, &path);
        }
    }
    let text = std::fs::read_to_string(root.join("parameters.txt")).unwrap();
    let pair = |line: &str| line.split_once('=').map(|(name, value)| (name.to_owned(), value.to_owned())).unwrap();
    (files, text.lines().map(pair).collect())
}

pub(super) fn rendered(name: &str) -> RenderedManifests {
    let (files, parameters) = sample(name);
    let pairs: Vec<(&str, &str)> = parameters.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    render_with(&files, &pairs, &NoTools).unwrap_or_else(|refusals| panic!("{name}:\n{refusals}"))
}

fn check(name: &str) {
    let found = rendered(name);
    expect_test::expect_file![data().join("samples").join(name).join("expected.yaml")].assert_eq(&found.yaml());
}

#[test]
fn plain_files_render_as_recorded() {
    check("plain");
}

#[test]
fn routes_and_stable_services_render_as_recorded() {
    check("routes");
}

#[test]
fn asleep_environments_render_as_recorded() {
    check("asleep");
}

#[test]
fn output_is_deterministic() {
    for name in ["plain", "routes", "asleep"] {
        let first = rendered(name).json_lines().to_vec();
        for _ in 0..20 {
            assert_eq!(rendered(name).json_lines(), first, "{name}");
        }
    }
}
