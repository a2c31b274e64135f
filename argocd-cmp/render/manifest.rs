//! Kubernetes objects with their locations in the source.

use std::collections::BTreeMap;
use std::fmt::Display;
use std::sync::Arc;

use eod_yaml::{Content, Document, Fault, FieldPath, MapEntry, Node, PathStep, YamlLimits, read_objects};
use serde_json::Value;

use crate::refusal::{Location, Refusal, RefusalRule};

/// A Kubernetes object.
#[derive(Clone, Debug)]
pub struct Manifest {
    /// Content of the object.
    pub content: Value,
    /// Origin in the source; none for objects that EoD adds.
    pub(crate) origin: Option<Origin>,
}

/// Position of an object in a source.
#[derive(Clone, Debug)]
pub(crate) struct Origin {
    file: Arc<str>,
    document: Option<u32>,
    root: Arc<Node>,
    /// Path from the document to the object, for items of a List.
    base: Vec<PathStep>,
    /// Text of the file, if refusals quote its lines.
    text: Option<Arc<str>>,
}

impl Manifest {
    /// An object that EoD adds.
    pub(crate) fn added(content: Value) -> Self {
        Self { content, origin: None }
    }

    /// Kind; empty if it is not a string.
    pub fn kind(&self) -> &str {
        text(&self.content, &["kind"])
    }

    /// API version; empty if it is not a string.
    pub fn api_version(&self) -> &str {
        text(&self.content, &["apiVersion"])
    }

    /// API group; empty for the core group.
    pub fn group(&self) -> &str {
        self.api_version().rsplit_once('/').map_or("", |(group, _)| group)
    }

    /// Name; empty if it is not a string.
    pub fn name(&self) -> &str {
        text(&self.content, &["metadata", "name"])
    }

    /// `Kind/name`, for people.
    pub fn title(&self) -> String {
        format!("{}/{}", self.kind(), self.name())
    }

    /// Value of an annotation; none if it is not set or not a string.
    pub(crate) fn annotation(&self, key: &str) -> Option<&str> {
        self.content.get("metadata")?.get("annotations")?.get(key)?.as_str()
    }

    /// Location of a field of the object.
    pub(crate) fn location(&self, steps: &[PathStep]) -> Location {
        let Some(origin) = &self.origin else { return Location::default().object(self.title()) };
        let steps = [origin.base.as_slice(), steps].concat();
        let location = Location::file(origin.file.as_ref()).line(origin.root.line_of(&steps)).object(self.title());
        let location = Location { document: origin.document, ..location };
        match &origin.text {
            // Argo CD hides the values of Secrets.
            Some(text) if self.kind() != "Secret" => location.quote(text),
            _ => location,
        }
    }

    /// Refusal of a field of the object. The message continues the name of the field.
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

/// String at a path of keys; empty if there is none.
pub(crate) fn text<'a>(value: &'a Value, keys: &[&str]) -> &'a str {
    keys.iter().try_fold(value, |value, key| value.get(key)).and_then(Value::as_str).unwrap_or_default()
}

/// Objects of a YAML or JSON file; documents with neither apiVersion nor kind are left out.
pub(crate) fn manifests(file: &Arc<str>, bytes: &[u8]) -> Result<Vec<Manifest>, Vec<Refusal>> {
    let documents = read_objects(bytes, &YamlLimits::default()).map_err(|faults| yaml_refusals(file, faults))?;
    objects(file, documents, None)
}

/// Objects in the output of a tool, as [`manifests`]. Refusals quote their line.
pub(crate) fn rendered_manifests(file: &Arc<str>, text: &str) -> Result<Vec<Manifest>, Vec<Refusal>> {
    let quoted = |refusals: Vec<Refusal>| {
        // The kind of the object is unknown, and Argo CD hides the values of Secrets.
        if text.contains("Secret") {
            return refusals;
        }
        let quote = |refusal: Refusal| Refusal { location: refusal.location.quote(text), ..refusal };
        refusals.into_iter().map(quote).collect()
    };
    let documents =
        read_objects(text.as_bytes(), &YamlLimits::default()).map_err(|faults| quoted(yaml_refusals(file, faults)))?;
    let text: Arc<str> = text.into();
    objects(file, documents, Some(&text))
}

fn objects(file: &Arc<str>, documents: Vec<Document>, text: Option<&Arc<str>>) -> Result<Vec<Manifest>, Vec<Refusal>> {
    let several = documents.len() > 1 || documents.iter().any(|document| document.number > 1);
    let (mut manifests, mut refusals) = (Vec::new(), Vec::new());
    for document in documents {
        let root = Arc::new(document.root);
        let origin = Origin {
            file: Arc::clone(file),
            document: several.then_some(document.number),
            root: Arc::clone(&root),
            base: Vec::new(),
            text: text.cloned(),
        };
        flatten(origin, &root, &mut manifests, &mut refusals);
    }
    if refusals.is_empty() { Ok(manifests) } else { Err(refusals) }
}

/// Refusals of invalid YAML.
pub(crate) fn yaml_refusals(file: &str, faults: Vec<Fault>) -> Vec<Refusal> {
    let refusal = |fault: Fault| {
        let location = Location::file(file).line(fault.line);
        let location = Location { document: (fault.document > 1).then_some(fault.document), ..location };
        Refusal::new(location, RefusalRule::Yaml, &fault.kind, fault.kind.remedy())
    };
    faults.into_iter().map(refusal).collect()
}

/// Adds an object, or all objects of a list: `List`, or a typed list such as `ConfigMapList`. Items of a typed list can
/// leave out `apiVersion` and `kind`.
fn flatten(origin: Origin, node: &Node, manifests: &mut Vec<Manifest>, refusals: &mut Vec<Refusal>) {
    let string = |node: &Node, key| node.get(key).and_then(Node::text).unwrap_or_default().to_owned();
    let (api_version, kind) = (string(node, "apiVersion"), string(node, "kind"));
    let items = node.get("items").map(|items| &items.content);
    let item_kind = kind.strip_suffix("List").filter(|kind| !kind.is_empty() || api_version == "v1");
    if let (Some(item_kind), Some(Content::List(items))) = (item_kind, items) {
        for (at, item) in items.iter().enumerate() {
            let steps = [PathStep::Key("items".to_owned()), PathStep::Item(at)];
            let inner = Origin { base: [origin.base.as_slice(), &steps].concat(), ..origin.clone() };
            let is_named = item.get("kind").is_some() || item.get("apiVersion").is_some();
            if is_named {
                flatten(inner, item, manifests, refusals);
            } else if let (false, Content::Map(_)) = (item_kind.is_empty(), &item.content) {
                let mut content = object_content(item);
                if let Some(content) = content.as_object_mut() {
                    content.insert("apiVersion".to_owned(), Value::String(api_version.clone()));
                    content.insert("kind".to_owned(), Value::String(item_kind.to_owned()));
                }
                manifests.push(Manifest { content, origin: Some(inner) });
            } else {
                // In a List, unlike in a file, other values are not left out.
                let manifest = Manifest { content: object_content(item), origin: Some(inner) };
                let message = "an item of a List must be an object";
                refusals.push(manifest.refuse(&[], RefusalRule::Yaml, message, "remove the item"));
            }
        }
        return;
    }
    if api_version == "v1" && kind == "List" {
        return;
    }
    let manifest = Manifest { content: object_content(node), origin: Some(origin) };
    if api_version.is_empty() || kind.is_empty() {
        let message = "an object must have `apiVersion` and `kind`, both as strings";
        refusals.push(manifest.refuse(&[], RefusalRule::Yaml, message, "add the missing key, or remove both"));
    } else {
        manifests.push(manifest);
    }
}

/// Content of an object without nulls and without `status`, which the API server ignores.
fn object_content(node: &Node) -> Value {
    let mut content = without_nulls(node, false);
    if let Some(content) = content.as_object_mut() {
        content.remove("status");
    }
    content
}

/// Fields with a map of strings; `null` in them may be a mistake.
const STRING_MAPS: [&str; 8] =
    ["annotations", "binaryData", "data", "labels", "matchLabels", "nodeSelector", "selector", "stringData"];

/// Content of a value without keys with `null`, which the API treats as absent. In maps of strings they stay, and are
/// refused later.
fn without_nulls(node: &Node, is_string_map: bool) -> Value {
    match &node.content {
        Content::Map(entries) => {
            let kept = entries.iter().filter(|entry| is_string_map || !entry.node.is_null());
            let value = |entry: &MapEntry| without_nulls(&entry.node, STRING_MAPS.contains(&entry.key.as_str()));
            kept.map(|entry| (entry.key.clone(), value(entry))).collect()
        }
        Content::List(items) => items.iter().map(|item| without_nulls(item, false)).collect(),
        Content::Null => Value::Null,
        Content::Bool(value) => Value::Bool(*value),
        Content::Number(number) => Value::Number(number.clone()),
        Content::Text(text) => Value::String(text.clone()),
    }
}

/// Refusals of duplicate objects: same group, kind and name. All objects are in one namespace.
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
                    Some(_) => format!("duplicate of the object at {}", first.location(&[])),
                    None => "EoD adds an object of this kind and name".to_owned(),
                };
                refusals.push(manifest.refuse(&[], RefusalRule::Name, message, "rename or remove one of them"));
            }
        }
    }
    refusals
}
