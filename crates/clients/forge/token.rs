//! Sources of the token.

use std::{fmt, fs, path::PathBuf};

use http::HeaderValue;
use secrecy::{ExposeSecret, SecretString};

/// Source of a token. A file is read again at every request, because tokens in files are rotated.
#[derive(Clone)]
pub enum TokenSource {
    /// The token itself, for example from an environment variable.
    Token(SecretString),
    /// Path of a file with the token.
    File(PathBuf),
}

/// Reasons why a token cannot be sent.
#[derive(Debug, thiserror::Error)]
pub(super) enum TokenError {
    /// The file cannot be read.
    #[error("cannot read the token file {}", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// Error of the operating system.
        source: std::io::Error,
    },
    /// Not a token.
    #[error("the token is empty, or contains characters that are not valid in a token")]
    Invalid,
}

impl TokenSource {
    /// The token with a prefix such as `Bearer `, as a header value that is not logged.
    pub(super) fn header(&self, prefix: &str) -> Result<HeaderValue, TokenError> {
        let read = match self {
            Self::Token(token) => token.clone(),
            Self::File(path) => fs::read_to_string(path)
                .map(SecretString::from)
                .map_err(|source| TokenError::Unreadable { path: path.clone(), source })?,
        };
        let token = read.expose_secret().trim();
        if token.is_empty() || token.contains(char::is_whitespace) {
            return Err(TokenError::Invalid);
        }
        let mut value = HeaderValue::try_from(format!("{prefix}{token}")).map_err(|_| TokenError::Invalid)?;
        value.set_sensitive(true);
        Ok(value)
    }
}

impl fmt::Debug for TokenSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Token(_) => f.write_str("Token(..)"),
            Self::File(path) => f.debug_tuple("File").field(path).finish(),
        }
    }
}
