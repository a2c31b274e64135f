//! Graceful stop of the server: no connection of a caller is closed early.

use std::time::Duration;

use tokio::io::AsyncReadExt as _;
use tokio::net::UnixStream;

use super::kit::*;
use crate::server::StopTimeouts;

const LONG: Duration = Duration::from_secs(600);

#[tokio::test(flavor = "multi_thread")]
async fn pending_connections_are_served_after_the_stop() {
    let timeouts = StopTimeouts { linger: LONG, finish: LONG };
    let server = Setup { timeouts, ..Setup::default() }.start();
    // A second name of the socket replaces a caller that opened the socket before it was removed.
    let before = server.directory.path().join("before");
    std::fs::hard_link(server.socket(), &before).unwrap();
    server.stopping.cancel();
    let socket = server.socket();
    wait(|| !socket.exists()).await;
    let mut silent = UnixStream::connect(&before).await.unwrap();
    let mut frame = [0; 9];
    silent.read_exact(&mut frame).await.unwrap();
    assert_eq!(frame[3], 4, "the first frame is SETTINGS, although the caller sent nothing");
    client(&before).await.check_plugin_configuration(()).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn running_calls_are_finished_before_the_end() {
    let server = Setup::default().start();
    let (chart, mut caller) = (TestRequest::of(&CHART), server.client().await);
    let call = tokio::spawn(async move { caller.generate_manifest(tokio_stream::iter(chart.messages())).await });
    server.helm.started(1).await;
    server.stopping.cancel();
    let socket = server.socket();
    wait(|| !socket.exists()).await;
    assert!(!server.ended.is_finished());
    server.helm.may_end();
    assert!(!call.await.unwrap().unwrap().into_inner().manifests.is_empty());
    server.ended.await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn call_that_never_ends_does_not_prevent_the_end() {
    let timeouts = StopTimeouts { linger: Duration::ZERO, finish: Duration::from_millis(50) };
    let server = Setup { timeouts, ..Setup::default() }.start();
    let (chart, mut caller) = (TestRequest::of(&CHART), server.client().await);
    let call = tokio::spawn(async move { caller.generate_manifest(tokio_stream::iter(chart.messages())).await });
    server.helm.started(1).await;
    server.stopping.cancel();
    server.ended.await.unwrap();
    call.abort();
    server.helm.may_end();
}

#[tokio::test(flavor = "multi_thread")]
async fn successor_takes_over_the_socket() {
    let server = Setup::default().start();
    let name = "eod@v1".parse::<crate::socket::PluginName>().unwrap();
    let (successor, _listener) = crate::socket::PluginSocket::bind(server.directory.path(), &name).unwrap();
    server.stopping.cancel();
    server.ended.await.unwrap();
    assert!(successor.is_ours());
}
