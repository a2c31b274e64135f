//! Builds by the binary equal those of kustomize, although the binary receives rewritten kustomizations and only the
//! files that they name.

use std::{fs, process::Command};

use eod_testkit::{argocd::Tool, command::run};
use tempfile::TempDir;

use super::{built, ours};
use crate::cmp::golden::search_path;

const WEB: &str = "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: web}\nspec:\n  selector: {matchLabels: {app: web}}\n  template:\n    metadata: {labels: {app: web}}\n    spec:\n      containers: [{name: c, image: 'registry.acme.internal/shop:1', envFrom: [{configMapRef: {name: settings}}]}]\n";
const CONFIG: &str = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: own}\ndata: {level: info, host: a}\n";
const COMPONENT: &str = "apiVersion: kustomize.config.k8s.io/v1alpha1\nkind: Component\n";

/// Content of a kustomization besides a workload and a ConfigMap, and the files that it names.
type Row = (&'static str, &'static str, &'static [(&'static str, &'static str)]);

const ROWS: [Row; 18] = [
    ("literals", "configMapGenerator: [{name: settings, literals: [A=1, 'B=two words']}]", &[]),
    (
        "files and variables",
        "configMapGenerator: [{name: settings, files: [a.txt, b=../shared/b.txt], envs: [c.env]}]",
        &[("app/a.txt", "x\n"), ("shared/b.txt", "y"), ("app/c.env", "C=3\n# no\nD=4\n")],
    ),
    (
        "secrets",
        "secretGenerator: [{name: keys, env: c.env, options: {disableNameSuffixHash: true}}]",
        &[("app/c.env", "C=3\n")],
    ),
    (
        "options of generators",
        "configMapGenerator: [{name: settings, literals: [A=1]}]\ngeneratorOptions: {labels: {made: here}, immutable: true}",
        &[],
    ),
    (
        "a merge from a file",
        "patches: [{path: merge.yaml}]",
        &[(
            "app/merge.yaml",
            "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: own}\ndata: {level: debug, host: null}\n",
        )],
    ),
    (
        "a merge with a target",
        "patches: [{target: {kind: Deploy.*}, path: merge.yaml}]",
        &[(
            "app/merge.yaml",
            "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: any}\nspec: {replicas: 1, paused: true}\n",
        )],
    ),
    (
        "merges of the old form",
        "patchesStrategicMerge: [merge.yaml]",
        &[(
            "app/merge.yaml",
            "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: web}\nspec: {template: {spec: {containers: [{name: side, image: postgres}]}}}\n",
        )],
    ),
    (
        "patches of the old form",
        "patchesJson6902: [{target: {version: v1, kind: ConfigMap, name: own}, path: p.json}]",
        &[("app/p.json", "[{\"op\": \"add\", \"path\": \"/data/new\", \"value\": \"n\"}]")],
    ),
    (
        "a patch by labels",
        "patches:\n  - target: {labelSelector: app=web}\n    patch: |\n      - {op: add, path: /data, value: {a: b}}",
        &[],
    ),
    (
        "another name by a patch",
        "patches:\n  - target: {kind: ConfigMap}\n    options: {allowNameChange: true}\n    patch: |\n      - {op: replace, path: /metadata/name, value: other}",
        &[],
    ),
    (
        "a replacement from a file",
        "replacements: [{path: r.yaml}]",
        &[(
            "app/r.yaml",
            "source: {kind: ConfigMap, name: own, fieldPath: data.host}\ntargets:\n  - select: {kind: Deployment}\n    fieldPaths: [spec.template.spec.hostname]\n    options: {create: true}\n",
        )],
    ),
    (
        "variables",
        "vars: [{name: HOST, objref: {apiVersion: v1, kind: ConfigMap, name: own}, fieldref: {fieldpath: data.host}}]",
        &[],
    ),
    (
        "a component with a generator",
        "components: [../extra]",
        &[
            ("extra/kustomization.yaml", "configMapGenerator: [{name: settings, files: [x.txt]}]\n"),
            ("extra/x.txt", "x"),
        ],
    ),
    (
        "a component with resources and a component",
        "components: [../extra]\nnamePrefix: p-",
        &[
            ("extra/kustomization.yaml", "resources: [more]\ncomponents: [../deep]\n"),
            ("extra/more/kustomization.yml", "resources: [m.yaml]\n"),
            ("extra/more/m.yaml", "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: more}\n"),
            ("deep/kustomization.yaml", "labels: [{pairs: {deep: 'yes'}}]\n"),
        ],
    ),
    (
        "a configuration of names",
        "configurations: [names.yaml]\nnamePrefix: p-",
        &[("app/names.yaml", "namePrefix: [{path: data/host, kind: ConfigMap}]\n")],
    ),
    ("labels by path", "labels: [{pairs: {a: b}, fields: [{path: data, kind: ConfigMap, create: true}]}]", &[]),
    ("an order", "sortOptions: {order: legacy, legacySortOptions: {orderFirst: [ConfigMap]}}", &[]),
    (
        "a suffix of tags and generated names below a prefix",
        "namePrefix: p-\nimages: [{name: registry.acme.internal/shop, tagSuffix: -x}]\nconfigMapGenerator: [{name: settings, literals: [A=1]}]",
        &[],
    ),
];

fn tree(row: &Row) -> Vec<(String, String)> {
    let (_, text, files) = row;
    let mut tree = vec![
        ("app/kustomization.yaml".to_owned(), format!("resources: [../base]\n{text}\n")),
        ("base/kustomization.yaml".to_owned(), "resources: [web.yaml, own.yaml]\n".to_owned()),
        ("base/web.yaml".to_owned(), WEB.to_owned()),
        ("base/own.yaml".to_owned(), CONFIG.to_owned()),
    ];
    for (path, content) in *files {
        let is_component = ["extra/kustomization.yaml", "deep/kustomization.yaml"].contains(path);
        tree.push(((*path).to_owned(), format!("{}{content}", if is_component { COMPONENT } else { "" })));
    }
    tree
}

/// Output of `eod-cmp render` for a tree.
fn rendered(tree: &[(String, String)]) -> String {
    let folder = TempDir::new().unwrap();
    for (path, text) in tree {
        let file = folder.path().join(path);
        fs::create_dir_all(file.parent().unwrap()).unwrap();
        fs::write(file, text).unwrap();
    }
    let policy = eod_testkit::repository().join("tests/golden/policy.yaml");
    let mut command = Command::new(crate::cmp::BINARY);
    command.env("PATH", search_path()).args(["render", "--project", "previews", "--policy"]).arg(policy);
    command.args(["--parameter", "environment=shop-pr-7", "--parameter", "guards=none"]);
    command.arg("--root").arg(folder.path()).arg("--path").arg(folder.path().join("app"));
    run(&mut command, "").expect_ok()
}

#[test]
fn builds_by_the_binary_equal_kustomize() {
    let mut left = 0;
    for row in &ROWS {
        let (name, tree) = (row.0, tree(row));
        left += usize::from(ours(&tree).is_none());
        let theirs = built(&tree).unwrap_or_else(|error| panic!("{name}: {error}"));
        let theirs = rendered(&[("app/built.yaml".to_owned(), theirs)]);
        // The report names the form of the source.
        let found = rendered(&tree).replace("  source: kustomize\n", "  source: plain\n");
        assert_eq!(found, theirs, "{name}, built by {}", Tool::Kustomize.path().display());
    }
    assert!(left >= ROWS.len() - 1, "only {left} need the binary");
}
