use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

use super::*;
use crate::socket::PluginName;

async fn ask(address: std::net::SocketAddr, line: &str) -> String {
    let mut stream = TcpStream::connect(address).await.unwrap();
    stream.write_all(format!("{line} HTTP/1.1\r\nhost: x\r\n\r\n").as_bytes()).await.unwrap();
    let mut text = String::new();
    stream.read_to_string(&mut text).await.unwrap();
    text
}

#[tokio::test]
async fn health_follows_the_socket_and_the_end() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("policy.yaml");
    std::fs::write(&file, "{version: 1, projects: {p: {namespaces: ['a-*'], registries: []}}}").unwrap();
    let (socket, _listener) = Socket::bind(directory.path(), &PluginName::parse("eod@v1").unwrap()).unwrap();
    let status = Arc::new(Status {
        socket: Arc::new(socket),
        policy: Arc::new(PolicyStore::open(&file).unwrap()),
        metrics: Arc::new(Metrics::new()),
        stopping: CancellationToken::new(),
    });
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let server = tokio::spawn(serve(listener, Arc::clone(&status)));

    assert!(ask(address, "GET /healthz").await.ends_with("\r\n\r\nok\n"));
    assert!(ask(address, "GET /metrics").await.contains("eod_cmp_build{"));
    assert!(ask(address, "POST /healthz").await.starts_with("HTTP/1.1 405"));
    assert!(ask(address, "GET /").await.starts_with("HTTP/1.1 404"));

    std::fs::write(&file, "version: 2").unwrap();
    status.policy.reload();
    let text = ask(address, "GET /readyz").await;
    assert!(text.starts_with("HTTP/1.1 200") && text.contains("an older one is in force"), "{text}");

    status.socket.unlink();
    assert!(ask(address, "GET /healthz").await.starts_with("HTTP/1.1 503"));
    status.stopping.cancel();
    assert!(ask(address, "GET /healthz").await.starts_with("HTTP/1.1 200"), "what runs may be finished");
    assert!(ask(address, "GET /readyz").await.starts_with("HTTP/1.1 503"));
    server.abort();
}
