use super::*;

/// Lets every task run until it waits.
async fn settle() {
    for _ in 0..200 {
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn a_storm_of_one_does_not_hold_up_the_other() {
    let semaphore = FairSemaphore::new(1);
    let first = semaphore.take("storm").await;
    let order = Arc::new(Mutex::new(Vec::new()));
    let owners = ["storm", "storm", "storm", "storm", "calm", "third"];
    for owner in owners {
        let (semaphore, order) = (semaphore.clone(), Arc::clone(&order));
        tokio::spawn(async move {
            let permit = semaphore.take(owner).await;
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
async fn who_stops_waiting_takes_no_turn_along() {
    let semaphore = FairSemaphore::new(1);
    let first = semaphore.take("a").await;
    let impatient: Vec<_> = (0..3)
        .map(|_| {
            let semaphore = semaphore.clone();
            tokio::spawn(async move { drop(semaphore.take("a").await) })
        })
        .collect();
    settle().await;
    for task in &impatient {
        task.abort();
    }
    settle().await;
    drop(first);
    let second = semaphore.take("b").await;
    assert_eq!(semaphore.lock().free, 0);
    drop(second);
    assert_eq!(semaphore.lock().free, 1);
}

#[tokio::test]
async fn a_turn_that_arrives_too_late_is_given_on() {
    let semaphore = FairSemaphore::new(1);
    let first = semaphore.take("a").await;
    let mut waiting = Box::pin(semaphore.take("a"));
    assert!(futures::poll!(&mut waiting).is_pending());
    // The turn is on its way when the one who waited goes.
    drop(first);
    drop(waiting);
    assert_eq!(semaphore.lock().free, 1);
}

fn minute() -> RenderProgress {
    RenderProgress::until(std::time::Instant::now() + Duration::from_secs(60))
}

#[test]
fn threads_wait_in_the_same_line() {
    let (semaphore, order) = (FairSemaphore::new(1), Mutex::new(Vec::new()));
    let first = semaphore.wait("storm", &minute()).unwrap();
    thread::scope(|scope| {
        for (at, owner) in ["storm", "storm", "calm"].into_iter().enumerate() {
            let (semaphore, order) = (&semaphore, &order);
            scope.spawn(move || {
                let permit = semaphore.wait(owner, &minute()).unwrap();
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
fn a_thread_whose_work_nobody_wants_stops_waiting() {
    let semaphore = FairSemaphore::new(1);
    let first = semaphore.wait("a", &minute()).unwrap();
    let late = RenderProgress::until(std::time::Instant::now() + Duration::from_millis(50));
    assert!(semaphore.wait("a", &late).is_none());
    let stopped = Arc::new(minute());
    let waiting = thread::spawn({
        let (semaphore, stopped) = (semaphore.clone(), Arc::clone(&stopped));
        move || semaphore.wait("a", &stopped).is_none()
    });
    while semaphore.waiting() < 2 {
        thread::yield_now();
    }
    stopped.stop();
    assert!(waiting.join().unwrap());
    drop(first);
    assert_eq!(semaphore.lock().free, 1, "those who went took no turn along");
}
