//! Kustomizations with empty, doubled and missing words mean to the plugin what they mean to kustomize.

use std::sync::Mutex;

use super::difference;
use crate::kit::cases::for_each_number;

const OBJECTS: &str = "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: web, labels: {app: web}}\nspec:\n  selector: {matchLabels: {app: web}}\n  template:\n    metadata: {labels: {app: web}}\n    spec:\n      containers: [{name: c, image: 'shop:1', args: [a, b]}, {name: d, image: shop}, {name: v, image: 'shop:$(TAG)'}]\n---\napiVersion: v1\nkind: ConfigMap\nmetadata: {name: own, annotations: {a: b}}\ndata: {k: v, 'a/b': '1', '0': zero}\n---\napiVersion: v1\nkind: Service\nmetadata: {name: web}\nspec: {ports: [{port: 80}, {port: 81}], selector: {app: web}}\n";

/// What stands in a kustomization above `all.yaml`.
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

#[test]
fn odd_words_mean_the_same() {
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
