use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

use super::*;
use crate::socket::PluginName;

async fn request(address: std::net::SocketAddr, line: &str) -> String {
    let mut stream = TcpStream::connect(address).await.unwrap();
    stream.write_all(format!("{line} HTTP/1.1\r\nhost: x\r\n\r\n").as_bytes()).await.unwrap();
    let mut text = String::new();
    stream.read_to_string(&mut text).await.unwrap();
    text
}

#[tokio::test]
async fn health_reports_the_socket_and_the_stop() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("policy.yaml");
    std::fs::write(&file, "{version: 1, projects: {p: {namespaces: ['a-*'], registries: []}}}").unwrap();
    let (socket, _listener) = PluginSocket::bind(directory.path(), &"eod@v1".parse::<PluginName>().unwrap()).unwrap();
    let state = Arc::new(HealthState {
        socket: Arc::new(socket),
        policy: Arc::new(PolicyStore::open(&file).unwrap()),
        metrics: Arc::new(Metrics::new()),
        stopping: CancellationToken::new(),
    });
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let server = tokio::spawn(serve(listener, Arc::clone(&state)));

    assert!(request(address, "GET /healthz").await.ends_with("\r\n\r\nok\n"));
    assert!(request(address, "GET /metrics").await.contains("eod_cmp_build{"));
    assert!(request(address, "POST /healthz").await.starts_with("HTTP/1.1 405"));
    assert!(request(address, "GET /").await.starts_with("HTTP/1.1 404"));

    std::fs::write(&file, "version: 2").unwrap();
    state.policy.reload();
    let text = request(address, "GET /readyz").await;
    assert!(text.starts_with("HTTP/1.1 200") && text.contains("an older policy is active"), "{text}");

    state.socket.unlink();
    assert!(request(address, "GET /healthz").await.starts_with("HTTP/1.1 503"));
    state.stopping.cancel();
    assert!(request(address, "GET /healthz").await.starts_with("HTTP/1.1 200"), "running calls are finished");
    assert!(request(address, "GET /readyz").await.starts_with("HTTP/1.1 503"));
    server.abort();
}
