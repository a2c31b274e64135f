//! Parameters as Argo CD sends them.

use std::collections::BTreeMap;

use eod_yaml::{Content, Node, YamlLimits, read};

use crate::refusal::{Location, Refusal, RefusalRule, Refusals};

/// One parameter of an Application.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct RawParameter {
    /// Name.
    pub name: String,
    /// Value.
    pub value: RawValue,
}

/// The value of a parameter.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum RawValue {
    /// `string`.
    Text(String),
    /// `array`.
    List(Vec<String>),
    /// `map`.
    Map(BTreeMap<String, String>),
}

/// Limits of parameters, which are small.
const LIMITS: YamlLimits = YamlLimits { bytes: 1 << 20, documents: 1, depth: 8, nodes: 20_000, repeated: 0 };

impl RawParameter {
    /// Creates a parameter with a string.
    pub fn text(name: impl Into<String>, value: impl Into<String>) -> Self {
        Self { name: name.into(), value: RawValue::Text(value.into()) }
    }
}

/// Reads `ARGOCD_APP_PARAMETERS`: a JSON list of `{name, string | array | map}`.
///
/// # Errors
///
/// If it has another structure.
pub fn parse_raw_parameters(json: &str) -> Result<Vec<RawParameter>, Refusals> {
    let error = |message: String| -> Refusals {
        let location = Location::parameter("ARGOCD_APP_PARAMETERS");
        Refusal::new(location, RefusalRule::Parameter, message, "Argo CD writes this value; report the error").into()
    };
    let Some(root) = one(json).map_err(error)? else { return Ok(Vec::new()) };
    let Content::List(items) = root.content else { return Err(error("expected a list".to_owned())) };
    let parameter = |item: Node| {
        let name = item.get("name").and_then(Node::text).ok_or_else(|| error("an item has no name".to_owned()))?;
        let value = value(&item).map_err(|message| error(format!("`{name}`: {message}")))?;
        Ok(RawParameter { name: name.to_owned(), value })
    };
    items.into_iter().map(parameter).collect()
}

fn value(item: &Node) -> Result<RawValue, String> {
    let present = |key| item.get(key).filter(|node| !node.is_null());
    match (present("string"), present("array"), present("map")) {
        (Some(text), None, None) => {
            text.text().map(|text| RawValue::Text(text.to_owned())).ok_or("no string".to_owned())
        }
        (None, Some(list), None) => texts(list).map(RawValue::List),
        (None, None, Some(map)) => entries(map).map(RawValue::Map),
        (None, None, None) => Ok(RawValue::Text(String::new())),
        _ => Err("it has more than one value".to_owned()),
    }
}

/// Parses a list that is written as a string: JSON, or items with commas between them.
pub(super) fn list(text: &str) -> Result<Vec<String>, String> {
    if text.starts_with('[') || text == "null" {
        return one(text)?.map_or_else(|| Ok(Vec::new()), |root| texts(&root));
    }
    if text.starts_with('{') {
        return Err("expected a list, got a map".to_owned());
    }
    Ok(text.split(',').map(str::trim).filter(|item| !item.is_empty()).map(ToOwned::to_owned).collect())
}

/// Parses a map that is written as a string of JSON.
pub(super) fn map(text: &str) -> Result<BTreeMap<String, String>, String> {
    if text.is_empty() || text == "null" {
        return Ok(BTreeMap::new());
    }
    if !text.starts_with('{') {
        return Err("expected a JSON map".to_owned());
    }
    one(text)?.map_or_else(|| Ok(BTreeMap::new()), |root| entries(&root))
}

fn one(text: &str) -> Result<Option<Node>, String> {
    let mut documents = read(text.as_bytes(), &LIMITS)
        .map_err(|faults| faults.first().map(|fault| fault.kind.to_string()).unwrap_or_default())?;
    Ok(documents.pop().map(|document| document.root))
}

fn texts(node: &Node) -> Result<Vec<String>, String> {
    let Content::List(items) = &node.content else { return Err(format!("expected a list, got {}", node.kind())) };
    items.iter().map(scalar).collect()
}

fn entries(node: &Node) -> Result<BTreeMap<String, String>, String> {
    let Content::Map(entries) = &node.content else { return Err(format!("expected a map, got {}", node.kind())) };
    entries.iter().map(|entry| Ok((entry.key.clone(), scalar(&entry.node)?))).collect()
}

fn scalar(node: &Node) -> Result<String, String> {
    match &node.content {
        Content::Text(text) => Ok(text.clone()),
        Content::Number(number) => Ok(number.to_string()),
        Content::Bool(value) => Ok(value.to_string()),
        Content::Null | Content::List(_) | Content::Map(_) => Err(format!("expected a string, got {}", node.kind())),
    }
}
