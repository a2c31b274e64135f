//! Source repository of an environment.

use std::fmt;
use std::hash::{Hash, Hasher};
use std::num::NonZeroU64;
use std::str::FromStr;

use crate::dns;
use crate::text::serde_as_text;

/// Repository, written `acme/shop` (on github.com) or with a host, `gitlab.com/group/team/shop`.
///
/// Compared without case, as the forges do. Displayed as written.
#[derive(Clone, Debug)]
pub struct Repository {
    written: String,
    host: String,
    owner: String,
    repo: String,
}

/// Reasons to refuse a text as a repository.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum RepositoryError {
    /// The text is empty.
    #[error("repository must not be empty: expected for example `acme/shop` or `gitlab.com/acme/shop`")]
    Empty,
    /// A URL instead of a path.
    #[error("repository `{text}` must not be a URL; write `{suggestion}`")]
    Address {
        /// Input text.
        text: String,
        /// Text without scheme, user and `.git`.
        suggestion: String,
    },
    /// No owner.
    #[error("repository `{0}` has no owner: expected for example `acme/shop` or `gitlab.com/acme/shop`")]
    NoOwner(String),
    /// Three or more parts without a host.
    #[error(
        "repository `{0}` has more than two parts, and `{1}` is not a host: expected for example `acme/shop` or \
            `gitlab.com/acme/team/shop`"
    )]
    NoHost(String, String),
    /// A part that no forge allows.
    #[error(
        "repository `{text}` has the invalid part `{part}`: expected letters, digits, `.`, `-`, `_` and `~`, and not `.` \
            or `..`"
    )]
    Part {
        /// Input text.
        text: String,
        /// Invalid part.
        part: String,
    },
    /// Over 512 characters.
    #[error("repository must have at most 512 characters, got {0}")]
    TooLong(usize),
}

const DEFAULT_HOST: &str = "github.com";
const MAX: usize = 512;

serde_as_text!(Repository);

impl Repository {
    /// Host, owner and name in lower case: `github.com/acme/shop`. Equal for equal repositories.
    pub fn canonical(&self) -> String {
        format!("{}/{}/{}", self.host, self.owner, self.repo).to_ascii_lowercase()
    }

    /// Canonical form without `github.com/`.
    pub fn short(&self) -> String {
        let canonical = self.canonical();
        canonical.strip_prefix("github.com/").map_or_else(|| canonical.clone(), ToOwned::to_owned)
    }

    /// Host as written, default `github.com`.
    pub fn host(&self) -> &str {
        &self.host
    }

    /// Owner as written: everything between host and name. Groups are separated by slashes.
    pub fn owner(&self) -> &str {
        &self.owner
    }

    /// Name as written.
    pub fn repo(&self) -> &str {
        &self.repo
    }

    /// True if this is the repository at a URL of `git`: HTTPS, HTTP or SSH, with or without user, `.git` and default port.
    /// The port of an SSH URL is not compared, because a host has another one for its pages.
    pub fn is_at(&self, url: &str) -> bool {
        let url = url.trim().to_ascii_lowercase();
        let path = without_scheme(&url).unwrap_or_else(|| url.clone());
        let Some((host, path)) = path.split_once('/') else { return false };
        let default_port = if url.starts_with("http://") { "80" } else { "443" };
        let is_ssh = !url.starts_with("http://") && !url.starts_with("https://");
        let own = self.host.to_ascii_lowercase();
        let (own_name, own_port) = split_port(&own, "443");
        let (name, port) = split_port(host, default_port);
        let is_path = path.trim_matches('/') == format!("{}/{}", self.owner, self.repo).to_ascii_lowercase();
        name == own_name && (is_ssh || port == own_port) && is_path
    }

    /// URL of a pull request. Only the format of github.com is known.
    pub fn pull_request_url(&self, number: NonZeroU64) -> Option<String> {
        let known = self.host.eq_ignore_ascii_case(DEFAULT_HOST) && !self.owner.contains('/');
        known.then(|| format!("https://github.com/{}/{}/pull/{number}", self.owner, self.repo))
    }
}

impl FromStr for Repository {
    type Err = RepositoryError;

    fn from_str(text: &str) -> Result<Self, RepositoryError> {
        if text.is_empty() {
            return Err(RepositoryError::Empty);
        }
        if text.len() > MAX {
            return Err(RepositoryError::TooLong(text.len()));
        }
        if let Some(suggestion) = without_scheme(text) {
            return Err(RepositoryError::Address { text: text.to_owned(), suggestion });
        }
        let parts: Vec<&str> = text.split('/').collect();
        let no_owner = || RepositoryError::NoOwner(text.to_owned());
        let (host, path) = match parts.as_slice() {
            [] | [_] => return Err(no_owner()),
            [first, _] if is_host(first) => return Err(no_owner()),
            [_, _] => (DEFAULT_HOST, parts.as_slice()),
            [first, rest @ ..] if is_host(first) => (*first, rest),
            [first, ..] => return Err(RepositoryError::NoHost(text.to_owned(), (*first).to_owned())),
        };
        if let Some(part) = path.iter().find(|part| !is_part(part)) {
            return Err(RepositoryError::Part { text: text.to_owned(), part: (*part).to_owned() });
        }
        let (repo, owner) = path.split_last().ok_or_else(no_owner)?;
        Ok(Self { written: text.to_owned(), host: host.to_owned(), owner: owner.join("/"), repo: (*repo).to_owned() })
    }
}

impl fmt::Display for Repository {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.written)
    }
}

impl PartialEq for Repository {
    fn eq(&self, other: &Self) -> bool {
        self.canonical() == other.canonical()
    }
}

impl Eq for Repository {}

impl Hash for Repository {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.canonical().hash(state);
    }
}

/// Path of a URL such as `https://host/a/b.git` or `git@host:a/b.git`.
fn without_scheme(text: &str) -> Option<String> {
    let path = match (text.split_once("://"), text.split_once('@')) {
        (Some((_, rest)), _) => rest.rsplit_once('@').map_or(rest, |(_, path)| path).to_owned(),
        (None, Some((_, rest))) => rest.replacen(':', "/", 1),
        (None, None) => text.ends_with(".git").then(|| text.to_owned())?,
    };
    let path = path.trim_end_matches('/');
    Some(path.strip_suffix(".git").unwrap_or(path).to_owned())
}

/// Name and port of a host; no port if it is the default one.
fn split_port<'a>(host: &'a str, default_port: &str) -> (&'a str, Option<&'a str>) {
    match host.split_once(':') {
        Some((name, port)) => (name, Some(port).filter(|port| *port != default_port)),
        None => (host, None),
    }
}

/// True if the first part has a dot or a port: an owner on github.com has neither.
fn is_host(part: &str) -> bool {
    let (host, port) = part.split_once(':').unwrap_or((part, "443"));
    let dns = dns::check_name(&host.to_ascii_lowercase()).is_ok();
    let port = port.parse::<u16>().is_ok_and(|port| port > 0);
    (part.contains('.') || part.contains(':')) && dns && port
}

fn is_part(part: &str) -> bool {
    let legal = |byte: u8| byte.is_ascii_alphanumeric() || b".-_~".contains(&byte);
    !part.is_empty() && part != "." && part != ".." && part.bytes().all(legal)
}

#[cfg(test)]
mod tests;
