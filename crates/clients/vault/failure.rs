//! Failures of Vault only.

use std::{fmt, time::Duration};

use http::StatusCode;
use serde_json::Value;

use super::{
    connect_error::VaultConnectError, login_error::LoginFailure, problem::VaultProblem, refusal::VaultRefusal,
};
use crate::{
    error::{BoxError, ErrorKind},
    retry::Symptom,
    send::{AttemptFailure, SystemFailure},
};

/// A failure of one attempt.
#[derive(Debug)]
pub(super) enum VaultFailure {
    /// No connection or login could be prepared.
    NotConnected(VaultConnectError),
    /// The login of this operation or of an earlier one failed.
    NotLoggedIn(LoginFailure),
    /// A redirect to another host, or a redirect loop.
    Redirected(VaultProblem),
    /// The response is not from Vault, or is incomplete.
    NotVault(StatusCode),
    /// Vault refused the request. The body is one of its usual ones.
    Refused { refusal: Box<VaultRefusal>, retry_after: Option<Duration>, body: Value },
    /// Vault does not accept the token.
    TokenRejected(Box<VaultRefusal>),
}

impl VaultFailure {
    /// The refusal of an attempt, if Vault refused it for another reason than the token.
    pub(super) fn refusal(failure: &AttemptFailure<Self>) -> Option<&VaultRefusal> {
        match failure {
            AttemptFailure::System(Self::Refused { refusal, .. }) => Some(refusal),
            _ => None,
        }
    }

    /// True if Vault refused an attempt in a way that may be due to the token.
    pub(super) fn may_be_token(failure: &AttemptFailure<Self>) -> bool {
        Self::refusal(failure).is_some_and(|refusal| matches!(refusal.status, 401 | 403))
    }
}

impl SystemFailure for VaultFailure {
    fn symptom(&self) -> Symptom {
        match self {
            Self::Refused { refusal, retry_after, .. } => refusal.symptom(*retry_after),
            Self::NotVault(status) => Symptom::Answered { code: status.as_u16(), retry_after: None },
            Self::NotConnected(_) | Self::NotLoggedIn(_) | Self::Redirected(_) | Self::TokenRejected(_) => {
                Symptom::Permanent
            }
        }
    }

    fn kind(&self) -> ErrorKind {
        match self {
            Self::NotConnected(error) => error.kind(),
            Self::NotLoggedIn(failure) => failure.kind(),
            Self::Redirected(_) => ErrorKind::Invalid,
            Self::NotVault(_) => ErrorKind::Unavailable,
            Self::Refused { refusal, .. } => refusal.kind(),
            Self::TokenRejected(_) => ErrorKind::Unauthenticated,
        }
    }

    fn status(&self) -> Option<u16> {
        match self {
            Self::Refused { refusal, .. } | Self::TokenRejected(refusal) => Some(refusal.status),
            Self::NotVault(status) => Some(status.as_u16()),
            Self::NotConnected(_) | Self::NotLoggedIn(_) | Self::Redirected(_) => None,
        }
    }

    fn may_be_stored(&self) -> bool {
        match self {
            Self::NotVault(status) => status.is_success() || status.is_server_error(),
            Self::Refused { refusal, .. } => refusal.status >= 500 && !refusal.is_sealed(),
            Self::NotConnected(_) | Self::NotLoggedIn(_) | Self::Redirected(_) | Self::TokenRejected(_) => false,
        }
    }

    fn into_source(self) -> BoxError {
        match self {
            Self::NotConnected(error) => error.into(),
            Self::NotLoggedIn(failure) => failure.into(),
            Self::Redirected(problem) => problem.into(),
            Self::NotVault(status) => VaultProblem::NotVault { status: status.as_u16() }.into(),
            Self::Refused { refusal, .. } => refusal,
            Self::TokenRejected(refusal) => {
                VaultProblem::TokenRejected { status: refusal.status, request: refusal.request }.into()
            }
        }
    }
}

impl fmt::Display for VaultFailure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotConnected(error) => error.fmt(f),
            Self::NotLoggedIn(failure) => failure.fmt(f),
            Self::Redirected(problem) => problem.fmt(f),
            Self::NotVault(status) => write!(f, "the response with status {} is not from Vault", status.as_u16()),
            Self::Refused { refusal, .. } | Self::TokenRejected(refusal) => refusal.fmt(f),
        }
    }
}
