//! A tree of what a document says, each part with the line it stands on.

use std::fmt;

use serde_json::{Number, Value};

/// One value and its line.
#[derive(Clone, Debug, PartialEq)]
pub struct Node {
    /// The line it begins on, from 1.
    pub line: u32,
    /// What it says.
    pub content: Content,
}

/// What a value says.
#[derive(Clone, Debug, PartialEq)]
pub enum Content {
    /// Nothing: `null`, `~` or no text at all.
    Null,
    /// `true` or `false`.
    Bool(bool),
    /// A number, digit by digit as it was written.
    Number(Number),
    /// A text.
    Text(String),
    /// A list.
    List(Vec<Node>),
    /// A map, in the order of the document. No key occurs twice.
    Map(Vec<MapEntry>),
}

/// One key of a map and its value.
#[derive(Clone, Debug, PartialEq)]
pub struct MapEntry {
    /// The key.
    pub key: String,
    /// The line of the key, from 1.
    pub line: u32,
    /// The value.
    pub node: Node,
}

/// One step into a value.
#[derive(Clone, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub enum PathStep {
    /// To the value of a key.
    Key(String),
    /// To an item of a list, from 0.
    Item(usize),
}

/// Steps for people: `spec.containers[0].image`. A key that is no plain word is quoted: `metadata.labels["a/b"]`.
#[derive(Clone, Copy, Debug)]
pub struct FieldPath<'a>(pub &'a [PathStep]);

impl Node {
    /// The value of a key, where this is a map that has it.
    pub fn get(&self, key: &str) -> Option<&Self> {
        match &self.content {
            Content::Map(entries) => entries.iter().find(|entry| entry.key == key).map(|entry| &entry.node),
            _ => None,
        }
    }

    /// The text, where this is one.
    pub fn text(&self) -> Option<&str> {
        match &self.content {
            Content::Text(text) => Some(text),
            _ => None,
        }
    }

    /// Whether it says nothing.
    pub fn is_null(&self) -> bool {
        self.content == Content::Null
    }

    /// The line of the deepest part that these steps lead to.
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

    /// The same as JSON, without the lines.
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

    /// What kind of value it is, for people.
    pub fn kind(&self) -> &'static str {
        match self.content {
            Content::Null => "nothing",
            Content::Bool(_) => "true or false",
            Content::Number(_) => "a number",
            Content::Text(_) => "a text",
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
