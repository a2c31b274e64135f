//! Cases of hostile manifests, and the files that are made of them. The server's tests use them too.

use std::path::Path;

/// A case: the part of a manifest that its text replaces, the expected rule, and a name.
pub(crate) struct Case {
    pub(crate) part: String,
    pub(crate) rule: String,
    pub(crate) name: String,
    pub(crate) text: String,
}

/// Reads a file of cases, each after a line `=== part rule name`.
pub(crate) fn read(file: &Path) -> Vec<Case> {
    let text = std::fs::read_to_string(file).unwrap();
    let case = |block: &str| {
        let (head, text) = block.split_once('\n').unwrap();
        let mut words = head.trim().splitn(3, ' ').map(ToOwned::to_owned);
        let mut word = || words.next().unwrap_or_else(|| panic!("{}: {head}", file.display()));
        Case { part: word(), rule: word(), name: word(), text: text.to_owned() }
    };
    text.split("=== ").skip(1).map(case).collect()
}

fn indented(text: &str, by: usize) -> String {
    text.lines().map(|line| format!("{}{line}\n", " ".repeat(by))).collect()
}

const CONTAINER: &str = "{name: c, image: registry.acme.internal/api:1}";

/// All kinds of workloads with this metadata and spec of pods.
fn workloads(metadata: &str, pod: &str) -> Vec<String> {
    let template = |by: usize| {
        let metadata = format!("metadata:\n{}", indented(metadata, 2));
        let spec = format!("spec:\n{}", indented(pod, 2));
        format!("{}template:\n{}", " ".repeat(by), indented(&(metadata + &spec), by + 2))
    };
    let selector = "  selector: {matchLabels: {app: api}}\n";
    let head =
        |version: &str, kind: &str| format!("apiVersion: {version}\nkind: {kind}\nmetadata: {{name: api}}\nspec:\n");
    vec![
        head("apps/v1", "Deployment") + selector + &template(2),
        head("apps/v1", "StatefulSet") + selector + &template(2),
        head("batch/v1", "Job") + &template(2),
        head("batch/v1", "CronJob") + "  schedule: '* * * * *'\n  jobTemplate:\n    spec:\n" + &template(6),
    ]
}

fn pods(pod: &str) -> Vec<String> {
    workloads("labels: {app: api}", pod)
}

/// Routes with the Services that the cases use as backends.
fn with_services(routes: Vec<String>) -> Vec<String> {
    let service = |name: &str| format!("---\napiVersion: v1\nkind: Service\nmetadata: {{name: {name}}}\n");
    let services: String = ["web", "x", "pr-8"].map(service).concat();
    routes.into_iter().map(|route| route + &services).collect()
}

/// Manifests of a case.
pub(crate) fn texts(case: &Case) -> Vec<String> {
    let text = &case.text;
    let spec = |version: &str, kind: &str| {
        vec![format!("apiVersion: {version}\nkind: {kind}\nmetadata: {{name: web}}\nspec:\n{}", indented(text, 2))]
    };
    let both_lists = |container: &str| {
        let ordinary = pods(&format!("containers:\n- {}", indented(container, 2).trim_start()));
        let first =
            pods(&format!("containers: [{CONTAINER}]\ninitContainers:\n- {}", indented(container, 2).trim_start()));
        [ordinary, first].concat()
    };
    let template = "  template: {metadata: {labels: {app: api}}, spec: {containers: [{name: c, image: registry.acme.internal/api:1}]}}\n";
    match case.part.as_str() {
        "object" => vec![text.clone()],
        "meta" => vec![format!("apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: x\n{}", indented(text, 2))],
        "template" => workloads(text, &format!("containers: [{CONTAINER}]")),
        "pod" => pods(&format!("containers: [{CONTAINER}]\n{text}")),
        "container" => both_lists(&format!("name: c\nimage: registry.acme.internal/api:1\n{text}")),
        "image" => both_lists(&format!("name: c\nimage: {text}")),
        "service" => spec("v1", "Service"),
        "ingress" => with_services(spec("networking.k8s.io/v1", "Ingress")),
        "route" => with_services(spec("gateway.networking.k8s.io/v1", "HTTPRoute")),
        "claim" => {
            let template = format!(
                "{}\nvolumeClaimTemplates:\n- metadata: {{name: data}}\n  spec:\n{}",
                template.trim(),
                indented(text, 4)
            );
            let set = format!(
                "apiVersion: apps/v1\nkind: StatefulSet\nmetadata: {{name: web}}\nspec:\n{}",
                indented(&template, 2)
            );
            [spec("v1", "PersistentVolumeClaim"), vec![set]].concat()
        }
        "deployment" => spec("apps/v1", "Deployment").into_iter().map(|head| head + template).collect(),
        "job" => spec("batch/v1", "Job").into_iter().map(|head| head + template).collect(),
        other => panic!("no part is called {other}"),
    }
}
