//! Strict reader of YAML and JSON: accepts only documents with a single interpretation.
//!
//! # Guarantees
//!
//! - Every value keeps its line. Strings and numbers are kept exactly as written.
//! - Input that YAML readers interpret differently is refused: duplicate keys, `yes` without quotes, custom tags.
//! - Memory and time are bounded by [`YamlLimits`]: size, depth, number of values, values repeated by aliases.
//! - No input causes a panic.

mod builder;
mod document;
mod fault;
mod json;
mod scalar;

use saphyr_parser::{Event, Parser};

pub use self::document::{Document, YamlLimits};
pub use self::fault::{Fault, FaultKind};
pub(crate) use self::scalar::plain;

/// Reads all documents of a file. Empty documents are left out.
///
/// # Errors
///
/// All faults, up to the first one after which reading cannot continue.
pub fn read(bytes: &[u8], limits: &YamlLimits) -> Result<Vec<Document>, Vec<Fault>> {
    built(bytes, limits)?.finish()
}

/// Reads the Kubernetes objects of a file. Documents with neither apiVersion nor kind, such as values of a chart, are
/// left out with their faults.
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
    documents(&json::without_surrogates(text), limits)
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

/// First control character with its line. Tabs and line ends do not count.
fn control_character(text: &str) -> Option<(u32, char)> {
    let is_control = |c: char| (c.is_control() && !matches!(c, '\t' | '\n' | '\r' | '\u{85}')) || c == '\u{feff}';
    let (at, character) = text.char_indices().find(|(_, c)| is_control(*c))?;
    let before = text.get(..at).unwrap_or_default();
    Some((line(before.bytes().filter(|byte| *byte == b'\n').count() + 1), character))
}

#[cfg(test)]
mod tests;
