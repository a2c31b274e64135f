//! The ways in which a request fails, and what each means.

use std::{error::Error as StdError, fmt, time::Duration};

use http::StatusCode;

use super::transport::VaultConnectError;
use crate::{
    Error,
    deadline::{Stop, seconds},
    error::ErrorKind,
    retry::Symptom,
};

type BoxError = Box<dyn StdError + Send + Sync>;

/// The capability of requests that need none of their own: some right below the path is enough.
pub(super) const ANY: &str = "any";

/// The longest of the server's words that we repeat.
const LONGEST_WORDS: usize = 300;

/// What Vault said when it refused. Its words never hold a value.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct VaultRefusal {
    /// The HTTP status.
    pub status: u16,
    /// The server's words.
    pub errors: Vec<String>,
    /// The request: `GET /v1/secret/data/stage/shop`.
    pub request: String,
    /// What the token needs for it: `read`, `list`, `create`, `update`, `delete`, or `any` right below the path.
    pub capability: &'static str,
    /// On which path, as policies write it: `secret/data/stage/shop`.
    pub path: String,
    /// The namespace that was asked.
    pub namespace: Option<String>,
}

/// Why one attempt gave no answer.
#[derive(Debug)]
pub(super) enum VaultFailure {
    /// There is nobody to ask.
    NotConnected(VaultConnectError),
    /// The login failed, for this call or for one before it.
    NotLoggedIn(super::session::LoginFailure),
    /// Nobody answers at the address.
    Unreachable(BoxError),
    /// The server's certificate is not trusted.
    Distrusted(BoxError),
    /// The connection broke.
    Broken(BoxError),
    /// No answer within the time of one attempt.
    Silent(Duration),
    /// Sent on to another host.
    Redirected { to: String },
    /// What answered is not Vault, or its answer makes no sense.
    NotVault(StatusCode),
    /// The server refused. The body is kept where it is one of Vault's ordinary ones.
    Refused { refusal: Box<VaultRefusal>, retry_after: Option<Duration>, body: Option<serde_json::Value> },
    /// The server does not know the token.
    BadToken(Box<VaultRefusal>),
    /// The call ended first.
    Stopped { stop: Stop, sent: bool },
    /// The call ended before the next try.
    Ended { stop: Stop, last: BoxError },
}

impl VaultRefusal {
    /// What Vault said, if it was the one that refused.
    pub fn of(error: &Error) -> Option<&Self> {
        let mut cause = StdError::source(error);
        while let Some(link) = cause {
            if let Some(refusal) = link.downcast_ref::<Self>() {
                return Some(refusal);
            }
            cause = link.source();
        }
        None
    }

    /// Whether the server is sealed.
    pub fn is_sealed(&self) -> bool {
        self.status == 503 && self.says("sealed")
    }

    /// Whether the secret is at another version than the one named.
    pub(super) fn is_version_conflict(&self) -> bool {
        self.status == 400 && self.says("check-and-set parameter did not match")
    }

    /// Whether the engine still converts its storage, which it does for a moment after it was mounted.
    fn is_upgrading(&self) -> bool {
        self.status == 400 && self.says("upgrading from non-versioned")
    }

    fn says(&self, words: &str) -> bool {
        self.errors.iter().any(|error| error.to_ascii_lowercase().contains(words))
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

    /// How this looks to the retry policy. A standby that cannot forward and a replica that lags behind pass as fast
    /// as a server that is busy; a sealed one stays sealed until somebody comes.
    fn symptom(&self, retry_after: Option<Duration>) -> Symptom {
        let code = match self.status {
            503 if self.is_sealed() => return Symptom::Permanent,
            400 if self.is_upgrading() => 503,
            412 | 472 | 473 => 503,
            code => code,
        };
        Symptom::Answered { code, retry_after }
    }

    fn remedy(&self) -> String {
        let (capability, path) = (self.capability, &self.path);
        match self.status {
            _ if self.is_sealed() => "Vault is sealed; unseal it (`vault operator unseal`) and run again".to_owned(),
            403 if capability == ANY => "the server tells it to every token with some right below the path".to_owned(),
            403 => format!(
                "the token needs the capability `{capability}` on `{path}`; add it to the token's policy, and check \
                 the mount and the namespace"
            ),
            404 => format!("nothing is served at `{path}`; check the mount and the namespace"),
            400 => "the server did not accept the request".to_owned(),
            429 => "the server limits how often it may be asked; run again later".to_owned(),
            412 | 472 | 473 | 503 => "the server cannot do this now; run again later".to_owned(),
            _ => "look into the server's log".to_owned(),
        }
    }
}

impl fmt::Display for VaultRefusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Vault answered {} to {}", self.status, self.request)?;
        if let Some(namespace) = &self.namespace {
            write!(f, " in namespace `{namespace}`")?;
        }
        let words: Vec<_> = self.errors.iter().map(|error| words(error)).collect();
        let words = words.join("; ");
        if !words.is_empty() {
            let shown: String = words.chars().take(LONGEST_WORDS).collect();
            write!(f, " ({shown})")?;
        }
        write!(f, ": {}", self.remedy())
    }
}

impl StdError for VaultRefusal {}

/// One of the server's errors on one line. Behind most it has a list, mostly of one point, whose frame says nothing.
fn words(error: &str) -> String {
    let points = match error.split_once(" occurred:") {
        Some((count, points)) if count.ends_with(" error") || count.ends_with(" errors") => points,
        _ => error,
    };
    let points = points.split('\n').map(|line| line.trim().trim_start_matches("* ")).filter(|line| !line.is_empty());
    points.collect::<Vec<_>>().join("; ").split_whitespace().collect::<Vec<_>>().join(" ")
}

impl VaultFailure {
    pub(super) fn code(&self) -> Option<u16> {
        match self {
            Self::Refused { refusal, .. } => Some(refusal.status),
            _ => None,
        }
    }

    pub(super) fn symptom(&self) -> Symptom {
        match self {
            Self::Unreachable(_) => Symptom::Unreachable,
            Self::Broken(_) | Self::Silent(_) => Symptom::Interrupted,
            Self::Refused { refusal, retry_after, .. } => refusal.symptom(*retry_after),
            Self::NotVault(status) => Symptom::Answered { code: status.as_u16(), retry_after: None },
            Self::NotConnected(_)
            | Self::NotLoggedIn(_)
            | Self::Distrusted(_)
            | Self::Redirected { .. }
            | Self::BadToken(_)
            | Self::Stopped { .. }
            | Self::Ended { .. } => Symptom::Permanent,
        }
    }

    pub(super) fn kind(&self) -> ErrorKind {
        match self {
            Self::NotConnected(error) => error.kind(),
            Self::NotLoggedIn(failure) => failure.kind(),
            Self::Unreachable(_) | Self::Distrusted(_) | Self::Broken(_) | Self::Silent(_) | Self::NotVault(_) => {
                ErrorKind::Unavailable
            }
            Self::Redirected { .. } => ErrorKind::Invalid,
            Self::Refused { refusal, .. } => refusal.kind(),
            Self::BadToken(_) => ErrorKind::Unauthenticated,
            Self::Stopped { stop, .. } | Self::Ended { stop, .. } => ErrorKind::from(*stop),
        }
    }

    /// Whether a write may have been stored all the same.
    pub(super) fn may_be_stored(&self) -> bool {
        match self {
            Self::Broken(_) | Self::Silent(_) => true,
            Self::NotVault(status) => status.is_success() || status.is_server_error(),
            Self::Refused { refusal, .. } => refusal.status >= 500 && !refusal.is_sealed(),
            Self::Stopped { sent, .. } => *sent,
            Self::NotConnected(_)
            | Self::NotLoggedIn(_)
            | Self::Unreachable(_)
            | Self::Distrusted(_)
            | Self::Redirected { .. }
            | Self::BadToken(_)
            | Self::Ended { .. } => false,
        }
    }

    /// The link for an error's chain: the server's own words directly, everything else with a sentence.
    pub(super) fn into_source(self) -> BoxError {
        match self {
            Self::NotConnected(error) => error.into(),
            Self::NotLoggedIn(failure) => failure.into(),
            Self::Refused { refusal, .. } => refusal,
            Self::BadToken(refusal) => Box::new(TokenRefused(refusal)),
            other => Box::new(other),
        }
    }
}

impl fmt::Display for VaultFailure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotConnected(error) => error.fmt(f),
            Self::NotLoggedIn(failure) => failure.fmt(f),
            Self::Unreachable(_) => f.write_str("Vault cannot be reached; check `vault.address` and the network"),
            Self::Distrusted(_) => f.write_str(
                "the certificate of the Vault server is not trusted; set `vault.ca_cert` (VAULT_CACERT) to its \
                 certificate authority, and check the host name in `vault.address`",
            ),
            Self::Broken(_) => f.write_str("the connection broke before the answer was complete"),
            Self::Silent(limit) => write!(f, "Vault gave no answer within {}", seconds(limit)),
            Self::Redirected { to } => write!(
                f,
                "the server sent the request on to {to}, which is not the host in `vault.address`; the token was not \
                 sent there. Set `vault.address` to that host if it is the active node, or to a load balancer that \
                 finds it"
            ),
            Self::NotVault(status) => write!(
                f,
                "what answered with status {} is not Vault; check `vault.address`, and proxies in between",
                status.as_u16()
            ),
            Self::Refused { refusal, .. } | Self::BadToken(refusal) => refusal.fmt(f),
            Self::Stopped { stop, .. } => stop.fmt(f),
            Self::Ended { stop, .. } => write!(f, "{stop}; the last attempt failed"),
        }
    }
}

impl StdError for VaultFailure {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        match self {
            Self::Unreachable(cause)
            | Self::Distrusted(cause)
            | Self::Broken(cause)
            | Self::Ended { last: cause, .. } => Some(&**cause),
            Self::NotConnected(error) => error.source(),
            Self::NotLoggedIn(failure) => failure.source(),
            Self::Silent(_)
            | Self::Redirected { .. }
            | Self::NotVault(_)
            | Self::Refused { .. }
            | Self::BadToken(_)
            | Self::Stopped { .. } => None,
        }
    }
}

/// A token that the server does not know, or no longer.
#[derive(Debug, thiserror::Error)]
#[error(
    "Vault does not accept the token: it is wrong, has expired or was revoked; get a new one and run again (it answered \
     {} to {})", .0.status, .0.request
)]
struct TokenRefused(Box<VaultRefusal>);

#[cfg(test)]
mod tests;
