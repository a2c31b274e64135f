//! Strict reader of YAML and JSON: accepts only documents with a single interpretation.
//!
//! The syntax is that of libyaml; kubectl, Helm, kustomize and Argo CD use its ports in Go. The Rust ports of libyaml
//! panic on some inputs, so the parser is `granit_parser`, with its options for the behavior of libyaml. A test
//! compares the result with the readers in Go for many documents.
//!
//! # Guarantees
//!
//! - Every value keeps its line and column. Strings and numbers are kept exactly as written.
//! - Input that YAML readers interpret differently is refused: duplicate keys, `yes` without quotes, custom tags.
//! - Memory and time are bounded by [`YamlLimits`]: size, depth, number of values, values repeated by aliases.
//! - No input causes a panic.

mod builder;
mod document;
mod fault;
mod json;
mod node;
mod scalar;

use granit_parser::{Event, Parser, ScalarStyle, Span, options};

use self::builder::Position;
pub use self::document::{Document, YamlLimits};
pub use self::fault::{Fault, FaultKind};
pub use self::node::{Content, FieldPath, MapEntry, Node, PathStep};
pub use self::scalar::{Ambiguous, plain};

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
pub fn read_objects(bytes: &[u8], limits: &YamlLimits) -> Result<Vec<Document>, Vec<Fault>> {
    let mut builder = built(bytes, limits)?;
    builder.leave_out(|document| document.root.get("apiVersion").is_none() && document.root.get("kind").is_none());
    builder.finish()
}

fn built<'a>(bytes: &[u8], limits: &'a YamlLimits) -> Result<builder::Builder<'a>, Vec<Fault>> {
    let fault = |line, kind| vec![Fault { line, column: 1, document: 1, kind }];
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

/// Maximum depth in the parser. The limit of [`YamlLimits`] is lower and has the better message.
const PARSER_DEPTH: usize = 4096;
/// Maximum size of a comment that is searched for a tab before it, in bytes. It bounds the time for long lines.
const MAX_COMMENT: usize = 512;
/// Part of the parser's error for `[-]`, which libyaml reads as a string and YAML 1.2 forbids.
const LONE_DASH: &str = "plain scalar cannot start with '-' followed by";

fn documents<'a>(text: &str, limits: &'a YamlLimits) -> Result<builder::Builder<'a>, Vec<Fault>> {
    let options = options! {
        block_scalar_eof_without_line_feed: true,
        emit_comments: false,
        flow_nesting_limit: PARSER_DEPTH,
        block_nesting_limit: PARSER_DEPTH,
    };
    let mut parser = Parser::new_from_str_with_options(text, options);
    let mut builder = builder::Builder::new(limits);
    let can_have_json_escapes = text.contains('\\') && json::is_json(text);
    loop {
        let (event, span) = match parser.next_event() {
            None => break,
            Some(Ok(event)) => event,
            Some(Err(error)) => {
                let marker = error.marker();
                return Err(builder.fail(position(marker.line(), marker.col()), syntax_fault(error.info())));
            }
        };
        let at = position(span.start.line(), span.start.col());
        if !can_have_json_escapes && has_json_escapes(&event, span, text) {
            let message = "the escape `\\/` and surrogates such as `\\ud83d` are valid in JSON only";
            return Err(builder.fail(at, FaultKind::Syntax(message.to_owned())));
        }
        if has_tab_of_indentation(&event, span, text, builder.expects_item()) {
            let message = "a tab is a part of the indentation; use spaces";
            return Err(builder.fail(at, FaultKind::Syntax(message.to_owned())));
        }
        let done = event == Event::StreamEnd;
        if let Err((at, kind)) = builder.take(event, at) {
            return Err(builder.fail(at, kind));
        }
        if done || builder.has_enough() {
            break;
        }
    }
    Ok(builder)
}

/// Fault for an error of the parser.
fn syntax_fault(error: String) -> FaultKind {
    if error.contains(LONE_DASH) {
        return FaultKind::Ambiguous { text: "-".to_owned(), one: "a string", other: "refuse the file" };
    }
    FaultKind::Syntax(error)
}

/// True if a tab follows the `-` of a list item, or begins the first line of a block text without a number for its
/// indentation. The parser accepts these tabs, the tools of Kubernetes do not.
fn has_tab_of_indentation(event: &Event<'_>, span: Span, text: &str, is_item: bool) -> bool {
    let Some(range) = span.byte_range() else { return false };
    if let Event::Scalar(value, ScalarStyle::Literal | ScalarStyle::Folded, ..) = event
        && value.trim_start_matches('\n').starts_with('\t')
    {
        // The event begins after the line of the indicator.
        let line =
            text.get(..range.start).unwrap_or_default().trim_end().rsplit(['\n', '\r']).next().unwrap_or_default();
        let line = line.split_once(" #").map_or(line, |(line, _)| line);
        let header = line.rfind(['|', '>']).and_then(|at| line.get(at..)).unwrap_or_default();
        return !header.contains(|c: char| c.is_ascii_digit());
    }
    if !event.is_node() || !is_item {
        return false;
    }
    let start = span.tag_start().and_then(|mark| mark.byte_offset()).map_or(range.start, |tag| tag.min(range.start));
    let before = text.get(..start).unwrap_or_default();
    if range.is_empty() && matches!(event, Event::Scalar(_, ScalarStyle::Plain, ..)) {
        // The event of an empty item has no text, and follows the comment of its line.
        let near = before.get(before.floor_char_boundary(before.len().saturating_sub(MAX_COMMENT))..);
        return near.and_then(|near| near.rsplit(['\n', '\r']).next()).is_some_and(is_dash_with_tab);
    }
    let indicator = before.trim_end_matches([' ', '\t']);
    if indicator.ends_with('-') && before.get(indicator.len()..).is_some_and(|blank| blank.contains('\t')) {
        return before.rsplit(['\n', '\r']).next().is_some_and(is_dash_with_tab);
    }
    // The item begins below its dash.
    let is_below = indicator.ends_with(['\n', '\r']);
    let is_blank = |line: &&str| line.trim_start().is_empty() || line.trim_start().starts_with('#');
    is_below && indicator.rsplit(['\n', '\r']).find(|line| !is_blank(line)).is_some_and(is_dash_with_tab)
}

/// True if a line has only dashes, a tab after the last of them, and a comment. A dash can also end another token.
fn is_dash_with_tab(line: &str) -> bool {
    let rest = line.trim_start_matches([' ', '\t', '-']);
    let dashes = line.strip_suffix(rest).unwrap_or_default();
    let indicator = dashes.trim_end_matches([' ', '\t']);
    let blank = dashes.strip_prefix(indicator).unwrap_or_default();
    (rest.is_empty() || rest.starts_with('#')) && indicator.ends_with('-') && blank.contains('\t')
}

/// True if a scalar has an escape of JSON. The parser accepts it in YAML too, the tools of Kubernetes do not.
fn has_json_escapes(event: &Event<'_>, span: Span, text: &str) -> bool {
    let Event::Scalar(_, ScalarStyle::DoubleQuoted, ..) = event else { return false };
    span.slice(text).is_some_and(json::has_own_escapes)
}

/// Position from a line that counts from 1 and a column that counts from 0.
fn position(line_number: usize, column: usize) -> Position {
    Position { line: line(line_number), column: line(column.saturating_add(1)) }
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
