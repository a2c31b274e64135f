//! Native builds of kustomizations compared with the output of the real kustomize.
//!
//! Overlays are generated from fixed seeds, with all features that the plugin builds natively. Kustomizations that need
//! the binary are skipped; the tests check that most do not need it.

mod binary;
mod odd;
mod overlay;
mod random;

pub(super) use self::random::Random;
use std::{fs, path::Path, process::Command, sync::Mutex};

use eod_render::{Files, Manifest, build_kustomization, to_json};
use eod_testkit::{argocd::Tool, cases::for_each_number, command::run};
use tempfile::TempDir;

/// Number of overlays, and minimum number of native builds.
const OVERLAYS: usize = 240;
const NATIVE: usize = 130;

/// Objects of a text, as the plugin reads them.
fn objects(text: &str) -> Vec<String> {
    let mut files = Files::default();
    files.add_file("kustomization.yaml", b"resources: [built.yaml]".as_slice()).unwrap();
    files.add_file("built.yaml", text.as_bytes()).unwrap();
    lines(&build_kustomization(&files, "").unwrap().expect("a list of resources needs no binary"))
}

/// Objects as sorted lines.
fn lines(manifests: &[Manifest]) -> Vec<String> {
    let mut lines: Vec<_> = manifests.iter().map(|manifest| to_json(&manifest.content)).collect();
    lines.sort();
    lines
}

/// Output of the real kustomize for a directory.
fn built(tree: &[(String, String)]) -> Result<String, String> {
    let folder = TempDir::new().unwrap();
    for (path, text) in tree {
        let file = folder.path().join(path);
        fs::create_dir_all(file.parent().unwrap()).unwrap();
        fs::write(file, text).unwrap();
    }
    let mut command = Command::new(Tool::Kustomize.path());
    command.env_clear().env("HOME", folder.path()).arg("build").arg(folder.path().join("app"));
    command.args(["--load-restrictor", "LoadRestrictionsNone"]);
    let finished = run(&mut command, "");
    if finished.code == Some(0) { Ok(finished.stdout) } else { Err(finished.stderr) }
}

/// Native build of the plugin; none if it needs the binary.
fn ours(tree: &[(String, String)]) -> Option<Result<Vec<String>, String>> {
    let mut files = Files::default();
    for (path, text) in tree {
        files.add_file(path, text.as_bytes()).unwrap();
    }
    match build_kustomization(&files, "app") {
        Ok(manifests) => manifests.map(|manifests| Ok(lines(&manifests))),
        Err(refusals) => Some(Err(refusals.to_string())),
    }
}

/// Difference between the two; none if they agree or the binary is needed.
fn difference(tree: &[(String, String)]) -> Option<String> {
    let shown = || tree.iter().map(|(path, text)| format!("--- {path}\n{text}\n")).collect::<String>();
    let ours = ours(tree)?;
    let what = match (ours, built(tree)) {
        (Ok(ours), Ok(theirs)) => {
            let theirs = objects(&theirs);
            let only = |some: &[String], others: &[String]| {
                some.iter().filter(|line| !others.contains(line)).cloned().collect::<Vec<_>>().join("\n")
            };
            if ours == theirs {
                return None;
            }
            format!("only ours:\n{}\nonly kustomize's:\n{}", only(&ours, &theirs), only(&theirs, &ours))
        }
        (Err(_), Err(_)) => return None,
        (Ok(_), Err(error)) => format!("kustomize refuses what is built here: {error}"),
        (Err(refusals), Ok(_)) => format!("kustomize builds what is refused here: {refusals}"),
    };
    Some(format!("{}{what}\n", shown()))
}

#[test]
fn native_builds_of_random_overlays_equal_kustomize() {
    let (wrong, native) = (Mutex::new(Vec::new()), Mutex::new(0));
    for_each_number(OVERLAYS, |seed| {
        let tree = overlay::tree(seed as u64);
        *native.lock().unwrap() += usize::from(ours(&tree).is_some_and(|built| built.is_ok()));
        if let Some(difference) = difference(&tree) {
            wrong.lock().unwrap().push(format!("=== overlay {seed}\n{difference}"));
        }
    });
    let (wrong, native) = (wrong.into_inner().unwrap(), native.into_inner().unwrap());
    assert!(wrong.is_empty(), "{} of {OVERLAYS} overlays differ:\n{}", wrong.len(), wrong.join("\n"));
    assert!(native >= NATIVE, "only {native} of {OVERLAYS} overlays need no binary");
}

/// Compares the kustomizations of the corpus.
#[test]
fn native_builds_of_the_corpus_equal_kustomize() {
    let corpus = eod_testkit::repository().join("tests/golden");
    let mut compared = 0;
    for case in fs::read_dir(corpus).unwrap().map(|entry| entry.unwrap().path().join("tree")) {
        if !case.join("app/kustomization.yaml").exists() {
            continue;
        }
        let mut tree = Vec::new();
        collect(&case, &case, &mut tree);
        compared += usize::from(ours(&tree).is_some());
        assert_eq!(difference(&tree), None, "{}", case.display());
    }
    assert!(compared >= 6, "{compared}");
}

fn collect(root: &Path, folder: &Path, tree: &mut Vec<(String, String)>) {
    for path in fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()) {
        if path.is_dir() {
            collect(root, &path, tree);
        } else {
            let name = path.strip_prefix(root).unwrap().to_string_lossy().into_owned();
            tree.push((name, fs::read_to_string(&path).unwrap()));
        }
    }
}
