use super::*;

#[test]
fn a_name_needs_its_at() {
    assert!(PluginName::parse("eod@v1").is_ok());
    for bad in ["eod", "eod-v1", "@", "eod@", "@v1", "e/od@v1", "eod@v1/x", "eod v@1", ""] {
        assert!(matches!(PluginName::parse(bad), Err(SocketError::Name(_))), "{bad}");
    }
}

#[tokio::test]
async fn a_successor_keeps_its_socket() {
    let directory = tempfile::tempdir().unwrap();
    let name = PluginName::parse("eod@v1").unwrap();
    let (first, _listener) = Socket::bind(directory.path(), &name).unwrap();
    assert!(first.is_ours());
    let mode = fs::metadata(directory.path().join("eod@v1.sock")).unwrap().mode();
    assert_eq!(mode & 0o777, MODE);
    let (second, _listener) = Socket::bind(directory.path(), &name).unwrap();
    assert!(!first.is_ours() && second.is_ours());
    first.unlink();
    assert!(second.is_ours(), "only its own socket is unlinked");
    second.unlink();
    assert_eq!(fs::read_dir(directory.path()).unwrap().count(), 0, "and nothing is left");
}

#[tokio::test]
async fn plugins_that_start_together_keep_apart() {
    let directory = tempfile::tempdir().unwrap();
    let runtime = tokio::runtime::Handle::current();
    let start = |number: usize| {
        let _entered = runtime.enter();
        let name = PluginName::parse(&format!("eod@v{number}")).unwrap();
        for _ in 0..100 {
            let (socket, listener) = Socket::bind(directory.path(), &name).unwrap();
            assert!(socket.is_ours());
            // Whoever calls this name reaches this listener and no other.
            let _caller = std::os::unix::net::UnixStream::connect(socket.path()).unwrap();
            let listener = listener.into_std().unwrap();
            listener.accept().unwrap();
        }
    };
    std::thread::scope(|scope| {
        for number in 0..4 {
            scope.spawn(move || start(number));
        }
    });
    assert_eq!(fs::read_dir(directory.path()).unwrap().count(), 4);
}

#[tokio::test]
async fn what_is_no_socket_stays() {
    let directory = tempfile::tempdir().unwrap();
    let name = PluginName::parse("eod@v1").unwrap();
    fs::write(directory.path().join("eod@v1.sock"), "precious").unwrap();
    assert!(matches!(Socket::bind(directory.path(), &name), Err(SocketError::Taken(_))));
    let nowhere = directory.path().join("nowhere");
    assert!(matches!(Socket::bind(&nowhere, &name), Err(SocketError::Bind { .. })));
    let long = directory.path().join("x".repeat(100));
    assert!(matches!(Socket::bind(&long, &name), Err(SocketError::Long(_))));
}
