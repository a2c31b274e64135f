//! Turns parts of a policy file into values, and notes every mistake with its line and path.

use std::fmt::Display;
use std::str::FromStr;

use crate::node::{Content, FieldPath, Node, PathStep};
use crate::refusal::{Location, Refusal, RefusalRule};

/// Collects the mistakes of one policy file.
pub(super) struct PolicyDecoder<'a> {
    file: &'a str,
    mistakes: Vec<Refusal>,
}

/// The keys of a map that nobody has asked for yet.
pub(super) struct MapFields<'a> {
    path: Vec<PathStep>,
    line: u32,
    entries: Vec<(&'a str, u32, &'a Node)>,
    asked: Vec<&'static str>,
}

/// A value and where it stands.
#[derive(Clone)]
pub(super) struct At<'a> {
    pub(super) node: &'a Node,
    pub(super) path: Vec<PathStep>,
}

impl<'a> PolicyDecoder<'a> {
    pub(super) fn new(file: &'a str) -> Self {
        Self { file, mistakes: Vec::new() }
    }

    pub(super) fn finish(self) -> Vec<Refusal> {
        self.mistakes
    }

    pub(super) fn mistake(&mut self, line: u32, path: &[PathStep], message: impl Display, remedy: impl Display) {
        let object = if path.is_empty() { "the policy".to_owned() } else { FieldPath(path).to_string() };
        let location = Location::file(self.file).line(line).object(object);
        self.mistakes.push(Refusal::new(location, RefusalRule::Policy, message, remedy));
    }

    fn wrong(&mut self, at: &At<'_>, expected: &str) {
        let message = format!("expected {expected}, got {}", at.node.kind());
        self.mistake(at.node.line, &at.path, message, format!("write {expected}"));
    }

    /// A map; an empty one where nothing is written.
    pub(super) fn map<'n>(&mut self, at: &At<'n>) -> Option<MapFields<'n>> {
        let entries = match &at.node.content {
            Content::Map(entries) => {
                entries.iter().map(|entry| (entry.key.as_str(), entry.line, &entry.node)).collect()
            }
            Content::Null => Vec::new(),
            _ => {
                self.wrong(at, "a map");
                return None;
            }
        };
        Some(MapFields { path: at.path.clone(), line: at.node.line, entries, asked: Vec::new() })
    }

    /// The items of a list.
    pub(super) fn list<'n>(&mut self, at: Option<At<'n>>) -> Option<Vec<At<'n>>> {
        let at = at?;
        let Content::List(items) = &at.node.content else {
            self.wrong(&at, "a list");
            return None;
        };
        let item = |(number, node)| At { node, path: [at.path.as_slice(), &[PathStep::Item(number)]].concat() };
        Some(items.iter().enumerate().map(item).collect())
    }

    /// A value that is written as one text or number.
    pub(super) fn parsed<T: FromStr<Err: Display>>(&mut self, at: Option<At<'_>>) -> Option<T> {
        let at = at?;
        let text = match &at.node.content {
            Content::Text(text) => text.clone(),
            Content::Number(number) => number.to_string(),
            _ => {
                self.wrong(&at, "a text");
                return None;
            }
        };
        match text.parse() {
            Ok(value) => Some(value),
            Err(error) => {
                // An error about a bare number does not say what was read.
                let error = error.to_string();
                let message = if error.contains(&text) { error } else { format!("`{text}` is not possible: {error}") };
                self.mistake(at.node.line, &at.path, message, "correct the value");
                None
            }
        }
    }

    /// A list of values that are written as texts; none where it is not written.
    pub(super) fn parsed_list<T: FromStr<Err: Display>>(&mut self, at: Option<At<'_>>) -> Option<Vec<T>> {
        let items = self.list(at)?;
        Some(items.into_iter().filter_map(|item| self.parsed(Some(item))).collect())
    }

    /// `true` or `false`.
    pub(super) fn switch(&mut self, at: Option<At<'_>>) -> Option<bool> {
        let at = at?;
        match at.node.content {
            Content::Bool(value) => Some(value),
            _ => {
                self.wrong(&at, "true or false");
                None
            }
        }
    }

    /// One of several words.
    pub(super) fn word<T: Copy>(&mut self, at: Option<At<'_>>, words: &[(&str, T)]) -> Option<T> {
        let at = at?;
        let found = at.node.text().and_then(|text| words.iter().find(|(word, _)| *word == text));
        if found.is_none() {
            let known: Vec<_> = words.iter().map(|(word, _)| format!("`{word}`")).collect();
            self.wrong(&at, &known.join(" or "));
        }
        found.map(|(_, value)| *value)
    }
}

impl<'a> MapFields<'a> {
    /// The value of a key, where it is written.
    pub(super) fn take(&mut self, key: &'static str) -> Option<At<'a>> {
        self.asked.push(key);
        let at = self.entries.iter().position(|(name, ..)| *name == key)?;
        let (_, _, node) = self.entries.remove(at);
        (!node.is_null()).then(|| At { node, path: [self.path.as_slice(), &[PathStep::Key(key.to_owned())]].concat() })
    }

    /// The value of a key that must be written.
    pub(super) fn need(&mut self, key: &'static str, decoder: &mut PolicyDecoder<'_>) -> Option<At<'a>> {
        let found = self.take(key);
        if found.is_none() {
            let path = [self.path.as_slice(), &[PathStep::Key(key.to_owned())]].concat();
            decoder.mistake(self.line, &path, "it is missing", format!("add `{key}`"));
        }
        found
    }

    /// All keys, whatever they are called.
    pub(super) fn take_all(&mut self) -> Vec<(String, u32, At<'a>)> {
        let entries = std::mem::take(&mut self.entries);
        let at = |(key, line, node): (&str, u32, &'a Node)| {
            (key.to_owned(), line, At { node, path: [self.path.as_slice(), &[PathStep::Key(key.to_owned())]].concat() })
        };
        entries.into_iter().map(at).collect()
    }

    /// Notes the keys that nobody asked for.
    pub(super) fn finish(self, decoder: &mut PolicyDecoder<'_>) {
        for (key, line, _) in self.entries {
            let path = [self.path.as_slice(), &[PathStep::Key(key.to_owned())]].concat();
            let known = self.asked.join(", ");
            decoder.mistake(line, &path, "this key is not known here", format!("use one of: {known}; or remove it"));
        }
    }
}
