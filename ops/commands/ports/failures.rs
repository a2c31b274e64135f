//! Limit on the time that a remote system may cost a run without a result.
//!
//! A server that accepts connections and does not respond, or responds with 503, costs the time limit of each call. After it has
//! cost its part of a run, it is not called any more in this run, so that the rest of the run is done.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::time::Duration;

use eod_domain::EnvironmentName;
use eod_reaper::ports::{
    Backend, BackendItem, BackendKind, BoxFuture, CallError, CallErrorKind, ListPage, PageToken, SnapshotOutcome,
};
use tokio::time::Instant;

/// Limit on the time of failed calls, for each system.
#[derive(Debug)]
pub(crate) struct FailureLimit {
    limit: Duration,
    failed: RefCell<BTreeMap<String, FailedCalls>>,
}

/// Failed calls to one system.
#[derive(Clone, Debug, Default)]
struct FailedCalls {
    /// Duration of all of them.
    lost: Duration,
    /// Message of the newest one.
    message: String,
}

impl FailureLimit {
    /// No further call after failed calls to one system have taken half of `limit`, the maximum duration of one call.
    pub(super) fn new(limit: Duration) -> Self {
        Self { limit: limit / 2, failed: RefCell::default() }
    }

    /// Makes a call to a system, unless its failed calls have used up the limit.
    pub(super) async fn run<T>(
        &self,
        system: &str,
        call: impl Future<Output = Result<T, CallError>>,
    ) -> Result<T, CallError> {
        self.check(system)?;
        let started = Instant::now();
        let result = call.await;
        if let Err(error) = &result
            && matches!(error.kind, CallErrorKind::Unavailable | CallErrorKind::Unknown)
        {
            let mut failed = self.failed.borrow_mut();
            let failed = failed.entry(system.to_owned()).or_default();
            failed.lost = failed.lost.saturating_add(started.elapsed());
            failed.message.clone_from(&error.message);
        }
        result
    }

    fn check(&self, system: &str) -> Result<(), CallError> {
        match self.failed.borrow().get(system) {
            Some(FailedCalls { lost, message }) if *lost >= self.limit => {
                let seconds = lost.as_secs();
                let problem = format!(
                    "{system} is not called any more in this run: its failed calls have taken {seconds} s; the last one: {message}"
                );
                Err(CallError::new(CallErrorKind::Unavailable, problem))
            }
            _ => Ok(()),
        }
    }
}

/// Backend with a limit on the time of its failed calls.
pub(crate) struct LimitedBackend<B> {
    backend: B,
    limit: FailureLimit,
}

impl<B: Backend> LimitedBackend<B> {
    /// Limits a backend. `call` is the maximum duration of one of its calls.
    pub(super) fn new(backend: B, call: Duration) -> Self {
        Self { backend, limit: FailureLimit::new(call) }
    }

    fn run<'a, T: 'a>(
        &'a self,
        call: impl Future<Output = Result<T, CallError>> + 'a,
    ) -> BoxFuture<'a, Result<T, CallError>> {
        let system: &'static str = self.backend.kind().into();
        Box::pin(self.limit.run(system, call))
    }
}

impl<B: Backend> Backend for LimitedBackend<B> {
    fn kind(&self) -> BackendKind {
        self.backend.kind()
    }

    fn find<'a>(&'a self, environment: &'a EnvironmentName) -> BoxFuture<'a, Result<Vec<BackendItem>, CallError>> {
        self.run(self.backend.find(environment))
    }

    fn end<'a>(&'a self, item: &'a BackendItem) -> BoxFuture<'a, Result<(), CallError>> {
        self.run(self.backend.end(item))
    }

    fn sweep<'a>(&'a self, page: Option<&'a PageToken>) -> BoxFuture<'a, Result<ListPage<BackendItem>, CallError>> {
        self.run(self.backend.sweep(page))
    }

    fn snapshot<'a>(&'a self, environment: &'a EnvironmentName) -> BoxFuture<'a, Result<SnapshotOutcome, CallError>> {
        self.run(self.backend.snapshot(environment))
    }
}

#[cfg(test)]
mod tests;
