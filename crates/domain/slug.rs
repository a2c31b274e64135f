//! Conversion of arbitrary text to a DNS label.

use crate::hash;

/// Lower-case letters, digits and single dashes made from a text.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct Slug {
    /// Never empty, without a dash at either end.
    pub(crate) text: String,
    /// True if more than the case was changed.
    pub(crate) changed: bool,
}

/// Converts to lower case, replaces every run of other characters by one `-`, and trims dashes. A text without a letter
/// or digit becomes `x`.
pub(crate) fn slug(raw: &str) -> Slug {
    let mut text = String::with_capacity(raw.len());
    for character in raw.chars() {
        if character.is_ascii_alphanumeric() {
            text.push(character.to_ascii_lowercase());
        } else if !text.is_empty() && !text.ends_with('-') {
            text.push('-');
        }
    }
    let mut text = text.trim_end_matches('-').to_owned();
    if text.is_empty() {
        text.push('x');
    }
    let changed = text != raw.to_ascii_lowercase();
    Slug { text, changed }
}

/// Cuts a slug to at most `most` characters, without a dash at the end.
pub(crate) fn cut(slug: &str, most: usize) -> &str {
    // A slug is ASCII, so every index is a character boundary. A shorter slug is returned whole.
    slug.get(..most).unwrap_or(slug).trim_end_matches('-')
}

/// Cuts a slug so that it has at most `most` characters together with a dash and the hash of `raw`.
pub(crate) fn with_hash(slug: &str, raw: &str, most: usize) -> String {
    format!("{}-{}", cut(slug, most.saturating_sub(1 /* dash */ + hash::LENGTH)), hash::short(raw))
}

#[cfg(test)]
mod tests;
