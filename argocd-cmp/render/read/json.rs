//! JSON as a subset of YAML.

use std::borrow::Cow;

use serde_json::Value;

/// A JSON text without escaped surrogate pairs, which YAML does not have: each pair is replaced by its character. Other
/// texts are returned unchanged.
pub(super) fn without_surrogates(text: &str) -> Cow<'_, str> {
    let is_json = text.trim_start().starts_with(['{', '[']) && (text.contains("\\ud") || text.contains("\\uD"));
    if !is_json || serde_json::from_str::<Value>(text).is_err() {
        return Cow::Borrowed(text);
    }
    let (mut joined, mut rest) = (String::with_capacity(text.len()), text);
    while let Some(at) = rest.find('\\') {
        let (before, escape) = rest.split_at(at);
        joined.push_str(before);
        let (character, length) = surrogate_pair(escape).map_or((None, 2), |character| (Some(character), 12));
        match character {
            Some(character) => joined.push(character),
            None => joined.push_str(escape.get(..length).unwrap_or(escape)),
        }
        rest = escape.get(length..).unwrap_or_default();
    }
    joined.push_str(rest);
    Cow::Owned(joined)
}

/// Character of a surrogate pair at the beginning of a text.
fn surrogate_pair(text: &str) -> Option<char> {
    let unit = |at: usize| {
        let digits = text.get(at..at + 6)?.strip_prefix("\\u")?;
        u16::from_str_radix(digits, 16).ok()
    };
    char::decode_utf16([unit(0)?, unit(6)?]).next()?.ok().filter(|character| u32::from(*character) > 0xFFFF)
}
