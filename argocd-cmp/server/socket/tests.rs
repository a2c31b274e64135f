use super::*;

#[test]
fn name_requires_an_at_sign() {
    assert!("eod@v1".parse::<PluginName>().is_ok());
    for bad in ["eod", "eod-v1", "@", "eod@", "@v1", "e/od@v1", "eod@v1/x", "eod v@1", ""] {
        assert!(matches!(bad.parse::<PluginName>(), Err(SocketError::InvalidName(_))), "{bad}");
    }
}

#[tokio::test]
async fn successor_keeps_its_socket() {
    let directory = tempfile::tempdir().unwrap();
    let name = "eod@v1".parse::<PluginName>().unwrap();
    let (first, _listener) = PluginSocket::bind(directory.path(), &name).unwrap();
    assert!(first.is_ours());
    let mode = fs::metadata(directory.path().join("eod@v1.sock")).unwrap().mode();
    assert_eq!(mode & 0o777, MODE);
    let (second, _listener) = PluginSocket::bind(directory.path(), &name).unwrap();
    assert!(!first.is_ours() && second.is_ours());
    first.unlink();
    assert!(second.is_ours(), "only its own socket is unlinked");
    second.unlink();
    assert_eq!(fs::read_dir(directory.path()).unwrap().count(), 0, "no file is left");
}

#[tokio::test]
async fn plugins_starting_together_do_not_interfere() {
    let directory = tempfile::tempdir().unwrap();
    let runtime = tokio::runtime::Handle::current();
    let start = |number: usize| {
        let _entered = runtime.enter();
        let name = format!("eod@v{number}").parse::<PluginName>().unwrap();
        for _ in 0..100 {
            let (socket, listener) = PluginSocket::bind(directory.path(), &name).unwrap();
            assert!(socket.is_ours());
            // A caller of this name reaches this listener.
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
async fn other_file_is_not_replaced() {
    let directory = tempfile::tempdir().unwrap();
    let name = "eod@v1".parse::<PluginName>().unwrap();
    fs::write(directory.path().join("eod@v1.sock"), "precious").unwrap();
    assert!(matches!(PluginSocket::bind(directory.path(), &name), Err(SocketError::NotASocket(_))));
    let nowhere = directory.path().join("nowhere");
    assert!(matches!(PluginSocket::bind(&nowhere, &name), Err(SocketError::Bind { .. })));
    let long = directory.path().join("x".repeat(100));
    assert!(matches!(PluginSocket::bind(&long, &name), Err(SocketError::PathTooLong(_))));
}
