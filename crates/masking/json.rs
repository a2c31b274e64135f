//! Rewriting of the leaves of JSON texts. All other bytes stay: order, spaces, duplicate keys, exact numbers.

use std::borrow::Cow;

use serde::de::IgnoredAny;

/// One step of a path in a JSON document.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum JsonStep {
    /// Value of a key.
    Key(String),
    /// Item of a list, by its index from 0.
    Item(usize),
}

/// A leaf of a JSON document.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum JsonLeaf<'a> {
    /// String, without escapes.
    Text(&'a str),
    /// Number, as written.
    Number(&'a str),
    /// `true` or `false`.
    Boolean(bool),
}

/// Rewrites the leaves of a JSON text. The function gets the path of each leaf and returns its new JSON text, or none to
/// keep it. `null` is not a leaf.
///
/// # Errors
///
/// `InvalidJson` if the text is not JSON, or has more than 127 levels.
pub fn rewrite_json(
    text: &str,
    mut leaf: impl FnMut(&[JsonStep], JsonLeaf<'_>) -> Option<String>,
) -> Result<String, InvalidJson> {
    serde_json::from_str::<IgnoredAny>(text).map_err(|_| InvalidJson)?;
    let mut rewriter = Rewriter { text, at: 0, path: Vec::new(), output: String::with_capacity(text.len()) };
    rewriter.value(&mut leaf).ok_or(InvalidJson)?;
    rewriter.spaces();
    Ok(rewriter.output)
}

/// Text that is not JSON, or is nested too deeply.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[error("invalid JSON, or more than 127 levels")]
pub struct InvalidJson;

/// Maximum number of lists and objects around a value. It bounds the recursion.
const LEVELS: usize = 127;

/// JSON string with its quotes.
pub(crate) fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

/// Reader of a text that is known to be JSON. All steps are checked anyway; `None` means invalid JSON.
struct Rewriter<'a> {
    text: &'a str,
    at: usize,
    path: Vec<JsonStep>,
    output: String,
}

impl<'a> Rewriter<'a> {
    /// Reads a value.
    fn value(&mut self, leaf: &mut impl FnMut(&[JsonStep], JsonLeaf<'_>) -> Option<String>) -> Option<()> {
        self.spaces();
        if self.path.len() > LEVELS {
            return None;
        }
        match self.peek()? {
            b'{' => self.object(leaf),
            b'[' => self.list(leaf),
            b'"' => {
                let raw = self.string()?;
                let text = decoded(raw)?;
                let new = leaf(&self.path, JsonLeaf::Text(&text));
                self.output.push_str(new.as_deref().unwrap_or(raw));
                Some(())
            }
            _ => {
                let raw = self.word();
                let new = match raw {
                    "null" => None,
                    "true" => leaf(&self.path, JsonLeaf::Boolean(true)),
                    "false" => leaf(&self.path, JsonLeaf::Boolean(false)),
                    "" => return None,
                    number => leaf(&self.path, JsonLeaf::Number(number)),
                };
                self.output.push_str(new.as_deref().unwrap_or(raw));
                Some(())
            }
        }
    }

    fn object(&mut self, leaf: &mut impl FnMut(&[JsonStep], JsonLeaf<'_>) -> Option<String>) -> Option<()> {
        self.copy(b'{')?;
        self.spaces();
        if self.peek()? == b'}' {
            return self.copy(b'}');
        }
        loop {
            self.spaces();
            let raw = self.string()?;
            self.output.push_str(raw);
            self.path.push(JsonStep::Key(decoded(raw)?.into_owned()));
            self.spaces();
            self.copy(b':')?;
            self.value(leaf)?;
            self.path.pop();
            self.spaces();
            if self.peek()? == b'}' {
                return self.copy(b'}');
            }
            self.copy(b',')?;
        }
    }

    fn list(&mut self, leaf: &mut impl FnMut(&[JsonStep], JsonLeaf<'_>) -> Option<String>) -> Option<()> {
        self.copy(b'[')?;
        self.spaces();
        if self.peek()? == b']' {
            return self.copy(b']');
        }
        for number in 0.. {
            self.path.push(JsonStep::Item(number));
            self.value(leaf)?;
            self.path.pop();
            self.spaces();
            if self.peek()? == b']' {
                return self.copy(b']');
            }
            self.copy(b',')?;
        }
        None
    }

    fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    fn copy(&mut self, byte: u8) -> Option<()> {
        if self.peek()? != byte {
            return None;
        }
        self.at += 1;
        self.output.push(char::from(byte));
        Some(())
    }

    fn spaces(&mut self) {
        while let Some(byte) = self.peek().filter(u8::is_ascii_whitespace) {
            self.at += 1;
            self.output.push(char::from(byte));
        }
    }

    /// A string with its quotes.
    fn string(&mut self) -> Option<&'a str> {
        let begin = self.at;
        let rest = self.text.as_bytes().get(begin + 1..)?;
        let mut escaped = false;
        for (length, byte) in rest.iter().enumerate() {
            match byte {
                b'"' if !escaped => {
                    self.at = begin + 1 + length + 1;
                    return self.text.get(begin..self.at);
                }
                _ => escaped = *byte == b'\\' && !escaped,
            }
        }
        None
    }

    /// A number, `true`, `false` or `null`.
    fn word(&mut self) -> &'a str {
        let begin = self.at;
        while self.peek().is_some_and(|byte| !byte.is_ascii_whitespace() && !b",]}".contains(&byte)) {
            self.at += 1;
        }
        self.text.get(begin..self.at).unwrap_or_default()
    }
}

/// Content of a string with quotes.
fn decoded(raw: &str) -> Option<Cow<'_, str>> {
    if raw.contains('\\') {
        return serde_json::from_str::<String>(raw).ok().map(Cow::Owned);
    }
    raw.strip_prefix('"')?.strip_suffix('"').map(Cow::Borrowed)
}

#[cfg(test)]
mod tests;
