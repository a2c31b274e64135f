use super::*;

#[test]
fn the_chain_names_each_cause_once() {
    let source = io::Error::other("read-only file system");
    let error = HostError::SocketDirectory { base: PathBuf::from("/x"), source };
    let expected = "cannot create a private directory for the socket in /x; set TMPDIR to a writable directory: \
                        read-only file system";
    assert_eq!(error.chain(), expected);
}
