//! Writes values so that every reader reads the same thing: JSON for Argo CD, YAML for people.
//!
//! Argo CD takes manifests as YAML or JSON. It gets JSON, one object per line: JSON has one meaning to every reader,
//! while YAML has one per version. People get YAML in which every text stands in double quotes unless no reader could
//! take it for anything else. Both have their keys in order, so the same object is the same bytes.

use serde_json::{Map, Value};

use crate::node::Content;
use crate::read::plain;

/// Bytes of an object, more often than not.
const TYPICAL: usize = 1 << 10;

/// One line of JSON, keys in order, without a newline at the end.
pub fn to_json(value: &Value) -> String {
    let mut text = String::with_capacity(TYPICAL);
    json(value, &mut text);
    text
}

/// One YAML document, keys in order, with a newline at the end and without `---`.
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

/// The entries by key. The map's own order depends on a feature that any crate of the build may turn on.
fn in_order(map: &Map<String, Value>) -> impl Iterator<Item = (&String, &Value)> {
    let mut entries: Vec<_> = map.iter().collect();
    if !entries.is_sorted_by_key(|(key, _)| *key) {
        entries.sort_unstable_by_key(|(key, _)| *key);
    }
    entries.into_iter()
}

/// A JSON string, which is a double-quoted YAML scalar as well. Characters that some readers take for the end of a
/// line are written as escapes.
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

/// Puts the first line of a list's item behind its dash: `- name: web` and not `-` with a line below.
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

/// A text without quotes where every reader takes it for that text.
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
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;
    use crate::read::{Limits, read};

    fn read_one(text: &str) -> Value {
        let mut documents = read(text.as_bytes(), &Limits::default()).expect(text);
        assert_eq!(documents.len(), 1, "{text}");
        documents.remove(0).root.into_json()
    }

    #[test]
    fn yaml_for_people() {
        let value = json!({
            "b": [{ "name": "web", "args": ["--port", "80"], "empty": [] }, [1, [2]], "x"],
            "a": { "yes": "no", "n/a": "1.10", "text": "two\nlines", "none": null, "on": true, "number": 1.50 },
            "c": {},
        });
        expect_test::expect![[r#"
            a:
              n/a: "1.10"
              none: null
              number: 1.5
              "on": true
              text: "two\nlines"
              "yes": "no"
            b:
              - args:
                  - "--port"
                  - "80"
                empty: []
                name: web
              - - 1
                - - 2
              - x
            c: {}
        "#]]
        .assert_eq(&to_yaml(&value));
        assert_eq!(read_one(&to_yaml(&value)), value);
    }

    #[test]
    fn json_for_argo_cd() {
        let value = json!({ "b": "\u{2028}\u{1}\"\\", "a": [1, null, false] });
        assert_eq!(to_json(&value), r#"{"a":[1,null,false],"b":"\u2028\u0001\"\\"}"#);
    }

    fn values() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::from),
            any::<i64>().prop_map(Value::from),
            ".{0,12}".prop_map(Value::from),
            "[yn0-9._eExX+~<=!&*#:-]{0,5}".prop_map(Value::from),
        ];
        leaf.prop_recursive(4, 24, 4, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
                prop::collection::btree_map("[a-zA-Z0-9<~./ -]{0,6}", inner, 0..4)
                    .prop_map(|map| Value::Object(map.into_iter().collect())),
            ]
        })
    }

    proptest! {
        #[test]
        fn what_is_written_is_read_again(value in values()) {
            // A document that says nothing is no document.
            prop_assume!(!value.is_null());
            for text in [to_json(&value), to_yaml(&value)] {
                prop_assert_eq!(read_one(&text), value.clone(), "{}", text);
            }
        }

        #[test]
        fn json_is_json(value in values()) {
            prop_assert_eq!(serde_json::from_str::<Value>(&to_json(&value)).unwrap(), value);
        }
    }
}
