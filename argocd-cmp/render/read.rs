//! Reads YAML (and JSON, which is YAML) so that nothing in it can be read in two ways.
//!
//! # Guarantees
//!
//! - Every value keeps its line. Texts and numbers are kept to the letter.
//! - What other readers of YAML take for something else is refused: a key that stands twice, `yes` without quotes,
//!   a tag of somebody's own.
//! - Memory and time are bounded by [`YamlLimits`], whatever the text: size, depth, number of values, values that aliases
//!   repeat.
//! - No text makes it panic.

mod builder;
mod scalar;

use saphyr_parser::{Event, Parser};

pub(crate) use self::scalar::plain;
use crate::node::Node;

/// How large a text may be.
#[derive(Clone, Copy, Debug)]
pub struct YamlLimits {
    /// Bytes of the whole text.
    pub bytes: usize,
    /// Documents in it.
    pub documents: usize,
    /// Lists and maps inside each other.
    pub depth: usize,
    /// Values in the whole text, repetitions by aliases included.
    pub nodes: usize,
    /// Values that aliases repeat.
    pub repeated: usize,
}

/// One document of a text.
#[derive(Clone, Debug, PartialEq)]
pub struct Document {
    /// Number of the document in the text, from 1. Empty documents count.
    pub number: u32,
    /// What it says.
    pub root: Node,
}

/// What is wrong with a text, and where.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Fault {
    /// The line, from 1.
    pub line: u32,
    /// The document, from 1.
    pub document: u32,
    /// What it is.
    pub kind: FaultKind,
}

/// What can be wrong with a text.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum FaultKind {
    /// Not YAML.
    #[error("this is no YAML: {0}")]
    Syntax(String),
    /// Bytes that are no text.
    #[error("the file is no UTF-8 text")]
    NotText,
    /// A character that does not belong into a text.
    #[error("the text contains U+{:04X}, a control character", u32::from(*.0))]
    Control(char),
    /// A key twice in one map.
    #[error("the key `{0}` stands twice in the same map")]
    DuplicateKey(String),
    /// A key that is no text.
    #[error("a key must be a text, and this one is {0}")]
    Key(String),
    /// A word that readers of YAML do not agree about.
    #[error("`{text}` without quotes is read as {one} by some and as {other} by others")]
    Ambiguous {
        /// The word.
        text: String,
        /// One way to read it.
        one: &'static str,
        /// Another way.
        other: &'static str,
    },
    /// A tag that is none of YAML's own simple ones.
    #[error("the tag `{0}` is not understood")]
    Tag(String),
    /// `<<` with something else than a map.
    #[error("`<<` merges maps, and this is none")]
    Merge,
    /// Over a limit.
    #[error("{what} has more than {limit} {unit}")]
    TooLarge {
        /// The text, or what of it.
        what: &'static str,
        /// The limit.
        limit: usize,
        /// Of what.
        unit: &'static str,
    },
}

impl Default for YamlLimits {
    /// Room for the largest charts, and no room for a bomb.
    fn default() -> Self {
        Self { bytes: 8 << 20, documents: 2000, depth: 64, nodes: 400_000, repeated: 20_000 }
    }
}

impl FaultKind {
    /// What to do about it.
    pub fn remedy(&self) -> &'static str {
        match self {
            Self::Syntax(_) => "correct the line; a template has to be rendered by Helm before it is YAML",
            Self::NotText => "save the file as UTF-8",
            Self::Control(_) => "remove the character, or write it as an escape in double quotes",
            Self::DuplicateKey(_) => "remove one of the two",
            Self::Key(_) => "write the key as a quoted text",
            Self::Ambiguous { .. } => "put it in quotes if it is a text, or write `true`, `false` or the plain number",
            Self::Tag(_) => "remove the tag",
            Self::Merge => "give `<<` an alias of a map, or write the keys out",
            Self::TooLarge { .. } => "split it, or render less of it",
        }
    }
}

/// Reads all documents of a file. Documents that say nothing are left out.
///
/// # Errors
///
/// Everything that is wrong, up to the first fault after which reading cannot go on.
pub fn read(bytes: &[u8], limits: &YamlLimits) -> Result<Vec<Document>, Vec<Fault>> {
    built(bytes, limits)?.finish()
}

/// Reads the Kubernetes objects of a file. A document with neither apiVersion nor kind, such as a chart's values
/// beside manifests, is none: it is left out, and what only it gets wrong is nobody's business.
///
/// # Errors
///
/// As [`read()`].
pub(crate) fn read_objects(bytes: &[u8], limits: &YamlLimits) -> Result<Vec<Document>, Vec<Fault>> {
    let mut builder = built(bytes, limits)?;
    builder.leave_out(|document| document.root.get("apiVersion").is_none() && document.root.get("kind").is_none());
    builder.finish()
}

fn built<'a>(bytes: &[u8], limits: &'a YamlLimits) -> Result<builder::Builder<'a>, Vec<Fault>> {
    let fault = |line, kind| vec![Fault { line, document: 1, kind }];
    if bytes.len() > limits.bytes {
        let kind = FaultKind::TooLarge { what: "the file", limit: limits.bytes, unit: "bytes" };
        return Err(fault(1, kind));
    }
    let text = std::str::from_utf8(bytes).map_err(|_| fault(1, FaultKind::NotText))?;
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    if let Some((line, character)) = control_character(text) {
        return Err(fault(line, FaultKind::Control(character)));
    }
    documents(text, limits)
}

fn documents<'a>(text: &str, limits: &'a YamlLimits) -> Result<builder::Builder<'a>, Vec<Fault>> {
    let mut parser = Parser::new_from_str(text);
    let mut builder = builder::Builder::new(limits);
    loop {
        let (event, span) = match parser.next_event() {
            None => break,
            Some(Ok(event)) => event,
            Some(Err(error)) => {
                return Err(builder.fail(line(error.marker().line()), FaultKind::Syntax(error.info().to_owned())));
            }
        };
        let done = event == Event::StreamEnd;
        if let Err((line, kind)) = builder.take(event, line(span.start.line())) {
            return Err(builder.fail(line, kind));
        }
        if done || builder.has_enough() {
            break;
        }
    }
    Ok(builder)
}

fn line(number: usize) -> u32 {
    u32::try_from(number).unwrap_or(u32::MAX).max(1)
}

/// The first control character and its line. Tab and the ends of lines are none.
fn control_character(text: &str) -> Option<(u32, char)> {
    let is_control = |c: char| (c.is_control() && !matches!(c, '\t' | '\n' | '\r' | '\u{85}')) || c == '\u{feff}';
    let (at, character) = text.char_indices().find(|(_, c)| is_control(*c))?;
    let before = text.get(..at).unwrap_or_default();
    Some((line(before.bytes().filter(|byte| *byte == b'\n').count() + 1), character))
}

#[cfg(test)]
mod tests;
