//! Facts about a pull request: its address and its newest commit.

use std::fmt;
use std::str::FromStr;

use crate::text::as_text;

/// The newest commit: 7 to 64 hex digits, kept in lower case.
#[derive(Clone, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct HeadSha(String);

/// The address of a pull request, `http` or `https`.
#[derive(Clone, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct PullRequestUrl(String);

/// Why a text is no commit.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum HeadShaError {
    /// Too short or too long.
    #[error("the commit `{text}` has {} characters; expected 7 to 64 hex digits", text.chars().count())]
    Length {
        /// What was given.
        text: String,
    },
    /// Something other than a hex digit.
    #[error("the commit `{text}` contains {character:?}; expected 7 to 64 hex digits")]
    Character {
        /// What was given.
        text: String,
        /// The first character that is no hex digit.
        character: char,
    },
}

/// Why a text is no address of a pull request.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[error("`{0}` is no web address; expected `https://` and a host, without spaces, at most 2048 characters")]
pub struct PullRequestUrlError(String);

const URL_MAX: usize = 2048;

as_text!(HeadSha, PullRequestUrl);

impl HeadSha {
    /// The digits in lower case.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl PullRequestUrl {
    /// The address as written.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for HeadSha {
    type Err = HeadShaError;

    fn from_str(text: &str) -> Result<Self, HeadShaError> {
        if let Some(character) = text.chars().find(|c| !c.is_ascii_hexdigit()) {
            return Err(HeadShaError::Character { text: text.to_owned(), character });
        }
        if !(7..=64).contains(&text.len()) {
            return Err(HeadShaError::Length { text: text.to_owned() });
        }
        Ok(Self(text.to_ascii_lowercase()))
    }
}

impl FromStr for PullRequestUrl {
    type Err = PullRequestUrlError;

    fn from_str(text: &str) -> Result<Self, PullRequestUrlError> {
        let rest = text.strip_prefix("https://").or_else(|| text.strip_prefix("http://"));
        let host = rest.and_then(|rest| rest.split('/').next()).unwrap_or_default();
        let plain = text.chars().all(|c| !c.is_whitespace() && !c.is_control());
        if host.is_empty() || !plain || text.len() > URL_MAX {
            return Err(PullRequestUrlError(text.to_owned()));
        }
        Ok(Self(text.to_owned()))
    }
}

impl fmt::Display for HeadSha {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Display for PullRequestUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests;
