//! The send loop of every client: attempts, retries, time limits, counters and errors, written once.
//!
//! A system adds a [`RemoteRequest`], a [`SystemFailure`] with the meaning of its responses, and one function that
//! makes one attempt.

use std::{
    collections::BTreeMap,
    error::Error as StdError,
    fmt,
    future::Future,
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use tokio::{sync::Semaphore, time::Instant};

use crate::{
    deadline::{Deadline, Interruption},
    error::{BoxError, Error, ErrorKind},
    retry::{RetryPolicy, Symptom, Tries, jitter},
    server::{ConnectionFailure, ConnectionProblem, ServerAddress},
};

/// Time after a failed connection with only one attempt for each further request: fifty environments on an
/// unreachable server then take twenty seconds, not fifty times twenty.
const KNOWN_UNREACHABLE: Duration = Duration::from_secs(30);

/// Properties of a request that decide about retries and errors.
pub(crate) trait RemoteRequest {
    /// Verb for errors and logs, such as `read`.
    fn operation(&self) -> &'static str;

    /// Target for errors and logs, such as ``namespace `shop` ``.
    fn target(&self) -> &str;

    /// Key of the request in [`Sender::counts`].
    fn counter(&self) -> &str;

    /// True if the request may be carried out twice.
    fn is_idempotent(&self) -> bool;

    /// True if the request changes data on the server.
    fn writes(&self) -> bool;
}

/// A failure of one system only: a response that is not a success, or missing credentials.
pub(crate) trait SystemFailure: fmt::Display + Sized {
    /// Input of the retry policy.
    fn symptom(&self) -> Symptom;

    /// Kind of the error.
    fn kind(&self) -> ErrorKind;

    /// HTTP status of the response, if the server responded.
    fn status(&self) -> Option<u16>;

    /// True if the server may have stored a write although it failed.
    fn may_be_stored(&self) -> bool;

    /// Cause of the error.
    fn into_source(self) -> BoxError;
}

/// A failed attempt.
#[derive(Debug)]
pub(crate) enum AttemptFailure<S> {
    /// The connection failed.
    Connection(Box<ConnectionFailure>),
    /// The operation was cancelled or timed out.
    Interrupted {
        reason: Interruption,
        /// True if the request was sent.
        sent: bool,
        /// Failure of the attempt before.
        last: Option<BoxError>,
    },
    /// A failure of this system.
    System(S),
}

/// A request that failed and is not repeated.
#[derive(Debug)]
pub(crate) struct FailedRequest<S> {
    pub(crate) failure: AttemptFailure<S>,
    /// True for a write that this or an earlier attempt may have stored.
    pub(crate) outcome_unknown: bool,
}

/// Sends the requests of one client.
pub(crate) struct Sender {
    system: &'static str,
    policy: RetryPolicy,
    permits: Semaphore,
    counts: Mutex<BTreeMap<String, u64>>,
    unreachable_until: Mutex<Option<Instant>>,
}

impl Sender {
    /// A sender for `system` with at most `in_flight` requests at once.
    pub(crate) fn new(system: &'static str, in_flight: usize, policy: RetryPolicy) -> Self {
        Self {
            system,
            policy,
            permits: Semaphore::new(in_flight),
            counts: Mutex::default(),
            unreachable_until: Mutex::default(),
        }
    }

    /// Number of requests sent so far by [`RemoteRequest::counter`], retries included.
    pub(crate) fn counts(&self) -> BTreeMap<String, u64> {
        lock(&self.counts).clone()
    }

    /// Makes attempts until one succeeds, a further attempt is not allowed or useless, or the deadline ends the request.
    pub(crate) async fn send<T, S, M, A>(
        &self,
        request: &impl RemoteRequest,
        deadline: &Deadline,
        mut attempt: M,
    ) -> Result<T, FailedRequest<S>>
    where
        S: SystemFailure,
        M: FnMut() -> A,
        A: Future<Output = Result<T, AttemptFailure<S>>>,
    {
        let started = Instant::now();
        let mut tries = Tries::new(self.policy, request.is_idempotent());
        let mut unknown = false;
        let mut last = None;
        loop {
            let failure: AttemptFailure<S> = match attempt().await {
                Ok(response) => return Ok(response),
                Err(failure) => failure.after(last),
            };
            unknown |= failure.may_be_stored();
            let failed = |failure| FailedRequest { failure, outcome_unknown: unknown && request.writes() };
            let Some(pause) = self.pause_before_next(&mut tries, &failure, started.elapsed()) else {
                return Err(failed(failure));
            };
            if pause >= deadline.remaining() {
                // An unreachable server is more specific than the time limit.
                let unreachable = failure.symptom() == Symptom::Unreachable;
                let timed_out = Interruption::TimedOut(deadline.limit());
                return Err(failed(if unreachable { failure } else { failure.interrupted(timed_out) }));
            }
            let (operation, target) = (request.operation(), request.target());
            tracing::debug!(system = self.system, operation, target, %failure, ?pause, "trying again");
            if let Err(reason) = deadline.pause(pause).await {
                return Err(failed(failure.interrupted(reason)));
            }
            last = Some(failure);
        }
    }

    /// Makes one exchange of request and response: waits for a permit, counts, limits the time and logs.
    pub(crate) async fn exchange<T, S: SystemFailure>(
        &self,
        request: &impl RemoteRequest,
        address: &ServerAddress,
        deadline: &Deadline,
        work: impl Future<Output = Result<T, AttemptFailure<S>>>,
    ) -> Result<T, AttemptFailure<S>> {
        let permit = deadline.run(self.permits.acquire()).await.map_err(AttemptFailure::unsent)?;
        *lock(&self.counts).entry(request.counter().to_owned()).or_default() += 1;
        let started = Instant::now();
        let limited = deadline.run(tokio::time::timeout(self.policy.attempt, work)).await;
        drop(permit);
        let result = limited
            .map_err(|reason| AttemptFailure::Interrupted { reason, sent: true, last: None })?
            .unwrap_or_else(|_| Err(ConnectionFailure::no_response(address, self.policy.attempt).into()));
        let status = result.as_ref().err().and_then(AttemptFailure::status);
        if result.is_ok() || status.is_some() {
            self.note_reachability(true);
        }
        tracing::debug!(
            system = self.system,
            operation = request.operation(),
            target = request.target(),
            elapsed_ms = u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX),
            ok = result.is_ok(),
            status,
            "request"
        );
        result
    }

    /// Pause before the next attempt; `None` if there is none.
    fn pause_before_next<S: SystemFailure>(
        &self,
        tries: &mut Tries,
        failure: &AttemptFailure<S>,
        spent: Duration,
    ) -> Option<Duration> {
        let symptom = failure.symptom();
        let pause = tries.next(symptom, spent, jitter());
        if symptom != Symptom::Unreachable {
            return pause;
        }
        let pause = pause.filter(|_| !self.is_known_unreachable());
        if pause.is_none() {
            self.note_reachability(false);
        }
        pause
    }

    fn is_known_unreachable(&self) -> bool {
        lock(&self.unreachable_until).is_some_and(|until| Instant::now() < until)
    }

    fn note_reachability(&self, reachable: bool) {
        *lock(&self.unreachable_until) = (!reachable).then(|| Instant::now() + KNOWN_UNREACHABLE);
    }
}

impl<S> AttemptFailure<S> {
    /// An interruption before the request was sent.
    pub(crate) fn unsent(reason: Interruption) -> Self {
        Self::Interrupted { reason, sent: false, last: None }
    }
}

impl<S: SystemFailure> AttemptFailure<S> {
    /// HTTP status of the response, if the server responded.
    pub(crate) fn status(&self) -> Option<u16> {
        match self {
            Self::System(failure) => failure.status(),
            Self::Connection(_) | Self::Interrupted { .. } => None,
        }
    }

    /// Kind of the error.
    pub(crate) fn kind(&self) -> ErrorKind {
        match self {
            Self::Connection(_) => ErrorKind::Unavailable,
            Self::Interrupted { reason, .. } => ErrorKind::from(*reason),
            Self::System(failure) => failure.kind(),
        }
    }

    /// Cause of the error.
    pub(crate) fn into_source(self) -> BoxError {
        match self {
            Self::Connection(failure) => failure,
            Self::Interrupted { reason, last: None, .. } => Box::new(reason),
            Self::Interrupted { reason, last: Some(last), .. } => Box::new(InterruptedRetry { reason, last }),
            Self::System(failure) => failure.into_source(),
        }
    }

    fn symptom(&self) -> Symptom {
        match self {
            Self::Connection(failure) => match failure.problem {
                ConnectionProblem::Unreachable => Symptom::Unreachable,
                ConnectionProblem::Broken | ConnectionProblem::NoResponse(_) => Symptom::Interrupted,
                ConnectionProblem::Untrusted => Symptom::Permanent,
            },
            Self::Interrupted { .. } => Symptom::Permanent,
            Self::System(failure) => failure.symptom(),
        }
    }

    fn may_be_stored(&self) -> bool {
        match self {
            Self::Connection(failure) => {
                matches!(failure.problem, ConnectionProblem::Broken | ConnectionProblem::NoResponse(_))
            }
            Self::Interrupted { sent, .. } => *sent,
            Self::System(failure) => failure.may_be_stored(),
        }
    }

    /// Adds the previous failure to an interruption.
    fn after(self, before: Option<Self>) -> Self {
        match self {
            Self::Interrupted { reason, sent, last: None } => {
                Self::Interrupted { reason, sent, last: before.map(Self::into_source) }
            }
            other => other,
        }
    }

    /// The interruption of a request that failed before.
    fn interrupted(self, reason: Interruption) -> Self {
        Self::Interrupted { reason, sent: false, last: Some(self.into_source()) }
    }
}

impl<S: fmt::Display> fmt::Display for AttemptFailure<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Connection(failure) => failure.fmt(f),
            Self::Interrupted { reason, .. } => reason.fmt(f),
            Self::System(failure) => failure.fmt(f),
        }
    }
}

impl<S> From<ConnectionFailure> for AttemptFailure<S> {
    fn from(failure: ConnectionFailure) -> Self {
        Self::Connection(Box::new(failure))
    }
}

impl<S: SystemFailure> FailedRequest<S> {
    /// The error of the request.
    pub(crate) fn into_error(self, system: &'static str, request: &impl RemoteRequest) -> Error {
        Error::new(system, request.operation(), request.target(), self.failure.kind())
            .because(self.failure.into_source())
            .with_unknown_outcome(self.outcome_unknown)
    }
}

/// An interruption between two attempts.
#[derive(Debug)]
struct InterruptedRetry {
    reason: Interruption,
    last: BoxError,
}

impl fmt::Display for InterruptedRetry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}; the last attempt failed", self.reason)
    }
}

impl StdError for InterruptedRetry {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        Some(&*self.last)
    }
}

/// Locks a mutex. A panic of another holder leaves these maps and times valid.
pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests;
