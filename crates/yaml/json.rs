//! Differences between JSON and YAML.

use serde_json::value::RawValue;

/// True for a JSON text.
pub(super) fn is_json(text: &str) -> bool {
    text.trim_start().starts_with(['{', '[']) && serde_json::from_str::<&RawValue>(text).is_ok()
}

/// True if a double-quoted scalar has an escape that JSON has and YAML 1.1 does not: `\/`, and surrogates from `\uD800`
/// to `\uDFFF`.
pub(super) fn has_own_escapes(scalar: &str) -> bool {
    let mut rest = scalar;
    while let Some((_, escape)) = rest.split_once('\\') {
        let digits = escape.strip_prefix('u').and_then(|digits| digits.get(..4));
        let unit = digits.and_then(|digits| u16::from_str_radix(digits, 16).ok());
        if escape.starts_with('/') || unit.is_some_and(|unit| (0xD800..=0xDFFF).contains(&unit)) {
            return true;
        }
        // The escaped character can be a backslash.
        rest = escape.get(escape.chars().next().map_or(0, char::len_utf8)..).unwrap_or_default();
    }
    false
}
