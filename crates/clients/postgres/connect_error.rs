//! Errors of a connection other than network failures and errors of the server.

use std::{io, path::PathBuf};

/// Reason that a session could not be opened.
#[derive(Debug, thiserror::Error)]
pub enum PostgresConnectError {
    /// The server did not offer, or the certificate does not allow, the channel binding that is required.
    #[error("`channel_binding=require` is set, and the server did not use channel binding")]
    ChannelBinding,
    /// A file cannot be read.
    #[error("cannot read {content} {}", .file.display())]
    File {
        /// Content of the file, for example `the private key`.
        content: &'static str,
        /// Path of the file.
        file: PathBuf,
        /// Error of the system.
        source: io::Error,
    },
    /// A file has the wrong content.
    #[error("{content} {} is not valid: expected PEM", .file.display())]
    BadFile {
        /// Content of the file, for example `the private key`.
        content: &'static str,
        /// Path of the file.
        file: PathBuf,
    },
    /// The certificate of the client and its key do not fit together, or TLS does not support them.
    #[error("the client certificate {} cannot be used", .file.display())]
    ClientCertificate {
        /// Path of the certificate.
        file: PathBuf,
        /// Error of the TLS library.
        source: rustls::Error,
    },
    /// Certificate and private key of the client must be set together.
    #[error("a client certificate needs both `sslcert` and `sslkey`")]
    HalfCertificate,
    /// Other users can read a file with a secret.
    #[error("other users can read {content} {}, expected mode 0600", .file.display())]
    Exposed {
        /// Content of the file, for example `the private key`.
        content: &'static str,
        /// Path of the file.
        file: PathBuf,
    },
    /// The server requests a password and none is set.
    #[error("the server requests a password, and none is set")]
    NoPassword,
    /// The mode verifies certificates and no authority is known.
    #[error("`sslmode` requires a file of trusted authorities, and `sslrootcert` is not set")]
    NoAuthority,
    /// Unsupported certificate revocation list in the default folder.
    #[error("certificate revocation lists are not supported, found {}", .file.display())]
    Revocations {
        /// Path of the list.
        file: PathBuf,
    },
    /// The server is too old.
    #[error("the server is PostgreSQL {major}, expected 14 or newer")]
    OldServer {
        /// Major version of the server.
        major: u32,
    },
    /// The settings of the startup message did not reach the server: a connection pooler removed them.
    #[error("a connection pooler such as PgBouncer is between the client and PostgreSQL; expected a direct connection")]
    Pooler,
    /// The server offers no TLS.
    #[error("`sslmode` requires TLS, and the server does not support TLS")]
    NoTls,
    /// The authorities of the system cannot be loaded.
    #[error("the system has no trusted certificate authorities")]
    NoSystemAuthorities,
    /// The session is not what `target_session_attrs` requires.
    #[error("`target_session_attrs` requires a {expected} session, and no host offers one")]
    Attributes {
        /// Required kind of session.
        expected: &'static str,
    },
    /// Another error of the protocol or of TLS.
    #[error("{0}")]
    Protocol(String),
}
