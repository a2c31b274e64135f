//! Everything in a repository is hostile: what is refused, and by which rule.

use std::collections::BTreeSet;

use super::kit::{data, render_text};
use crate::refusal::Refusals;

/// One case: what the text is a part of, the rule that refuses it, and its name.
struct Case {
    part: String,
    rule: String,
    name: String,
    text: String,
}

/// Cases stand one behind the other, each under a line `=== part rule name`.
fn cases(file: &str) -> Vec<Case> {
    let text = std::fs::read_to_string(data().join("hostile").join(file)).unwrap();
    let case = |block: &str| {
        let (head, text) = block.split_once('\n').unwrap();
        let mut words = head.trim().splitn(3, ' ').map(ToOwned::to_owned);
        let mut word = || words.next().unwrap_or_else(|| panic!("{file}: {head}"));
        Case { part: word(), rule: word(), name: word(), text: text.to_owned() }
    };
    text.split("=== ").skip(1).map(case).collect()
}

fn indented(text: &str, by: usize) -> String {
    text.lines().map(|line| format!("{}{line}\n", " ".repeat(by))).collect()
}

const CONTAINER: &str = "{name: c, image: registry.acme.internal/api:1}";

/// Every kind of workload with this metadata and spec in its pods.
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

/// The whole texts that a case stands for.
fn texts(case: &Case) -> Vec<String> {
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
        "ingress" => spec("networking.k8s.io/v1", "Ingress"),
        "route" => spec("gateway.networking.k8s.io/v1", "HTTPRoute"),
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

fn refused(text: &str) -> Refusals {
    match render_text(text, &[]) {
        Ok(rendered) => panic!("nothing is refused:\n{text}\n---\n{}", rendered.yaml()),
        Err(refusals) => refusals,
    }
}

fn check(file: &str, least: usize) {
    let cases = cases(file);
    assert!(cases.len() >= least, "{file} has {} cases", cases.len());
    for case in cases {
        for text in texts(&case) {
            let refusals = refused(&text);
            let rules: BTreeSet<&str> = refusals.as_slice().iter().map(|refusal| refusal.rule.as_str()).collect();
            assert_eq!(rules, BTreeSet::from([case.rule.as_str()]), "{file}: {}\n{text}\n{refusals}", case.name);
            for refusal in refusals.as_slice() {
                assert_eq!(refusal.place.file.as_deref(), Some("app/all.yaml"), "{refusal}");
                assert!(refusal.place.line.is_some() && !refusal.remedy.is_empty(), "{refusal}");
                assert!(refusal.place.object.is_some() || case.rule == "yaml", "{refusal}");
            }
        }
    }
}

#[test]
fn kinds_and_names() {
    check("kinds.txt", 55);
}

#[test]
fn metadata_hooks_and_waves() {
    check("metadata.txt", 60);
}

#[test]
fn pods_and_containers() {
    check("pods.txt", 85);
}

#[test]
fn services_and_routes() {
    check("network.txt", 41);
}

#[test]
fn storage_and_workloads() {
    check("storage.txt", 20);
}

#[test]
fn texts_that_are_read_in_two_ways() {
    check("yaml.txt", 15);
}

#[test]
fn all_refusals_come_at_once() {
    let all: Vec<String> = ["kinds.txt", "metadata.txt"]
        .iter()
        .flat_map(|file| cases(file))
        .filter(|case| case.part == "object" && case.rule == "kind")
        .map(|case| case.text)
        .collect();
    let text = all.join("\n---\n");
    let refusals = refused(&text);
    assert!(refusals.as_slice().len() >= 35, "{refusals}");
    let lines: BTreeSet<_> = refusals.as_slice().iter().map(|refusal| refusal.place.line).collect();
    assert!(lines.len() >= 35, "each names its own line");
}
