//! Addresses of remote servers, and connections to them that failed.
//!
//! An error about a connection has the address and its origin, so that a caller can name the setting to
//! correct.

use std::{error::Error as StdError, fmt, time::Duration};

use crate::{
    deadline::seconds,
    error::{BoxError, Error},
};

/// Address of a server.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct ServerAddress {
    /// Name of the server inside of a sentence, such as `the API server`.
    pub server: &'static str,
    /// URL without user name and password. `None` if the caller supplied the transport.
    pub url: Option<String>,
    /// Origin of the URL.
    pub origin: AddressOrigin,
}

/// Origin of a server's address.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub enum AddressOrigin {
    /// The settings that the caller passed to the client.
    #[default]
    Settings,
    /// An environment variable.
    Variable(&'static str),
    /// A context of kubeconfig files.
    Kubeconfig {
        /// Paths of the files, separated by commas.
        files: String,
        /// Name of the context.
        context: String,
    },
    /// The environment variables that Kubernetes sets in every pod.
    Pod,
}

/// A connection that failed, or that gave no complete response.
#[derive(Debug)]
pub struct ConnectionFailure {
    /// Address of the server.
    pub address: ServerAddress,
    /// Kind of the failure.
    pub problem: ConnectionProblem,
    source: Option<BoxError>,
}

/// Kinds of failed connections.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum ConnectionProblem {
    /// The connection ended before the response was complete.
    Broken,
    /// No response arrived within the time limit of one attempt, which is in this variant.
    NoResponse(Duration),
    /// No connection could be opened: unknown host, connection refused or timed out, or TLS failed. Nothing was sent.
    Unreachable,
    /// The certificate of the server is not valid for its name, or its authority is not trusted. Nothing was sent.
    Untrusted,
}

impl ConnectionFailure {
    /// A failure with its cause, which has the text of one error and not of a chain.
    pub(crate) fn new(address: &ServerAddress, problem: ConnectionProblem, cause: impl Into<BoxError>) -> Self {
        Self { address: address.clone(), problem, source: Some(cause.into()) }
    }

    /// The failure of an attempt without a response within its time limit.
    pub(crate) fn no_response(address: &ServerAddress, limit: Duration) -> Self {
        Self { address: address.clone(), problem: ConnectionProblem::NoResponse(limit), source: None }
    }

    /// The failed connection that caused an error, if one did.
    pub fn of(error: &Error) -> Option<&Self> {
        error.cause()
    }
}

impl fmt::Display for ServerAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { server, url, origin } = self;
        f.write_str(server)?;
        if let Some(url) = url {
            write!(f, " at {url}")?;
        }
        match origin {
            AddressOrigin::Settings => Ok(()),
            AddressOrigin::Variable(name) => write!(f, " (from environment variable {name})"),
            AddressOrigin::Kubeconfig { files, context } => write!(f, " (from context `{context}` of {files})"),
            AddressOrigin::Pod => f.write_str(" (from the environment of the pod)"),
        }
    }
}

impl fmt::Display for ConnectionFailure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { address, problem, source: _ } = self;
        match problem {
            ConnectionProblem::Broken => {
                write!(f, "the connection to {address} ended before the response was complete")
            }
            ConnectionProblem::NoResponse(limit) => write!(f, "{address} gave no response within {}", seconds(limit)),
            ConnectionProblem::Unreachable => write!(f, "{address} cannot be reached"),
            ConnectionProblem::Untrusted => write!(f, "the certificate of {address} is not trusted"),
        }
    }
}

impl StdError for ConnectionFailure {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        self.source.as_deref().map(|source| source as &(dyn StdError + 'static))
    }
}

#[cfg(test)]
mod tests;
