//! Small repositories of our own and what becomes of them.

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

/// The files of a sample but for the golden file and the parameters, and its parameters.
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
fn plain_files() {
    check("plain");
}

#[test]
fn routes_and_stable_services() {
    check("routes");
}

#[test]
fn asleep() {
    check("asleep");
}

#[test]
fn the_same_bytes_every_time() {
    for name in ["plain", "routes", "asleep"] {
        let first = rendered(name).json_lines().to_vec();
        for _ in 0..20 {
            assert_eq!(rendered(name).json_lines(), first, "{name}");
        }
    }
}
