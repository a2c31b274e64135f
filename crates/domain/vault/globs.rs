//! Patterns for `<mount>/<path>`: sensitive secrets and allowed targets of copies.
//!
//! `*` matches any text, with slashes. Every other character matches itself. A pattern `x/*` also matches `x`.
//!
//! A list that refuses should match too much rather than too little: [`Globs::sensitive`] compares without case, and
//! with both forms of a reference (`secret/a`, `secret/data/a`). A list that allows is exact: [`Globs::targets`].

use std::fmt;

use unicode_normalization::UnicodeNormalization;

use crate::vault::reference::SecretRef;

/// Default pattern of secrets that are never read.
const SENSITIVE: &str = "*/sensitive/*";
/// Default pattern of allowed targets.
const TARGETS: &str = "*/preview/*";

/// List of patterns.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Globs {
    patterns: Vec<String>,
    refuses: bool,
}

/// Reasons to refuse a text as a pattern.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum GlobError {
    /// The text is empty.
    #[error("pattern must not be empty: expected for example `*/<path>/*`")]
    Empty,
    /// The pattern can never match.
    #[error("pattern `{0}` can never match: references have no slash at either end, no `//`, `.` or `..`")]
    Never(String),
    /// The mount is missing.
    #[error(
        "pattern `{0}` has no slash; patterns are matched against `<mount>/<path>`, so write `*/{0}` for every mount"
    )]
    NoMount(String),
    /// The list of targets is empty.
    #[error(
        "list of targets must not be empty, else no copy is allowed: expected at least one pattern, such as `*/preview/*`"
    )]
    Nothing,
}

impl Globs {
    /// Parses patterns of sensitive secrets. With an empty list no secret is sensitive.
    ///
    /// # Errors
    ///
    /// The first invalid pattern, with its position.
    pub fn sensitive<I: AsRef<str>>(patterns: &[I]) -> Result<Self, (usize, GlobError)> {
        Ok(Self { patterns: parse(patterns)?, refuses: true })
    }

    /// Parses patterns of allowed targets.
    ///
    /// # Errors
    ///
    /// The first invalid pattern, with its position, or an empty list.
    pub fn targets<I: AsRef<str>>(patterns: &[I]) -> Result<Self, (usize, GlobError)> {
        if patterns.is_empty() {
            return Err((0, GlobError::Nothing));
        }
        Ok(Self { patterns: parse(patterns)?, refuses: false })
    }

    /// Default patterns of sensitive secrets.
    pub fn default_sensitive() -> Self {
        Self { patterns: vec![SENSITIVE.to_owned()], refuses: true }
    }

    /// Default patterns of allowed targets.
    pub fn default_targets() -> Self {
        Self { patterns: vec![TARGETS.to_owned()], refuses: false }
    }

    /// The patterns as written.
    pub fn patterns(&self) -> &[String] {
        &self.patterns
    }

    /// First pattern that matches this secret.
    pub fn covering(&self, secret: &SecretRef) -> Option<&str> {
        let plain = secret.plain();
        let found = if self.refuses {
            let forms = [plain.to_lowercase(), secret.long().to_lowercase()];
            self.patterns.iter().find(|pattern| {
                let pattern = pattern.to_lowercase();
                forms.iter().any(|form| covers(&pattern, form))
            })
        } else {
            self.patterns.iter().find(|pattern| covers(pattern, &plain))
        };
        found.map(String::as_str)
    }
}

impl fmt::Display for Globs {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let quoted: Vec<_> = self.patterns.iter().map(|pattern| format!("`{pattern}`")).collect();
        f.write_str(&quoted.join(", "))
    }
}

fn parse<I: AsRef<str>>(patterns: &[I]) -> Result<Vec<String>, (usize, GlobError)> {
    let one = |(at, pattern): (usize, &I)| parse_one(pattern.as_ref()).map_err(|error| (at, error));
    patterns.iter().enumerate().map(one).collect()
}

fn parse_one(text: &str) -> Result<String, GlobError> {
    let text: String = text.nfc().collect();
    let never = |segment: &str| matches!(segment, "" | "." | "..");
    if text.is_empty() {
        Err(GlobError::Empty)
    } else if text.split('/').any(never) {
        Err(GlobError::Never(text))
    } else if !text.contains('/') && !text.contains('*') {
        Err(GlobError::NoMount(text))
    } else {
        Ok(text)
    }
}

fn covers(pattern: &str, text: &str) -> bool {
    matches(pattern, text) || pattern.strip_suffix("/*").is_some_and(|before| matches(before, text))
}

/// True if the pattern matches the whole text. Each `*` matches as little as possible, without backtracking, so the time
/// is at most the product of both lengths.
fn matches(pattern: &str, text: &str) -> bool {
    let Some((first, rest)) = pattern.split_once('*') else { return pattern == text };
    let Some(mut text) = text.strip_prefix(first) else { return false };
    let mut parts: Vec<&str> = rest.split('*').collect();
    let last = parts.pop().unwrap_or_default();
    for part in parts {
        let Some((_, behind)) = text.split_once(part) else { return false };
        text = behind;
    }
    text.ends_with(last)
}

#[cfg(test)]
mod tests;
