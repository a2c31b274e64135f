use super::*;

/// Lets every task run until it waits.
async fn settle() {
    for _ in 0..200 {
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn a_storm_of_one_does_not_hold_up_the_other() {
    let turns = Turns::new(1);
    let first = turns.take("storm").await;
    let order = Arc::new(Mutex::new(Vec::new()));
    let owners = ["storm", "storm", "storm", "storm", "calm", "third"];
    for owner in owners {
        let (turns, order) = (turns.clone(), Arc::clone(&order));
        tokio::spawn(async move {
            let turn = turns.take(owner).await;
            order.lock().unwrap().push(owner);
            drop(turn);
        });
        settle().await;
    }
    assert_eq!(turns.waiting(), owners.len());
    drop(first);
    settle().await;
    assert_eq!(*order.lock().unwrap(), ["calm", "storm", "third", "storm", "storm", "storm"]);
    assert_eq!(turns.waiting(), 0);
}

#[tokio::test]
async fn who_stops_waiting_takes_no_turn_along() {
    let turns = Turns::new(1);
    let first = turns.take("a").await;
    let impatient: Vec<_> = (0..3)
        .map(|_| {
            let turns = turns.clone();
            tokio::spawn(async move { drop(turns.take("a").await) })
        })
        .collect();
    settle().await;
    for task in &impatient {
        task.abort();
    }
    settle().await;
    drop(first);
    let second = turns.take("b").await;
    assert_eq!(turns.lock().free, 0);
    drop(second);
    assert_eq!(turns.lock().free, 1);
}

#[tokio::test]
async fn a_turn_that_arrives_too_late_is_given_on() {
    let turns = Turns::new(1);
    let first = turns.take("a").await;
    let mut waiting = Box::pin(turns.take("a"));
    assert!(futures::poll!(&mut waiting).is_pending());
    // The turn is on its way when the one who waited goes.
    drop(first);
    drop(waiting);
    assert_eq!(turns.lock().free, 1);
}

fn minute() -> Watch {
    Watch::until(std::time::Instant::now() + Duration::from_secs(60))
}

#[test]
fn threads_wait_in_the_same_line() {
    let (turns, order) = (Turns::new(1), Mutex::new(Vec::new()));
    let first = turns.wait("storm", &minute()).unwrap();
    thread::scope(|scope| {
        for (at, owner) in ["storm", "storm", "calm"].into_iter().enumerate() {
            let (turns, order) = (&turns, &order);
            scope.spawn(move || {
                let turn = turns.wait(owner, &minute()).unwrap();
                order.lock().unwrap().push(owner);
                drop(turn);
            });
            while turns.waiting() <= at {
                thread::yield_now();
            }
        }
        drop(first);
    });
    assert_eq!(*order.lock().unwrap(), ["calm", "storm", "storm"]);
    assert_eq!(turns.lock().free, 1);
}

#[test]
fn a_thread_whose_work_nobody_wants_stops_waiting() {
    let turns = Turns::new(1);
    let first = turns.wait("a", &minute()).unwrap();
    let late = Watch::until(std::time::Instant::now() + Duration::from_millis(50));
    assert!(turns.wait("a", &late).is_none());
    let stopped = Arc::new(minute());
    let waiting = thread::spawn({
        let (turns, stopped) = (turns.clone(), Arc::clone(&stopped));
        move || turns.wait("a", &stopped).is_none()
    });
    while turns.waiting() < 2 {
        thread::yield_now();
    }
    stopped.stop();
    assert!(waiting.join().unwrap());
    drop(first);
    assert_eq!(turns.lock().free, 1, "those who went took no turn along");
}
