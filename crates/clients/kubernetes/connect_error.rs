//! Reasons why no connection to the cluster can be prepared.

use std::{path::PathBuf, sync::Arc};

use super::{exec::ExecError, kubeconfig::KubeconfigError};
use crate::{
    deadline::Interruption,
    error::{Error, ErrorKind},
};

/// A connection that cannot be prepared. No request was sent.
#[derive(Debug, thiserror::Error)]
pub enum ClusterConnectError {
    /// No cluster is configured.
    #[error("no Kubernetes cluster is configured")]
    NothingConfigured,
    /// The kubeconfig has a mistake.
    #[error(transparent)]
    Kubeconfig(#[from] KubeconfigError),
    /// The exec plugin gave no credentials.
    #[error(transparent)]
    Exec(#[from] ExecError),
    /// The token file cannot be read.
    #[error("cannot read the token file {path}", path = .path.display())]
    TokenFile {
        /// The file.
        path: PathBuf,
        /// Error of the operating system.
        source: std::io::Error,
    },
    /// The token is not valid in an HTTP header.
    #[error("the token contains characters that are not valid in a token")]
    BadToken,
    /// Not an HTTP proxy.
    #[error("the proxy is not an `http://` or `https://` URL: other kinds of proxies are not supported")]
    Proxy,
    /// The certificates are not usable.
    #[error("the certificate authority, or the client certificate and its key, is not usable for TLS")]
    Tls {
        /// Error of the TLS library.
        source: Box<kube::Error>,
    },
    /// The operation was cancelled or timed out.
    #[error(transparent)]
    Interrupted(#[from] Interruption),
}

impl ClusterConnectError {
    /// The connection problem that caused an error, if one did.
    pub fn of(error: &Error) -> Option<&Self> {
        // Operations that wait for one connection share its error.
        error.cause::<Arc<Self>>().map(|shared| &**shared)
    }

    /// The cancellation or expired time limit of the one operation that prepared the connection.
    pub(super) fn interruption(&self) -> Option<Interruption> {
        match self {
            Self::Interrupted(reason) | Self::Exec(ExecError::Interrupted(reason)) => Some(*reason),
            _ => None,
        }
    }

    pub(super) fn kind(&self) -> ErrorKind {
        match self {
            Self::Interrupted(reason) | Self::Exec(ExecError::Interrupted(reason)) => ErrorKind::from(*reason),
            Self::Exec(_) | Self::TokenFile { .. } | Self::BadToken => ErrorKind::Unauthenticated,
            Self::NothingConfigured | Self::Kubeconfig(_) | Self::Proxy | Self::Tls { .. } => ErrorKind::Invalid,
        }
    }
}
