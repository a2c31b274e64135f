//! Kustomizations with empty, duplicate and missing values, compared with kustomize.

use std::sync::Mutex;

use eod_testkit::cases::for_each_number;

use super::difference;

const OBJECTS: &str = "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: web, labels: {app: web}}\nspec:\n  selector: {matchLabels: {app: web}}\n  template:\n    metadata: {labels: {app: web}}\n    spec:\n      containers: [{name: c, image: 'shop:1', args: [a, b]}, {name: d, image: shop}, {name: v, image: 'shop:$(TAG)'}]\n---\napiVersion: v1\nkind: ConfigMap\nmetadata: {name: own, annotations: {a: b}}\ndata: {k: v, 'a/b': '1', '0': zero}\n---\napiVersion: v1\nkind: Service\nmetadata: {name: web}\nspec: {ports: [{port: 80}, {port: 81}], selector: {app: web}}\n";

/// Content of a kustomization with the resource `all.yaml`.
const ODD: [&str; 63] = [
    "namespace: ''",
    "namespace: null",
    "namePrefix: ''\nnameSuffix: ''",
    "namePrefix: null",
    "images: []",
    "images: [{name: shop, newTag: ''}]",
    "images: [{name: shop, newName: ''}]",
    "images: [{name: shop, digest: ''}]",
    "images: [{name: shop, newName: '', newTag: '', digest: ''}]",
    "images: [{name: shop}]",
    "images: [{name: shop, newTag: null}]",
    "images: [{name: 'shop:1', newTag: '2'}]",
    "images: [{name: shop, newName: other}, {name: other, newTag: '3'}]",
    "images: [{name: shop, newTag: '2'}, {name: shop, newTag: '3'}]",
    "images: [{name: shop, newTag: 'sha256:x'}]",
    "images: [{name: 'sho.', newTag: '2'}]",
    "images: [{name: 'sh[a-z]p', newTag: '2'}]",
    "images: [{name: shop, newTag: '$(TAG)'}]",
    "labels: []",
    "labels: [{}]",
    "labels: [{pairs: {}}]",
    "labels: [{pairs: null, includeSelectors: true}]",
    "labels: [{pairs: {a: ''}}]",
    "labels: [{pairs: {a: b}, includeSelectors: null}]",
    "labels: [{pairs: {app: web}, includeSelectors: true}]",
    "labels: [{pairs: {app: other}}]",
    "labels: [{pairs: {a: b}}, {pairs: {a: c}}]",
    "commonLabels: {}",
    "commonLabels: {a: b}\nlabels: [{pairs: {a: c}}]",
    "commonLabels: {app: other}",
    "commonAnnotations: {}",
    "commonAnnotations: {a: c}",
    "commonAnnotations: {a: ''}",
    "replicas: []",
    "replicas: [{name: web, count: 0}]",
    "replicas: [{name: web, count: 1}, {name: web, count: 2}]",
    "replicas: [{name: own, count: 1}]",
    "patches: []",
    "patches: [{target: {kind: ConfigMap}, patch: '[]'}]",
    "patches: [{target: {}, patch: '- {op: add, path: /metadata/annotations/x, value: z}'}]",
    "patches: [{target: {kind: ''}, patch: '- {op: add, path: /metadata/annotations/x, value: z}'}]",
    "patches: [{target: {kind: Nobody}, patch: '- {op: add, path: /x, value: z}'}]",
    "patches: [{target: {kind: ConfigMap}, patch: '- {op: add, path: /metadata/labels/x, value: z}'}]",
    "patches: [{target: {kind: ConfigMap}, patch: '- {op: add, path: /metadata/labels, value: {x: z}}'}]",
    "patches: [{target: {kind: ConfigMap}, patch: '- {op: replace, path: /data/new, value: z}'}]",
    "patches: [{target: {kind: ConfigMap}, patch: '- {op: replace, path: /data/new/deep, value: z}'}]",
    "patches: [{target: {kind: ConfigMap}, patch: '- {op: remove, path: /data/new}'}]",
    "patches: [{target: {kind: ConfigMap}, patch: '- {op: remove, path: /data/0}'}]",
    "patches: [{target: {kind: ConfigMap}, patch: '- {op: test, path: /data/a~1b, value: \"1\"}'}]",
    "patches: [{target: {kind: ConfigMap}, patch: '- {op: add, path: /data/number, value: 1.5}'}]",
    "patches: [{target: {kind: ConfigMap}, patch: '- {op: add, path: /data/empty, value: \"\"}'}]",
    "patches: [{target: {kind: ConfigMap}, patch: '- {op: copy, from: /data/k, path: /data/l}'}]",
    "patches: [{target: {kind: Service}, patch: '- {op: add, path: /spec/ports/1, value: {port: 1}}'}]",
    "patches: [{target: {kind: Service}, patch: '- {op: add, path: /spec/ports/-, value: {port: 1}}'}]",
    "patches: [{target: {kind: Service}, patch: '- {op: add, path: /spec/ports/2, value: {port: 1}}'}]",
    "patches: [{target: {kind: Service}, patch: '- {op: remove, path: /spec/ports/0}'}]",
    "patches: [{target: {kind: Service}, patch: '- {op: replace, path: /spec/ports/-1, value: {port: 1}}'}]",
    "patches: [{target: {kind: Service}, patch: '- {op: add, path: /spec/ports/01, value: {port: 1}}'}]",
    "patches: [{target: {kind: Service}, patch: '- {op: move, from: /spec/ports/0, path: /spec/ports/1}'}]",
    "patches: [{target: {kind: Service}, patch: '- {op: add, path: /spec/a~0b, value: x, more: y}'}]",
    "patches: [{target: {kind: Deployment}, patch: '- {op: test, path: /spec/replicas, value: null}'}]",
    "patches: [{target: {kind: Deployment}, patch: '- {op: add, path: /spec/template/spec/containers/1/args/-, value: z}'}]",
    "resources: [./all.yaml, ../base/]",
];

/// Contents of a resource file in different YAML styles.
const WRITTEN: [&str; 18] = [
    "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: x}\ndata: {mode: '0644', date: '2026-01-01', word: 'yes', float: '1.10', none: 'null'}\n",
    "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: x}\ndata:\n  block: |\n    one\n      two\n\n    three\n  kept: |+\n    x\n\n  cut: |-\n    y\n  folded: >\n    a\n    b\n\n    c\n",
    "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: x}\ndata:\n  quoted: \"tab\\there \\u00e9 \\x41 \\\\ \\\" end\"\n  single: 'it''s'\n  plain: a b  c\n  long: one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen\n",
    "{\"apiVersion\": \"v1\", \"kind\": \"ConfigMap\", \"metadata\": {\"name\": \"x\"}, \"data\": {\"a\": \"\\u2028\"}}\n",
    "apiVersion: v1\nkind: ConfigMap\nmetadata: &m {name: x, labels: {a: b}}\ndata: {a: &v value, b: *v}\n",
    "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: x}\nspec:\n  template:\n    spec:\n      containers:\n        - &c {name: a, image: shop, env: [{name: A, value: '1'}]}\n        - {<<: *c, name: b}\n",
    "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: x}\nspec: {template: {spec: {volumes: [{name: v, configMap: {name: own, defaultMode: 0644}}], containers: [{name: a, image: shop}]}}}\n---\napiVersion: v1\nkind: ConfigMap\nmetadata: {name: own}\n",
    "apiVersion: v1\nkind: Service\nmetadata: {name: x}\nspec: {ports: [{port: 0x50}, {port: 80}]}\n",
    "# a comment\n---\n# nothing\n---\napiVersion: v1 # behind\nkind: ConfigMap\nmetadata:\n  # inside\n  name: x\n---\n",
    "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: x}\ndata:\n---\napiVersion: v1\nkind: ConfigMap\nmetadata: {name: y1}\ndata: null\n",
    "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: x, annotations: null, labels: {}}\ndata: {}\n",
    "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: x, creationTimestamp: null}\ndata: {empty: ''}\n",
    "apiVersion: v1\nkind: List\nitems:\n- {apiVersion: v1, kind: ConfigMap, metadata: {name: a}}\n- {apiVersion: v1, kind: ConfigMap, metadata: {name: b}}\n",
    "apiVersion: v1\nkind: ConfigMapList\nitems:\n- {apiVersion: v1, kind: ConfigMap, metadata: {name: a}}\n",
    "apiVersion: v1\r\nkind: ConfigMap\r\nmetadata: {name: x}\r\ndata:\r\n  a: |\r\n    one\r\n    two\r\n",
    "apiVersion: acme.io/v1\nkind: Widget\nmetadata: {name: x}\nspec: {int: 12345678901234567890, float: 1.5, neg: -0.25, list: [], map: {}, flag: true}\n",
    "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: \"x\"}\ndata: {\"a: b\": \"c # d\", '- e': '{f}', g: \"@h\", i: \"%j\", k: \"`l\"}\n",
    "kind: ConfigMap\nmetadata:\n    name: x\n    labels:\n        deep: indent\napiVersion: v1\n",
];

#[test]
fn yaml_styles_are_read_as_by_kustomize() {
    let wrong = Mutex::new(Vec::new());
    for_each_number(WRITTEN.len(), |number| {
        let tree = [
            ("app/kustomization.yaml".to_owned(), "resources: [all.yaml]\nnamePrefix: p-\n".to_owned()),
            ("app/all.yaml".to_owned(), WRITTEN[number].to_owned()),
        ];
        wrong.lock().unwrap().extend(difference(&tree));
    });
    let wrong = wrong.into_inner().unwrap();
    assert!(wrong.is_empty(), "{} of {} differ:\n{}", wrong.len(), WRITTEN.len(), wrong.join("\n"));
}

#[test]
fn unusual_values_are_read_as_by_kustomize() {
    let wrong = Mutex::new(Vec::new());
    for_each_number(ODD.len(), |number| {
        let odd = ODD[number];
        let own = if odd.starts_with("resources") { "" } else { "resources: [all.yaml]\n" };
        let tree = [
            ("app/kustomization.yaml".to_owned(), format!("{own}{odd}\n")),
            ("app/all.yaml".to_owned(), OBJECTS.to_owned()),
            ("base/kustomization.yaml".to_owned(), "resources: [c.yaml]\n".to_owned()),
            ("base/c.yaml".to_owned(), "apiVersion: v1\nkind: Secret\nmetadata: {name: base}\n".to_owned()),
        ];
        if let Some(difference) = difference(&tree) {
            let end = difference.split("metadata: {name: base}\n").last().unwrap_or_default();
            wrong.lock().unwrap().push(format!("=== {odd}\n{end}"));
        }
    });
    let wrong = wrong.into_inner().unwrap();
    assert!(wrong.is_empty(), "{} of {} differ:\n{}", wrong.len(), ODD.len(), wrong.join("\n"));
}
