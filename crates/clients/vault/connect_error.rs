//! Reasons why no connection to Vault can be prepared.

use std::{io, path::PathBuf};

use crate::error::{Error, ErrorKind};

/// A connection or a login that cannot be prepared. No request was sent.
#[derive(Debug, thiserror::Error)]
pub enum VaultConnectError {
    /// No server is configured.
    #[error("no Vault is configured")]
    NoAddress,
    /// No credentials are configured.
    #[error("no credentials for Vault are configured")]
    NoAuth,
    /// A file that cannot be read.
    #[error("cannot read the {what} from `{}`", file.display())]
    File {
        /// Content of the file.
        what: FileContent,
        /// The file.
        file: PathBuf,
        /// Error of the operating system.
        source: io::Error,
    },
    /// Not a certificate.
    #[error("the certificate authority contains no valid certificate: expected PEM, or the path of a PEM file")]
    BadAuthority,
    /// The HTTP client cannot be made.
    #[error("cannot set up TLS")]
    Tls(#[source] reqwest::Error),
    /// A file without a token.
    #[error("`{}` contains no token, or more than one line", file.display())]
    NoToken {
        /// The file.
        file: PathBuf,
    },
}

/// Contents of files that the settings name.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum FileContent {
    /// The certificate authority of the server.
    Authority,
    /// A JWT for a login.
    Jwt,
    /// The token of a Kubernetes service account.
    ServiceAccountToken,
}

impl VaultConnectError {
    /// The connection problem that caused an error, if one did.
    pub fn of(error: &Error) -> Option<&Self> {
        error.cause()
    }

    pub(super) fn kind(&self) -> ErrorKind {
        match self {
            Self::NoToken { .. } => ErrorKind::Unauthenticated,
            Self::NoAddress | Self::NoAuth | Self::File { .. } | Self::BadAuthority | Self::Tls(_) => {
                ErrorKind::Invalid
            }
        }
    }
}

impl std::fmt::Display for FileContent {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Authority => "certificate authority",
            Self::Jwt => "JWT",
            Self::ServiceAccountToken => "token of the service account",
        })
    }
}
