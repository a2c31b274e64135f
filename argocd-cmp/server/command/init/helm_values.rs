//! Values of the community chart `argo-cd`: the documents of `init` for those who install Argo CD with that chart.
//!
//! The chart evaluates `extraContainers` and `extraObjects` as templates of Helm, so braces of an ApplicationSet are
//! escaped. <https://github.com/argoproj/argo-helm/tree/main/charts/argo-cd> documents the values.

use eod_render::{Node, YamlLimits, read, to_yaml};
use serde_json::{Value, json};

/// Comment at the head of the values.
const HEAD: &str = "\
# Values of the community chart `argo-cd` (https://argoproj.github.io/argo-helm) that add eod-cmp to repo-server. Replace
# the repository, registry and domain of `acme`, and the values of the policy that name parts of your cluster.
#
# Helm replaces lists as a whole: add your own `repoServer.env`, `extraContainers`, `volumes` and `extraObjects` to these
# lists. The chart evaluates `extraObjects` as templates, so each opening pair of braces is escaped in them.
#
# The objects of Argo CD need its CRDs: install the chart first, and then add these values:
#
#   helm upgrade argocd argo/argo-cd --version VERSION --namespace argocd --reuse-values --values eod-values.yaml
";

/// Namespace of Argo CD in the examples.
const NAMESPACE: &str = "argocd";

/// Parts of the values.
#[derive(Default)]
struct ChartValues {
    params: Option<Value>,
    env: Vec<Value>,
    containers: Vec<Value>,
    volumes: Vec<Value>,
    /// Text of each object, with its comments.
    objects: Vec<String>,
    /// Names of Secrets, which do not belong into values.
    secrets: Vec<String>,
}

/// The documents as values of the chart.
pub(super) fn text(documents: &[&str]) -> String {
    let mut values = ChartValues::default();
    for document in documents.iter().flat_map(|file| file.split("\n---\n")) {
        let text = without_head(document);
        let root = read(text.as_bytes(), &YamlLimits::default()).ok().and_then(|mut found| found.pop());
        if let Some(root) = root {
            values.add(text, root.root);
        }
    }
    values.into_yaml()
}

impl ChartValues {
    fn add(&mut self, text: &str, root: Node) {
        let kind = root.get("kind").and_then(Node::text).unwrap_or_default().to_owned();
        let mut content = root.into_json();
        let name = content.pointer("/metadata/name").and_then(Value::as_str).unwrap_or_default().to_owned();
        match kind.as_str() {
            "" => self.objects.push(policy_object(text)),
            "ConfigMap" if name == "argocd-cmd-params-cm" => self.params = Some(take(&mut content, "/data")),
            "Deployment" => self.add_deployment(take(&mut content, "/spec/template/spec")),
            "Secret" => self.secrets.push(name),
            // For `argocd-cmp-server`, which the sidecar does not use.
            "ConfigManagementPlugin" => {}
            _ => self.objects.push(text.trim_end().to_owned()),
        }
    }

    /// Adds the parts of the patch of repo-server's pod.
    fn add_deployment(&mut self, mut pod: Value) {
        self.volumes.extend(take_list(&mut pod, "/volumes"));
        for mut container in take_list(&mut pod, "/containers") {
            if container.get("name").and_then(Value::as_str) == Some("argocd-repo-server") {
                self.env.extend(take_list(&mut container, "/env"));
            } else {
                self.containers.push(container);
            }
        }
    }

    fn into_yaml(self) -> String {
        let Self { params, env, containers, volumes, objects, secrets } = self;
        let server = json!({ "env": env, "extraContainers": containers, "volumes": volumes });
        let values = json!({ "configs": { "params": params }, "repoServer": server });
        let mut text = HEAD.to_owned();
        if !secrets.is_empty() {
            text.push_str(&format!(
                "#\n# Secrets are not part of values. Create them before: {}; `eod-cmp init` prints them.\n",
                secrets.join(", ")
            ));
        }
        text.push_str(&escape(&to_yaml(&values)));
        text.push_str("extraObjects:\n");
        objects.iter().for_each(|object| text.push_str(&list_item(&escape(object))));
        text
    }
}

/// Takes the value at a JSON pointer; null if there is none.
fn take(value: &mut Value, pointer: &str) -> Value {
    value.pointer_mut(pointer).map(Value::take).unwrap_or_default()
}

/// Takes the items of the list at a JSON pointer.
fn take_list(value: &mut Value, pointer: &str) -> Vec<Value> {
    match take(value, pointer) {
        Value::Array(items) => items,
        _ => Vec::new(),
    }
}

/// ConfigMap with the policy, as the command in the head of `policy.yaml` creates it.
fn policy_object(text: &str) -> String {
    let lines: String = text.trim_end().lines().map(|line| format!("    {line}\n").replace("    \n", "\n")).collect();
    format!(
        "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: eod-policy\n  namespace: {NAMESPACE}\ndata:\n  policy.yaml: |\n{}",
        lines.trim_end()
    )
}

/// Text without the comment at its head, which has the command for the file.
fn without_head(text: &str) -> &str {
    let mut rest = text;
    while let Some((_, after)) = rest.split_once('\n').filter(|_| rest.starts_with('#')) {
        rest = after;
    }
    rest
}

/// Escapes the beginning of each action for a template of Helm.
fn escape(text: &str) -> String {
    text.replace("{{", "{{`{{`}}")
}

/// A map as an item of a list below a key.
fn list_item(text: &str) -> String {
    let indent = |(number, line): (usize, &str)| match (number, line) {
        (0, line) => format!("  - {line}\n"),
        (_, "") => "\n".to_owned(),
        (_, line) => format!("    {line}\n"),
    };
    text.lines().enumerate().map(indent).collect()
}

#[cfg(test)]
mod tests;
