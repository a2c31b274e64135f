//! Failures of the Kubernetes API only.

use std::{fmt, sync::Arc, time::Duration};

use super::{connect_error::ClusterConnectError, rejection::Rejection};
use crate::{
    error::{BoxError, ErrorKind},
    retry::Symptom,
    send::{AttemptFailure, SystemFailure},
};

/// A failure of one attempt.
#[derive(Debug)]
pub(super) enum ApiFailure {
    /// No connection could be prepared.
    NotConnected(Arc<ClusterConnectError>),
    /// The server rejected the request.
    Rejected { rejection: Rejection, retry_after: Option<Duration> },
}

impl From<Arc<ClusterConnectError>> for AttemptFailure<ApiFailure> {
    fn from(error: Arc<ClusterConnectError>) -> Self {
        match error.interruption() {
            Some(reason) => Self::unsent(reason),
            None => Self::System(ApiFailure::NotConnected(error)),
        }
    }
}

impl SystemFailure for ApiFailure {
    fn symptom(&self) -> Symptom {
        match self {
            Self::NotConnected(_) => Symptom::Permanent,
            Self::Rejected { rejection, retry_after } => {
                Symptom::Answered { code: rejection.code, retry_after: *retry_after }
            }
        }
    }

    fn kind(&self) -> ErrorKind {
        match self {
            Self::NotConnected(error) => error.kind(),
            Self::Rejected { rejection, .. } => rejection.kind(),
        }
    }

    fn status(&self) -> Option<u16> {
        match self {
            Self::NotConnected(_) => None,
            Self::Rejected { rejection, .. } => Some(rejection.code),
        }
    }

    fn may_be_stored(&self) -> bool {
        self.status().is_some_and(|status| status >= 500)
    }

    fn into_source(self) -> BoxError {
        match self {
            Self::NotConnected(error) => Box::new(error),
            Self::Rejected { rejection, .. } if rejection.code == 401 => Box::new(CredentialsRejected(rejection)),
            Self::Rejected { rejection, .. } => Box::new(rejection),
        }
    }
}

impl fmt::Display for ApiFailure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotConnected(error) => error.fmt(f),
            Self::Rejected { rejection, .. } => rejection.fmt(f),
        }
    }
}

/// A 401 that renewed credentials received, too.
#[derive(Debug, thiserror::Error)]
#[error("the API server does not accept the credentials, also after they were read again")]
struct CredentialsRejected(#[source] Rejection);
