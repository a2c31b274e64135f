//! Tree of a document's values, each with its position.

use std::fmt;

use serde_json::{Number, Value};

/// A value with its position.
#[derive(Clone, Debug, PartialEq)]
pub struct Node {
    /// First line of the value, from 1.
    pub line: u32,
    /// Column of the first character of the value, from 1.
    pub column: u32,
    /// Content.
    pub content: Content,
}

/// Content of a value.
#[derive(Clone, Debug, PartialEq)]
pub enum Content {
    /// `null`, `~` or an empty scalar.
    Null,
    /// A boolean.
    Bool(bool),
    /// A number with all its digits.
    Number(Number),
    /// A string.
    Text(String),
    /// A list.
    List(Vec<Node>),
    /// A map, in the order of the document, without duplicate keys.
    Map(Vec<MapEntry>),
}

/// A key of a map with its value.
#[derive(Clone, Debug, PartialEq)]
pub struct MapEntry {
    /// Key.
    pub key: String,
    /// Line of the key, from 1.
    pub line: u32,
    /// Column of the key, from 1.
    pub column: u32,
    /// Value.
    pub node: Node,
}

/// One step of a path into a value.
#[derive(Clone, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub enum PathStep {
    /// Key of a map.
    Key(String),
    /// Index of a list, from 0.
    Item(usize),
}

/// Path for people, such as `spec.containers[0].image` or `metadata.labels["a/b"]`.
#[derive(Clone, Copy, Debug)]
pub struct FieldPath<'a>(pub &'a [PathStep]);

impl Node {
    /// Value of a key; none if this is not a map or does not have the key.
    pub fn get(&self, key: &str) -> Option<&Self> {
        match &self.content {
            Content::Map(entries) => entries.iter().find(|entry| entry.key == key).map(|entry| &entry.node),
            _ => None,
        }
    }

    /// The string; none if this is another type.
    pub fn text(&self) -> Option<&str> {
        match &self.content {
            Content::Text(text) => Some(text),
            _ => None,
        }
    }

    /// True for `null`.
    pub fn is_null(&self) -> bool {
        self.content == Content::Null
    }

    /// Line of the value at a path, or of the deepest existing value on the path.
    pub fn line_of(&self, steps: &[PathStep]) -> u32 {
        let Some((first, rest)) = steps.split_first() else { return self.line };
        match (first, &self.content) {
            (PathStep::Key(key), Content::Map(entries)) => match entries.iter().find(|entry| entry.key == *key) {
                Some(entry) if rest.is_empty() => entry.line,
                Some(entry) => entry.node.line_of(rest),
                None => self.line,
            },
            (PathStep::Item(at), Content::List(items)) => items.get(*at).map_or(self.line, |item| item.line_of(rest)),
            _ => self.line,
        }
    }

    /// Converts the tree to JSON, without lines.
    pub fn into_json(self) -> Value {
        match self.content {
            Content::Null => Value::Null,
            Content::Bool(value) => Value::Bool(value),
            Content::Number(number) => Value::Number(number),
            Content::Text(text) => Value::String(text),
            Content::List(items) => items.into_iter().map(Self::into_json).collect(),
            Content::Map(entries) => entries.into_iter().map(|entry| (entry.key, entry.node.into_json())).collect(),
        }
    }

    /// Type of the value with its article, for people.
    pub fn kind(&self) -> &'static str {
        match self.content {
            Content::Null => "null",
            Content::Bool(_) => "a boolean",
            Content::Number(_) => "a number",
            Content::Text(_) => "a string",
            Content::List(_) => "a list",
            Content::Map(_) => "a map",
        }
    }
}

impl fmt::Display for FieldPath<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (at, step) in self.0.iter().enumerate() {
            match step {
                PathStep::Item(item) => write!(f, "[{item}]")?,
                PathStep::Key(key) if is_word(key) && at == 0 => f.write_str(key)?,
                PathStep::Key(key) if is_word(key) => write!(f, ".{key}")?,
                PathStep::Key(key) => write!(f, "[{key:?}]")?,
            }
        }
        Ok(())
    }
}

fn is_word(key: &str) -> bool {
    !key.is_empty() && key.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte))
}
