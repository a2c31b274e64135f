use super::*;

#[tokio::test(start_paused = true)]
async fn work_ends_when_the_time_limit_expires() {
    let deadline = Deadline::within(Duration::from_secs(12), CancellationToken::new());
    let interrupted = deadline.run(std::future::pending::<()>()).await;
    assert_eq!(interrupted, Err(Interruption::TimedOut(Duration::from_secs(12))));
    assert_eq!(interrupted.unwrap_err().to_string(), "timed out after 12 s");
    assert_eq!(deadline.remaining(), Duration::ZERO);
}

#[tokio::test(start_paused = true)]
async fn cancellation_ends_a_pause_at_once() {
    let cancel = CancellationToken::new();
    let deadline = Deadline::within(Duration::from_secs(3600), cancel.clone());
    let before = Instant::now();
    let (interrupted, ()) = tokio::join!(deadline.pause(Duration::from_secs(600)), async { cancel.cancel() });
    assert_eq!(interrupted, Err(Interruption::Cancelled));
    assert_eq!(Instant::now(), before);
}

#[tokio::test(start_paused = true)]
async fn a_step_expires_no_later_than_its_operation() {
    let deadline = Deadline::within(Duration::from_secs(5), CancellationToken::new());
    assert_eq!(deadline.at_most(Duration::from_secs(60)).remaining(), Duration::from_secs(5));
    assert_eq!(deadline.at_most(Duration::from_secs(1)).remaining(), Duration::from_secs(1));
}
