//! The Unix socket, in a directory of mode 0700 that other users cannot read.
//!
//! Socket paths are limited to 104 bytes on macOS and 108 on Linux, and a long `TMPDIR` is common on macOS and in build
//! systems. So if the path is too long, the temporary directory of the system is used instead.

use std::fs::{self, Permissions};
use std::io;
use std::os::unix::fs::{PermissionsExt as _, chown};
use std::path::{Path, PathBuf};

use tempfile::TempDir;
use tokio::net::UnixListener;

use super::{Bound, Listener};
use crate::host::HostError;
use crate::host::handshake::Address;
use crate::process_environment::ProcessEnvironment;

/// Maximum length of a socket path, in bytes.
const LIMIT: usize = 100;
const NAME: &str = "plugin.sock";

/// Creates the directory and the socket.
pub(crate) fn bind(environment: &ProcessEnvironment) -> Result<Bound, HostError> {
    let (directory, path, text) = place(environment)?;
    let listener = UnixListener::bind(&path).map_err(|source| HostError::Bind { path: path.clone(), source })?;
    match environment.socket_group() {
        Some(group) => share(directory.path(), &path, &group)
            .map_err(|source| HostError::SocketGroup { group: group.clone(), source })?,
        None => fs::set_permissions(&path, Permissions::from_mode(0o600))
            .map_err(|source| HostError::Bind { path: path.clone(), source })?,
    }
    Ok(Bound { listener: Listener::Unix(listener), address: Address::Unix(text), directory: Some(directory) })
}

/// Creates a private directory with a valid socket path. A directory set by the host is never replaced, because it can
/// be the only directory that both processes can access.
fn place(environment: &ProcessEnvironment) -> Result<(TempDir, PathBuf, String), HostError> {
    let system = Path::new("/").join("tmp");
    match environment.socket_directory() {
        Some(wish) => private_directory(&wish),
        None => match environment.temporary_directory() {
            Some(user) if user != system => private_directory(&user).or_else(|_| private_directory(&system)),
            _ => private_directory(&system),
        },
    }
}

fn private_directory(base: &Path) -> Result<(TempDir, PathBuf, String), HostError> {
    let failed = |source| HostError::SocketDirectory { base: base.to_owned(), source };
    // The handshake needs an absolute path.
    let base = std::path::absolute(base).map_err(failed)?;
    let directory = tempfile::Builder::new()
        .prefix("plugin-")
        .permissions(Permissions::from_mode(0o700))
        .tempdir_in(&base)
        .map_err(|source| HostError::SocketDirectory { base, source })?;
    let path = directory.path().join(NAME);
    match path.to_str() {
        // A `|` or a line feed would make the handshake line invalid.
        Some(text) if text.len() <= LIMIT && !text.contains(['|', '\n', '\r']) => {
            let text = text.to_owned();
            Ok((directory, path, text))
        }
        _ => Err(HostError::SocketPath { path, limit: LIMIT }),
    }
}

/// Gives a group, by name or number, access to the directory and the socket.
fn share(directory: &Path, socket: &Path, group: &str) -> io::Result<()> {
    let number = match group.parse() {
        Ok(number) => number,
        Err(_) => group_number(&fs::read_to_string("/etc/group")?, group).ok_or(io::ErrorKind::NotFound)?,
    };
    chown(directory, None, Some(number))?;
    chown(socket, None, Some(number))?;
    fs::set_permissions(socket, Permissions::from_mode(0o660))?;
    fs::set_permissions(directory, Permissions::from_mode(0o710))
}

/// Finds a group name in the text of the group file. Directory services are not used: they need the C library.
fn group_number(groups: &str, name: &str) -> Option<u32> {
    groups.lines().find_map(|line| {
        let mut fields = line.split(':');
        (fields.next() == Some(name)).then(|| fields.nth(1)?.parse().ok()).flatten()
    })
}

#[cfg(test)]
mod tests;
