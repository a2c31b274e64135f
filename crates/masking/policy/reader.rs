//! Reading of values with their positions; collects all mistakes.

use eod_yaml::{Content, MapEntry, Node};

use super::{PolicyMistake, RulePlace};

/// Collector of the mistakes of a file.
#[derive(Default)]
pub(super) struct PolicyReader {
    mistakes: Vec<PolicyMistake>,
}

/// A value with its path. Paths are written with dots.
#[derive(Clone)]
pub(super) struct Located<'a> {
    pub(super) node: &'a Node,
    pub(super) path: String,
}

/// A key of a map with its position and its value.
#[derive(Clone)]
pub(super) struct Entry<'a> {
    pub(super) key: &'a str,
    pub(super) place: RulePlace,
    pub(super) value: Located<'a>,
}

/// Keys of one map that are not read yet.
pub(super) struct Keys<'a> {
    path: String,
    place: RulePlace,
    entries: Vec<Entry<'a>>,
}

impl Located<'_> {
    pub(super) fn place(&self) -> RulePlace {
        RulePlace { line: self.node.line, column: self.node.column }
    }
}

impl PolicyReader {
    pub(super) fn into_mistakes(self) -> Vec<PolicyMistake> {
        self.mistakes
    }

    pub(super) fn mistake(
        &mut self,
        place: RulePlace,
        path: &str,
        message: impl Into<String>,
        remedy: impl Into<String>,
    ) {
        let (path, message, remedy) = (path.to_owned(), message.into(), remedy.into());
        self.mistakes.push(PolicyMistake { place, path, message, remedy });
    }

    fn wrong_type(&mut self, at: &Located<'_>, expected: &str) {
        let message = format!("expected {expected}, got {}", at.node.kind());
        self.mistake(at.place(), &at.path, message, format!("write {expected}"));
    }

    /// Entries of a map. `null` is an empty map.
    pub(super) fn entries<'a>(&mut self, at: &Located<'a>) -> Option<Vec<Entry<'a>>> {
        let below = |MapEntry { key, line, column, node }: &'a MapEntry| {
            let path = if at.path.is_empty() { key.clone() } else { format!("{}.{key}", at.path) };
            let place = RulePlace { line: *line, column: *column };
            Entry { key, place, value: Located { node, path } }
        };
        match &at.node.content {
            Content::Map(entries) => Some(entries.iter().map(below).collect()),
            Content::Null => Some(Vec::new()),
            _ => {
                self.wrong_type(at, "a map");
                None
            }
        }
    }

    /// Keys of a map that has fixed keys.
    pub(super) fn keys<'a>(&mut self, at: &Located<'a>) -> Option<Keys<'a>> {
        let entries = self.entries(at)?;
        Some(Keys { path: at.path.clone(), place: at.place(), entries })
    }

    /// Items of a list.
    pub(super) fn list<'a>(&mut self, at: &Located<'a>) -> Option<Vec<Located<'a>>> {
        let Content::List(items) = &at.node.content else {
            self.wrong_type(at, "a list");
            return None;
        };
        let items = items.iter().enumerate();
        Some(items.map(|(number, node)| Located { node, path: format!("{}[{number}]", at.path) }).collect())
    }

    pub(super) fn text<'a>(&mut self, at: &Located<'a>) -> Option<&'a str> {
        let found = at.node.text();
        if found.is_none() {
            self.wrong_type(at, "a string");
        }
        found
    }

    /// A string, number or boolean, as text.
    pub(super) fn scalar(&mut self, at: &Located<'_>) -> Option<String> {
        match &at.node.content {
            Content::Text(text) => Some(text.clone()),
            Content::Number(number) => Some(number.to_string()),
            Content::Bool(value) => Some(value.to_string()),
            _ => {
                self.wrong_type(at, "a string, a number or a boolean");
                None
            }
        }
    }

    pub(super) fn integer(&mut self, at: &Located<'_>, least: u64, most: u64) -> Option<u64> {
        let found = match &at.node.content {
            Content::Number(number) => number.as_u64(),
            _ => None,
        };
        let expected = format!("an integer from {least} to {most}");
        match (found, &at.node.content) {
            (Some(found), _) if (least..=most).contains(&found) => Some(found),
            (_, Content::Number(number)) => {
                let message = format!("expected {expected}, got {number}");
                self.mistake(at.place(), &at.path, message, format!("write {expected}"));
                None
            }
            _ => {
                self.wrong_type(at, &expected);
                None
            }
        }
    }

    /// One word of a closed list.
    pub(super) fn word(&mut self, at: &Located<'_>, words: &[&'static str]) -> Option<&'static str> {
        let text = at.node.text();
        let found = words.iter().find(|word| Some(**word) == text).copied();
        if found.is_none() {
            let known = listed(words);
            let got = text.map_or_else(|| at.node.kind().to_owned(), |text| format!("`{text}`"));
            let (expected, remedy) = match (text.and_then(|text| nearest(text, words)), words) {
                (Some(word), _) => (format!("one of {known}"), format!("write `{word}`")),
                (None, [word]) => (known, format!("write `{word}`")),
                (None, _) => (format!("one of {known}"), "write one of these".to_owned()),
            };
            self.mistake(at.place(), &at.path, format!("expected {expected}, got {got}"), remedy);
        }
        found
    }
}

impl<'a> Keys<'a> {
    /// Takes the value of a key; none if the key is not set.
    pub(super) fn take(&mut self, key: &str) -> Option<Located<'a>> {
        let at = self.entries.iter().position(|entry| entry.key == key)?;
        Some(self.entries.remove(at).value)
    }

    /// Takes the value of a required key, and notes a mistake if it is not set.
    pub(super) fn take_required(&mut self, key: &str, remedy: &str, reader: &mut PolicyReader) -> Option<Located<'a>> {
        let found = self.take(key);
        if found.is_none() {
            reader.mistake(self.place, &self.path, format!("required key `{key}` is missing"), remedy);
        }
        found
    }

    /// Notes all keys that were not taken as mistakes.
    pub(super) fn finish(self, known: &[&'static str], reader: &mut PolicyReader) {
        for Entry { key, place, value } in self.entries {
            let remedy = match nearest(key, known) {
                Some(word) => format!("write `{word}`"),
                None if known.is_empty() => "remove it".to_owned(),
                None => format!("remove it; supported are {}", listed(known)),
            };
            reader.mistake(place, &value.path, format!("unknown key `{key}`"), remedy);
        }
    }
}

/// Words in backquotes, separated by commas.
pub(super) fn listed(words: &[&str]) -> String {
    words.iter().map(|word| format!("`{word}`")).collect::<Vec<_>>().join(", ")
}

/// The word that differs least, if it differs by at most two characters, and by less than half of its length.
pub(super) fn nearest(text: &str, words: &[&'static str]) -> Option<&'static str> {
    let text = text.to_lowercase();
    let distances = words.iter().map(|word| (strsim::levenshtein(&text, word), *word));
    let (distance, word) = distances.min()?;
    (distance <= 2 && distance * 2 < word.len()).then_some(word)
}
