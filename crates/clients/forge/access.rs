//! Address of a forge and the token for it.

use reqwest::Url;

use super::token::TokenSource;
use crate::server::{AddressOrigin, ServerAddress};

/// Kinds of forges.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum ForgeKind {
    /// GitHub and GitHub Enterprise.
    GitHub,
    /// GitLab.
    GitLab,
}

/// Settings of a forge.
#[derive(Clone, Debug)]
pub struct ForgeSettings {
    /// Kind of the forge.
    pub kind: ForgeKind,
    /// Host of the repositories, such as `github.com`.
    pub host: String,
    /// URL of the API; the default follows from kind and host.
    pub api: Option<String>,
    /// Source of the token.
    pub token: TokenSource,
}

/// A forge with a valid address.
#[derive(Clone, Debug)]
pub struct ForgeAccess {
    pub(super) kind: ForgeKind,
    pub(super) host: String,
    pub(super) api: Url,
    pub(super) token: TokenSource,
}

/// A mistake in the settings.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum ForgeAccessError {
    /// Not the URL of an API.
    #[error("`{got}` is not the URL of a forge's API: expected `https://host/path` without a query or a user name")]
    BadApi {
        /// The URL, or the host of the derived URL.
        got: String,
    },
}

impl ForgeAccess {
    /// Checks settings. Nothing is contacted and no file is read.
    ///
    /// # Errors
    ///
    /// The host or the URL of the API is not valid.
    pub fn new(settings: ForgeSettings) -> Result<Self, ForgeAccessError> {
        let ForgeSettings { kind, host, api, token } = settings;
        let text = api.unwrap_or_else(|| default_api(kind, &host));
        let bad = || ForgeAccessError::BadApi { got: text.clone() };
        let api = Url::parse(text.trim_end_matches('/')).map_err(|_| bad())?;
        let plain = api.query().is_none() && api.fragment().is_none() && api.username().is_empty();
        let web = matches!(api.scheme(), "http" | "https") && api.has_host() && api.password().is_none();
        if plain && web { Ok(Self { kind, host: host.to_ascii_lowercase(), api, token }) } else { Err(bad()) }
    }

    /// Address of the API for errors.
    pub(super) fn server_address(&self) -> ServerAddress {
        let url = Some(self.api.as_str().trim_end_matches('/').to_owned());
        ServerAddress { server: self.kind.name(), url, origin: AddressOrigin::Settings }
    }
}

impl ForgeKind {
    /// Name of the forge.
    pub fn name(self) -> &'static str {
        match self {
            Self::GitHub => "GitHub",
            Self::GitLab => "GitLab",
        }
    }
}

/// GitHub Enterprise has its API below `/api/v3` of its own host, github.com on a separate host.
fn default_api(kind: ForgeKind, host: &str) -> String {
    match kind {
        ForgeKind::GitHub if host.eq_ignore_ascii_case("github.com") => "https://api.github.com".to_owned(),
        ForgeKind::GitHub => format!("https://{host}/api/v3"),
        ForgeKind::GitLab => format!("https://{host}/api/v4"),
    }
}

#[cfg(test)]
mod tests;
