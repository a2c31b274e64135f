//! Problems that are more specific than the kind of an error.

use crate::error::{BoxError, Error};

/// A specific problem with a server, a token, a mount or a secret.
#[derive(Debug, thiserror::Error)]
pub enum VaultProblem {
    /// A redirect to another host. The token was not sent there.
    #[error("the server redirects to {to}, which is not the configured host; the token was not sent there")]
    Redirected {
        /// Scheme, host and port of the other host.
        to: String,
    },
    /// Too many redirects within the host.
    #[error("the server redirects too many times")]
    RedirectLoop,
    /// The response does not have the form of Vault's responses.
    #[error("the response with status {status} is not from Vault")]
    NotVault {
        /// HTTP status.
        status: u16,
    },
    /// An invalid token: wrong, expired or revoked.
    #[error(
        "Vault does not accept the token: it is wrong, has expired or was revoked (it answered {status} to {request})"
    )]
    TokenRejected {
        /// HTTP status.
        status: u16,
        /// The request, such as `GET /v1/secret/data/stage/shop`.
        request: String,
    },
    /// A rejected login.
    #[error(
        "Vault answered {status} to {request}{}: the role or its secret is wrong, expired or used up, or the auth \
         mount does not exist",
        parenthesised(.message)
    )]
    LoginRejected {
        /// HTTP status.
        status: u16,
        /// The request.
        request: String,
        /// Message of the server; may be empty.
        message: String,
    },
    /// No mount, or no right to read it.
    #[error("no secrets engine is mounted at `{path}`, or the token has no right on any path below it")]
    NotMounted {
        /// The path.
        path: String,
        /// Response of the server.
        source: BoxError,
    },
    /// A path that is split into mount and path at the wrong position.
    #[error("it is on the mount `{mount}`")]
    OtherMount {
        /// The mount of the path.
        mount: String,
    },
    /// A mount instead of a secret.
    #[error("`{path}` is a mount and not a secret")]
    MountItself {
        /// Path of the mount.
        path: String,
    },
    /// An engine without key-value secrets.
    #[error("it is an engine of type `{engine}`: secrets are copied on key-value engines only")]
    WrongEngine {
        /// Type of the engine.
        engine: String,
    },
    /// A write on a mount of version 1.
    #[error("the mount is KV version 1, which cannot create a secret without overwriting and has no metadata")]
    KvVersion1,
    /// No secret at the source path.
    #[error("there is no secret to copy at this path")]
    NothingToCopy,
    /// A secret with a deleted newest version.
    #[error("its newest version{} is deleted", number(.version))]
    VersionDeleted {
        /// The version, if the server named it.
        version: Option<u64>,
    },
    /// Concurrent changes during all attempts of a create.
    #[error("other clients created, took over or deleted it during every attempt to create it")]
    ChangedMeanwhile,
    /// A copy of another source at the target.
    #[error("it is a copy of `{source_path}` for the same environment")]
    OtherSource {
        /// Source of that copy.
        source_path: String,
    },
    /// A secret of another owner at the target.
    #[error("it exists already and is not a copy of this installation ({reason})")]
    Foreign {
        /// Owner of the secret, or the reason why the owner is unknown.
        reason: String,
    },
    /// A subtree with too many levels.
    #[error("it is more than {limit} folders deep")]
    TooDeep {
        /// Maximum number of folders.
        limit: usize,
    },
    /// A subtree with too many secrets.
    #[error("there are more than {limit} of them")]
    TooMany {
        /// Maximum number of secrets.
        limit: usize,
    },
}

impl VaultProblem {
    /// The problem that caused an error, if one did.
    pub fn of(error: &Error) -> Option<&Self> {
        error.cause()
    }
}

fn parenthesised(text: &str) -> String {
    if text.is_empty() { String::new() } else { format!(" ({text})") }
}

fn number(version: &Option<u64>) -> String {
    version.map(|version| format!(" {version}")).unwrap_or_default()
}
