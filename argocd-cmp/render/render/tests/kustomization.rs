//! Kustomizations: refusals at any depth, and requests to the binary.

use proptest::prelude::*;

use super::kit::{
    Answering, files, policy_of, policy_text, render_under, render_with, rendered, rules, strict_policy, titles,
};
use crate::tools::NoTools;

const CONFIG: &str = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: x}\n";

#[test]
fn simple_kustomizations_need_no_binary() {
    let tree = files(&[
        ("app/kustomization.yaml", "resources: [../base]\nnamePrefix: p-\nnamespace: elsewhere\n"),
        ("base/kustomization.yml", "resources: [config.yaml, https]\n"),
        ("base/config.yaml", CONFIG),
        ("base/https/Kustomization", "resources: [more.yaml]\n"),
        ("base/https/more.yaml", "apiVersion: v1\nkind: Service\nmetadata: {name: web}\nspec: {type: ClusterIP}\n"),
        ("app/ignored.yaml", "kind: [nonsense"),
    ]);
    let found = rendered(render_with(&tree, &[("guards", "none")], &NoTools));
    assert_eq!(titles(&found), ["ConfigMap/p-x", "Service/p-web"]);
    assert!(found.yaml().contains("namespace: shop-pr-7") && !found.yaml().contains("elsewhere"));
}

/// Content of a kustomization, and the rule that refuses it.
const REFUSED: [(&str, &str); 44] = [
    ("secretGenerator: [{name: a, Files: ['https://evil.example/x']}]", "kustomize"),
    ("patches: [{PATH: 'https://evil.example/x'}]", "kustomize"),
    ("replacements: [{Path: 'https://evil.example/x'}]", "kustomize"),
    ("openapi: {Path: 'https://evil.example/x'}", "kustomize"),
    ("resources: ['https://evil.example/x.yaml']", "remote"),
    ("resources: ['github.com/acme/base?ref=main']", "remote"),
    ("resources: ['git@evil.example:x']", "remote"),
    ("resources: ['git::https://evil.example/x']", "remote"),
    ("bases: ['evil.example/x.git']", "remote"),
    ("resources: ['ssh://evil.example/x']", "remote"),
    ("resources: ['dev.azure.com/o/p/_git/r']", "remote"),
    ("components: ['https://evil.example/x']", "remote"),
    ("crds: ['https://evil.example/x']", "remote"),
    ("configurations: ['https://evil.example/x']", "remote"),
    ("openapi: {path: 'https://evil.example/x'}", "remote"),
    ("patches: [{path: 'https://evil.example/x', target: {kind: ConfigMap}}]", "remote"),
    ("patches: [{path: 'https://evil.example/x'}]", "remote"),
    ("patchesStrategicMerge: ['https://evil.example/x']", "remote"),
    ("patchesJson6902: [{path: 'https://evil.example/x', target: {kind: ConfigMap}}]", "remote"),
    ("replacements: [{path: 'https://evil.example/x'}]", "remote"),
    ("configMapGenerator: [{name: a, files: ['https://evil.example/x']}]", "remote"),
    ("configMapGenerator: [{name: a, files: ['k=https://evil.example/x']}]", "remote"),
    ("secretGenerator: [{name: a, envs: ['https://evil.example/x']}]", "remote"),
    ("secretGenerator: [{name: a, env: 'https://evil.example/x'}]", "remote"),
    ("helmCharts: [{name: x, repo: 'https://evil.example'}]", "remote"),
    ("helmGlobals: {chartHome: x}", "remote"),
    ("helmChartInflationGenerator: [{chartName: x}]", "remote"),
    ("generators: [config.yaml]", "remote"),
    ("transformers: [config.yaml]", "remote"),
    ("validators: [config.yaml]", "remote"),
    ("transformers: [\"apiVersion: builtin\\nkind: HelmChartInflationGenerator\"]", "remote"),
    ("resources: [../../etc/passwd]", "file"),
    ("resources: [/etc/passwd]", "file"),
    ("resources: [missing.yaml]", "file"),
    ("secretGenerator: [{name: a, files: [../../../etc/passwd]}]", "file"),
    ("resources: [.]", "kustomize"),
    ("resources: {a: b}", "kustomize"),
    ("resources: [7]", "kustomize"),
    ("HelmCharts: []", "kustomize"),
    ("kind: Evil", "kustomize"),
    ("apiVersion: kustomize.config.k8s.io/v9", "kustomize"),
    ("replicas: [{name: missing, count: 2}]", "kustomize"),
    ("resources: [config.yaml]\nresources: ['https://evil.example/x']", "yaml"),
    ("<<: {helmCharts: [{name: x}]}", "remote"),
];

#[test]
fn unsupported_fields_are_refused_at_any_depth() {
    let binary = Answering::with(CONFIG);
    for (text, rule) in REFUSED {
        let own = if text.contains("resources:") { String::new() } else { "resources: [config.yaml]\n".to_owned() };
        let text = format!("{own}{text}\n");
        let top = files(&[("app/kustomization.yaml", &text), ("app/config.yaml", CONFIG)]);
        assert_eq!(rules(render_with(&top, &[], &binary)).into_iter().collect::<Vec<_>>(), [rule], "{text}");
        let deep = files(&[
            ("app/kustomization.yaml", "resources: [over]\n"),
            ("app/over/kustomization.yaml", "components: [../../base]\n"),
            ("base/kustomization.yaml", &text),
            ("base/config.yaml", CONFIG),
        ]);
        // The component makes the binary build it, which reports this mistake.
        if !text.contains("missing, count") {
            assert!(rules(render_with(&deep, &[], &binary)).contains(rule), "{text}");
        }
    }
    assert!(binary.asked.borrow().is_empty(), "{:?}", binary.asked.borrow());
}

#[test]
fn metadata_is_ignored_and_build_metadata_needs_the_binary() {
    let tree = |field: &str| {
        files(&[
            ("app/kustomization.yaml", &format!("resources: [config.yaml]\n{field}\n")),
            ("app/config.yaml", CONFIG),
        ])
    };
    rendered(render_with(&tree("metadata: {name: shop}"), &[], &NoTools));
    let binary = Answering::with(CONFIG);
    rendered(render_with(&tree("buildMetadata: [managedByLabel]"), &[], &binary));
    assert!(binary.asked.borrow()[0].contains("buildMetadata"), "{:?}", binary.asked.borrow());
}

#[test]
fn cycles_and_ambiguous_files_are_refused() {
    let circle =
        files(&[("app/kustomization.yaml", "resources: [../b]\n"), ("b/kustomization.yaml", "resources: [../app]\n")]);
    assert!(rules(render_with(&circle, &[], &NoTools)).contains("kustomize"));
    let double = files(&[("app/kustomization.yaml", "resources: []\n"), ("app/Kustomization", "resources: []\n")]);
    assert!(rules(render_with(&double, &[], &NoTools)).contains("kustomize"));
    let empty = files(&[("app/kustomization.yaml", "resources: []\n")]);
    assert_eq!(rules(render_with(&empty, &[], &NoTools)).into_iter().collect::<Vec<_>>(), ["empty"]);
    let mut wide = vec![("app/kustomization.yaml".to_owned(), "resources: [../l0, ../l0]\n".to_owned())];
    for level in 0..12 {
        wide.push((format!("l{level}/kustomization.yaml"), format!("resources: [../l{0}, ../l{0}]\n", level + 1)));
    }
    wide.push(("l12/kustomization.yaml".to_owned(), "resources: []\n".to_owned()));
    let texts: Vec<_> = wide.iter().map(|(path, text)| (path.as_str(), text.as_str())).collect();
    assert!(rules(render_with(&files(&texts), &[], &NoTools)).contains("kustomize"));
}

#[test]
fn the_binary_receives_named_files_only() {
    let tree = files(&[
        (
            "app/kustomization.yaml",
            "resources: [../base]\npatches: [{path: p.yaml}]\nsecretGenerator: [{name: s, files: [k=../f.txt]}]\n\
             helmCharts:\nHelmGlobals: null\n",
        ),
        ("app/p.yaml", "kind: ConfigMap"),
        ("base/kustomization.yml", "resources: [config.yaml]\n"),
        ("base/config.yaml", CONFIG),
        ("f.txt", "value"),
        ("secret.txt", "not named"),
        ("app/other.yaml", "not named"),
    ]);
    let binary = Answering::with(CONFIG);
    rendered(render_with(&tree, &[], &binary));
    expect_test::expect![[r#"
        kustomize build app
        app/kustomization.yaml: {"patches":[{"path":"p.yaml"}],"resources":["../base"],"secretGenerator":[{"files":["k=../f.txt"],"name":"s"}]}
        app/p.yaml: kind: ConfigMap
        base/config.yaml: apiVersion: v1
        base/kustomization.yaml: {"resources":["./config.yaml"]}
        f.txt: value
    "#]]
    .assert_eq(&binary.asked.borrow().join("\n"));
    let evil = Answering::with("apiVersion: v1\nkind: Pod\nmetadata: {name: x}");
    assert_eq!(rules(render_with(&tree, &[], &evil)).into_iter().collect::<Vec<_>>(), ["kind"]);
    let refusals = render_with(&tree, &[], &NoTools).unwrap_err();
    assert_eq!(refusals.as_slice().len(), 2, "each field that needs the binary is named: {refusals}");
    let off = policy_of(&(policy_text() + "    kustomize: { enabled: false }\n"));
    assert_eq!(rules(render_under(&off, &tree, &[], &binary)).into_iter().collect::<Vec<_>>(), ["tool"]);
    assert_eq!(binary.asked.borrow().len(), 1);
}

#[test]
fn kustomization_that_is_named_as_a_file_is_refused() {
    let generator = "configMapGenerator: [{name: x, files: [../base/kustomization.yml]}]\n";
    let tree = |base: &str| {
        files(&[
            ("app/kustomization.yaml", &format!("resources: [{base}]\n{generator}")),
            ("base/kustomization.yml", "resources: [config.yaml]\n"),
            ("base/config.yaml", CONFIG),
            ("app/config.yaml", CONFIG),
        ])
    };
    let binary = Answering::with(CONFIG);
    let refused = render_with(&tree("../base"), &[], &binary).unwrap_err().to_string();
    assert!(refused.contains("`base/kustomization.yml` is also named as a file"), "{refused}");
    assert!(binary.asked.borrow().is_empty(), "{:?}", binary.asked.borrow());
    // Content of a folder that is not included is data.
    rendered(render_with(&tree("config.yaml"), &[], &binary));
    let asked = binary.asked.borrow();
    assert!(asked[0].contains("base/kustomization.yml: resources: [config.yaml]\n"), "{}", asked[0]);
}

#[test]
fn unsupported_patches_need_the_binary() {
    for patch in [
        "{target: {kind: ConfigMap}, patch: '{metadata: {labels: {a: b}}}'}",
        "{patch: '[{op: add, path: /data, value: {}}]'}",
        "{target: {kind: ConfigMap, name: 'x.*'}, patch: '[]'}",
        "{target: {labelSelector: a=b}, patch: '[]'}",
        "{target: {kind: ConfigMap}, options: {allowNameChange: true}, patch: '[]'}",
        "{target: {kind: ConfigMap}, patch: '- {op: replace, path: /metadata/name, value: z}'}",
        "{target: {kind: ConfigMap}, patch: '- {op: replace, path: /kind, value: Secret}'}",
        // To kustomize, a text that begins with a bracket must be JSON.
        "{target: {kind: ConfigMap}, patch: '[{op: add, path: /data, value: {}}]'}",
    ] {
        let text = format!("resources: [config.yaml]\npatches:\n  - {patch}\n");
        let tree = files(&[("app/kustomization.yaml", &text), ("app/config.yaml", CONFIG)]);
        let binary = Answering::with(CONFIG);
        rendered(render_with(&tree, &[], &binary));
        assert_eq!(binary.asked.borrow().len(), 1, "{patch}");
    }
    let copies: Vec<String> = (0..30).map(|at| format!("{{op: copy, from: /data, path: /data/a{at}}}")).collect();
    let growing = format!("{{op: copy, from: /metadata, path: /data}}\n      - {}", copies.join("\n      - "));
    for operations in [
        growing.as_str(),
        "{op: remove, path: /missing}",
        "{op: unknown, path: /x}",
        "{op: test, path: /kind, value: Secret}",
    ] {
        let patch = format!("target: {{kind: ConfigMap}}\n    patch: |\n      - {operations}\n");
        let text = format!("resources: [config.yaml]\npatches:\n  - {patch}");
        let tree = files(&[("app/kustomization.yaml", &text), ("app/config.yaml", CONFIG)]);
        let found = rules(render_with(&tree, &[], &NoTools));
        let expected = if operations == growing { "kustomize" } else { "tool" };
        assert_eq!(found.into_iter().collect::<Vec<_>>(), [expected], "{operations}");
    }
}

#[test]
fn labels_are_set_in_the_order_of_kustomize() {
    let deployment = "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: web}\nspec: {selector: {matchLabels: {}}, template: {spec: {containers: [{name: c, image: 'postgres:16'}]}}}\n";
    let both = files(&[
        ("app/kustomization.yaml", "resources: [web.yaml]\ncommonLabels: {a: common}\nlabels: [{pairs: {b: own}}]\n"),
        ("app/web.yaml", deployment),
    ]);
    let found = rendered(render_with(&both, &[("guards", "none")], &NoTools)).yaml();
    assert!(found.contains("matchLabels:\n      a: common\n") && found.contains("    b: own\n"), "{found}");
    // kustomize also changes selectors if two layers set the same label.
    let twice = files(&[
        ("app/kustomization.yaml", "resources: [../base]\nlabels: [{pairs: {a: over}}]\n"),
        ("base/kustomization.yaml", "resources: [web.yaml]\ncommonLabels: {a: base}\n"),
        ("base/web.yaml", deployment),
    ]);
    assert_eq!(rules(render_with(&twice, &[], &NoTools)).into_iter().collect::<Vec<_>>(), ["tool"]);
}

#[test]
fn patches_match_the_original_and_the_current_name() {
    let patched = |name: &str| {
        let text = format!(
            "resources: [../middle]\npatches:\n  - target: {{name: {name}}}\n    patch: |\n      - {{op: add, path: /data, value: {{k: patched}}}}\n"
        );
        let tree = files(&[
            ("app/kustomization.yaml", &text),
            ("middle/kustomization.yaml", "resources: [../base]\nnamePrefix: p-\n"),
            ("base/kustomization.yaml", "resources: [config.yaml]\nnameSuffix: -s\n"),
            ("base/config.yaml", CONFIG),
        ]);
        rendered(render_with(&tree, &[("guards", "none")], &NoTools)).yaml().contains("k: patched")
    };
    assert!(patched("x") && patched("p-x-s") && !patched("x-s"));
}

#[test]
fn namespace_renames_the_namespace_object() {
    let namespace = "apiVersion: v1\nkind: Namespace\nmetadata: {name: staging}\n";
    let tree = |kustomization: &str| {
        files(&[
            ("app/kustomization.yaml", &format!("resources: [ns.yaml, config.yaml]\n{kustomization}")),
            ("app/ns.yaml", namespace),
            ("app/config.yaml", CONFIG),
        ])
    };
    let found = rendered(render_with(&tree("namespace: shop-pr-7"), &[("guards", "none")], &NoTools));
    assert_eq!(titles(&found), ["ConfigMap/x"], "the environment's own Namespace is dropped");
    let refused = render_under(&strict_policy(), &tree(""), &[], &NoTools);
    assert_eq!(rules(refused).into_iter().collect::<Vec<_>>(), ["kind"]);
    let twice = files(&[
        ("app/kustomization.yaml", "resources: [a.yaml, b.yaml]\nnamespace: one\n"),
        ("app/a.yaml", CONFIG),
        ("app/b.yaml", &CONFIG.replace("name: x", "name: x, namespace: two")),
    ]);
    assert_eq!(rules(render_with(&twice, &[], &NoTools)).into_iter().collect::<Vec<_>>(), ["name"]);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(500))]

    /// No kustomization causes a panic, and the binary never receives a URL.
    #[test]
    fn no_kustomization_causes_a_panic(lines in prop::collection::vec((0..FIELDS.len(), 0..VALUES.len()), 0..6)) {
        let text: String = lines.iter().map(|(field, value)| format!("{}: {}\n", FIELDS[*field], VALUES[*value])).collect();
        let tree = files(&[("app/kustomization.yaml", &text), ("app/config.yaml", CONFIG), ("app/p.yaml", "- {op: remove, path: /data}")]);
        let binary = Answering::with(CONFIG);
        let result = render_with(&tree, &[], &binary);
        let asked = binary.asked.borrow().join("\n");
        prop_assert!(!asked.contains("evil.example"), "{}", asked);
        prop_assert!(!asked.contains("helmCharts") && !asked.contains("transformers"), "{}", asked);
        if let Ok(found) = result {
            prop_assert!(!titles(&found).is_empty());
        }
    }
}

const FIELDS: [&str; 20] = [
    "resources",
    "bases",
    "components",
    "patches",
    "patchesJson6902",
    "patchesStrategicMerge",
    "images",
    "replicas",
    "labels",
    "commonLabels",
    "commonAnnotations",
    "namePrefix",
    "namespace",
    "configMapGenerator",
    "replacements",
    "crds",
    "openapi",
    "helmCharts",
    "transformers",
    "vars",
];

const VALUES: [&str; 15] = [
    "[config.yaml]",
    "['https://evil.example/x']",
    "[{path: p.yaml, target: {kind: ConfigMap}}]",
    "[{path: 'https://evil.example/x', target: {kind: ConfigMap}}]",
    "[{name: x, newTag: '1', count: 2, files: [p.yaml]}]",
    "[{name: x, files: ['a=https://evil.example/x'], envs: [p.yaml]}]",
    "{a: b}",
    "[{pairs: {a: b}, includeSelectors: true}]",
    "x-",
    "7",
    "[7, {}, [], null]",
    "{a: {b: c}}",
    "null",
    "[{target: {kind: ConfigMap}, patch: '- {op: add, path: /data, value: {a: b}}'}]",
    "[[config.yaml]]",
];
