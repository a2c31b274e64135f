//! Text made fit for a DNS label.

use crate::hash;

/// A text as lower-case letters, digits and single dashes.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct Slug {
    /// Never empty, never with a dash at an end.
    pub(crate) text: String,
    /// Whether more than the case had to be changed.
    pub(crate) changed: bool,
}

/// Lower-cases, turns everything else into `-`, squeezes and trims. A text without a letter or digit becomes `x`.
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

/// The first characters of a slug, at most `most`, again without a dash at the end.
pub(crate) fn cut(slug: &str, most: usize) -> &str {
    // A slug is ASCII, so every index is a boundary; the slug itself is what a shorter one gets.
    slug.get(..most).unwrap_or(slug).trim_end_matches('-')
}

/// A slug cut so that it fits `most` characters together with a dash and the hash of `raw`.
pub(crate) fn with_hash(slug: &str, raw: &str, most: usize) -> String {
    format!("{}-{}", cut(slug, most.saturating_sub(1 /* dash */ + hash::LENGTH)), hash::short(raw))
}

#[cfg(test)]
mod tests;
