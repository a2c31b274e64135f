//! Mounts and paths of Vault, in one normal form.
//!
//! Vault compares paths byte by byte, and what stands between us and it does not: URL libraries drop `..`, proxies
//! join `//` and decode `%2e`, and terminals hide what cannot be seen. So a path that anything on the way could take
//! for another one is refused. It is never repaired, because a repaired path is not the one that was checked.

use std::fmt;
use std::str::FromStr;

use unicode_normalization::{IsNormalized, UnicodeNormalization, is_nfc_quick};

use crate::text::as_text;

/// Longest path, in bytes; far above real ones and far below what a URL can carry once it is encoded.
const MAX: usize = 1024;

/// The path of a secrets engine: `secret`, `team/kv`. Without a slash at either end.
#[derive(Clone, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct MountPath(String);

/// The path of a secret below its mount: `stage/shop`.
#[derive(Clone, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct SecretPath(String);

/// Why a text is no path.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum PathError {
    /// There is no text.
    #[error("must not be empty")]
    Empty,
    /// Over the limit.
    #[error("has {bytes} bytes; at most {MAX} are allowed")]
    TooLong {
        /// How many it has.
        bytes: usize,
    },
    /// A slash at an end.
    #[error("`{text}` begins or ends with a slash; write `{}`", text.trim_matches('/'))]
    EdgeSlash {
        /// What was given.
        text: String,
    },
    /// Two slashes in a row.
    #[error("`{text}` has two slashes in a row; write one")]
    EmptySegment {
        /// What was given.
        text: String,
    },
    /// `.` or `..` between slashes.
    #[error("`{text}` contains the segment `{segment}`; write the path that is meant, without `.` and `..`")]
    Dots {
        /// What was given.
        text: String,
        /// `.` or `..`.
        segment: String,
    },
    /// Percent-encoding.
    #[error("`{text}` contains `{sequence}`, which looks percent-encoded; write the character itself")]
    Encoded {
        /// What was given.
        text: String,
        /// The first such sequence.
        sequence: String,
    },
    /// A character that cannot be seen.
    #[error("the path contains U+{:04X}, a character that cannot be seen; remove it", u32::from(*.character))]
    Invisible {
        /// The first such character.
        character: char,
    },
    /// Space around a segment.
    #[error("`{text}` has a space at the edge of a segment; remove it")]
    EdgeSpace {
        /// What was given.
        text: String,
    },
    /// Not in Unicode's composed form.
    #[error("`{text}` is not in Unicode's composed form (NFC); write each accented letter as one character")]
    NotComposed {
        /// What was given.
        text: String,
    },
}

as_text!(MountPath, SecretPath);

impl MountPath {
    /// The path as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl Default for MountPath {
    fn default() -> Self {
        Self("secret".to_owned())
    }
}

impl SecretPath {
    /// The path as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The parts between the slashes; at least one.
    pub fn segments(&self) -> impl DoubleEndedIterator<Item = &str> {
        self.0.split('/')
    }

    /// The last part.
    pub fn last_segment(&self) -> &str {
        self.segments().next_back().unwrap_or(&self.0)
    }

    /// Whether this path is `other` or lies below it, by whole segments: `pr-1/a` lies in `pr-1`, `pr-12` does not.
    pub fn is_inside(&self, other: &Self) -> bool {
        self.0.strip_prefix(&other.0).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    }

    /// The path of a name below this one.
    ///
    /// # Errors
    ///
    /// When the whole is no path.
    pub fn join(&self, below: &str) -> Result<Self, PathError> {
        format!("{}/{below}", self.0).parse()
    }
}

impl FromStr for MountPath {
    type Err = PathError;

    fn from_str(text: &str) -> Result<Self, PathError> {
        check(text)?;
        Ok(Self(text.to_owned()))
    }
}

impl FromStr for SecretPath {
    type Err = PathError;

    fn from_str(text: &str) -> Result<Self, PathError> {
        check(text)?;
        Ok(Self(text.to_owned()))
    }
}

impl fmt::Display for MountPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Display for SecretPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The one rule for every path.
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

/// The first `%` that two hex digits follow: decoding would make another path of it. A `%` alone is a character.
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

/// Control characters, spaces other than the plain one, backslashes (some proxies take them for slashes) and the
/// characters that steer text without being seen.
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
