//! Failures of forges only.

use std::{
    fmt,
    time::{Duration, SystemTime},
};

use http::{HeaderMap, StatusCode};
use serde_json::Value;

use super::{quota::RequestQuota, token_value::TokenError};
use crate::{
    error::{BoxError, Error, ErrorKind},
    headers::retry_after,
    retry::Symptom,
    send::SystemFailure,
};

/// Maximum number of characters of the forge's message in an error.
const MAX_MESSAGE: usize = 300;

/// Pause after a limit without a time, as GitHub requires.
const DEFAULT_PAUSE: Duration = Duration::from_secs(60);

/// A refused request.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[error("the forge answered {status}{}", parenthesised(.message))]
pub struct ForgeRefusal {
    /// HTTP status.
    pub status: u16,
    /// Message of the forge; may be empty.
    pub message: String,
}

/// Problems that are more specific than the kind of an error.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum ForgeProblem {
    /// A redirect to another host. The token was not sent there.
    #[error("the forge redirects to {to}, which is not the configured host; the token was not sent there")]
    Redirected {
        /// Scheme, host and port of the other host.
        to: String,
    },
    /// Too many redirects, or one without a valid target.
    #[error("the forge redirects to an invalid target, or too many times")]
    RedirectLoop,
    /// The response does not have the form of the forge's responses.
    #[error("the response with status {status} is not from the API of the forge, or is not complete")]
    Unreadable {
        /// HTTP status.
        status: u16,
    },
    /// Only the reserve of the quota remains, so the request was not sent.
    #[error("only the reserve of {remaining} requests remains of the quota; the quota is full again in {} s", .reset.as_secs())]
    QuotaUsedUp {
        /// Number of remaining requests.
        remaining: u64,
        /// Time until the next full quota.
        reset: Duration,
    },
    /// The repository was renamed or moved, so a missing branch in it has no meaning.
    #[error("the repository {expected} is now {found}: it was renamed or moved")]
    Moved {
        /// Path of the requested repository.
        expected: String,
        /// Path of the repository that the forge returned.
        found: String,
    },
    /// The repository belongs to another forge.
    #[error("the repository is on {host}, which is not this forge")]
    OtherHost {
        /// Host of the repository.
        host: String,
    },
}

/// A failure of one attempt.
#[derive(Debug)]
pub(super) enum ForgeFailure {
    /// The token cannot be sent.
    NoToken(TokenError),
    /// The forge refused the request.
    Refused { refusal: ForgeRefusal, symptom: Symptom },
    /// A more specific problem.
    Problem(ForgeProblem),
}

impl ForgeRefusal {
    /// The refusal that caused an error, if one did.
    pub fn of(error: &Error) -> Option<&Self> {
        error.cause()
    }
}

impl ForgeProblem {
    /// The problem that caused an error, if one did.
    pub fn of(error: &Error) -> Option<&Self> {
        error.cause()
    }
}

impl ForgeFailure {
    /// The failure of a response without success. GitHub answers 403 if a limit is exceeded: the quota if no request
    /// remains, a secondary limit if there is a `Retry-After` or a message about it.
    pub(super) fn of_response(
        status: StatusCode,
        headers: &HeaderMap,
        body: &[u8],
        quota: Option<RequestQuota>,
        now: SystemTime,
    ) -> Self {
        let code = status.as_u16();
        let Some(message) = message(body) else { return Self::Problem(ForgeProblem::Unreadable { status: code }) };
        let after = retry_after(headers);
        let used_up = quota.filter(|quota| quota.remaining == 0);
        let limited =
            code == 429 || (code == 403 && (after.is_some() || used_up.is_some() || message.contains("rate limit")));
        let symptom = if limited {
            let pause = after.or(used_up.map(|quota| quota.until_reset(now))).unwrap_or(DEFAULT_PAUSE);
            Symptom::Answered { code: 429, retry_after: Some(pause) }
        } else {
            Symptom::Answered { code, retry_after: after }
        };
        Self::Refused { refusal: ForgeRefusal { status: code, message }, symptom }
    }
}

impl SystemFailure for ForgeFailure {
    fn symptom(&self) -> Symptom {
        match self {
            Self::NoToken(_) => Symptom::Permanent,
            Self::Refused { symptom, .. } => *symptom,
            Self::Problem(ForgeProblem::Unreadable { status }) => {
                Symptom::Answered { code: *status, retry_after: None }
            }
            Self::Problem(_) => Symptom::Permanent,
        }
    }

    fn kind(&self) -> ErrorKind {
        match self {
            Self::NoToken(_) => ErrorKind::Unauthenticated,
            Self::Refused { symptom: Symptom::Answered { code: 429, .. }, .. } => ErrorKind::Unavailable,
            Self::Refused { refusal, .. } => match refusal.status {
                401 => ErrorKind::Unauthenticated,
                403 => ErrorKind::Denied,
                404 | 410 => ErrorKind::NotFound,
                409 => ErrorKind::Conflict,
                400 | 422 => ErrorKind::Invalid,
                500..=599 => ErrorKind::Unavailable,
                _ => ErrorKind::Other,
            },
            Self::Problem(ForgeProblem::Unreadable { .. } | ForgeProblem::QuotaUsedUp { .. }) => ErrorKind::Unavailable,
            Self::Problem(_) => ErrorKind::Invalid,
        }
    }

    fn status(&self) -> Option<u16> {
        match self {
            Self::Refused { refusal, .. } => Some(refusal.status),
            Self::Problem(ForgeProblem::Unreadable { status }) => Some(*status),
            Self::NoToken(_) | Self::Problem(_) => None,
        }
    }

    fn may_be_stored(&self) -> bool {
        match self {
            Self::Problem(ForgeProblem::Unreadable { status }) => *status < 300 || *status >= 500,
            _ => self.status().is_some_and(|status| status >= 500),
        }
    }

    fn into_source(self) -> BoxError {
        match self {
            Self::NoToken(error) => error.into(),
            Self::Refused { refusal, .. } => refusal.into(),
            Self::Problem(problem) => problem.into(),
        }
    }
}

impl fmt::Display for ForgeFailure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoToken(error) => error.fmt(f),
            Self::Refused { refusal, .. } => refusal.fmt(f),
            Self::Problem(problem) => problem.fmt(f),
        }
    }
}

/// The message of a refusal on one line; `None` if the body is not an object, such as the page of a proxy. GitHub calls
/// the field `message`, GitLab `message` or `error`; the value may be an object.
fn message(body: &[u8]) -> Option<String> {
    if body.is_empty() {
        return Some(String::new());
    }
    let body: Value = serde_json::from_slice(body).ok().filter(Value::is_object)?;
    let message = body.get("message").or_else(|| body.get("error"));
    let text = match message {
        Some(Value::String(text)) => text.clone(),
        Some(other) => other.to_string(),
        None => String::new(),
    };
    Some(text.split_whitespace().collect::<Vec<_>>().join(" ").chars().take(MAX_MESSAGE).collect())
}

fn parenthesised(text: &str) -> String {
    if text.is_empty() { String::new() } else { format!(" ({text})") }
}
