//! Facts about a pull request: its URL and its newest commit.

use crate::text::text_type;

text_type! {
    /// Newest commit: 7 to 64 hex digits, stored in lower case.
    pub struct HeadSha, parse = parse_sha, error = HeadShaError
}

text_type! {
    /// URL of a pull request, `http` or `https`.
    pub struct PullRequestUrl, check = check_url, error = PullRequestUrlError
}

/// Reasons to refuse a text as a commit.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum HeadShaError {
    /// Too short or too long.
    #[error("commit `{text}` must have 7 to 64 hex digits, got {} characters", text.chars().count())]
    Length {
        /// Input text.
        text: String,
    },
    /// A character that is not a hex digit.
    #[error("commit `{text}` must have 7 to 64 hex digits, got {character:?}")]
    Character {
        /// Input text.
        text: String,
        /// First character that is not a hex digit.
        character: char,
    },
}

/// Error for a text that is not the URL of a pull request.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[error("invalid URL `{0}`: expected `https://` and a host, without spaces, at most 2048 characters")]
pub struct PullRequestUrlError(String);

const URL_MAX: usize = 2048;

impl HeadSha {
    /// True if both name the same commit: one may be a shorter form of the other.
    pub fn is_same_commit(&self, other: &Self) -> bool {
        self.0.starts_with(&other.0) || other.0.starts_with(&self.0)
    }
}

fn parse_sha(text: &str) -> Result<String, HeadShaError> {
    if let Some(character) = text.chars().find(|c| !c.is_ascii_hexdigit()) {
        return Err(HeadShaError::Character { text: text.to_owned(), character });
    }
    if !(7..=64).contains(&text.len()) {
        return Err(HeadShaError::Length { text: text.to_owned() });
    }
    Ok(text.to_ascii_lowercase())
}

fn check_url(text: &str) -> Result<(), PullRequestUrlError> {
    let rest = text.strip_prefix("https://").or_else(|| text.strip_prefix("http://"));
    let host = rest.and_then(|rest| rest.split('/').next()).unwrap_or_default();
    let plain = text.chars().all(|c| !c.is_whitespace() && !c.is_control());
    if host.is_empty() || !plain || text.len() > URL_MAX {
        return Err(PullRequestUrlError(text.to_owned()));
    }
    Ok(())
}

#[cfg(test)]
mod tests;
