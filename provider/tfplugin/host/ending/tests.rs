use std::sync::atomic::{AtomicU32, Ordering};

use super::*;

const SHORT: Duration = Duration::from_millis(5);
const NEVER: Duration = Duration::from_secs(3600);

fn same() -> u32 {
    1
}

#[tokio::test]
async fn the_host_is_gone_after_its_last_connection_closes() {
    let (count, connections) = watch::channel(0);
    let gone = tokio::spawn(HostProcess::new(connections, SHORT, same).gone());
    count.send_replace(1);
    tokio::task::yield_now().await;
    count.send_replace(0);
    gone.await.unwrap();
}

#[tokio::test]
async fn the_first_connection_has_no_timeout() {
    let (_count, connections) = watch::channel(0);
    let mut gone = Box::pin(HostProcess::new(connections, Duration::ZERO, same).gone());
    sleep(SHORT).await;
    assert!(futures::poll!(&mut gone).is_pending());
    sleep(SHORT).await;
    assert!(futures::poll!(&mut gone).is_pending());
}

#[tokio::test]
async fn a_host_that_reconnects_is_not_gone() {
    let (count, connections) = watch::channel(1);
    let mut gone = Box::pin(HostProcess::new(connections, NEVER, same).gone());
    assert!(futures::poll!(&mut gone).is_pending());
    count.send_replace(0);
    assert!(futures::poll!(&mut gone).is_pending());
    count.send_replace(1);
    assert!(futures::poll!(&mut gone).is_pending());
}

#[tokio::test]
async fn the_host_is_gone_with_a_new_parent_and_no_connection() {
    static PARENT: AtomicU32 = AtomicU32::new(10);
    let (count, connections) = watch::channel(1);
    let host = HostProcess::new(connections, NEVER, || PARENT.load(Ordering::Relaxed));
    PARENT.store(1, Ordering::Relaxed);
    let mut gone = Box::pin(host.gone());
    // The first check runs at once: a connection is open, so the new parent has no effect.
    assert!(tokio::time::timeout(SHORT, &mut gone).await.is_err());
    count.send_replace(0);
    gone.await;
}

#[test]
fn shutdown_has_the_shortest_grace_period() {
    assert!(Ending::Shutdown.patience() < Ending::Signal.patience());
}
