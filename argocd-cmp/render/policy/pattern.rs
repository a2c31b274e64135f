//! Patterns over names of namespaces, and prefixes of secrets.

use std::fmt;
use std::str::FromStr;

use eod_domain::EnvironmentName;
use eod_domain::vault::SecretRef;

/// A pattern over names in which `*` stands for any text: `*-pr-*`.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct NamePattern(String);

/// A text that is no pattern.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[error("`{0}` is no pattern of names; expected lower-case letters, digits and `-`, with `*` for any text")]
pub struct NamePatternError(String);

/// Where a reference to a secret may point: `secret/preview/{environment}/` and everything below it, or without a slash
/// at the end exactly that secret.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct SecretPrefix(String);

/// Why a text is no prefix of secrets.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum SecretPrefixError {
    /// Not of the shape of a reference.
    #[error("`{text}` is no prefix of secrets: {reason}")]
    Shape {
        /// What was given.
        text: String,
        /// Why not.
        reason: String,
    },
}

const ENVIRONMENT: &str = "{environment}";

impl NamePattern {
    /// The pattern that fits every name.
    pub(super) fn any() -> Self {
        Self("*".to_owned())
    }

    /// Whether the whole name fits.
    pub fn fits(&self, name: &str) -> bool {
        let Some((first, rest)) = self.0.split_once('*') else { return self.0 == name };
        let Some(mut name) = name.strip_prefix(first) else { return false };
        let mut parts: Vec<&str> = rest.split('*').collect();
        let last = parts.pop().unwrap_or_default();
        for part in parts {
            let Some((_, behind)) = name.split_once(part) else { return false };
            name = behind;
        }
        name.ends_with(last)
    }
}

impl SecretPrefix {
    /// The copies that `eod_vault_clone` makes by default.
    pub(super) fn defaults() -> Vec<Self> {
        vec![Self(format!("secret/preview/{ENVIRONMENT}/")), Self(format!("secret/preview/{ENVIRONMENT}"))]
    }

    /// Whether a reference of this environment may point there.
    pub fn holds(&self, secret: &SecretRef, environment: &EnvironmentName) -> bool {
        let prefix = self.0.replace(ENVIRONMENT, environment.as_str());
        let plain = format!("{}/{}", secret.mount(), secret.path());
        if prefix.ends_with('/') { plain.len() > prefix.len() && plain.starts_with(&prefix) } else { plain == prefix }
    }
}

impl FromStr for NamePattern {
    type Err = NamePatternError;

    fn from_str(text: &str) -> Result<Self, NamePatternError> {
        let fits = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"-*".contains(&byte);
        if !text.is_empty() && text.bytes().all(fits) {
            Ok(Self(text.to_owned()))
        } else {
            Err(NamePatternError(text.to_owned()))
        }
    }
}

impl FromStr for SecretPrefix {
    type Err = SecretPrefixError;

    /// A prefix is checked as the reference it would be for some environment, so that it can match one.
    fn from_str(text: &str) -> Result<Self, SecretPrefixError> {
        let error = |reason: String| SecretPrefixError::Shape { text: text.to_owned(), reason };
        let example = text.replace(ENVIRONMENT, "pr-1");
        if example.contains(['{', '}', '*']) {
            return Err(error("only `{environment}` is replaced, and there are no patterns".to_owned()));
        }
        let whole = match example.strip_suffix('/') {
            Some(prefix) => format!("{prefix}/x"),
            None => example,
        };
        let secret: SecretRef =
            whole.parse().map_err(|reason: eod_domain::vault::ReferenceError| error(reason.to_string()))?;
        if format!("{}/{}", secret.mount(), secret.path()) != whole {
            return Err(error("leave out `data/` behind the mount".to_owned()));
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
