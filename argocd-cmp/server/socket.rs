//! The plugin's socket: where it stands, whose it is, and how it goes.
//!
//! repo-server finds a plugin by the name of its socket. The name needs an `@`: grpc-go sends the escaped path as the
//! authority of each call, which Rust's HTTP/2 refuses unless an `@` makes all before it the part that names a user.

use std::fs;
use std::io;
use std::os::unix::fs::{FileTypeExt as _, MetadataExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};
use std::time::Duration;

use tokio::net::{UnixListener, UnixStream};
use tokio::sync::mpsc;
use tokio::time::sleep;
use tokio_util::sync::CancellationToken;

/// A name that Applications write: the socket's without its ending.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct PluginName(String);

/// A socket of ours.
#[derive(Debug)]
pub(crate) struct Socket {
    path: PathBuf,
    /// Device and inode: a socket of the same name may be a successor's.
    identity: (u64, u64),
}

/// Why there is no socket.
#[derive(Debug, thiserror::Error)]
pub(crate) enum SocketError {
    #[error(
        "the plugin's name `{0}` needs an `@` and none of `/`: expected a name such as `eod@v1`, because repo-server \
         sends the socket's path in a form that HTTP/2 refuses otherwise"
    )]
    Name(String),
    #[error("`{0}` is longer than the 100 bytes that a socket's path may have; choose a shorter directory")]
    Long(PathBuf),
    #[error("`{0}` exists and is no socket; remove it, or choose another name")]
    Taken(PathBuf),
    #[error("cannot make the socket `{path}`; the directory must exist and be writable for this user")]
    Bind { path: PathBuf, source: io::Error },
}

/// Bytes of a path, with some room below the kernel's 107 for the name that it has while it is made.
const LONGEST: usize = 100;
/// Read and write for owner and group: sidecars of one pod may have different users and share a group.
const MODE: u32 = 0o660;
/// After a failed accept, which is the lack of a file descriptor more often than not.
const PAUSE: Duration = Duration::from_millis(50);
/// Connections on the way to the server.
const QUEUE: usize = 64;

impl PluginName {
    /// Checks a name.
    ///
    /// # Errors
    ///
    /// Without `@`, or with a slash or nothing around it.
    pub(crate) fn parse(name: &str) -> Result<Self, SocketError> {
        let is_whole = name.split_once('@').is_some_and(|(name, version)| !name.is_empty() && !version.is_empty());
        let is_plain = name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"@-_.".contains(&byte));
        if is_whole && is_plain { Ok(Self(name.to_owned())) } else { Err(SocketError::Name(name.to_owned())) }
    }

    fn path(&self, directory: &Path) -> PathBuf {
        directory.join(format!("{}.sock", self.0))
    }
}

impl Socket {
    /// Makes the socket. It appears under its name at once and whole, in the place of one that was left behind.
    pub(crate) fn bind(directory: &Path, name: &PluginName) -> Result<(Self, UnixListener), SocketError> {
        let path = name.path(directory);
        if path.as_os_str().len() > LONGEST {
            return Err(SocketError::Long(path));
        }
        if fs::symlink_metadata(&path).is_ok_and(|found| !found.file_type().is_socket()) {
            return Err(SocketError::Taken(path));
        }
        // A name of its own: other plugins may start in the same directory at the same moment.
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

    /// Where it stands.
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// Whether new callers still come to us.
    pub(crate) fn is_ours(&self) -> bool {
        identity(&self.path).is_ok_and(|found| found == self.identity)
    }

    /// Lets no new caller in, unless a successor already has the name.
    pub(crate) fn unlink(&self) {
        if self.is_ours() {
            let _ = fs::remove_file(&self.path);
        }
    }
}

fn identity(path: &Path) -> io::Result<(u64, u64)> {
    let found = fs::symlink_metadata(path)?;
    Ok((found.dev(), found.ino()))
}

/// Accepts until `closing`. The stream of connections then ends.
pub(crate) fn accept(listener: UnixListener, closing: CancellationToken) -> mpsc::Receiver<io::Result<UnixStream>> {
    let (connections, incoming) = mpsc::channel(QUEUE);
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
                    tracing::warn!(%error, "a connection could not be accepted");
                    sleep(PAUSE).await;
                }
            }
        }
    });
    incoming
}

#[cfg(test)]
mod tests;
