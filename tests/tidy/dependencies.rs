//! Dependencies between our crates, as ARCHITECTURE.md draws them, and dependencies on other crates.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use crate::{
    assert_none,
    source::{cargo, metadata, read, root},
};

/// Crates that must not be linked, by name and beginning of the version. The reasons are in deny.toml: one TLS stack, one
/// hyper.
const BANNED: &[(&str, &str)] = &[
    ("ring", ""),
    ("openssl-sys", ""),
    ("native-tls", ""),
    ("hyper", "0.14"),
    ("rustls", "0.21"),
    ("rustls-webpki", "0.101"),
];

/// The crates that each crate may use.
type Arrows = BTreeMap<String, BTreeSet<String>>;

#[test]
fn crates_depend_on_each_other_as_drawn() {
    let architecture = read(&root().join("ARCHITECTURE.md"));
    assert_none(&wrong_arrows(&metadata(), &drawn(&architecture.text)));
}

#[test]
fn wrong_arrow_is_found() {
    let drawn = drawn(
        "```text\nfolder/main.rs  eod  text\n```\n\n```text\neod-a -> eod-b, eod-c\neod-b -> (none)\n```\nx -> y\n",
    );
    assert_eq!(drawn.keys().collect::<Vec<_>>(), ["eod-a", "eod-b"]);
    let package = |name: &str, dependencies: &[(&str, Option<&str>)]| {
        let dependencies = dependencies.iter();
        let dependencies: Vec<_> =
            dependencies.map(|(name, kind)| json!({ "name": name, "kind": kind, "path": "x" })).collect();
        json!({ "name": name, "dependencies": dependencies })
    };
    let complaints = |packages: &[Value]| wrong_arrows(&json!({ "packages": packages }), &drawn).len();
    let a = package("eod-a", &[("eod-b", None), ("eod-c", None)]);
    assert_eq!(complaints(&[a.clone(), package("eod-b", &[("eod-testkit", Some("dev"))])]), 0);
    assert_eq!(complaints(&[a.clone(), package("eod-b", &[("eod-a", Some("dev"))])]), 1, "not drawn");
    assert_eq!(complaints(&[package("eod-a", &[("eod-b", None)]), package("eod-b", &[])]), 1, "drawn and not used");
    assert_eq!(complaints(&[a, package("eod-b", &[]), package("eod-c", &[])]), 1, "a crate that is not drawn");
}

/// Reads the drawing: lines `CRATE -> CRATE, CRATE` or `CRATE -> (none)` in a block of text.
fn drawn(markdown: &str) -> Arrows {
    let blocks = markdown.split("```text\n").skip(1).filter_map(|block| block.split("```").next());
    let lines = blocks.flat_map(str::lines).filter_map(|line| line.split_once(" -> "));
    lines
        .map(|(from, to)| {
            let to = to.split(',').map(str::trim).filter(|name| *name != "(none)");
            (from.trim().to_owned(), to.map(str::to_owned).collect())
        })
        .collect()
}

fn wrong_arrows(metadata: &Value, drawn: &Arrows) -> Vec<String> {
    let mut complaints = Vec::new();
    for package in metadata["packages"].as_array().expect("cargo metadata lists packages") {
        let name = package["name"].as_str().unwrap_or_default();
        let Some(allowed) = drawn.get(name) else {
            complaints.push(format!("crate {name} is not in the drawing of ARCHITECTURE.md"));
            continue;
        };
        let mut unused = allowed.clone();
        for dependency in package["dependencies"].as_array().into_iter().flatten() {
            let (used, kind) = (dependency["name"].as_str().unwrap_or_default(), dependency["kind"].as_str());
            unused.remove(used);
            let is_ours = dependency.get("path").is_some_and(Value::is_string);
            // The tests of the root package use all crates. Tests of a library use the library's crates and the test kit.
            let is_free = kind == Some("dev") && (name == "eod" || used == "eod-testkit");
            if is_ours && !is_free && !allowed.contains(used) {
                complaints.push(format!(
                    "crate {name} must not use {used}; move the code, or draw the arrow in ARCHITECTURE.md"
                ));
            }
        }
        complaints.extend(
            unused
                .iter()
                .map(|used| format!("crate {name} does not use {used}; remove the arrow from ARCHITECTURE.md")),
        );
    }
    complaints
}

#[test]
fn no_second_stack_is_linked() {
    // The lock file also names crates that no feature of ours enables; the tree is what is built, on any platform. The
    // command may use the network, because a build does not download crates of other platforms.
    let tree = cargo(&["tree", "--workspace", "--target=all", "--edges=all", "--prefix=none", "--locked"]);
    assert_none(&banned(&tree));
}

#[test]
fn second_stack_is_found() {
    assert_eq!(banned("ring v0.17.1\nhyper v0.14.3\nhyper v1.2.0 (*)\nring v0.17.1 (*)\n").len(), 2);
}

fn banned(tree: &str) -> Vec<String> {
    let packages = tree.lines().filter_map(|line| line.split_once(" v"));
    let packages = packages.map(|(name, rest)| (name, rest.split(' ').next().unwrap_or_default()));
    let is_banned = |&(name, version): &(&str, &str)| {
        BANNED.iter().any(|(banned, prefix)| *banned == name && version.starts_with(prefix))
    };
    let found: BTreeSet<_> = packages.filter(is_banned).collect();
    let complaint = |(name, version)| format!("{name} {version} is linked; deny.toml says which crate to use");
    found.into_iter().map(complaint).collect()
}

#[test]
fn binaries_have_no_features_for_tests() {
    let tree =
        cargo(&["tree", "--package=eod", "--prefix=none", "--locked", "--edges=normal,build", "--format={p} [{f}]"]);
    assert!(tree.contains("eod-ops ") && tree.contains("eod-reaper "), "{tree}");
    let for_tests = ["contract", "client"];
    let ours = tree.lines().filter(|line| line.starts_with("eod-"));
    let features = ours.filter_map(|line| Some((line, line.rsplit_once('[')?.1.split_once(']')?.0)));
    let wrong = features.filter(|(_, features)| features.split(',').any(|feature| for_tests.contains(&feature)));
    let wrong: BTreeSet<&str> = wrong.map(|(line, _)| line).collect();
    assert!(wrong.is_empty(), "only tests may use these features: {wrong:?}");
}

/// Beginnings of the names of crates that are clients, and the AWS SDK.
const CLIENTS: [&str; 9] = [
    "aws-config ",
    "aws-runtime ",
    "aws-sdk-",
    "aws-sigv4 ",
    "aws-smithy-",
    "kube ",
    "tfplugin ",
    "tokio-postgres ",
    "vaultrs ",
];

#[test]
fn argo_cd_plugin_has_no_client_and_no_code_of_aws() {
    let plugin = ["--package=eod", "--no-default-features", "--features=cmp", "--edges=normal,build"];
    let tree = cargo(&[&["tree", "--prefix=none", "--locked"][..], &plugin].concat());
    assert!(tree.contains("eod-cmp-server "), "{tree}");
    let heavy = clients(&tree);
    assert!(heavy.is_empty(), "eod-cmp must not contain {heavy:?}");
}

#[test]
fn aws_is_only_in_the_feature_of_the_clients() {
    let of_clients = |features: &str| {
        let selection = ["--package=eod-clients", "--no-default-features", features, "--edges=normal,build"];
        cargo(&[&["tree", "--prefix=none", "--locked"][..], &selection].concat())
    };
    let is_aws = |tree: &str| clients(tree).iter().any(|line| line.starts_with("aws-"));
    assert!(is_aws(&of_clients("--features=route53")));
    assert!(!is_aws(&of_clients("--features=")));
    // A crate that does not select the feature must not get it as a default.
    let golden = cargo(&["tree", "--package=eod-golden", "--prefix=none", "--locked", "--edges=normal,build"]);
    assert!(golden.contains("eod-clients ") && !is_aws(&golden), "{golden}");
}

fn clients(tree: &str) -> BTreeSet<&str> {
    tree.lines().filter(|line| CLIENTS.iter().any(|name| line.starts_with(name))).collect()
}
