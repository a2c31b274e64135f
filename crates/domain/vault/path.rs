//! Mounts and paths of Vault, in one normal form.
//!
//! Vault compares paths byte by byte, but other programs between client and Vault do not: URL libraries remove `..`,
//! proxies join `//` and decode `%2e`, and terminals hide invisible characters. So a path that any of them could read
//! as another path is refused. The text is never corrected, because a corrected path is not the path that was checked.

use unicode_normalization::{IsNormalized, UnicodeNormalization, is_nfc_quick};

use crate::text::text_type;

/// Maximum length of a path in bytes: far above real paths and far below the maximum of an encoded URL.
const MAX: usize = 1024;

text_type! {
    /// Path of a secrets engine: `secret`, `team/kv`. Without a slash at either end.
    pub struct MountPath, check = check, error = PathError
}

text_type! {
    /// Path of a secret below its mount: `stage/shop`.
    pub struct SecretPath, check = check, error = PathError
}

/// Reasons to refuse a text as a path.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum PathError {
    /// The text is empty.
    #[error("must not be empty")]
    Empty,
    /// Over the limit.
    #[error("must have at most {MAX} bytes, got {bytes}")]
    TooLong {
        /// Length in bytes.
        bytes: usize,
    },
    /// A slash at either end.
    #[error("`{text}` must not begin or end with a slash; write `{}`", text.trim_matches('/'))]
    EdgeSlash {
        /// Input text.
        text: String,
    },
    /// Two slashes in a row.
    #[error("`{text}` must not have two slashes in a row")]
    EmptySegment {
        /// Input text.
        text: String,
    },
    /// `.` or `..` between slashes.
    #[error("`{text}` must not contain the segment `{segment}`; write the path without `.` and `..`")]
    Dots {
        /// Input text.
        text: String,
        /// Segment: `.` or `..`.
        segment: String,
    },
    /// Percent-encoding.
    #[error("`{text}` must not be percent-encoded, got `{sequence}`; write the character itself")]
    Encoded {
        /// Input text.
        text: String,
        /// First encoded sequence.
        sequence: String,
    },
    /// An invisible character.
    #[error("path contains the invisible character U+{:04X}; remove it", u32::from(*.character))]
    Invisible {
        /// First invisible character.
        character: char,
    },
    /// A space at either end of a segment.
    #[error("`{text}` must not have a space at the start or end of a segment")]
    EdgeSpace {
        /// Input text.
        text: String,
    },
    /// Not in Unicode's composed form.
    #[error("`{text}` must be in Unicode's composed form (NFC); write each accented letter as one character")]
    NotComposed {
        /// Input text.
        text: String,
    },
}

impl Default for MountPath {
    fn default() -> Self {
        Self("secret".to_owned())
    }
}

impl SecretPath {
    /// Segments between the slashes, at least one.
    pub fn segments(&self) -> impl DoubleEndedIterator<Item = &str> {
        self.0.split('/')
    }

    /// Last segment.
    pub fn last_segment(&self) -> &str {
        self.segments().next_back().unwrap_or(&self.0)
    }

    /// True if this path is `other` or below it, by whole segments: `pr-1/a` is inside `pr-1`, `pr-12` is not.
    pub fn is_inside(&self, other: &Self) -> bool {
        self.0.strip_prefix(&other.0).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    }

    /// Appends a path.
    ///
    /// # Errors
    ///
    /// The result is not a valid path.
    pub fn join(&self, below: &str) -> Result<Self, PathError> {
        format!("{}/{below}", self.0).parse()
    }
}

/// Validates a path.
fn check(text: &str) -> Result<(), PathError> {
    let owned = || text.to_owned();
    if text.is_empty() {
        return Err(PathError::Empty);
    }
    if text.len() > MAX {
        return Err(PathError::TooLong { bytes: text.len() });
    }
    if let Some(character) = text.chars().find(|character| is_invisible(*character)) {
        return Err(PathError::Invisible { character });
    }
    if text.starts_with('/') || text.ends_with('/') {
        return Err(PathError::EdgeSlash { text: owned() });
    }
    for segment in text.split('/') {
        match segment {
            "" => return Err(PathError::EmptySegment { text: owned() }),
            "." | ".." => return Err(PathError::Dots { text: owned(), segment: segment.to_owned() }),
            _ if segment.trim() != segment => return Err(PathError::EdgeSpace { text: owned() }),
            _ => {}
        }
    }
    if let Some(sequence) = encoded(text) {
        return Err(PathError::Encoded { text: owned(), sequence });
    }
    if !is_composed(text) {
        return Err(PathError::NotComposed { text: owned() });
    }
    Ok(())
}

/// First `%` with two hex digits: decoding would change the path. A `%` alone is a plain character.
fn encoded(text: &str) -> Option<String> {
    text.match_indices('%').find_map(|(at, _)| {
        let sequence = text.get(at..at + 3)?;
        sequence.chars().skip(1).all(|digit| digit.is_ascii_hexdigit()).then(|| sequence.to_owned())
    })
}

fn is_composed(text: &str) -> bool {
    match is_nfc_quick(text.chars()) {
        IsNormalized::Yes => true,
        IsNormalized::No => false,
        IsNormalized::Maybe => text.nfc().eq(text.chars()),
    }
}

/// True for control characters, spaces other than the plain one, backslashes (some proxies read them as slashes) and
/// invisible formatting characters.
fn is_invisible(character: char) -> bool {
    character.is_control()
        || (character != ' ' && character.is_whitespace())
        || character == '\\'
        || matches!(character,
            '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{180b}'..='\u{180f}' | '\u{200b}'..='\u{200f}'
            | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{3164}' | '\u{fe00}'..='\u{fe0f}'
            | '\u{feff}' | '\u{fff0}'..='\u{ffff}' | '\u{e0000}'..='\u{e0fff}')
}

#[cfg(test)]
mod tests;
