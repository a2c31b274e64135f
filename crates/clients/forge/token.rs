//! Sources of the token.

use std::{fmt, fs, path::PathBuf};

use secrecy::SecretString;

use super::{app::GitHubApp, token_value::TokenError};

/// Source of a token. A file is read again at every request, because tokens in files are rotated.
#[derive(Clone)]
pub enum TokenSource {
    /// A GitHub App, which gets tokens of an installation.
    App(GitHubApp),
    /// Path of a file with the token.
    File(PathBuf),
    /// The token itself, for example from an environment variable.
    Token(SecretString),
}

impl TokenSource {
    /// The token; `None` for an app.
    pub(super) fn read(&self) -> Result<Option<SecretString>, TokenError> {
        match self {
            Self::App(_) => Ok(None),
            Self::File(path) => fs::read_to_string(path)
                .map(|text| Some(SecretString::from(text)))
                .map_err(|source| TokenError::Unreadable { path: path.clone(), source }),
            Self::Token(token) => Ok(Some(token.clone())),
        }
    }
}

impl fmt::Debug for TokenSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::App(app) => f.debug_tuple("App").field(app).finish(),
            Self::File(path) => f.debug_tuple("File").field(path).finish(),
            Self::Token(_) => f.write_str("Token(..)"),
        }
    }
}
