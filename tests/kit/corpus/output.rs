//! Manifests as data, read by the reader of Kubernetes.

use std::process::Command;

use serde_json::Value;

use crate::{argocd::Tool, command::run};

/// Objects of each text, with lists taken apart; none for a text that kubectl cannot read. Documents that are not objects
/// are left out.
pub(super) fn objects<const N: usize>(texts: [&str; N]) -> [Option<Vec<Value>>; N] {
    let lines: String = texts.iter().map(|text| format!("{}\n", Value::from(*text))).collect();
    let read = run(&mut Command::new(Tool::Yaml.path()), &lines).expect_ok();
    let mut answers = read.lines();
    texts.map(|_| {
        let answer: Value = serde_json::from_str(answers.next().unwrap()).unwrap();
        answer["kubernetes"].as_array().map(|documents| documents.iter().flat_map(taken_apart).collect())
    })
}

fn taken_apart(document: &Value) -> Vec<Value> {
    match (document["kind"].as_str(), document["items"].as_array()) {
        (Some(kind), Some(items)) if kind.ends_with("List") => items.iter().flat_map(taken_apart).collect(),
        (Some(_), _) if document["apiVersion"].is_string() => vec![document.clone()],
        _ => Vec::new(),
    }
}

/// `Kind/name` of an object.
pub(super) fn title(object: &Value) -> String {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    format!("{}/{}", text(&object["kind"]), text(&object["metadata"]["name"]))
}
