//! Output of values: JSON for Argo CD, YAML for people.
//!
//! Argo CD accepts YAML and JSON. It receives JSON, one object per line, because all readers interpret JSON in one
//! way. In the YAML for people, strings have double quotes unless all YAML versions read them as strings. Keys are
//! sorted, so equal objects give equal bytes.

use eod_yaml::{Content, plain};
use serde_json::{Map, Value};

/// Typical size of an object, in bytes.
const TYPICAL: usize = 1 << 10;

/// One line of JSON with sorted keys, without a final newline.
pub fn to_json(value: &Value) -> String {
    let mut text = String::with_capacity(TYPICAL);
    json(value, &mut text);
    text
}

/// One YAML document with sorted keys and a final newline, without `---`.
pub fn to_yaml(value: &Value) -> String {
    let mut text = String::new();
    yaml(value, 0, &mut text);
    if text.starts_with('\n') {
        text.remove(0);
    }
    text.trim_start_matches(' ').to_owned() + "\n"
}

fn json(value: &Value, text: &mut String) {
    match value {
        Value::Object(map) => {
            text.push('{');
            for (at, (key, value)) in in_order(map).enumerate() {
                if at > 0 {
                    text.push(',');
                }
                quoted(key, text);
                text.push(':');
                json(value, text);
            }
            text.push('}');
        }
        Value::Array(items) => {
            text.push('[');
            for (at, item) in items.iter().enumerate() {
                if at > 0 {
                    text.push(',');
                }
                json(item, text);
            }
            text.push(']');
        }
        Value::String(value) => quoted(value, text),
        Value::Null => text.push_str("null"),
        Value::Bool(value) => text.push_str(if *value { "true" } else { "false" }),
        Value::Number(number) => text.push_str(&number.to_string()),
    }
}

/// Entries sorted by key. The order of the map depends on a Cargo feature that any crate can enable.
fn in_order(map: &Map<String, Value>) -> impl Iterator<Item = (&String, &Value)> {
    let mut entries: Vec<_> = map.iter().collect();
    if !entries.is_sorted_by_key(|(key, _)| *key) {
        entries.sort_unstable_by_key(|(key, _)| *key);
    }
    entries.into_iter()
}

/// A JSON string, which is also a double-quoted YAML scalar. Characters that some readers treat as line ends are
/// escaped.
fn quoted(value: &str, text: &mut String) {
    text.push('"');
    let is_plain = |byte: u8| matches!(byte, b' '..=b'~') && byte != b'"' && byte != b'\\';
    if value.bytes().all(is_plain) {
        text.push_str(value);
        text.push('"');
        return;
    }
    for character in value.chars() {
        match character {
            '"' => text.push_str("\\\""),
            '\\' => text.push_str("\\\\"),
            '\n' => text.push_str("\\n"),
            '\r' => text.push_str("\\r"),
            '\t' => text.push_str("\\t"),
            c if c.is_control() || matches!(c, '\u{2028}' | '\u{2029}' | '\u{feff}') => {
                text.push_str(&format!("\\u{:04x}", u32::from(c)));
            }
            c => text.push(c),
        }
    }
    text.push('"');
}

fn yaml(value: &Value, depth: usize, text: &mut String) {
    match value {
        Value::Object(map) if !map.is_empty() => {
            for (key, value) in in_order(map) {
                new_line(depth, text);
                word(key, text);
                text.push(':');
                yaml(value, depth + 1, text);
            }
        }
        Value::Array(items) if !items.is_empty() => {
            for item in items {
                new_line(depth, text);
                text.push('-');
                let start = text.len();
                yaml(item, depth + 1, text);
                join_first_line(start, depth, text);
            }
        }
        Value::String(value) => {
            text.push(' ');
            word(value, text);
        }
        scalar_or_empty => {
            text.push(' ');
            json(scalar_or_empty, text);
        }
    }
}

/// Joins the first line of a list item with its dash: `- name: web`.
fn join_first_line(start: usize, depth: usize, text: &mut String) {
    let indent = format!("\n{}", "  ".repeat(depth + 1));
    if text.get(start..).is_some_and(|item| item.starts_with(&indent)) {
        text.replace_range(start..start + indent.len(), " ");
    }
}

fn new_line(depth: usize, text: &mut String) {
    text.push('\n');
    text.push_str(&"  ".repeat(depth));
}

/// A string, without quotes if all YAML versions read it as a string.
fn word(value: &str, text: &mut String) {
    let is_plain_byte = |byte: u8| byte.is_ascii_alphanumeric() || b"-_./".contains(&byte);
    let begins_like_text = value.bytes().next().is_some_and(|first| first.is_ascii_alphabetic() || first == b'/');
    let is_text = matches!(plain(value), Ok(Content::Text(_)));
    if begins_like_text && is_text && value.bytes().all(is_plain_byte) {
        text.push_str(value);
    } else {
        quoted(value, text);
    }
}

#[cfg(test)]
mod tests;
