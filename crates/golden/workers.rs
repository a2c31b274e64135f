//! Several workers on one queue.

use std::{
    collections::VecDeque,
    sync::{Arc, Mutex, PoisonError},
};

use tokio::task::JoinSet;

/// Work that is not begun. All clones are the same queue.
pub(crate) struct WorkQueue<T>(Arc<Mutex<VecDeque<T>>>);

impl<T> WorkQueue<T> {
    /// A queue of work in its order.
    pub(crate) fn new(work: Vec<T>) -> Self {
        Self(Arc::new(Mutex::new(VecDeque::from(work))))
    }

    /// Takes the next piece of work; none if the queue is empty.
    pub(crate) fn next(&self) -> Option<T> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).pop_front()
    }
}

impl<T> Clone for WorkQueue<T> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

/// Runs a number of workers, and returns the results of all. The first error ends the others: their sessions end, and the server
/// rolls their transactions back. `lost` is the error for a worker that panicked.
///
/// # Errors
///
/// The first error of a worker.
pub(crate) async fn all<T, E, F>(workers: usize, lost: impl Fn() -> E, mut work: impl FnMut() -> F) -> Result<Vec<T>, E>
where
    T: Send + 'static,
    E: Send + 'static,
    F: Future<Output = Result<Vec<T>, E>> + Send + 'static,
{
    let mut running = JoinSet::new();
    for _ in 0..workers {
        running.spawn(work());
    }
    let mut results = Vec::new();
    while let Some(done) = running.join_next().await {
        match done.map_err(|_| lost()).flatten() {
            Ok(found) => results.extend(found),
            Err(error) => {
                running.shutdown().await;
                return Err(error);
            }
        }
    }
    Ok(results)
}
