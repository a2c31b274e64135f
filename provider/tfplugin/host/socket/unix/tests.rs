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

fn with(name: &str, value: &Path) -> ProcessEnvironment {
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
async fn a_long_temporary_directory_is_replaced() {
    let base = tempfile::tempdir().unwrap();
    let long = base.path().join("x".repeat(100));
    fs::create_dir(&long).unwrap();
    let bound = bind(&with("TMPDIR", &long)).unwrap();
    let path = socket(&bound);
    assert!(!path.starts_with(&long) && path.as_os_str().len() <= LIMIT, "{path:?}");
    assert_eq!(fs::read_dir(&long).unwrap().count(), 0);
}

#[tokio::test]
async fn a_missing_temporary_directory_is_replaced() {
    let base = tempfile::tempdir().unwrap();
    let bound = bind(&with("TMPDIR", &base.path().join("missing"))).unwrap();
    assert!(!socket(&bound).starts_with(base.path()));
}

#[tokio::test]
async fn the_directory_of_the_host_is_used_or_refused() {
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
async fn the_group_of_the_host_has_access() {
    let base = tempfile::tempdir().unwrap();
    // Setting one's own group needs no privilege.
    let own = fs::metadata(base.path()).unwrap().gid();
    let pairs = [("TMPDIR", base.path().as_os_str().to_owned()), ("PLUGIN_UNIX_SOCKET_GROUP", own.to_string().into())];
    let bound = bind(&pairs.into_iter().collect()).unwrap();
    let path = socket(&bound);
    assert_eq!(mode(&path), 0o660);
    assert_eq!(mode(path.parent().unwrap()), 0o710);
    assert_eq!(fs::metadata(&path).unwrap().gid(), own);

    let pairs = [("TMPDIR", base.path().as_os_str().to_owned()), ("PLUGIN_UNIX_SOCKET_GROUP", "no such group".into())];
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
