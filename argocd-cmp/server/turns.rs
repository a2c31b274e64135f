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
mod tests;
