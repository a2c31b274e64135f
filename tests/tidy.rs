//! Rules of the house that no compiler checks. Each rule is a function from what it looks at to complaints, and each is
//! shown a bad example that it must catch.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use serde_json::Value;

/// Which of our crates each of our crates may use. DESIGN: domain at the bottom, resources sees both worlds.
const ARROWS: &[(&str, &[&str])] = &[
    ("eod", &["eod-cmp-server", "eod-resources", "tfplugin"]),
    ("eod-clients", &["eod-domain"]),
    ("eod-cmp-server", &["eod-domain", "eod-proto", "eod-render"]),
    ("eod-domain", &[]),
    ("eod-proto", &[]),
    ("eod-render", &["eod-domain"]),
    ("eod-resources", &["eod-clients", "eod-domain", "tfplugin"]),
    ("eod-testkit", &[]),
    ("tfplugin", &["eod-proto", "tfplugin-derive"]),
    ("tfplugin-derive", &[]),
];

/// One TLS stack, one hyper; see deny.toml for the reasons.
const BANNED: &[(&str, &str)] = &[
    ("ring", ""),
    ("openssl-sys", ""),
    ("native-tls", ""),
    ("hyper", "0.14"),
    ("rustls", "0.21"),
    ("rustls-webpki", "0.101"),
];

/// Files over 600 lines, each with the reason why it is not split.
const LONG: &[(&str, &str)] = &[];

const LONGEST: usize = 600;

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn none(complaints: &[String]) {
    assert!(complaints.is_empty(), "\n{}\n", complaints.join("\n"));
}

#[test]
fn crates_use_only_what_lies_below_them() {
    let metadata = cargo(&["metadata", "--format-version=1", "--no-deps", "--offline"]);
    none(&wrong_arrows(&serde_json::from_str(&metadata).expect("cargo prints JSON")));
}

#[test]
fn a_wrong_arrow_is_caught() {
    let metadata = serde_json::json!({"packages": [
        {"name": "eod-domain", "dependencies": [{"name": "eod-clients", "kind": null, "path": "x"}]},
        {"name": "eod-surprise", "dependencies": []},
        {"name": "tfplugin", "dependencies": [{"name": "eod-domain", "kind": "dev", "path": "x"}, {"name": "serde", "kind": null}]},
    ]});
    let complaints = wrong_arrows(&metadata);
    assert_eq!(complaints.len(), 3, "{complaints:?}");
}

fn wrong_arrows(metadata: &Value) -> Vec<String> {
    let allowed: BTreeMap<_, _> = ARROWS.iter().copied().collect();
    let mut complaints = Vec::new();
    for package in metadata["packages"].as_array().expect("cargo metadata lists packages") {
        let name = package["name"].as_str().unwrap_or_default();
        let Some(allowed) = allowed.get(name) else {
            complaints.push(format!("crate {name} is not on the map; add it to ARROWS with what it may use"));
            continue;
        };
        for dependency in package["dependencies"].as_array().into_iter().flatten() {
            let (used, kind) = (dependency["name"].as_str().unwrap_or_default(), dependency["kind"].as_str());
            let ours = dependency.get("path").is_some_and(Value::is_string);
            // The one test binary uses all crates; a library's own tests use the library's crates and the test kit.
            let free = name == "eod" && kind == Some("dev");
            let free = free || (used == "eod-testkit" && kind == Some("dev"));
            if ours && !free && !allowed.contains(&used) {
                complaints.push(format!("crate {name} must not use {used}; move the code or the arrow"));
            }
        }
    }
    complaints
}

#[test]
fn no_second_stack_is_linked() {
    // The lock file also names what no feature of ours turns on; the tree is what is built, on any platform. It is asked
    // with the network, because a build fetches no crate of another platform.
    let tree = cargo(&["tree", "--workspace", "--target=all", "--edges=all", "--prefix=none", "--locked"]);
    none(&banned(&tree));
}

#[test]
fn the_argo_cd_plugin_is_small() {
    let plugin = ["--no-default-features", "--features=cmp", "--edges=normal,build"];
    let tree = cargo(&[&["tree", "--prefix=none", "--locked"][..], &plugin].concat());
    let heavy: BTreeSet<_> = tree
        .lines()
        .filter(|line| ["kube ", "aws-", "rustls ", "tfplugin "].iter().any(|name| line.starts_with(name)))
        .collect();
    assert!(tree.contains("eod-cmp-server "), "{tree}");
    assert!(heavy.is_empty(), "eod-cmp must not contain {heavy:?}");
}

#[test]
fn a_second_stack_is_caught() {
    assert_eq!(banned("ring v0.17.1\nhyper v0.14.3\nhyper v1.2.0 (*)\nring v0.17.1 (*)\n").len(), 2);
}

fn banned(tree: &str) -> Vec<String> {
    let packages: BTreeSet<(&str, &str)> = tree.lines().filter_map(|line| line.split_once(" v")).collect();
    let is_banned = |name: &str, version: &str| {
        BANNED.iter().any(|(banned, prefix)| *banned == name && version.starts_with(prefix))
    };
    let names: BTreeSet<String> = packages
        .into_iter()
        .map(|(name, rest)| (name, rest.split(' ').next().unwrap_or_default()))
        .filter(|(name, version)| is_banned(name, version))
        .map(|(name, version)| format!("{name} {version} is linked; see deny.toml for what to use"))
        .collect();
    names.into_iter().collect()
}

fn cargo(arguments: &[&str]) -> String {
    let output =
        std::process::Command::new(env!("CARGO")).args(arguments).current_dir(root()).output().expect("cargo runs");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).expect("cargo prints text")
}

#[test]
fn nothing_is_left_undone() {
    none(&undone(&sources(&["rs"])));
}

#[test]
fn what_is_left_undone_is_caught() {
    let bad = ["todo!()", "unimplemented!(\"later\")", "#[ignore]", "#[ignore = \"slow\"]", "// FIXME"];
    for text in bad {
        assert_eq!(undone(&[(PathBuf::from("x.rs"), format!("fn f() {{\n    {text}\n}}"))]).len(), 1, "{text}");
    }
}

fn undone(files: &[(PathBuf, String)]) -> Vec<String> {
    // This file has to spell what it looks for.
    let files = files.iter().filter(|(path, _)| !path.ends_with("tests/tidy.rs"));
    let mut complaints = Vec::new();
    for (path, text) in files {
        for (at, line) in text.lines().enumerate() {
            if ["todo!(", "unimplemented!(", "#[ignore", "FIXME"].iter().any(|mark| line.contains(mark)) {
                complaints.push(format!("{}:{}: {}", path.display(), at + 1, line.trim()));
            }
        }
    }
    complaints
}

#[test]
fn files_stay_readable() {
    none(&too_long(&sources(&["rs", "go"]), LONG));
}

#[test]
fn a_long_file_is_caught() {
    let long = (PathBuf::from("a.rs"), "x\n".repeat(LONGEST + 1));
    let short = (PathBuf::from("b.rs"), "x\n".repeat(LONGEST));
    assert_eq!(too_long(&[long.clone(), short.clone()], &[]).len(), 1);
    assert_eq!(too_long(&[long], &[("a.rs", "a table")]).len(), 0);
    assert_eq!(too_long(&[short], &[("b.rs", "no longer true")]).len(), 1, "a stale exception is caught");
}

fn too_long(files: &[(PathBuf, String)], allowed: &[(&str, &str)]) -> Vec<String> {
    let mut complaints = Vec::new();
    for (path, text) in files {
        let (lines, listed) = (text.lines().count(), allowed.iter().any(|(file, _)| path.ends_with(file)));
        if (lines > LONGEST) != listed {
            complaints.push(format!(
                "{}: {lines} lines; split it by noun, or list it in LONG with the reason",
                path.display()
            ));
        }
    }
    complaints
}

#[test]
fn no_machine_is_named() {
    none(&machine_paths(&sources(&["rs", "go", "md", "toml", "sh", "yaml", "yml", "tf", "mod", "proto", "hcl"])));
}

#[test]
fn a_machine_path_is_caught() {
    let home = format!("/{}/x", "root");
    assert_eq!(machine_paths(&[(PathBuf::from("a.md"), home)]).len(), 1);
}

fn machine_paths(files: &[(PathBuf, String)]) -> Vec<String> {
    let marks = [format!("/{}/", "root"), format!("/{}/main", "work"), format!("/{}/shared", "work")];
    let found = files.iter().filter(|(_, text)| marks.iter().any(|mark| text.contains(mark)));
    found.map(|(path, _)| format!("{} names a path of one machine", path.display())).collect()
}

#[test]
fn registry_examples_and_docs_agree() {
    let registry = crate::registry::pages();
    let listed = |folder: &str| -> BTreeSet<String> {
        let entries = std::fs::read_dir(root().join(folder)).into_iter().flatten();
        entries
            .map(|entry| entry.expect("readable").file_name().to_string_lossy().trim_end_matches(".md").to_owned())
            .collect()
    };
    for (group, examples, names) in registry {
        none(&disagreements(
            group,
            &names,
            &listed(&format!("examples/{examples}")),
            &listed(&format!("docs/{examples}")),
        ));
    }
}

#[test]
fn a_disagreement_is_caught() {
    let set = |names: &[&str]| names.iter().map(|&name| name.to_owned()).collect::<BTreeSet<_>>();
    let registry = set(&["eod_a", "eod_b"]);
    assert_eq!(disagreements("resource", &registry, &set(&["eod_a", "eod_b"]), &set(&["a", "b"])).len(), 0);
    assert_eq!(disagreements("resource", &registry, &set(&["eod_a"]), &set(&["a", "b"])).len(), 1);
    assert_eq!(disagreements("resource", &registry, &set(&["eod_a", "eod_b", "eod_c"]), &set(&["a"])).len(), 2);
}

fn disagreements(
    group: &str,
    registry: &BTreeSet<String>,
    examples: &BTreeSet<String>,
    docs: &BTreeSet<String>,
) -> Vec<String> {
    let pages: BTreeSet<String> = registry.iter().map(|name| name.trim_start_matches("eod_").to_owned()).collect();
    let missing = |what: &str, have: &BTreeSet<String>, want: &BTreeSet<String>| {
        let lacking = want.difference(have).map(|name| format!("{group} {name} has no {what}")).collect::<Vec<_>>();
        let stale =
            have.difference(want).map(|name| format!("{what} {name} belongs to no {group}")).collect::<Vec<_>>();
        [lacking, stale].concat()
    };
    [missing("example folder", examples, registry), missing("docs page (make docs)", docs, &pages)].concat()
}

/// Our files with these endings, by path below the root.
fn sources(endings: &[&str]) -> Vec<(PathBuf, String)> {
    let mut found = Vec::new();
    collect(root(), endings, &mut found);
    assert!(!found.is_empty());
    found
}

fn collect(folder: &Path, endings: &[&str], found: &mut Vec<(PathBuf, String)>) {
    for entry in std::fs::read_dir(folder).expect("readable").flatten() {
        let (path, name) = (entry.path(), entry.file_name().to_string_lossy().into_owned());
        if path.is_dir() {
            if !matches!(name.as_str(), "target" | ".git" | ".terraform") {
                collect(&path, endings, found);
            }
        } else if path.extension().is_some_and(|ending| endings.iter().any(|wanted| ending == *wanted)) {
            let text = std::fs::read_to_string(&path).unwrap_or_default();
            found.push((path.strip_prefix(root()).expect("below the root").to_owned(), text));
        }
    }
}
