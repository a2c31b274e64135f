//! Refusals: responses of Vault that are not a success.

use std::{error::Error as StdError, fmt, time::Duration};

use crate::{
    error::{Error, ErrorKind},
    retry::Symptom,
};

/// Capability of requests that need any one on some path below theirs.
pub(super) const ANY: &str = "any";

/// Maximum number of characters of the server's message in an error.
const MAX_MESSAGE: usize = 300;

/// A refusal of Vault. Its messages never contain a value.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct VaultRefusal {
    /// HTTP status.
    pub status: u16,
    /// Messages of the server.
    pub errors: Vec<String>,
    /// The request, such as `GET /v1/secret/data/stage/shop`.
    pub request: String,
    /// Capability that the token needs: `read`, `list`, `create`, `update`, `delete`, or `any` on some path below.
    pub capability: &'static str,
    /// Path of the capability, as in a policy: `secret/data/stage/shop`.
    pub path: String,
    /// Namespace of the request.
    pub namespace: Option<String>,
}

impl VaultRefusal {
    /// The refusal that caused an error, if one did.
    pub fn of(error: &Error) -> Option<&Self> {
        error.cause()
    }

    /// True if the server is sealed.
    pub fn is_sealed(&self) -> bool {
        self.status == 503 && self.says("sealed")
    }

    /// True if the newest version is not the one in the precondition.
    pub(super) fn is_version_conflict(&self) -> bool {
        self.status == 400 && self.says("check-and-set parameter did not match")
    }

    /// True while the engine converts its storage, which takes a moment after the engine was mounted.
    fn is_upgrading(&self) -> bool {
        self.status == 400 && self.says("upgrading from non-versioned")
    }

    fn says(&self, text: &str) -> bool {
        self.errors.iter().any(|error| error.to_ascii_lowercase().contains(text))
    }

    /// All messages of the server on one line, shortened.
    pub(super) fn message(&self) -> String {
        let messages: Vec<_> = self.errors.iter().map(|error| one_line(error)).collect();
        messages.join("; ").chars().take(MAX_MESSAGE).collect()
    }

    pub(super) fn kind(&self) -> ErrorKind {
        match self.status {
            400 if self.is_version_conflict() => ErrorKind::Conflict,
            400 | 405 | 413 => ErrorKind::Invalid,
            401 => ErrorKind::Unauthenticated,
            403 => ErrorKind::Denied,
            404 => ErrorKind::NotFound,
            412 | 429 | 472 | 473 | 500..=599 => ErrorKind::Unavailable,
            _ => ErrorKind::Other,
        }
    }

    /// Input of the retry policy. A standby that cannot forward and a replica that is behind are handled like a busy
    /// server; a sealed server stays sealed until an operator unseals it.
    pub(super) fn symptom(&self, retry_after: Option<Duration>) -> Symptom {
        let code = match self.status {
            503 if self.is_sealed() => return Symptom::Permanent,
            400 if self.is_upgrading() => 503,
            412 | 472 | 473 => 503,
            code => code,
        };
        Symptom::Answered { code, retry_after }
    }

    /// Meaning of the status, if it is more specific than the messages.
    fn meaning(&self) -> Option<String> {
        let (capability, path) = (self.capability, &self.path);
        match self.status {
            _ if self.is_sealed() => Some("Vault is sealed".to_owned()),
            403 if capability == ANY => Some(format!("the token needs a capability on some path below `{path}`")),
            403 => Some(format!("the token needs the capability `{capability}` on `{path}`")),
            404 => Some(format!("nothing is served at `{path}`")),
            429 => Some("the server limits the number of requests".to_owned()),
            412 | 472 | 473 | 503 => Some("the server cannot do this now".to_owned()),
            _ => None,
        }
    }
}

impl fmt::Display for VaultRefusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Vault answered {} to {}", self.status, self.request)?;
        if let Some(namespace) = &self.namespace {
            write!(f, " in namespace `{namespace}`")?;
        }
        let message = self.message();
        if !message.is_empty() {
            write!(f, " ({message})")?;
        }
        match self.meaning() {
            Some(meaning) => write!(f, ": {meaning}"),
            None => Ok(()),
        }
    }
}

impl StdError for VaultRefusal {}

/// One message of the server on one line. Most are a list with one item; only the item is kept.
fn one_line(error: &str) -> String {
    let points = match error.split_once(" occurred:") {
        Some((count, points)) if count.ends_with(" error") || count.ends_with(" errors") => points,
        _ => error,
    };
    let points = points.split('\n').map(|line| line.trim().trim_start_matches("* ")).filter(|line| !line.is_empty());
    points.collect::<Vec<_>>().join("; ").split_whitespace().collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests;
