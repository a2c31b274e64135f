//! Failures of Route 53 and of the AWS SDK.

use std::{error::Error as StdError, fmt};

use aws_credential_types::provider::error::CredentialsError;
use aws_sdk_route53::{
    config::http::HttpResponse,
    error::{ConnectorError, ProvideErrorMetadata, SdkError},
};
use hyper_util::client::legacy;

use super::refusal::Route53Refusal;
use crate::{
    chain::{find, root},
    error::{BoxError, Error, ErrorKind},
    retry::Symptom,
    send::{AttemptFailure, SystemFailure},
    server::{ConnectionFailure, ConnectionProblem, ServerAddress},
    tls::is_untrusted,
};

/// Problems that are more specific than the kind of an error.
#[derive(Debug, thiserror::Error)]
pub enum Route53Problem {
    /// No credentials are available: none are configured, or their source refuses or cannot be reached.
    #[error("the AWS credentials cannot be loaded")]
    NoCredentials(#[source] BoxError),
    /// The SDK cannot send the request, for example because of its configuration.
    #[error("the AWS SDK cannot send the request")]
    NotSent(#[source] BoxError),
    /// The response does not have the form of the API's responses.
    #[error("the response with status {status} is not from Route 53, or is not complete")]
    NotRoute53 {
        /// HTTP status.
        status: u16,
    },
    /// A response has a value that cannot be read.
    #[error("the response of Route 53 has {0}")]
    Unreadable(String),
    /// A record set cannot be written.
    #[error("record set `{name}` {reason}")]
    Unwritable {
        /// Name of the record.
        name: String,
        /// Reason.
        reason: &'static str,
    },
    /// An entry is over the limits of a batch alone.
    #[error("the changes of `{host}` exceed the limits of one batch")]
    TooLarge {
        /// Host of the entry.
        host: String,
    },
    /// The task that sends the batches of a zone has stopped.
    #[error("the writer of the zone has stopped")]
    Stopped,
}

/// A failure of one attempt.
#[derive(Debug)]
pub(super) enum Route53Failure {
    /// Route 53 refused the request.
    Refused(Route53Refusal),
    /// A more specific problem.
    Problem(Route53Problem),
}

impl Route53Problem {
    /// The problem that caused an error, if one did.
    pub fn of(error: &Error) -> Option<&Self> {
        error.cause()
    }

    /// Kind of the error.
    pub(super) fn kind(&self) -> ErrorKind {
        match self {
            Self::NoCredentials(_) => ErrorKind::Unauthenticated,
            Self::NotRoute53 { .. } | Self::Stopped => ErrorKind::Unavailable,
            Self::NotSent(_) | Self::Unreadable(_) | Self::Unwritable { .. } | Self::TooLarge { .. } => {
                ErrorKind::Invalid
            }
        }
    }
}

impl Route53Failure {
    /// The failure of a call of the SDK.
    pub(super) fn of_sdk<E>(error: SdkError<E, HttpResponse>, address: &ServerAddress) -> AttemptFailure<Self>
    where
        E: StdError + Send + Sync + ProvideErrorMetadata + 'static,
    {
        let problem = |problem| AttemptFailure::System(Self::Problem(problem));
        let status = error.raw_response().map(|response| response.status().as_u16());
        if let (Some(status), Some(code)) = (status, error.code()) {
            let refusal = Route53Refusal {
                code: code.to_owned(),
                message: error.message().unwrap_or_default().to_owned(),
                status,
                request_id: error.meta().extra("aws_request_id").map(ToOwned::to_owned),
            };
            return AttemptFailure::System(Self::Refused(refusal));
        }
        if let Some(status) = status {
            return problem(Route53Problem::NotRoute53 { status });
        }
        let is_timeout = match &error {
            SdkError::TimeoutError(_) => true,
            SdkError::DispatchFailure(failure) => failure.is_timeout(),
            _ => false,
        };
        let source = cause(error);
        if find::<CredentialsError>(&*source).is_some() {
            return problem(Route53Problem::NoCredentials(source));
        }
        match connection_problem(&*source, is_timeout) {
            Some(problem) => ConnectionFailure::new(address, problem, root(&*source)).into(),
            None => problem(Route53Problem::NotSent(source)),
        }
    }
}

/// Cause of an error of the SDK, without the layers that only name a phase of the call.
fn cause<E: StdError + Send + Sync + 'static>(error: SdkError<E, HttpResponse>) -> BoxError {
    let source: BoxError = match error.into_source() {
        Ok(source) => source,
        Err(error) => Box::new(error),
    };
    match source.downcast::<ConnectorError>() {
        Ok(connector) => connector.into_source(),
        Err(source) => source,
    }
}

/// Kind of a failed connection. The only timeout of the SDK here is that of the connect.
fn connection_problem(error: &(dyn StdError + 'static), is_timeout: bool) -> Option<ConnectionProblem> {
    if is_untrusted(error) {
        return Some(ConnectionProblem::Untrusted);
    }
    let http = find::<legacy::Error>(error);
    if is_timeout || http.is_some_and(legacy::Error::is_connect) {
        return Some(ConnectionProblem::Unreachable);
    }
    let is_transport = http.is_some() || find::<std::io::Error>(error).is_some();
    is_transport.then_some(ConnectionProblem::Broken)
}

impl SystemFailure for Route53Failure {
    fn symptom(&self) -> Symptom {
        match self {
            Self::Refused(refusal) => refusal.symptom(),
            Self::Problem(Route53Problem::NotRoute53 { status }) => {
                Symptom::Answered { code: *status, retry_after: None }
            }
            Self::Problem(_) => Symptom::Permanent,
        }
    }

    fn kind(&self) -> ErrorKind {
        match self {
            Self::Refused(refusal) => refusal.kind(),
            Self::Problem(problem) => problem.kind(),
        }
    }

    fn status(&self) -> Option<u16> {
        match self {
            Self::Refused(refusal) => Some(refusal.status),
            Self::Problem(Route53Problem::NotRoute53 { status }) => Some(*status),
            Self::Problem(_) => None,
        }
    }

    fn may_be_stored(&self) -> bool {
        match self {
            Self::Problem(Route53Problem::NotRoute53 { status }) => *status < 300 || *status >= 500,
            _ => self.status().is_some_and(|status| status >= 500),
        }
    }

    fn into_source(self) -> BoxError {
        match self {
            Self::Refused(refusal) => refusal.into(),
            Self::Problem(problem) => problem.into(),
        }
    }
}

impl fmt::Display for Route53Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Refused(refusal) => refusal.fmt(f),
            Self::Problem(problem) => problem.fmt(f),
        }
    }
}
