//! Tokens as header values.

use std::path::PathBuf;

use http::HeaderValue;

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
    /// Not a private RSA key.
    #[error("{} contains no RSA key in PEM, PKCS#1 or PKCS#8", path.display())]
    BadKey {
        /// The file.
        path: PathBuf,
    },
    /// Not a token.
    #[error("the token is empty, or contains characters that are not valid in a token")]
    Invalid,
}

/// A token with a prefix such as `Bearer `, as a header value that is not logged.
pub(super) fn header(prefix: &str, token: &str) -> Result<HeaderValue, TokenError> {
    let token = token.trim();
    if token.is_empty() || token.contains(char::is_whitespace) {
        return Err(TokenError::Invalid);
    }
    let mut value = HeaderValue::try_from(format!("{prefix}{token}")).map_err(|_| TokenError::Invalid)?;
    value.set_sensitive(true);
    Ok(value)
}
