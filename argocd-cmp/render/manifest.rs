//! Kubernetes objects of a source, with the location each was read from.

use std::collections::BTreeMap;
use std::fmt::Display;
use std::sync::Arc;

use serde_json::Value;

use crate::node::{Content, FieldPath, Node, PathStep};
use crate::read::{Fault, YamlLimits, read_objects};
use crate::refusal::{Location, Refusal, RefusalRule};

/// One object.
#[derive(Clone, Debug)]
pub struct Manifest {
    /// The whole object.
    pub content: Value,
    /// Where it came from; none for what EoD makes itself.
    pub(crate) origin: Option<Origin>,
}

/// Where an object stands in a source.
#[derive(Clone, Debug)]
pub(crate) struct Origin {
    file: Arc<str>,
    document: Option<u32>,
    root: Arc<Node>,
    /// The way from the document to the object, for items of a List.
    base: Vec<PathStep>,
}

impl Manifest {
    /// An object of our own.
    pub(crate) fn own(content: Value) -> Self {
        Self { content, origin: None }
    }

    /// Its kind; empty where it is no text.
    pub fn kind(&self) -> &str {
        text(&self.content, &["kind"])
    }

    /// Its apiVersion; empty where it is no text.
    pub fn api_version(&self) -> &str {
        text(&self.content, &["apiVersion"])
    }

    /// Its API group; empty for the core group.
    pub fn group(&self) -> &str {
        self.api_version().rsplit_once('/').map_or("", |(group, _)| group)
    }

    /// Its name; empty where it is no text.
    pub fn name(&self) -> &str {
        text(&self.content, &["metadata", "name"])
    }

    /// `Kind/name`, for people.
    pub fn title(&self) -> String {
        format!("{}/{}", self.kind(), self.name())
    }

    /// The annotations that are texts.
    pub(crate) fn annotation(&self, key: &str) -> Option<&str> {
        self.content.get("metadata")?.get("annotations")?.get(key)?.as_str()
    }

    /// Where a part of it stands.
    pub(crate) fn location(&self, steps: &[PathStep]) -> Location {
        let Some(origin) = &self.origin else { return Location::default().object(self.title()) };
        let steps = [origin.base.as_slice(), steps].concat();
        let location = Location::file(origin.file.as_ref()).line(origin.root.line_of(&steps)).object(self.title());
        Location { document: origin.document, ..location }
    }

    /// The refusal of a part of it. The message is about the field and begins with its name.
    pub(crate) fn refuse(
        &self,
        steps: &[PathStep],
        rule: RefusalRule,
        message: impl Display,
        remedy: impl Display,
    ) -> Refusal {
        let message = if steps.is_empty() { message.to_string() } else { format!("`{}` {message}", FieldPath(steps)) };
        Refusal::new(self.location(steps), rule, message, remedy)
    }
}

/// The text at the end of some keys; empty where there is none.
pub(crate) fn text<'a>(value: &'a Value, keys: &[&str]) -> &'a str {
    keys.iter().try_fold(value, |value, key| value.get(key)).and_then(Value::as_str).unwrap_or_default()
}

/// The objects of a YAML or JSON text; what has neither apiVersion nor kind is none. `name` says for each line which file it came from.
pub(crate) fn manifests(name: &dyn Fn(u32) -> Arc<str>, bytes: &[u8]) -> Result<Vec<Manifest>, Vec<Refusal>> {
    let documents = read_objects(bytes, &YamlLimits::default()).map_err(|faults| yaml(name, faults))?;
    let several = documents.len() > 1 || documents.iter().any(|document| document.number > 1);
    let (mut manifests, mut refusals) = (Vec::new(), Vec::new());
    for document in documents {
        let root = Arc::new(document.root);
        let origin = Origin {
            file: name(root.line),
            document: several.then_some(document.number),
            root: Arc::clone(&root),
            base: Vec::new(),
        };
        flatten(origin, &root, &mut manifests, &mut refusals);
    }
    if refusals.is_empty() { Ok(manifests) } else { Err(refusals) }
}

pub(crate) fn yaml(name: &dyn Fn(u32) -> Arc<str>, faults: Vec<Fault>) -> Vec<Refusal> {
    let refusal = |fault: Fault| {
        let location = Location::file(name(fault.line).as_ref()).line(fault.line);
        let location = Location { document: (fault.document > 1).then_some(fault.document), ..location };
        Refusal::new(location, RefusalRule::Yaml, &fault.kind, fault.kind.remedy())
    };
    faults.into_iter().map(refusal).collect()
}

/// Adds an object, or all objects of a List.
fn flatten(origin: Origin, node: &Node, manifests: &mut Vec<Manifest>, refusals: &mut Vec<Refusal>) {
    let is_list = node.get("kind").and_then(Node::text) == Some("List");
    if is_list && node.get("apiVersion").and_then(Node::text) == Some("v1") {
        if let Some(Content::List(items)) = node.get("items").map(|items| &items.content) {
            for (at, item) in items.iter().enumerate() {
                let steps = [PathStep::Key("items".to_owned()), PathStep::Item(at)];
                let inner = Origin { base: [origin.base.as_slice(), &steps].concat(), ..origin.clone() };
                // Inside of a List everything is meant to be an object.
                if item.get("kind").is_none() && item.get("apiVersion").is_none() {
                    let manifest = Manifest { content: said(item, false), origin: Some(inner) };
                    refusals.push(manifest.refuse(
                        &[],
                        RefusalRule::Yaml,
                        "an item of a List is no object",
                        "remove it",
                    ));
                } else {
                    flatten(inner, item, manifests, refusals);
                }
            }
        }
        return;
    }
    let texts = |key| node.get(key).and_then(Node::text).is_some_and(|text| !text.is_empty());
    let whole = texts("apiVersion") && texts("kind");
    let manifest = Manifest { content: said(node, false), origin: Some(origin) };
    if whole {
        manifests.push(manifest);
    } else {
        let message = "an object needs both `apiVersion` and `kind` as texts";
        refusals.push(manifest.refuse(&[], RefusalRule::Yaml, message, "add what is missing, or remove both"));
    }
}

/// Maps of texts, in which a key without a value may be meant as one.
const TEXTS: [&str; 8] =
    ["annotations", "binaryData", "data", "labels", "matchLabels", "nodeSelector", "selector", "stringData"];

/// What a value says, without keys that say nothing: to the API a null is an absent field. In a map of texts it stays,
/// and is refused.
fn said(node: &Node, is_texts: bool) -> Value {
    match &node.content {
        Content::Map(entries) => {
            let kept = entries.iter().filter(|entry| is_texts || !entry.node.is_null());
            kept.map(|entry| (entry.key.clone(), said(&entry.node, TEXTS.contains(&entry.key.as_str())))).collect()
        }
        Content::List(items) => items.iter().map(|item| said(item, false)).collect(),
        Content::Null => Value::Null,
        Content::Bool(value) => Value::Bool(*value),
        Content::Number(number) => Value::Number(number.clone()),
        Content::Text(text) => Value::String(text.clone()),
    }
}

/// The same object again: group, kind and name. Everything lies in one namespace.
pub(crate) fn duplicates(manifests: &[Manifest]) -> Vec<Refusal> {
    let mut seen: BTreeMap<(&str, &str, &str), &Manifest> = BTreeMap::new();
    let mut refusals = Vec::new();
    for manifest in manifests {
        let key = (manifest.group(), manifest.kind(), manifest.name());
        match seen.get(&key) {
            None => {
                seen.insert(key, manifest);
            }
            Some(first) => {
                let message = match first.location(&[]).file {
                    Some(_) => format!("the same object stands at {} too", first.location(&[])),
                    None => "EoD makes an object of this name itself".to_owned(),
                };
                refusals.push(manifest.refuse(&[], RefusalRule::Name, message, "rename or remove one of them"));
            }
        }
    }
    refusals
}
