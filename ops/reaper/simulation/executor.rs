//! Executor in virtual time: tasks run one after another, and time passes only when all of them sleep.

use std::cell::{Cell, RefCell};
use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, Waker};

type Task = Pin<Box<dyn Future<Output = ()>>>;

/// Executor with its clock in milliseconds.
#[derive(Default)]
pub(super) struct Executor {
    now: Cell<i64>,
    sequence: Cell<u64>,
    current: Cell<usize>,
    /// Wake-ups by time, then by order of their request.
    queue: RefCell<BinaryHeap<Reverse<(i64, u64, usize)>>>,
    tasks: RefCell<Vec<Option<Task>>>,
}

impl Executor {
    /// Time in milliseconds.
    pub(super) fn now(&self) -> i64 {
        self.now.get()
    }

    /// Adds a task that begins now.
    pub(super) fn spawn(&self, future: impl Future<Output = ()> + 'static) -> usize {
        self.tasks.borrow_mut().push(Some(Box::pin(future)));
        let id = self.tasks.borrow().len() - 1;
        self.wake_at(self.now(), id);
        id
    }

    /// Drops a task wherever it is. The task that runs cannot kill itself.
    pub(super) fn kill(&self, id: usize) {
        self.tasks.borrow_mut()[id] = None;
    }

    /// True if a task has not finished.
    pub(super) fn runs(&self, id: usize) -> bool {
        self.tasks.borrow()[id].is_some()
    }

    /// Waits in virtual time.
    pub(super) async fn sleep(&self, milliseconds: i64) {
        let end = self.now() + milliseconds.max(0);
        let mut is_requested = false;
        std::future::poll_fn(|_| {
            if is_requested && self.now() >= end {
                return Poll::Ready(());
            }
            is_requested = true;
            self.wake_at(end, self.current.get());
            Poll::Pending
        })
        .await;
    }

    /// Runs all tasks until a time.
    pub(super) fn run_until(&self, end: i64) {
        let mut context = Context::from_waker(Waker::noop());
        loop {
            let Some(Reverse((time, _, id))) = self.queue.borrow().peek().copied() else { break };
            if time > end {
                break;
            }
            self.queue.borrow_mut().pop();
            self.now.set(self.now().max(time));
            // The task is taken out, so that it can spawn others.
            let Some(mut task) = self.tasks.borrow_mut()[id].take() else { continue };
            self.current.set(id);
            if task.as_mut().poll(&mut context).is_pending() {
                self.tasks.borrow_mut()[id] = Some(task);
            }
        }
        self.now.set(self.now().max(end));
    }

    fn wake_at(&self, time: i64, id: usize) {
        let sequence = self.sequence.get();
        self.sequence.set(sequence + 1);
        self.queue.borrow_mut().push(Reverse((time, sequence, id)));
    }
}
