//! Semaphore that is fair between repositories.
//!
//! Argo CD may request renders of 64 Applications of one repository at the same time. Permits are given round robin
//! over the owners (repositories), so one Application of another repository waits for one permit and not for 64.
//! `tokio::sync::Semaphore` gives permits in the order of the requests and has no such guarantee.

use std::collections::{BTreeMap, VecDeque};
use std::ops::Bound;
use std::pin::pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Wake, Waker};
use std::thread::{self, Thread};
use std::time::Duration;

use tokio::sync::oneshot;

use crate::progress::RenderProgress;

/// Limited number of permits, given round robin over the owners that wait for one.
#[derive(Clone, Debug)]
pub(crate) struct FairSemaphore(Arc<Mutex<PermitQueue>>);

#[derive(Debug)]
struct PermitQueue {
    free: usize,
    /// Waiting requests by owner; no queue in the map is empty.
    waiting: BTreeMap<String, VecDeque<oneshot::Sender<Permit>>>,
    /// Owner of the last permit given to a waiting request.
    last_owner: String,
}

/// Permit of a [`FairSemaphore`], released when dropped.
#[derive(Debug)]
pub(crate) struct Permit(Option<FairSemaphore>);

/// Waker that unparks a blocked thread.
struct UnparkThread(Thread);

/// Interval of the checks for cancellation while a thread is blocked.
const CANCEL_CHECK: Duration = Duration::from_millis(25);

impl Wake for UnparkThread {
    fn wake(self: Arc<Self>) {
        self.0.unpark();
    }
}

impl FairSemaphore {
    /// Creates a semaphore with `limit` permits, at least one.
    pub(crate) fn new(limit: usize) -> Self {
        let queue = PermitQueue { free: limit.max(1), waiting: BTreeMap::new(), last_owner: String::new() };
        Self(Arc::new(Mutex::new(queue)))
    }

    /// Waits for a permit. Dropping the future removes the request and loses no permit.
    pub(crate) async fn acquire(&self, owner: &str) -> Permit {
        let permit = {
            let mut queue = self.lock();
            if queue.free > 0 {
                queue.free -= 1;
                return Permit(Some(self.clone()));
            }
            let (sender, permit) = oneshot::channel();
            queue.waiting.entry(owner.to_owned()).or_default().push_back(sender);
            permit
        };
        // The sender stays in the queue until it sends a permit, so receiving cannot fail.
        permit.await.unwrap_or(Permit(None))
    }

    /// Blocks this thread until a permit is available. Returns none if the work was cancelled or its deadline expired.
    pub(crate) fn acquire_blocking(&self, owner: &str, progress: &RenderProgress) -> Option<Permit> {
        let mut permit = pin!(self.acquire(owner));
        let waker = Waker::from(Arc::new(UnparkThread(thread::current())));
        let mut cx = Context::from_waker(&waker);
        loop {
            if progress.should_stop() {
                return None;
            }
            match permit.as_mut().poll(&mut cx) {
                Poll::Ready(permit) => return Some(permit),
                // A permit unparks this thread at once; cancellation does not, so it is polled.
                Poll::Pending => thread::park_timeout(CANCEL_CHECK),
            }
        }
    }

    /// Number of waiting requests.
    #[cfg(test)]
    pub(crate) fn waiting(&self) -> usize {
        self.lock().waiting.values().map(VecDeque::len).sum()
    }

    /// Gives one permit to the next waiting request, or back to the semaphore.
    fn release(self) {
        let mut semaphore = self;
        loop {
            let Some(next) = semaphore.lock().next() else { return };
            match next.send(Permit(Some(semaphore))) {
                // A permit that cannot be sent has nothing to release if it has no semaphore.
                Ok(()) | Err(Permit(None)) => return,
                // The request was dropped: try the next one.
                Err(mut permit) => match permit.0.take() {
                    Some(back) => semaphore = back,
                    None => return,
                },
            }
        }
    }

    fn lock(&self) -> MutexGuard<'_, PermitQueue> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl PermitQueue {
    /// Removes the next waiting request. If none is waiting, the permit becomes free.
    fn next(&mut self) -> Option<oneshot::Sender<Permit>> {
        let after = (Bound::Excluded(self.last_owner.clone()), Bound::Unbounded);
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
        self.last_owner = owner;
        next
    }
}

impl Drop for Permit {
    fn drop(&mut self) {
        if let Some(semaphore) = self.0.take() {
            semaphore.release();
        }
    }
}

#[cfg(test)]
mod tests;
