//! Dependencies that no source of the crate names.

use std::{
    collections::BTreeSet,
    path::{Path, PathBuf},
};

use serde_json::{Value, json};

use crate::{
    assert_none,
    rust::{Token, all_tokens},
    source::{Source, metadata, read, root, with_endings},
};

/// Dependencies that a crate needs although no source names them, each with the reason.
const UNNAMED: &[(&str, &str, &str)] = &[
    ("eod-cmp-server", "prost", "named by the bodies of the fuzz targets, which its tests include"),
    ("eod-clients", "k8s-openapi", "kube requires the selection of a Kubernetes version by a feature"),
    ("eod-cmp-server", "prost", "named by the bodies of the fuzz targets, which its tests include"),
    ("eod-proto", "prost", "named by generated code"),
    ("eod-proto", "prost-types", "named by generated code"),
    ("eod-proto", "tonic-prost", "named by generated code"),
];

#[test]
fn each_dependency_is_named_in_a_source() {
    let metadata = metadata();
    let packages: Vec<_> = metadata["packages"].as_array().expect("cargo metadata lists packages").iter().collect();
    let folders: BTreeSet<_> = packages.iter().map(|package| folder(package)).collect();
    let sources = with_endings(&["rs"]);
    let mut complaints = Vec::new();
    for package in packages {
        complaints.extend(unnamed(package, &sources_of(package, &sources, &folders), UNNAMED));
    }
    let workspace = read(&root().join("Cargo.toml")).text;
    complaints.extend(without_user(&workspace, &metadata));
    assert_none(&complaints);
}

#[test]
fn unnamed_dependency_is_found() {
    let package = json!({ "name": "a", "dependencies": [
        { "name": "path-call", "kind": null }, { "name": "imported", "kind": null },
        { "name": "old", "rename": "renamed", "kind": null }, { "name": "for-tests", "kind": "dev" },
        { "name": "comment", "kind": null }, { "name": "only-tested", "kind": null },
    ] });
    let product =
        Source::example("a/lib.rs", "use {imported, renamed as x};\n// comment::f()\nfn f() { path_call::f() }");
    let tests = Source::example("a/lib/tests.rs", "use for_tests::f; use only_tested::f;");
    let found = unnamed(&package, &[product, tests], &[]);
    assert_eq!(found.len(), 2, "{found:?}");
    assert!(found[0].contains("`comment`") && found[1].contains("`only-tested`"), "{found:?}");
    let nothing = json!({ "name": "a", "dependencies": [{ "name": "b", "kind": null }] });
    assert_eq!(unnamed(&nothing, &[], &[("a", "b", "a reason")]), [""; 0]);
    assert_eq!(unnamed(&json!({ "name": "a" }), &[], &[("a", "b", "a reason")]).len(), 1, "not a dependency any more");
    let metadata = json!({ "packages": [package] });
    let workspace =
        "[workspace.dependencies]\nimported = \"1\"\nidle = { version = \"1\" }\n\n[package]\nname = \"x\"\n";
    assert_eq!(without_user(workspace, &metadata).len(), 1);
}

/// Complaints about one package of `cargo metadata`.
fn unnamed(package: &Value, sources: &[Source], allowed: &[(&str, &str, &str)]) -> Vec<String> {
    let crate_name = package["name"].as_str().unwrap_or_default();
    let named = |is_wanted: &dyn Fn(&Source) -> bool| -> BTreeSet<String> {
        sources.iter().filter(|source| is_wanted(source)).flat_map(|source| named_crates(&source.text)).collect()
    };
    // The test kit and the rules are test code.
    let is_for_tests = matches!(crate_name, "eod" | "eod-testkit" | "eod-tidy");
    let (in_product, anywhere) = (named(&|source| is_for_tests || !is_test(&source.path)), named(&|_| true));
    let (mut complaints, mut unused) = (Vec::new(), BTreeSet::new());
    for dependency in package["dependencies"].as_array().into_iter().flatten() {
        let name = dependency["name"].as_str().unwrap_or_default();
        let identifier = dependency["rename"].as_str().unwrap_or(name).replace('-', "_");
        let names = if dependency["kind"] == "dev" { &anywhere } else { &in_product };
        if !names.contains(&identifier) {
            unused.insert(name);
            if !allowed.iter().any(|(of, allowed, _)| (*of, *allowed) == (crate_name, name)) {
                complaints.push(format!(
                    "crate {crate_name}: no source names the dependency `{name}`; remove it, make it a dev-dependency, or \
                     list it in UNNAMED with the reason"
                ));
            }
        }
    }
    let listed = allowed.iter().filter(|(of, name, _)| *of == crate_name && !unused.contains(name));
    complaints.extend(listed.map(|(of, name, _)| format!("crate {of}: remove `{name}` from UNNAMED")));
    complaints
}

/// Entries of `[workspace.dependencies]` that no crate uses.
fn without_user(manifest: &str, metadata: &Value) -> Vec<String> {
    let packages = metadata["packages"].as_array().into_iter().flatten();
    let dependencies = packages.flat_map(|package| package["dependencies"].as_array().into_iter().flatten());
    let used: BTreeSet<_> = dependencies.filter_map(|dependency| dependency["name"].as_str()).collect();
    let section = manifest.split("[workspace.dependencies]\n").nth(1).unwrap_or_default();
    let lines = section.lines().take_while(|line| !line.starts_with('['));
    // A crate of ours is a member in any case.
    let others = lines.filter(|line| !line.starts_with('#') && !line.contains("{ path = "));
    let names = others.filter_map(|line| line.split_once(" = ")).map(|(name, _)| name);
    let unused = names.filter(|name| !used.contains(name));
    unused.map(|name| format!("Cargo.toml: no crate uses `{name}` of workspace.dependencies")).collect()
}

/// Identifiers of a source that can be names of crates: before `::`, or in a `use`.
fn named_crates(text: &str) -> BTreeSet<String> {
    let tokens = all_tokens(text);
    let mut found = BTreeSet::new();
    let mut in_use = false;
    for (at, token) in tokens.iter().enumerate() {
        match token.text {
            "use" => in_use = true,
            ";" => in_use = false,
            _ => {}
        }
        let is_path = tokens.get(at + 1).map(|next: &Token<'_>| next.text) == Some("::");
        if token.is_identifier() && (in_use || is_path) {
            found.insert(token.text.to_owned());
        }
    }
    found
}

fn is_test(path: &str) -> bool {
    path.ends_with("/tests.rs") || path.contains("/tests/")
}

fn folder(package: &Value) -> PathBuf {
    let manifest = package["manifest_path"].as_str().unwrap_or_default();
    Path::new(manifest).parent().expect("a manifest is in a folder").to_owned()
}

/// Sources in the folder of a package and not in that of another package below, and roots of targets elsewhere.
fn sources_of(package: &Value, all: &[Source], folders: &BTreeSet<PathBuf>) -> Vec<Source> {
    let own = folder(package);
    let targets = package["targets"].as_array().into_iter().flatten();
    let roots: Vec<_> =
        targets.filter_map(|target| Path::new(target["src_path"].as_str()?).canonicalize().ok()).collect();
    let belongs = |source: &&Source| {
        let path = root().join(&source.path);
        let nearest = path.ancestors().skip(1).find(|folder| folders.contains(*folder));
        nearest == Some(own.as_path()) || path.canonicalize().is_ok_and(|path| roots.contains(&path))
    };
    all.iter().filter(belongs).cloned().collect()
}
