//! Conversion of parts of a policy file to values; collects all mistakes, each with its line and path.

use std::fmt::Display;
use std::str::FromStr;

use eod_yaml::{Content, FieldPath, Node, PathStep};
use strum::VariantNames;

use super::keys::PolicySection;
use crate::refusal::{Location, Refusal, RefusalRule, invalid_value};

/// Collector of the mistakes in one policy file.
pub(super) struct PolicyDecoder<'a> {
    file: &'a str,
    mistakes: Vec<Refusal>,
}

/// Keys of one section that are not decoded yet.
pub(super) struct SectionReader<'a> {
    section: &'static PolicySection,
    path: Vec<PathStep>,
    line: u32,
    entries: Vec<(&'a str, u32, &'a Node)>,
}

/// A value with its path in the policy file.
#[derive(Clone)]
pub(super) struct At<'a> {
    pub(super) node: &'a Node,
    pub(super) path: Vec<PathStep>,
}

impl<'a> PolicyDecoder<'a> {
    pub(super) fn new(file: &'a str) -> Self {
        Self { file, mistakes: Vec::new() }
    }

    pub(super) fn into_mistakes(self) -> Vec<Refusal> {
        self.mistakes
    }

    pub(super) fn mistake(&mut self, line: u32, path: &[PathStep], message: impl Display, remedy: impl Display) {
        let object = if path.is_empty() { "the policy".to_owned() } else { FieldPath(path).to_string() };
        let location = Location::file(self.file).line(line).object(object);
        self.mistakes.push(Refusal::new(location, RefusalRule::Policy, message, remedy));
    }

    fn wrong_type(&mut self, at: &At<'_>, expected: &str) {
        let message = format!("expected {expected}, got {}", at.node.kind());
        self.mistake(at.node.line, &at.path, message, format!("write {expected}"));
    }

    /// The keys of a section; `null` is a section without keys.
    pub(super) fn section<'n>(&mut self, section: &'static PolicySection, at: &At<'n>) -> Option<SectionReader<'n>> {
        let entries = self.entries(at)?;
        Some(SectionReader { section, path: at.path.clone(), line: at.node.line, entries })
    }

    /// The entries of a map with names that the platform chooses: key, line of the key, value. `null` is an empty map.
    pub(super) fn named<'n>(&mut self, at: &At<'n>) -> Option<Vec<(&'n str, u32, At<'n>)>> {
        let entries = self.entries(at)?;
        Some(entries.into_iter().map(|(key, line, node)| (key, line, at.below(key, node))).collect())
    }

    fn entries<'n>(&mut self, at: &At<'n>) -> Option<Vec<(&'n str, u32, &'n Node)>> {
        match &at.node.content {
            Content::Map(entries) => {
                Some(entries.iter().map(|entry| (entry.key.as_str(), entry.line, &entry.node)).collect())
            }
            Content::Null => Some(Vec::new()),
            _ => {
                self.wrong_type(at, "a map");
                None
            }
        }
    }

    /// The items of a list; none if the key is not set.
    pub(super) fn list<'n>(&mut self, at: Option<At<'n>>) -> Option<Vec<At<'n>>> {
        let at = at?;
        let Content::List(items) = &at.node.content else {
            self.wrong_type(&at, "a list");
            return None;
        };
        let item = |(number, node)| At { node, path: [at.path.as_slice(), &[PathStep::Item(number)]].concat() };
        Some(items.iter().enumerate().map(item).collect())
    }

    /// A value that is written as a string or number; none if the key is not set.
    pub(super) fn parsed<T: FromStr<Err: Display + 'static>>(&mut self, at: Option<At<'_>>) -> Option<T> {
        let at = at?;
        let text = match &at.node.content {
            Content::Text(text) => text.clone(),
            Content::Number(number) => number.to_string(),
            _ => {
                self.wrong_type(&at, "a string");
                return None;
            }
        };
        match text.parse() {
            Ok(value) => Some(value),
            Err(error) => {
                self.mistake(at.node.line, &at.path, invalid_value(&error, &text), "correct the value");
                None
            }
        }
    }

    /// A list of values that are written as strings; none if the key is not set.
    pub(super) fn parsed_list<T: FromStr<Err: Display + 'static>>(&mut self, at: Option<At<'_>>) -> Option<Vec<T>> {
        let items = self.list(at)?;
        Some(items.into_iter().filter_map(|item| self.parsed(Some(item))).collect())
    }

    /// A boolean; none if the key is not set.
    pub(super) fn boolean(&mut self, at: Option<At<'_>>) -> Option<bool> {
        let at = at?;
        match at.node.content {
            Content::Bool(value) => Some(value),
            _ => {
                self.wrong_type(&at, "true or false");
                None
            }
        }
    }

    /// A list of values of a closed list; none if the key is not set.
    pub(super) fn choices<T: FromStr + VariantNames>(&mut self, at: Option<At<'_>>) -> Option<Vec<T>> {
        let items = self.list(at)?;
        Some(items.into_iter().filter_map(|item| self.choice(Some(item))).collect())
    }

    /// One value of a closed list; none if the key is not set.
    pub(super) fn choice<T: FromStr + VariantNames>(&mut self, at: Option<At<'_>>) -> Option<T> {
        let at = at?;
        let found = at.node.text().and_then(|text| text.parse().ok());
        if found.is_none() {
            let known = T::VARIANTS.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(" or ");
            let got = at.node.text().map_or_else(|| at.node.kind().to_owned(), |text| format!("`{text}`"));
            self.mistake(at.node.line, &at.path, format!("expected {known}, got {got}"), format!("write {known}"));
        }
        found
    }
}

impl<'a> At<'a> {
    fn below(&self, key: &str, node: &'a Node) -> Self {
        Self { node, path: [self.path.as_slice(), &[PathStep::Key(key.to_owned())]].concat() }
    }
}

impl<'a> SectionReader<'a> {
    /// Takes the value of a documented key. A key with `null` counts as not set.
    pub(super) fn take(&mut self, key: &'static str) -> Option<At<'a>> {
        let documented = self.section.key(key)?;
        let at = self.entries.iter().position(|(name, ..)| *name == documented.name)?;
        let (_, _, node) = self.entries.remove(at);
        (!node.is_null()).then(|| At { node, path: self.path_of(key) })
    }

    /// Takes a documented key with `null`: its line and path.
    pub(super) fn take_null(&mut self, key: &'static str) -> Option<(u32, Vec<PathStep>)> {
        let documented = self.section.key(key)?;
        let at = self.entries.iter().position(|(name, _, node)| *name == documented.name && node.is_null())?;
        let (_, line, _) = self.entries.remove(at);
        Some((line, self.path_of(key)))
    }

    /// Takes the value of a required key, and notes a mistake if it is missing.
    pub(super) fn take_required(&mut self, key: &'static str, decoder: &mut PolicyDecoder<'_>) -> Option<At<'a>> {
        let found = self.take(key);
        if found.is_none() {
            decoder.mistake(self.line, &self.path_of(key), "required key is missing", format!("add `{key}`"));
        }
        found
    }

    /// Notes the remaining keys as mistakes: they are not part of the section.
    pub(super) fn finish(self, decoder: &mut PolicyDecoder<'_>) {
        for (key, line, _) in &self.entries {
            let known: Vec<_> = self.section.keys.iter().map(|key| key.name).collect();
            let remedy = format!("use one of: {}; or remove it", known.join(", "));
            decoder.mistake(*line, &self.path_of(key), "unknown key", remedy);
        }
    }

    fn path_of(&self, key: &str) -> Vec<PathStep> {
        [self.path.as_slice(), &[PathStep::Key(key.to_owned())]].concat()
    }
}
