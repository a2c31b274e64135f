//! DNS labels and names, and the Kubernetes names that are made of them.
//!
//! Rules: RFC 1123, as Kubernetes applies it (lower-case letters, digits, `-`, an alphanumeric at both ends; a label
//! has at most 63 characters, a name at most 253).

use std::fmt;
use std::str::FromStr;

use crate::text::as_text;

/// Longest DNS label.
pub(crate) const LABEL_MAX: usize = 63;
/// Longest DNS name.
pub(crate) const NAME_MAX: usize = 253;

/// Why a text is no DNS label or name.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum DnsError {
    /// There is no text.
    #[error("must not be empty")]
    Empty,
    /// Over the limit.
    #[error("`{text}` has {} characters; at most {max} are allowed", text.chars().count())]
    TooLong {
        /// What was given.
        text: String,
        /// The limit in characters.
        max: usize,
    },
    /// A character outside of the alphabet.
    #[error("`{text}` contains {character:?}; only lower-case letters, digits and `-` are allowed")]
    Character {
        /// What was given.
        text: String,
        /// The first character that is not allowed.
        character: char,
    },
    /// A label that begins or ends with `-`.
    #[error("`{text}` must begin and end with a lower-case letter or a digit")]
    Edge {
        /// What was given.
        text: String,
    },
    /// A name with an empty label.
    #[error("`{text}` has an empty part between two dots")]
    EmptyPart {
        /// What was given.
        text: String,
    },
}

/// The name of a namespace that somebody else owns: a DNS label, with no name reserved.
#[derive(Clone, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct NamespaceName(String);

/// The name of a Kubernetes Secret: a DNS name.
#[derive(Clone, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct SecretName(String);

as_text!(NamespaceName, SecretName);

impl NamespaceName {
    /// The name as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl SecretName {
    /// The name as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for NamespaceName {
    type Err = DnsError;

    fn from_str(text: &str) -> Result<Self, DnsError> {
        check_label(text)?;
        Ok(Self(text.to_owned()))
    }
}

impl FromStr for SecretName {
    type Err = DnsError;

    fn from_str(text: &str) -> Result<Self, DnsError> {
        check_name(text)?;
        Ok(Self(text.to_owned()))
    }
}

impl fmt::Display for NamespaceName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Display for SecretName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Checks that a text is one DNS label.
pub(crate) fn check_label(text: &str) -> Result<(), DnsError> {
    if text.is_empty() {
        return Err(DnsError::Empty);
    }
    if !text.bytes().all(is_label_byte) {
        let character = text.chars().find(|c| !u8::try_from(*c).is_ok_and(is_label_byte)).unwrap_or_default();
        return Err(DnsError::Character { text: text.to_owned(), character });
    }
    if text.len() > LABEL_MAX {
        return Err(DnsError::TooLong { text: text.to_owned(), max: LABEL_MAX });
    }
    if text.starts_with('-') || text.ends_with('-') {
        return Err(DnsError::Edge { text: text.to_owned() });
    }
    Ok(())
}

/// Checks that a text is a DNS name: labels with dots between them.
pub(crate) fn check_name(text: &str) -> Result<(), DnsError> {
    if text.is_empty() {
        return Err(DnsError::Empty);
    }
    if text.len() > NAME_MAX {
        return Err(DnsError::TooLong { text: text.to_owned(), max: NAME_MAX });
    }
    for part in text.split('.') {
        if part.is_empty() {
            return Err(DnsError::EmptyPart { text: text.to_owned() });
        }
        check_label(part)?;
    }
    Ok(())
}

fn is_label_byte(byte: u8) -> bool {
    matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'-')
}

#[cfg(test)]
mod tests;
