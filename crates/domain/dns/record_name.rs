//! Names of DNS records in one normal form, so that names from a user and names from a listing are comparable.
//!
//! Source: "DNS domain name format" of the Route 53 Developer Guide. Route 53 stores letters in lower case, and lists every
//! character except letters, digits, `-` and `_` as a backslash with three octal digits (`*` is listed as `\052`).

use std::fmt;
use std::str::FromStr;

use crate::dns::{LABEL_MAX, NAME_MAX};

/// Name of a DNS record in normal form: lower case, without the final dot, with an octal escape only for characters that
/// are not printable ASCII, for a backslash, and for a dot inside a label.
///
/// A name from a listing ([`RecordName::listed`]) is always accepted. A parsed name also has valid lengths.
#[derive(Clone, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct RecordName(String);

/// Reasons to refuse a text as the name of a DNS record.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum RecordNameError {
    /// The name has an empty label, or is empty.
    #[error("DNS name `{0}` has an empty label")]
    EmptyLabel(String),
    /// A label is too long.
    #[error("label `{label}` of DNS name `{name}` must have at most 63 characters, got {length}")]
    LabelTooLong {
        /// Complete name.
        name: String,
        /// First label over the limit.
        label: String,
        /// Length of the label in characters.
        length: usize,
    },
    /// The name is too long.
    #[error("DNS name `{name}` must have at most 253 characters, got {length}")]
    NameTooLong {
        /// Complete name.
        name: String,
        /// Length of the name in characters.
        length: usize,
    },
}

impl RecordName {
    /// Normalises a name from a listing or an error message of Route 53. Lengths are not checked.
    pub fn listed(text: &str) -> Self {
        let text = text.trim_end_matches('.');
        let mut name = String::with_capacity(text.len());
        let mut rest = text.as_bytes();
        while let Some((&byte, after)) = rest.split_first() {
            let escape = if byte == b'\\' { octal(after) } else { None };
            push(&mut name, escape.map_or(byte, |(byte, _)| byte), escape.is_some());
            rest = escape.map_or(after, |(_, after)| after);
        }
        Self(name)
    }

    /// The name as a string.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// First label and the rest of the name; the rest is empty for a name of one label.
    pub fn split_first_label(&self) -> (&str, &str) {
        self.0.split_once('.').unwrap_or((&self.0, ""))
    }

    /// True if the name is this domain or below it. Labels are compared as a whole: `xa.b` is not below `a.b`.
    pub fn is_within(&self, domain: &Self) -> bool {
        let rest = self.0.strip_suffix(domain.as_str());
        rest.is_some_and(|rest| rest.is_empty() || rest.ends_with('.'))
    }
}

impl FromStr for RecordName {
    type Err = RecordNameError;

    fn from_str(text: &str) -> Result<Self, RecordNameError> {
        let name = Self::listed(text);
        if text.ends_with("..") {
            return Err(RecordNameError::EmptyLabel(text.to_owned()));
        }
        let mut total = 0;
        for label in name.0.split('.') {
            let length = characters(label);
            if length == 0 {
                return Err(RecordNameError::EmptyLabel(name.0));
            }
            if length > LABEL_MAX {
                let label = label.to_owned();
                return Err(RecordNameError::LabelTooLong { name: name.0, label, length });
            }
            total += length + 1 /* dot */;
        }
        let length = total.saturating_sub(1);
        if length > NAME_MAX {
            return Err(RecordNameError::NameTooLong { name: name.0, length });
        }
        Ok(name)
    }
}

impl fmt::Display for RecordName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

/// Number of characters of a label in normal form; an escape is one character.
fn characters(label: &str) -> usize {
    label.len() - 3 * label.matches('\\').count()
}

/// Reads three octal digits at the beginning; returns the byte and the rest.
fn octal(bytes: &[u8]) -> Option<(u8, &[u8])> {
    let (digits, rest) = bytes.split_at_checked(3)?;
    let digits = std::str::from_utf8(digits).ok().filter(|digits| digits.bytes().all(|byte| byte.is_ascii_digit()))?;
    Some((u8::from_str_radix(digits, 8).ok()?, rest))
}

fn push(name: &mut String, byte: u8, escaped: bool) {
    let is_plain = byte.is_ascii_graphic() && byte != b'\\' && !(escaped && byte == b'.');
    if is_plain {
        name.push(char::from(byte.to_ascii_lowercase()));
    } else {
        name.push_str(&format!("\\{byte:03o}"));
    }
}

#[cfg(test)]
mod tests;
