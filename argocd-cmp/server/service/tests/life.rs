//! The end of the server, which must leave nobody with a connection that says nothing.

use std::time::Duration;

use tokio::io::AsyncReadExt as _;
use tokio::net::UnixStream;

use super::kit::*;
use crate::server::Patience;

const LONG: Duration = Duration::from_secs(600);

#[tokio::test(flavor = "multi_thread")]
async fn who_connected_before_the_end_is_still_served() {
    let patience = Patience { linger: LONG, finish: LONG };
    let running = Setup { patience, ..Setup::default() }.start();
    // A second name for the socket stands for a caller that had opened it before its name went.
    let before = running.directory.path().join("before");
    std::fs::hard_link(running.socket(), &before).unwrap();
    running.stopping.cancel();
    let socket = running.socket();
    wait(|| !socket.exists()).await;
    let mut silent = UnixStream::connect(&before).await.unwrap();
    let mut frame = [0; 9];
    silent.read_exact(&mut frame).await.unwrap();
    assert_eq!(frame[3], 4, "the first frame is SETTINGS, though the caller said nothing");
    client(&before).await.check_plugin_configuration(()).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn what_runs_is_finished_and_then_it_ends() {
    let running = Setup::default().start();
    let (chart, mut caller) = (Asked::of(&CHART), running.client().await);
    let call = tokio::spawn(async move { caller.generate_manifest(tokio_stream::iter(chart.messages())).await });
    running.helm.started(1).await;
    running.stopping.cancel();
    let socket = running.socket();
    wait(|| !socket.exists()).await;
    assert!(!running.ended.is_finished());
    running.helm.may_end();
    assert!(!call.await.unwrap().unwrap().into_inner().manifests.is_empty());
    running.ended.await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn what_never_ends_does_not_keep_it() {
    let patience = Patience { linger: Duration::ZERO, finish: Duration::from_millis(50) };
    let running = Setup { patience, ..Setup::default() }.start();
    let (chart, mut caller) = (Asked::of(&CHART), running.client().await);
    let call = tokio::spawn(async move { caller.generate_manifest(tokio_stream::iter(chart.messages())).await });
    running.helm.started(1).await;
    running.stopping.cancel();
    running.ended.await.unwrap();
    call.abort();
    running.helm.may_end();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_successor_takes_over_without_a_gap() {
    let running = Setup::default().start();
    let name = crate::socket::PluginName::parse("eod@v1").unwrap();
    let (successor, _listener) = crate::socket::Socket::bind(running.directory.path(), &name).unwrap();
    running.stopping.cancel();
    running.ended.await.unwrap();
    assert!(successor.is_ours());
}
