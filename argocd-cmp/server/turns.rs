//! Who may use a processor next: as many at once as there is room for, and nobody's storm is another one's wait.
//!
//! Sixty-four Applications of one repository may ask at once. Turns are given round robin over the repositories, so the
//! one Application of another repository waits for one turn and not for sixty-four.

use std::collections::{BTreeMap, VecDeque};
use std::ops::Bound;
use std::pin::pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Wake, Waker};
use std::thread::{self, Thread};
use std::time::Duration;

use tokio::sync::oneshot;

use crate::watch::Watch;

/// A limited number of turns.
#[derive(Clone, Debug)]
pub(crate) struct Turns(Arc<Mutex<Queue>>);

#[derive(Debug)]
struct Queue {
    free: usize,
    /// Who waits, by whom they belong to; none of the queues is empty.
    waiting: BTreeMap<String, VecDeque<oneshot::Sender<Turn>>>,
    /// Whose turn it was last.
    last: String,
}

/// The right to work; dropping it gives it on.
#[derive(Debug)]
pub(crate) struct Turn(Option<Turns>);

/// Wakes a thread that waits.
struct Unpark(Thread);

/// Between two looks at whether anybody still wants the work.
const LOOK: Duration = Duration::from_millis(25);

impl Wake for Unpark {
    fn wake(self: Arc<Self>) {
        self.0.unpark();
    }
}

impl Turns {
    pub(crate) fn new(limit: usize) -> Self {
        Self(Arc::new(Mutex::new(Queue { free: limit.max(1), waiting: BTreeMap::new(), last: String::new() })))
    }

    /// Waits for a turn. A caller that stops waiting loses nothing for the others.
    pub(crate) async fn take(&self, owner: &str) -> Turn {
        let turn = {
            let mut queue = self.lock();
            if queue.free > 0 {
                queue.free -= 1;
                return Turn(Some(self.clone()));
            }
            let (sender, turn) = oneshot::channel();
            queue.waiting.entry(owner.to_owned()).or_default().push_back(sender);
            turn
        };
        // The sender is kept until it has sent, so only a turn ends this wait.
        turn.await.unwrap_or(Turn(None))
    }

    /// Waits for a turn on a thread that may block; none where nobody wants the work any more.
    pub(crate) fn wait(&self, owner: &str, watch: &Watch) -> Option<Turn> {
        let mut turn = pin!(self.take(owner));
        let waker = Waker::from(Arc::new(Unpark(thread::current())));
        let mut cx = Context::from_waker(&waker);
        loop {
            if watch.is_over() {
                return None;
            }
            match turn.as_mut().poll(&mut cx) {
                Poll::Ready(turn) => return Some(turn),
                // A turn wakes this thread at once; only the end of all interest has to be looked for.
                Poll::Pending => thread::park_timeout(LOOK),
            }
        }
    }

    /// How many wait.
    #[cfg(test)]
    pub(crate) fn waiting(&self) -> usize {
        self.lock().waiting.values().map(VecDeque::len).sum()
    }

    fn give_on(self) {
        let mut turns = self;
        loop {
            let Some(next) = turns.lock().next() else { return };
            match next.send(Turn(Some(turns))) {
                Ok(()) => return,
                // Nobody waits there any more.
                Err(Turn(None)) => return,
                Err(mut turn) => match turn.0.take() {
                    Some(back) => turns = back,
                    None => return,
                },
            }
        }
    }

    fn lock(&self) -> MutexGuard<'_, Queue> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Queue {
    /// The next in line; where nobody is, the turn is free.
    fn next(&mut self) -> Option<oneshot::Sender<Turn>> {
        let after = (Bound::Excluded(self.last.clone()), Bound::Unbounded);
        let owner = self.waiting.range(after).next().or_else(|| self.waiting.first_key_value());
        let Some(owner) = owner.map(|(owner, _)| owner.clone()) else {
            self.free += 1;
            return None;
        };
        let queue = self.waiting.get_mut(&owner)?;
        let next = queue.pop_front();
        if queue.is_empty() {
            self.waiting.remove(&owner);
        }
        self.last = owner;
        next
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        if let Some(turns) = self.0.take() {
            turns.give_on();
        }
    }
}

#[cfg(test)]
mod tests {
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
}
