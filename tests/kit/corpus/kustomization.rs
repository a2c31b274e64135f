//! Kustomizations: a base and an overlay with the usual fields.

use std::collections::BTreeMap;

use super::{draws::Draws, objects};

/// Directory of the overlay.
pub(super) const OVERLAY: &str = "overlays/preview";

/// Files of a base, an overlay and a component.
pub(super) fn files(draws: &mut Draws, name: &str) -> BTreeMap<String, String> {
    let mut files = BTreeMap::new();
    let mut resources = Vec::new();
    for (file, text) in objects::application(draws, name, false) {
        resources.push(file.clone());
        files.insert(format!("base/{file}"), text);
    }
    files.insert("base/kustomization.yaml".to_owned(), base(draws, name, &resources));
    let overlay = overlay(draws, name, &mut files);
    files.insert(format!("{OVERLAY}/kustomization.yaml"), overlay);
    files
}

fn base(draws: &mut Draws, name: &str, resources: &[String]) -> String {
    let mut text = head(draws);
    text += &draws.text(4, "metadata:\n  name: base\n");
    text += "resources:\n";
    resources.iter().for_each(|file| text += &format!("- {file}\n"));
    match draws.below(100) {
        0..15 => text += &format!("commonLabels:\n  app.kubernetes.io/part-of: {name}\n"),
        15..30 => text += &format!("labels:\n- pairs:\n    app.kubernetes.io/part-of: {name}\n"),
        _ => {}
    }
    text
}

/// The lines that `kustomize create` writes; many files have none.
fn head(draws: &mut Draws) -> String {
    draws.text(80, "apiVersion: kustomize.config.k8s.io/v1beta1\nkind: Kustomization\n")
}

fn overlay(draws: &mut Draws, name: &str, files: &mut BTreeMap<String, String>) -> String {
    let mut text = head(draws);
    text += if draws.percent(7) { "bases:\n- ../../base\n" } else { "resources:\n- ../../base\n" };
    text += &draws.text(1, "- missing.yaml\n");
    text += &draws.text(50, "namespace: preview\n");
    text += &draws.text(14, "namePrefix: dev-\n");
    text += &draws.text(3, "nameSuffix: -v2\n");
    text += &draws.text(4, "commonAnnotations:\n  note: preview\n");
    text += &draws.text(3, "buildMetadata: [managedByLabel]\n");
    if draws.percent(45) {
        text += &format!(
            "images:\n- name: nginx\n  newTag: 1.27.3-alpine\n- name: registry.acme.internal/shop/web\n  newTag: {}\n",
            draws.one(&["3f0a1c2", "main", "v1.5.0"])
        );
    }
    if draws.percent(15) {
        text += &format!("replicas:\n- name: {name}\n  count: 2\n");
    }
    text += &patches(draws, name, files);
    text += &generators(draws, files);
    if draws.percent(8) {
        text += "components:\n- ../../components/debug\n";
        files.insert("components/debug/kustomization.yaml".to_owned(), component(name));
    }
    text += &references(draws, name);
    text
}

fn patches(draws: &mut Draws, name: &str, files: &mut BTreeMap<String, String>) -> String {
    let merge = format!(
        "apiVersion: apps/v1\nkind: Deployment\nmetadata:\n  name: {name}\nspec:\n  template:\n    spec:\n      containers:\n      - name: web\n        env:\n        - name: MODE\n          value: preview\n"
    );
    let operations = "- op: replace\n  path: /spec/replicas\n  value: 1\n";
    match draws.below(100) {
        0..18 => {
            files.insert(format!("{OVERLAY}/patch.yaml"), merge);
            "patches:\n- path: patch.yaml\n".to_owned()
        }
        18..30 => format!(
            "patches:\n- target:\n    kind: Deployment\n    name: {name}\n  patch: |-\n{}",
            objects::indent(4, operations)
        ),
        30..38 => {
            files.insert(format!("{OVERLAY}/patch.yaml"), merge);
            "patchesStrategicMerge:\n- patch.yaml\n".to_owned()
        }
        38..43 => {
            files.insert(format!("{OVERLAY}/operations.yaml"), operations.to_owned());
            format!(
                "patchesJson6902:\n- target:\n    group: apps\n    version: v1\n    kind: Deployment\n    name: {name}\n  path: operations.yaml\n"
            )
        }
        43..50 => format!(
            "patches:\n- target:\n    kind: Service\n    name: {name}\n  patch: |-\n{}",
            objects::indent(4, "- op: add\n  path: /spec/type\n  value: LoadBalancer\n")
        ),
        50..54 => format!(
            "patches:\n- patch: |-\n{}",
            objects::indent(4, &format!("$patch: delete\napiVersion: v1\nkind: Service\nmetadata:\n  name: {name}\n"))
        ),
        _ => String::new(),
    }
}

fn generators(draws: &mut Draws, files: &mut BTreeMap<String, String>) -> String {
    let mut text = String::new();
    match draws.below(100) {
        0..20 => {
            text += "configMapGenerator:\n- name: settings\n  literals:\n  - MODE=preview\n  - URL=https://shop.example.com/\n";
        }
        20..30 => {
            files.insert(format!("{OVERLAY}/nginx.conf"), "server {\n  listen 8080;\n}\n".to_owned());
            text += "configMapGenerator:\n- name: nginx\n  files:\n  - nginx.conf\n  - main.conf=nginx.conf\n";
        }
        30..38 => {
            files.insert(format!("{OVERLAY}/preview.env"), "# Settings\nMODE=preview\nEMPTY=\n".to_owned());
            text += "configMapGenerator:\n- name: settings\n  envs:\n  - preview.env\n";
        }
        _ => {}
    }
    text += &draws.text(12, "secretGenerator:\n- name: keys\n  type: Opaque\n  literals:\n  - key=not-a-secret\n");
    text += &draws.text(10, "generatorOptions:\n  disableNameSuffixHash: true\n");
    text
}

fn component(name: &str) -> String {
    format!(
        "apiVersion: kustomize.config.k8s.io/v1alpha1\nkind: Component\npatches:\n- target:\n    kind: Deployment\n    name: {name}\n  patch: |-\n    - op: add\n      path: /spec/template/spec/containers/0/args\n      value: [--debug]\n"
    )
}

fn references(draws: &mut Draws, name: &str) -> String {
    match draws.below(100) {
        0..3 => format!(
            "replacements:\n- source:\n    kind: Service\n    name: {name}\n    fieldPath: metadata.name\n  targets:\n  - select:\n      kind: Deployment\n      name: {name}\n    fieldPaths:\n    - spec.template.spec.hostname\n    options:\n      create: true\n"
        ),
        3..5 => format!(
            "vars:\n- name: SERVICE\n  objref:\n    apiVersion: v1\n    kind: Service\n    name: {name}\n  fieldref:\n    fieldpath: metadata.name\n"
        ),
        5..6 => "helmCharts:\n- name: redis\n  repo: https://charts.example.com\n  version: 1.0.0\n".to_owned(),
        _ => String::new(),
    }
}
