//! Patterns of namespace names, and prefixes of secrets.

use std::fmt;
use std::str::FromStr;

use eod_domain::EnvironmentName;
use eod_domain::vault::SecretRef;

/// A pattern of names, such as `*-pr-*`; `*` matches any text.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct NamePattern(String);

/// An invalid pattern.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[error("invalid pattern `{0}`: expected lower-case letters, digits, `-`, and `*` for any text")]
pub struct NamePatternError(String);

/// A prefix of secret references. `secret/preview/{environment}/` allows all secrets below; without a final slash a
/// prefix allows exactly that secret.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct SecretPrefix(String);

/// Errors of a prefix of secrets.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum SecretPrefixError {
    /// Not a prefix of a secret reference.
    #[error("invalid prefix of secrets `{text}`: {reason}")]
    Invalid {
        /// The given text.
        text: String,
        /// Reason.
        reason: String,
    },
}

const ENVIRONMENT: &str = "{environment}";

impl NamePattern {
    /// The pattern that matches every name.
    pub(super) fn any() -> Self {
        Self("*".to_owned())
    }

    /// True if the pattern matches the whole name.
    pub fn matches(&self, name: &str) -> bool {
        glob(&self.0, name)
    }
}

impl SecretPrefix {
    /// Prefixes of the copies that `eod_vault_clone` creates by default.
    pub(super) fn defaults() -> Vec<Self> {
        vec![Self(format!("secret/preview/{ENVIRONMENT}/")), Self(format!("secret/preview/{ENVIRONMENT}"))]
    }

    /// True if the prefix allows a reference of the environment.
    pub fn allows(&self, secret: &SecretRef, environment: &EnvironmentName) -> bool {
        let prefix = self.0.replace(ENVIRONMENT, environment.as_str());
        let plain = format!("{}/{}", secret.mount(), secret.path());
        if prefix.ends_with('/') { plain.len() > prefix.len() && plain.starts_with(&prefix) } else { plain == prefix }
    }
}

/// True if a pattern with `*` for any text matches the whole text.
pub(super) fn glob(pattern: &str, text: &str) -> bool {
    let Some((first, rest)) = pattern.split_once('*') else { return pattern == text };
    let Some(mut text) = text.strip_prefix(first) else { return false };
    let mut parts: Vec<&str> = rest.split('*').collect();
    let last = parts.pop().unwrap_or_default();
    for part in parts {
        let Some((_, rest)) = text.split_once(part) else { return false };
        text = rest;
    }
    text.ends_with(last)
}

impl FromStr for NamePattern {
    type Err = NamePatternError;

    fn from_str(text: &str) -> Result<Self, NamePatternError> {
        let is_allowed = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"-*".contains(&byte);
        if !text.is_empty() && text.bytes().all(is_allowed) {
            Ok(Self(text.to_owned()))
        } else {
            Err(NamePatternError(text.to_owned()))
        }
    }
}

impl FromStr for SecretPrefix {
    type Err = SecretPrefixError;

    /// Checks the prefix as a reference of an example environment, so that it can match valid references.
    fn from_str(text: &str) -> Result<Self, SecretPrefixError> {
        let error = |reason: String| SecretPrefixError::Invalid { text: text.to_owned(), reason };
        let example = text.replace(ENVIRONMENT, "pr-1");
        if example.contains(['{', '}', '*']) {
            return Err(error("the only supported placeholder is `{environment}`".to_owned()));
        }
        let whole = match example.strip_suffix('/') {
            Some(prefix) => format!("{prefix}/x"),
            None => example,
        };
        let secret: SecretRef =
            whole.parse().map_err(|reason: eod_domain::vault::ReferenceError| error(reason.to_string()))?;
        if format!("{}/{}", secret.mount(), secret.path()) != whole {
            return Err(error("remove `data/` after the mount".to_owned()));
        }
        Ok(Self(text.to_owned()))
    }
}

impl fmt::Display for NamePattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Display for SecretPrefix {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}
