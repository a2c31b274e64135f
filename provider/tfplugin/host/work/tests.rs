use super::*;

#[tokio::test]
async fn spawned_work_is_cancelled_and_awaited() {
    let work = Work::default();
    let stopping = work.stopping();
    let task = work.spawn(async move {
        stopping.cancelled().await;
        7
    });
    work.stop();
    work.finished().await;
    assert!(task.is_finished());
    assert_eq!(task.await.unwrap(), 7);
}
