use super::*;

#[tokio::test(start_paused = true)]
async fn a_call_ends_at_its_deadline() {
    let call = Deadline::within(Duration::from_secs(12), CancellationToken::new());
    let stopped = call.run(std::future::pending::<()>()).await;
    assert_eq!(stopped, Err(Stop::Deadline(Duration::from_secs(12))));
    assert_eq!(stopped.unwrap_err().to_string(), "the 12 s allowed for this operation are over");
    assert_eq!(call.remaining(), Duration::ZERO);
}

#[tokio::test(start_paused = true)]
async fn cancellation_ends_a_pause_at_once() {
    let cancel = CancellationToken::new();
    let call = Deadline::within(Duration::from_secs(3600), cancel.clone());
    let before = Instant::now();
    let (stopped, ()) = tokio::join!(call.pause(Duration::from_secs(600)), async { cancel.cancel() });
    assert_eq!(stopped, Err(Stop::Cancelled));
    assert_eq!(Instant::now(), before);
}

#[tokio::test(start_paused = true)]
async fn a_step_never_outlives_its_operation() {
    let call = Deadline::within(Duration::from_secs(5), CancellationToken::new());
    assert_eq!(call.at_most(Duration::from_secs(60)).remaining(), Duration::from_secs(5));
    assert_eq!(call.at_most(Duration::from_secs(1)).remaining(), Duration::from_secs(1));
}
