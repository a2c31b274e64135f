use super::*;

/// Lets every task run until it waits.
async fn settle() {
    for _ in 0..200 {
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn permits_are_given_round_robin_over_owners() {
    let semaphore = FairSemaphore::new(1);
    let first = semaphore.acquire("storm").await;
    let order = Arc::new(Mutex::new(Vec::new()));
    let owners = ["storm", "storm", "storm", "storm", "calm", "third"];
    for owner in owners {
        let (semaphore, order) = (semaphore.clone(), Arc::clone(&order));
        tokio::spawn(async move {
            let permit = semaphore.acquire(owner).await;
            order.lock().unwrap().push(owner);
            drop(permit);
        });
        settle().await;
    }
    assert_eq!(semaphore.waiting(), owners.len());
    drop(first);
    settle().await;
    assert_eq!(*order.lock().unwrap(), ["calm", "storm", "third", "storm", "storm", "storm"]);
    assert_eq!(semaphore.waiting(), 0);
}

#[tokio::test]
async fn cancelled_request_loses_no_permit() {
    let semaphore = FairSemaphore::new(1);
    let first = semaphore.acquire("a").await;
    let impatient: Vec<_> = (0..3)
        .map(|_| {
            let semaphore = semaphore.clone();
            tokio::spawn(async move { drop(semaphore.acquire("a").await) })
        })
        .collect();
    settle().await;
    for task in &impatient {
        task.abort();
    }
    settle().await;
    drop(first);
    let second = semaphore.acquire("b").await;
    assert_eq!(semaphore.lock().free, 0);
    drop(second);
    assert_eq!(semaphore.lock().free, 1);
}

#[tokio::test]
async fn permit_sent_to_a_dropped_request_is_released() {
    let semaphore = FairSemaphore::new(1);
    let first = semaphore.acquire("a").await;
    let mut waiting = Box::pin(semaphore.acquire("a"));
    assert!(futures::poll!(&mut waiting).is_pending());
    // The permit is already sent when the request is dropped.
    drop(first);
    drop(waiting);
    assert_eq!(semaphore.lock().free, 1);
}

fn minute() -> RenderProgress {
    RenderProgress::until(std::time::Instant::now() + Duration::from_secs(60))
}

#[test]
fn threads_and_tasks_share_the_queue() {
    let (semaphore, order) = (FairSemaphore::new(1), Mutex::new(Vec::new()));
    let first = semaphore.acquire_blocking("storm", &minute()).unwrap();
    thread::scope(|scope| {
        for (at, owner) in ["storm", "storm", "calm"].into_iter().enumerate() {
            let (semaphore, order) = (&semaphore, &order);
            scope.spawn(move || {
                let permit = semaphore.acquire_blocking(owner, &minute()).unwrap();
                order.lock().unwrap().push(owner);
                drop(permit);
            });
            while semaphore.waiting() <= at {
                thread::yield_now();
            }
        }
        drop(first);
    });
    assert_eq!(*order.lock().unwrap(), ["calm", "storm", "storm"]);
    assert_eq!(semaphore.lock().free, 1);
}

#[test]
fn cancelled_thread_stops_waiting() {
    let semaphore = FairSemaphore::new(1);
    let first = semaphore.acquire_blocking("a", &minute()).unwrap();
    let late = RenderProgress::until(std::time::Instant::now() + Duration::from_millis(50));
    assert!(semaphore.acquire_blocking("a", &late).is_none());
    let stopped = Arc::new(minute());
    let waiting = thread::spawn({
        let (semaphore, stopped) = (semaphore.clone(), Arc::clone(&stopped));
        move || semaphore.acquire_blocking("a", &stopped).is_none()
    });
    while semaphore.waiting() < 2 {
        thread::yield_now();
    }
    stopped.cancel();
    assert!(waiting.join().unwrap());
    drop(first);
    assert_eq!(semaphore.lock().free, 1, "stopped threads hold no permit");
}
