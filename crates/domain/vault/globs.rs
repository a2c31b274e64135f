//! Patterns over `<mount>/<path>`: which secrets are sensitive, and where copies may go.
//!
//! `*` stands for any text, slashes included; every other character stands for itself. A pattern that ends in `/*`
//! also covers what stands before it: `x/*` covers `x`.
//!
//! A list that refuses and a list that allows err on opposite sides. [`Globs::sensitive`] compares without case and
//! looks at both ways to write a reference (`secret/a`, `secret/data/a`), so that no pattern misses by its spelling.
//! [`Globs::targets`] compares exactly.

use std::fmt;

use unicode_normalization::UnicodeNormalization;

use crate::vault::reference::SecretRef;

/// Secrets that are never read, unless configured otherwise.
const SENSITIVE: &str = "*/sensitive/*";
/// Where copies may go, unless configured otherwise.
const TARGETS: &str = "*/preview/*";

/// A list of patterns.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Globs {
    patterns: Vec<String>,
    refuses: bool,
}

/// Why a text is no pattern.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum GlobError {
    /// There is no text.
    #[error("a pattern must not be empty; remove it, or write `*/<path>/*`")]
    Empty,
    /// Can never match.
    #[error("the pattern `{0}` can never match: references have no slash at an end, no `//`, `.` or `..`")]
    Never(String),
    /// No mount.
    #[error(
        "the pattern `{0}` has no slash; patterns are matched against `<mount>/<path>`, so write `*/{0}` for every mount"
    )]
    NoMount(String),
    /// A list that allows nothing.
    #[error("the list is empty, so no copy could be made anywhere; write at least one pattern, such as `*/preview/*`")]
    Nothing,
}

impl Globs {
    /// Patterns for secrets that must never be read. An empty list says that none is.
    ///
    /// # Errors
    ///
    /// The first pattern that is none, with its position.
    pub fn sensitive<I: AsRef<str>>(patterns: &[I]) -> Result<Self, (usize, GlobError)> {
        Ok(Self { patterns: parse(patterns)?, refuses: true })
    }

    /// Patterns for where copies may go.
    ///
    /// # Errors
    ///
    /// The first pattern that is none, with its position, and an empty list.
    pub fn targets<I: AsRef<str>>(patterns: &[I]) -> Result<Self, (usize, GlobError)> {
        if patterns.is_empty() {
            return Err((0, GlobError::Nothing));
        }
        Ok(Self { patterns: parse(patterns)?, refuses: false })
    }

    /// The default of `sensitive_paths`.
    pub fn default_sensitive() -> Self {
        Self { patterns: vec![SENSITIVE.to_owned()], refuses: true }
    }

    /// The default of `target_prefixes`.
    pub fn default_targets() -> Self {
        Self { patterns: vec![TARGETS.to_owned()], refuses: false }
    }

    /// The patterns as they were written.
    pub fn patterns(&self) -> &[String] {
        &self.patterns
    }

    /// The first pattern that covers this secret.
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

/// Whether the whole text fits the pattern. Each `*` takes as little as it can and gives way to the next one, so the
/// time is at most the product of both lengths, whatever the pattern.
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
