//! Values of the community chart `argo-cd`, rendered by the real helm with a chart that uses them as its documentation
//! says: the published chart cannot be downloaded in a test.

use std::fs;
use std::process::Command;

use eod_render::{Node, parse_policy};
use eod_testkit::argocd::Tool;
use eod_testkit::command;
use serde_json::{Value, json};

use super::{documents, eod_cmp, text};

/// Templates of the chart, as far as they use the values.
const TEMPLATES: [(&str, &str); 3] = [
    (
        "repo-server.yaml",
        "apiVersion: apps/v1\n\
         kind: Deployment\n\
         metadata: { name: argocd-repo-server }\n\
         spec:\n  \
           template:\n    \
             spec:\n      \
               containers:\n        \
                 - name: argocd-repo-server\n          \
                   env: {{- toYaml .Values.repoServer.env | nindent 12 }}\n        \
                 {{- tpl (toYaml .Values.repoServer.extraContainers) $ | nindent 8 }}\n      \
               volumes: {{- toYaml .Values.repoServer.volumes | nindent 8 }}\n",
    ),
    (
        "params.yaml",
        "apiVersion: v1\n\
         kind: ConfigMap\n\
         metadata: { name: argocd-cmd-params-cm }\n\
         data:\n\
         {{- range $key, $value := .Values.configs.params }}\n  \
           {{ $key }}: {{ $value | toString | quote }}\n\
         {{- end }}\n",
    ),
    ("extra.yaml", "{{- range .Values.extraObjects }}\n---\n{{ tpl (toYaml .) $ }}\n{{- end }}\n"),
];

/// Objects of the rendered chart.
fn rendered() -> Vec<Value> {
    let values = command::run(eod_cmp().args(["init", "--format", "helm-values"]), "").expect_ok();
    let folder = tempfile::tempdir().unwrap();
    fs::create_dir(folder.path().join("templates")).unwrap();
    fs::write(folder.path().join("Chart.yaml"), "apiVersion: v2\nname: argo-cd\nversion: 1.0.0\n").unwrap();
    for (name, template) in TEMPLATES {
        fs::write(folder.path().join("templates").join(name), template).unwrap();
    }
    fs::write(folder.path().join("eod-values.yaml"), values).unwrap();
    let mut helm = Command::new(Tool::StockHelm.path());
    helm.current_dir(folder.path()).args(["template", "argocd", ".", "--namespace", "argocd", "-f", "eod-values.yaml"]);
    objects(&command::run(&mut helm, "").expect_ok())
}

fn objects(text: &str) -> Vec<Value> {
    documents(text).into_iter().map(Node::into_json).collect()
}

#[test]
fn values_give_the_objects_of_the_examples() {
    let rendered = rendered();
    let find = |kind: &str, name: &str| {
        let is = |object: &&Value| object["kind"] == kind && object["metadata"]["name"] == name;
        rendered.iter().find(is).unwrap_or_else(|| panic!("no {kind}/{name} in {rendered:?}"))
    };
    for file in ["project.yaml", "admission.yaml", "applicationset.yaml"] {
        for expected in objects(&text(file)) {
            let name = expected["metadata"]["name"].as_str().unwrap();
            assert_eq!(find(expected["kind"].as_str().unwrap(), name), &expected, "{file}");
        }
    }
    let settings = &objects(&text("settings.yaml"))[0];
    assert_eq!(find("ConfigMap", "argocd-cmd-params-cm")["data"], settings["data"]);
    let policy = find("ConfigMap", "eod-policy")["data"]["policy.yaml"].as_str().unwrap();
    assert!(parse_policy("policy.yaml", policy.as_bytes()).unwrap().project("previews").is_ok());
    assert_eq!(objects(policy), objects(&text("policy.yaml")));

    let patch = &objects(&text("sidecar.yaml"))[0]["spec"]["template"]["spec"];
    let pod = &find("Deployment", "argocd-repo-server")["spec"]["template"]["spec"];
    assert_eq!(pod["volumes"], patch["volumes"]);
    let [server, sidecar] = [&pod["containers"][0], &pod["containers"][1]];
    assert_eq!(server["env"], patch["containers"][0]["env"]);
    assert_eq!((sidecar, &pod["containers"][2]), (&patch["containers"][1], &json!(null)));
    assert!(rendered.iter().all(|object| object["kind"] != "Secret"), "Secrets are not part of values");
}
