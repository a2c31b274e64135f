//! JSON patches (RFC 6902) of a kustomization.

use serde_json::{Value, json};

use super::build::{Budget, BuildStop};
use super::kustomization::Named;
use crate::files::Files;
use crate::manifest::{Manifest, text};
use crate::node::{Content, Node};
use crate::read::{YamlLimits, read};
use crate::refusal::Refusal;
use crate::workload::map_at;

/// A patch and what it is for.
pub(super) struct Patch {
    pub(super) target: PatchTarget,
    /// The operations, or the file that has them.
    pub(super) operations: Operations,
    named: Named,
}

pub(super) enum Operations {
    Inline(Vec<Value>),
    File(Named),
}

/// Which objects a patch is for. What is not said fits every object.
#[derive(Default)]
pub(super) struct PatchTarget {
    group: Option<String>,
    version: Option<String>,
    kind: Option<String>,
    name: Option<String>,
}

/// Operations of one patch, and values an object may grow to by copies.
const MOST_OPERATIONS: usize = 200;
const MOST_VALUES: usize = 50_000;
const DEEPEST: usize = 64;

/// Reads a patch; none where only the binary understands it.
pub(super) fn parse(file: &str, item: &Node, path: Option<Named>) -> Result<Option<Patch>, Vec<Refusal>> {
    let named = Named::new(file, item.line, "");
    let Content::Map(entries) = &item.content else {
        return Err(vec![named.refuse("a patch is a map", "write `target` and `patch`")]);
    };
    let known = |key: &str| ["target", "patch", "path"].contains(&key);
    let Some(target) = item.get("target").and_then(target) else { return Ok(None) };
    if !entries.iter().all(|entry| known(&entry.key)) {
        return Ok(None);
    }
    let operations = match (item.get("patch"), path) {
        (Some(patch), None) => match patch.text().map(|text| operations(text.as_bytes())) {
            Some(Some(operations)) => Operations::Inline(operations),
            _ => return Ok(None),
        },
        (None, Some(path)) => Operations::File(path),
        _ => return Err(vec![named.refuse("a patch has either `patch` or `path`", "write one of them")]),
    };
    Ok(Some(Patch { target, operations, named }))
}

/// A target by plain words; kustomize takes the words for patterns, so others are left to it.
fn target(node: &Node) -> Option<PatchTarget> {
    let Content::Map(entries) = &node.content else { return None };
    let mut target = PatchTarget::default();
    for entry in entries {
        let text = entry.node.text()?;
        if !text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-".contains(&byte)) && entry.key != "group" {
            return None;
        }
        let slot = match entry.key.as_str() {
            "group" if text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-.".contains(&byte)) => {
                &mut target.group
            }
            "version" => &mut target.version,
            "kind" => &mut target.kind,
            "name" => &mut target.name,
            _ => return None,
        };
        *slot = Some(text.to_owned()).filter(|text| !text.is_empty());
    }
    Some(target)
}

/// The operations of a text; none where it is another kind of patch, changes what an object is called, or sets nothing.
pub(super) fn operations(bytes: &[u8]) -> Option<Vec<Value>> {
    // What begins with a bracket is JSON to kustomize, and nothing else.
    if bytes.trim_ascii_start().starts_with(b"[") && serde_json::from_slice::<Value>(bytes).is_err() {
        return None;
    }
    let mut documents = read(bytes, &YamlLimits::default()).ok()?;
    let root = documents.pop().filter(|_| documents.is_empty())?.root.into_json();
    let operations = root.as_array()?.clone();
    let is_nothing = |operation: &Value| operation.get("value") == Some(&Value::Null);
    let renames = |operation: &Value| {
        let path = |key: &str| operation.get(key).and_then(Value::as_str).unwrap_or_default();
        let is_identity = |path: &str| {
            ["", "/apiVersion", "/kind", "/metadata", "/metadata/name", "/metadata/namespace"].contains(&path)
        };
        (path("op") != "test" && is_identity(path("path"))) || (path("op") == "move" && is_identity(path("from")))
    };
    let unclear = |operation: &Value| renames(operation) || is_nothing(operation);
    (operations.len() <= MOST_OPERATIONS && !operations.iter().any(unclear)).then_some(operations)
}

impl PatchTarget {
    fn fits(&self, manifest: &Manifest, names: [&str; 2]) -> bool {
        let version = manifest.api_version().rsplit('/').next().unwrap_or_default();
        let fits = |wanted: &Option<String>, found: &str| wanted.as_deref().is_none_or(|wanted| wanted == found);
        fits(&self.group, manifest.group())
            && fits(&self.version, version)
            && fits(&self.kind, manifest.kind())
            && self.name.as_ref().is_none_or(|wanted| names.contains(&wanted.as_str()))
    }
}

impl Patch {
    /// The operations, read from their file where they have one. None where only the binary understands them.
    pub(super) fn load(&self, files: &Files, directory: &str, budget: &mut Budget) -> Option<Vec<Value>> {
        match &self.operations {
            Operations::Inline(operations) => Some(operations.clone()),
            Operations::File(path) => {
                let bytes = files.read(directory, &path.text).ok()?;
                budget.spend(bytes.len()).then(|| operations(&bytes))?
            }
        }
    }

    pub(super) fn named(&self) -> Named {
        let mut named = self.named.clone();
        "patches".clone_into(&mut named.text);
        named
    }

    /// Applies the operations to an object, where it is meant. `names` are those by which a patch may mean it.
    ///
    /// Where an operation does not apply by the letter of RFC 6902 the binary decides, because kustomize is more lenient.
    pub(super) fn apply(
        &self,
        operations: &[Value],
        manifest: &mut Manifest,
        names: [&str; 2],
    ) -> Result<(), BuildStop> {
        if !self.target.fits(manifest, names) {
            return Ok(());
        }
        let title = manifest.title();
        for operation in operations {
            let operation = as_kustomize_reads_it(operation, &mut manifest.content);
            let unclear = |error: String| {
                let mut named = self.named.clone();
                named.text = format!("a patch that does not apply to {title} as it is ({error})");
                BuildStop::NeedsTool(named)
            };
            let parsed: json_patch::PatchOperation =
                serde_json::from_value(operation).map_err(|error| unclear(error.to_string()))?;
            json_patch::patch(&mut manifest.content, &[parsed]).map_err(|error| unclear(error.to_string()))?;
            // A copy of a copy of a copy doubles every time. One operation goes at most twice as deep.
            let (values, depth) = size(&manifest.content);
            if values > MOST_VALUES || depth > DEEPEST {
                let message = format!("a patch makes {title} grow beyond {MOST_VALUES} values or {DEEPEST} levels");
                return Err(BuildStop::Refused(vec![self.named.refuse(message, "copy less")]));
            }
        }
        Ok(())
    }
}

/// An operation in the words of RFC 6902. To kustomize there are always annotations, and it replaces keys that are not
/// there yet.
fn as_kustomize_reads_it(operation: &Value, content: &mut Value) -> Value {
    let mut operation = operation.clone();
    let path = text(&operation, &["path"]).to_owned();
    if path.starts_with("/metadata/annotations/") {
        map_at(content, &["metadata", "annotations"]);
    }
    let parent = path.rsplit_once('/').and_then(|(parent, _)| content.pointer(parent));
    if text(&operation, &["op"]) == "replace"
        && parent.is_some_and(Value::is_object)
        && content.pointer(&path).is_none()
        && let Some(fields) = operation.as_object_mut()
    {
        fields.insert("op".to_owned(), json!("add"));
    }
    operation
}

/// How many values there are, and how deep they go.
fn size(value: &Value) -> (usize, usize) {
    let sum = |(count, depth): (usize, usize), value: &Value| {
        let (more, deeper) = size(value);
        (count + more, depth.max(deeper + 1))
    };
    match value {
        Value::Array(items) => items.iter().fold((1, 1), sum),
        Value::Object(map) => map.values().fold((1, 1), sum),
        _ => (1, 0),
    }
}
