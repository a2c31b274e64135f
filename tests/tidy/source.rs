//! Files of the repository and the crates that own them.

use std::{
    path::{Path, PathBuf},
    process::Command,
};

use serde_json::Value;

/// A file, by its path below the root of the repository.
#[derive(Clone)]
pub(crate) struct Source {
    pub(crate) path: String,
    pub(crate) text: String,
}

impl Source {
    /// A bad example.
    pub(crate) fn example(path: &str, text: &str) -> Self {
        Self { path: path.to_owned(), text: text.to_owned() }
    }
}

/// The root folder of the repository.
pub(crate) fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().nth(2).expect("the crate is two folders below the root")
}

/// All files with these endings.
pub(crate) fn with_endings(endings: &[&str]) -> Vec<Source> {
    collected(&|path| path.extension().is_some_and(|ending| endings.iter().any(|wanted| ending == *wanted)))
}

/// Files without an ending that are texts: scripts, makefiles, container files and files such as `LICENSE`.
pub(crate) fn scripts() -> Vec<Source> {
    // In a worktree, `.git` is a file.
    let is_script = |path: &Path| path.extension().is_none() && !path.ends_with(".git") && is_text(path);
    let found = collected(&is_script);
    assert!(found.iter().any(|file| file.path == "Makefile") && found.iter().any(|file| file.path == ".ci/run"));
    found
}

/// True if the file is UTF-8 without NUL.
fn is_text(path: &Path) -> bool {
    std::fs::read(path).is_ok_and(|bytes| !bytes.contains(&0) && std::str::from_utf8(&bytes).is_ok())
}

fn collected(is_wanted: &dyn Fn(&Path) -> bool) -> Vec<Source> {
    let mut found = Vec::new();
    collect(root(), is_wanted, &mut found);
    assert!(!found.is_empty());
    found
}

fn collect(folder: &Path, is_wanted: &dyn Fn(&Path) -> bool, found: &mut Vec<Source>) {
    for entry in std::fs::read_dir(folder).expect("readable").flatten() {
        let (path, name) = (entry.path(), entry.file_name().to_string_lossy().into_owned());
        if path.is_dir() {
            // Several target folders are possible, such as `target-cold`.
            if !name.starts_with("target") && !matches!(name.as_str(), ".git" | ".terraform") {
                collect(&path, is_wanted, found);
            }
        } else if is_wanted(&path) {
            found.push(read(&path));
        }
    }
}

/// Reads a file by its absolute path.
pub(crate) fn read(path: &Path) -> Source {
    let below = path.strip_prefix(root()).expect("below the root");
    Source {
        path: below.to_string_lossy().into_owned(),
        text: std::fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display())),
    }
}

/// A crate with library code.
pub(crate) struct Library {
    pub(crate) name: String,
    /// Absolute path of `lib.rs`.
    pub(crate) lib: PathBuf,
}

impl Library {
    /// True for the crates that users run; false for those that only tests use.
    pub(crate) fn is_product(&self) -> bool {
        !matches!(self.name.as_str(), "eod-testkit" | "eod-tidy")
    }
}

/// The library crates of the workspace.
pub(crate) fn libraries() -> Vec<Library> {
    let mut found = Vec::new();
    for package in metadata()["packages"].as_array().expect("cargo metadata lists packages") {
        for target in package["targets"].as_array().into_iter().flatten() {
            let kinds = target["kind"].as_array().into_iter().flatten();
            let is_library = kinds.into_iter().any(|kind| kind == "lib" || kind == "proc-macro");
            if let (true, Some(name), Some(lib)) = (is_library, package["name"].as_str(), target["src_path"].as_str()) {
                found.push(Library { name: name.to_owned(), lib: lib.into() });
            }
        }
    }
    assert!(found.len() > 5, "cargo metadata lists {} libraries", found.len());
    found
}

/// `cargo metadata` without dependencies of other authors.
pub(crate) fn metadata() -> Value {
    let text = cargo(&["metadata", "--format-version=1", "--no-deps", "--offline"]);
    serde_json::from_str(&text).expect("cargo prints JSON")
}

/// Output of a cargo command in the root folder.
pub(crate) fn cargo(arguments: &[&str]) -> String {
    let output = Command::new(env!("CARGO")).args(arguments).current_dir(root()).output().expect("cargo runs");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).expect("cargo prints UTF-8")
}
