//! The Unix socket: a directory of mode 0700 that nobody else can look into, and the socket inside.
//!
//! Socket paths are limited to 104 bytes on macOS and 108 on Linux, and a long `TMPDIR` is common on macOS and in build
//! systems, so a path that does not fit moves to the system's own temporary directory.

use std::fs::{self, Permissions};
use std::io;
use std::os::unix::fs::{PermissionsExt as _, chown};
use std::path::{Path, PathBuf};

use tempfile::TempDir;
use tokio::net::UnixListener;

use super::{Bound, Listener};
use crate::host::HostError;
use crate::host::environment::Environment;
use crate::host::handshake::Address;

/// The longest path that is used, in bytes.
const LIMIT: usize = 100;
const NAME: &str = "plugin.sock";

/// Makes the directory and the socket.
pub(crate) fn bind(environment: &Environment) -> Result<Bound, HostError> {
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

/// A private directory whose socket path can be used. The host's own wish is not replaced by another directory, because
/// it may be the only one that both sides see.
fn place(environment: &Environment) -> Result<(TempDir, PathBuf, String), HostError> {
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
        // A bar or a line feed would break the handshake line.
        Some(text) if text.len() <= LIMIT && !text.contains(['|', '\n', '\r']) => {
            let text = text.to_owned();
            Ok((directory, path, text))
        }
        _ => Err(HostError::SocketPath { path, limit: LIMIT }),
    }
}

/// Lets a group, by name or number, through the directory to the socket.
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

/// Looks a name up in the text of the group file. Directory services are not asked: they need the C library.
fn group_number(groups: &str, name: &str) -> Option<u32> {
    groups.lines().find_map(|line| {
        let mut fields = line.split(':');
        (fields.next() == Some(name)).then(|| fields.nth(1)?.parse().ok()).flatten()
    })
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::MetadataExt as _;

    use super::*;

    fn mode(path: &Path) -> u32 {
        fs::metadata(path).unwrap().permissions().mode() & 0o777
    }

    fn socket(bound: &Bound) -> PathBuf {
        match &bound.address {
            Address::Unix(path) => PathBuf::from(path),
            Address::Tcp(address) => panic!("expected a socket, got {address}"),
        }
    }

    fn with(name: &str, value: &Path) -> Environment {
        [(name, value.as_os_str())].into_iter().collect()
    }

    #[tokio::test]
    async fn the_socket_is_private_and_removed() {
        let base = tempfile::tempdir().unwrap();
        let bound = bind(&with("TMPDIR", base.path())).unwrap();
        let path = socket(&bound);
        assert!(path.is_absolute() && path.starts_with(base.path()));
        assert_eq!(mode(path.parent().unwrap()), 0o700);
        assert_eq!(mode(&path), 0o600);
        drop(bound);
        assert_eq!(fs::read_dir(base.path()).unwrap().count(), 0);
    }

    #[tokio::test]
    async fn a_long_temporary_directory_is_left_for_a_short_one() {
        let base = tempfile::tempdir().unwrap();
        let long = base.path().join("x".repeat(100));
        fs::create_dir(&long).unwrap();
        let bound = bind(&with("TMPDIR", &long)).unwrap();
        let path = socket(&bound);
        assert!(!path.starts_with(&long) && path.as_os_str().len() <= LIMIT, "{path:?}");
        assert_eq!(fs::read_dir(&long).unwrap().count(), 0);
    }

    #[tokio::test]
    async fn a_temporary_directory_that_does_not_exist_is_left_as_well() {
        let base = tempfile::tempdir().unwrap();
        let bound = bind(&with("TMPDIR", &base.path().join("missing"))).unwrap();
        assert!(!socket(&bound).starts_with(base.path()));
    }

    #[tokio::test]
    async fn the_hosts_directory_is_used_or_refused() {
        let base = tempfile::tempdir().unwrap();
        let bound = bind(&with("PLUGIN_UNIX_SOCKET_DIR", base.path())).unwrap();
        assert!(socket(&bound).starts_with(base.path()));

        let long = base.path().join("y".repeat(100));
        fs::create_dir(&long).unwrap();
        let error = bind(&with("PLUGIN_UNIX_SOCKET_DIR", &long)).err().unwrap();
        assert!(matches!(error, HostError::SocketPath { limit: LIMIT, .. }));
        let error = bind(&with("PLUGIN_UNIX_SOCKET_DIR", &base.path().join("missing"))).err().unwrap();
        assert!(matches!(error, HostError::SocketDirectory { .. }));
    }

    #[tokio::test]
    async fn the_hosts_group_gets_through() {
        let base = tempfile::tempdir().unwrap();
        // One's own group is the one that needs no privilege.
        let own = fs::metadata(base.path()).unwrap().gid();
        let pairs =
            [("TMPDIR", base.path().as_os_str().to_owned()), ("PLUGIN_UNIX_SOCKET_GROUP", own.to_string().into())];
        let bound = bind(&pairs.into_iter().collect()).unwrap();
        let path = socket(&bound);
        assert_eq!(mode(&path), 0o660);
        assert_eq!(mode(path.parent().unwrap()), 0o710);
        assert_eq!(fs::metadata(&path).unwrap().gid(), own);

        let pairs =
            [("TMPDIR", base.path().as_os_str().to_owned()), ("PLUGIN_UNIX_SOCKET_GROUP", "no such group".into())];
        let error = bind(&pairs.into_iter().collect()).err().unwrap();
        assert!(matches!(error, HostError::SocketGroup { .. }));
    }

    #[test]
    fn groups_are_found_by_their_whole_name() {
        let file = "root:x:0:\ndocker:x:998:alice\nbroken\n";
        assert_eq!(group_number(file, "docker"), Some(998));
        assert_eq!(group_number(file, "dock"), None);
        assert_eq!(group_number(file, "broken"), None);
    }
}
