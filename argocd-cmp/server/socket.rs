//! Unix socket of the plugin: its path, its owner and its removal.
//!
//! repo-server finds a plugin by the name of its socket. The name must contain an `@`: grpc-go sends the escaped path
//! as the authority of every call, and Rust's HTTP/2 accepts the `%` of an escape only in the user information before
//! an `@`.

use std::fs;
use std::io;
use std::os::unix::fs::{FileTypeExt as _, MetadataExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::time::Duration;

use tokio::net::{UnixListener, UnixStream};
use tokio::sync::mpsc;
use tokio::time::sleep;
use tokio_util::sync::CancellationToken;

/// Name of the plugin in Applications, and of the socket without `.sock`.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct PluginName(String);

/// Socket created by this process.
#[derive(Debug)]
pub(crate) struct PluginSocket {
    path: PathBuf,
    /// Device and inode: a socket of the same name may belong to a successor.
    identity: (u64, u64),
}

/// Reasons for a socket that cannot be created.
#[derive(Debug, thiserror::Error)]
pub(crate) enum SocketError {
    #[error(
        "plugin name must be NAME@VERSION of letters, digits, `-`, `_` and `.`, such as `eod@v1`, got `{0}`: without the \
         `@`, HTTP/2 rejects the socket's path as repo-server sends it"
    )]
    InvalidName(String),
    #[error("socket path must have at most 100 bytes, got `{0}`; use a shorter directory")]
    PathTooLong(PathBuf),
    #[error("`{0}` exists and is not a socket; remove it, or use another name")]
    NotASocket(PathBuf),
    #[error("cannot create the socket `{path}`; the directory must exist and be writable for this user")]
    Bind { path: PathBuf, source: io::Error },
}

/// Maximum length of the path in bytes. The kernel's limit is 107; the temporary name at creation is longer.
const MAX_PATH_BYTES: usize = 100;
/// Read and write for owner and group: the containers of a pod may have different users and a common group.
const MODE: u32 = 0o660;
/// Pause after a failed accept, usually caused by a lack of file descriptors.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);
/// Maximum number of accepted connections that the server has not taken over.
const ACCEPT_QUEUE: usize = 64;

impl FromStr for PluginName {
    type Err = SocketError;

    /// Parses a name.
    ///
    /// # Errors
    ///
    /// Fails unless the name is `NAME@VERSION`.
    fn from_str(name: &str) -> Result<Self, SocketError> {
        let is_complete = name.split_once('@').is_some_and(|(name, version)| !name.is_empty() && !version.is_empty());
        let is_plain = name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"@-_.".contains(&byte));
        if is_complete && is_plain { Ok(Self(name.to_owned())) } else { Err(SocketError::InvalidName(name.to_owned())) }
    }
}

impl PluginName {
    fn path(&self, directory: &Path) -> PathBuf {
        directory.join(format!("{}.sock", self.0))
    }
}

impl PluginSocket {
    /// Creates the socket. It replaces a stale socket atomically.
    ///
    /// # Errors
    ///
    /// Fails if the path is too long or belongs to another kind of file, or if the directory is not writable.
    pub(crate) fn bind(directory: &Path, name: &PluginName) -> Result<(Self, UnixListener), SocketError> {
        let path = name.path(directory);
        if path.as_os_str().len() > MAX_PATH_BYTES {
            return Err(SocketError::PathTooLong(path));
        }
        if fs::symlink_metadata(&path).is_ok_and(|found| !found.file_type().is_socket()) {
            return Err(SocketError::NotASocket(path));
        }
        // The temporary name depends on the plugin's name: other plugins may start in the same directory.
        let new = directory.join(format!(".{}.new", name.0));
        let bind = || {
            match fs::remove_file(&new) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
                _ => {}
            }
            let listener = UnixListener::bind(&new)?;
            fs::set_permissions(&new, fs::Permissions::from_mode(MODE))?;
            let identity = identity(&new)?;
            fs::rename(&new, &path)?;
            Ok((identity, listener))
        };
        let (identity, listener) = bind().map_err(|source| SocketError::Bind { path: path.clone(), source })?;
        Ok((Self { path, identity }, listener))
    }

    /// Path of the socket.
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// True if the path is still the socket of this process.
    pub(crate) fn is_ours(&self) -> bool {
        identity(&self.path).is_ok_and(|found| found == self.identity)
    }

    /// Removes the socket, unless a successor has replaced it. New callers cannot connect afterwards.
    pub(crate) fn unlink(&self) {
        if self.is_ours() {
            let _ = fs::remove_file(&self.path);
        }
    }
}

/// Device and inode.
fn identity(path: &Path) -> io::Result<(u64, u64)> {
    let found = fs::symlink_metadata(path)?;
    Ok((found.dev(), found.ino()))
}

/// Accepts connections until `closing` is cancelled. The returned stream of connections then ends.
pub(crate) fn accept(listener: UnixListener, closing: CancellationToken) -> mpsc::Receiver<io::Result<UnixStream>> {
    let (connections, incoming) = mpsc::channel(ACCEPT_QUEUE);
    tokio::spawn(async move {
        loop {
            let accepted = tokio::select! {
                () = closing.cancelled() => return,
                accepted = listener.accept() => accepted,
            };
            match accepted {
                Ok((stream, _)) => {
                    if connections.send(Ok(stream)).await.is_err() {
                        return;
                    }
                }
                Err(error) => {
                    tracing::warn!(%error, "cannot accept a connection");
                    sleep(ACCEPT_PAUSE).await;
                }
            }
        }
    });
    incoming
}

#[cfg(test)]
mod tests;
