//! JSON patches (RFC 6902) of a kustomization.

use eod_yaml::{Content, Node, YamlLimits, read};
use serde_json::{Value, json};

use super::budget::BuildBudget;
use super::failure::BuildFailure;
use super::named::Named;
use crate::files::Files;
use crate::manifest::{Manifest, text};
use crate::refusal::Refusal;
use crate::workload::map_or_insert_at;

/// A patch with its target.
pub(super) struct Patch {
    pub(super) target: PatchTarget,
    /// Operations of the patch, or the file with the operations.
    pub(super) operations: Operations,
    named: Named,
}

pub(super) enum Operations {
    Inline(Vec<Value>),
    File(Named),
}

/// Criteria for the objects that a patch changes. A field that is not set matches every object.
#[derive(Default)]
pub(super) struct PatchTarget {
    group: Option<String>,
    version: Option<String>,
    kind: Option<String>,
    name: Option<String>,
}

/// Maximum number of operations in one patch.
const MAX_OPERATIONS: usize = 200;
/// Maximum number of values in a patched object.
const MAX_VALUES: usize = 50_000;
/// Maximum depth of a patched object.
const MAX_DEPTH: usize = 64;

/// Parses a patch; none if it needs the kustomize binary.
pub(super) fn parse(file: &str, item: &Node, path: Option<Named>) -> Result<Option<Patch>, Vec<Refusal>> {
    let named = Named::new(file, item.line, "");
    let Content::Map(entries) = &item.content else {
        return Err(vec![named.refuse("a patch must be a map", "write `target` and `patch`")]);
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
        _ => return Err(vec![named.refuse("a patch must have either `patch` or `path`", "write one of them")]),
    };
    Ok(Some(Patch { target, operations, named }))
}

/// Parses a target of literal values. To kustomize the values are regular expressions; those are left to the binary.
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

/// Parses the operations of a patch; none if it is another type of patch, renames an object, or sets `null`.
pub(super) fn operations(bytes: &[u8]) -> Option<Vec<Value>> {
    // To kustomize, a text that begins with a bracket must be JSON.
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
    (operations.len() <= MAX_OPERATIONS && !operations.iter().any(unclear)).then_some(operations)
}

impl PatchTarget {
    fn matches(&self, manifest: &Manifest, names: [&str; 2]) -> bool {
        let version = manifest.api_version().rsplit('/').next().unwrap_or_default();
        let is = |expected: &Option<String>, found: &str| expected.as_deref().is_none_or(|expected| expected == found);
        is(&self.group, manifest.group())
            && is(&self.version, version)
            && is(&self.kind, manifest.kind())
            && self.name.as_ref().is_none_or(|expected| names.contains(&expected.as_str()))
    }
}

impl Patch {
    /// Operations of the patch, read from its file if it has one; none if they need the kustomize binary or the budget
    /// is exceeded.
    pub(super) fn load_and_charge(
        &self,
        files: &Files,
        directory: &str,
        budget: &mut BuildBudget,
    ) -> Option<Vec<Value>> {
        match &self.operations {
            Operations::Inline(operations) => Some(operations.clone()),
            Operations::File(path) => {
                let bytes = files.read(directory, &path.text).ok()?;
                budget.charge_bytes(bytes.len()).then(|| operations(&bytes))?
            }
        }
    }

    pub(super) fn named(&self) -> Named {
        let mut named = self.named.clone();
        "patches".clone_into(&mut named.text);
        named
    }

    /// Applies the operations to an object if it matches the target. `names` are the names that the target can have.
    ///
    /// If an operation fails by RFC 6902 the binary decides, because kustomize accepts more.
    pub(super) fn apply(
        &self,
        operations: &[Value],
        manifest: &mut Manifest,
        names: [&str; 2],
    ) -> Result<(), BuildFailure> {
        if !self.target.matches(manifest, names) {
            return Ok(());
        }
        let title = manifest.title();
        for operation in operations {
            let operation = as_rfc_6902(operation, &mut manifest.content);
            let unclear = |error: String| {
                let mut named = self.named.clone();
                named.text = format!("a patch of {title} that RFC 6902 does not allow ({error})");
                BuildFailure::NeedsTool(named)
            };
            let parsed: json_patch::PatchOperation =
                serde_json::from_value(operation).map_err(|error| unclear(error.to_string()))?;
            json_patch::patch(&mut manifest.content, &[parsed]).map_err(|error| unclear(error.to_string()))?;
            // Repeated copies grow exponentially. One operation at most doubles size and depth.
            let (values, depth) = size(&manifest.content);
            if values > MAX_VALUES || depth > MAX_DEPTH {
                let message = format!("a patch makes {title} larger than {MAX_VALUES} values or {MAX_DEPTH} levels");
                return Err(self.named.refuse(message, "use fewer `copy` operations").into());
            }
        }
        Ok(())
    }
}

/// An operation of kustomize as an operation of RFC 6902. kustomize adds missing annotations, and its `replace` adds
/// missing keys.
fn as_rfc_6902(operation: &Value, content: &mut Value) -> Value {
    let mut operation = operation.clone();
    let path = text(&operation, &["path"]).to_owned();
    if path.starts_with("/metadata/annotations/") {
        map_or_insert_at(content, &["metadata", "annotations"]);
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

/// Number of values, and depth.
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
