//! The client: one place where requests are sent, counted, retried and given up.

use std::{
    collections::BTreeMap,
    error::Error as StdError,
    fmt,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, SystemTime},
};

use bytes::Bytes;
use http::{HeaderValue, Method};
use tokio::{sync::Semaphore, time::Instant};

use super::{
    access::ClusterAccess,
    answer::ResponseBody,
    connection::{ClientOrigin, ClusterConnectError, ClusterConnection, Connector},
    exchange::{ClusterFailure, exchange},
};
use crate::{
    Error, ErrorKind,
    deadline::{Deadline, Stop},
    retry::{RetryPolicy, Symptom, Tries, jitter},
};

/// The name of the system in errors.
pub(super) const SYSTEM: &str = "Kubernetes";

/// After a server could not be reached, further calls do not wait for it again for this long: fifty environments
/// behind a dead server cost twenty seconds, not fifty times twenty.
const KNOWN_UNREACHABLE: Duration = Duration::from_secs(30);

/// A Kubernetes API. Clones share the connection, the limits and the counters.
#[derive(Clone)]
pub struct Kubernetes {
    inner: Arc<Inner>,
}

/// How much and how long.
#[derive(Clone, Copy, Debug)]
pub struct ClusterLimits {
    /// Requests in flight at most; kube itself has no limit.
    pub in_flight: usize,
    /// How long the exec plugin may take.
    pub exec: Duration,
    /// The patience with failing requests.
    pub retry: RetryPolicy,
}

struct Inner {
    place: String,
    connector: Connector,
    permits: Semaphore,
    policy: RetryPolicy,
    calls: Mutex<BTreeMap<String, u64>>,
    writes: AtomicU64,
    unreachable_until: Mutex<Option<Instant>>,
}

/// What is asked.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Verb {
    Apply,
    Create,
    Delete,
    Get,
    List,
    Patch,
}

/// One request, apart from its credential.
pub(super) struct ApiRequest {
    pub(super) verb: Verb,
    pub(super) target: String,
    pub(super) path: String,
    pub(super) body: Option<Bytes>,
    pub(super) accept: &'static str,
}

impl Default for ClusterLimits {
    fn default() -> Self {
        Self { in_flight: 16, exec: Duration::from_secs(30), retry: RetryPolicy::default() }
    }
}

impl Kubernetes {
    /// A client that has done nothing yet; it connects at its first call. `user_agent` tells audit logs and the
    /// server's flow control who we are, `eod/0.1.0 (terraform) suffix`.
    pub fn new(access: ClusterAccess, user_agent: &str) -> Self {
        Self::with_limits(access, user_agent, ClusterLimits::default(), SystemTime::now)
    }

    /// The same with limits and a clock of the caller's; the clock decides when a token is renewed.
    pub fn with_limits(
        access: ClusterAccess,
        user_agent: &str,
        limits: ClusterLimits,
        clock: impl Fn() -> SystemTime + Send + Sync + 'static,
    ) -> Self {
        let place = access.describe();
        let connector = Connector::new(
            ClientOrigin::ClusterAccess(Box::new(access)),
            header(user_agent),
            Arc::new(clock),
            limits.exec,
        );
        Self::assemble(place, connector, limits)
    }

    /// A client over a transport of the caller's, for tests and for fault injection.
    pub fn over(client: kube::Client, limits: ClusterLimits) -> Self {
        let clock = Arc::new(SystemTime::now);
        let connector = Connector::new(ClientOrigin::Given(client), header(""), clock, limits.exec);
        Self::assemble("a given transport".to_owned(), connector, limits)
    }

    fn assemble(place: String, connector: Connector, limits: ClusterLimits) -> Self {
        let inner = Inner {
            place,
            connector,
            permits: Semaphore::new(limits.in_flight),
            policy: limits.retry,
            calls: Mutex::default(),
            writes: AtomicU64::new(0),
            unreachable_until: Mutex::default(),
        };
        Self { inner: Arc::new(inner) }
    }

    /// How many requests were sent, by verb (`apply`, `create`, `delete`, `get`, `list`, `patch`), retries included.
    pub fn calls(&self) -> BTreeMap<String, u64> {
        self.inner.calls.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// The cluster in words, without secrets.
    pub fn place(&self) -> &str {
        &self.inner.place
    }

    /// A number that changes whenever a write of this client ends.
    pub(super) fn writes(&self) -> u64 {
        self.inner.writes.load(Ordering::Acquire)
    }

    /// Sends a request until it succeeds, must not be sent again, or the call ends.
    pub(super) async fn send<A: ResponseBody>(&self, ask: &ApiRequest, call: &Deadline) -> Result<A, Error> {
        let _counted = ask.verb.writes().then(|| WriteEnd(&self.inner.writes));
        self.persist(ask, call).await
    }

    async fn persist<A: ResponseBody>(&self, ask: &ApiRequest, call: &Deadline) -> Result<A, Error> {
        let started = Instant::now();
        let mut tries = Tries::new(self.inner.policy, ask.verb.is_idempotent());
        let mut unknown = false;
        let mut last: Option<ClusterFailure> = None;
        loop {
            let failure = match self.attempt(ask, call).await {
                Ok(answer) => return Ok(answer),
                // The stop is told with the failure it cut short.
                Err(ClusterFailure::Stopped { stop, sent }) => {
                    return Err(ask.stopped(stop, last).with_unknown_outcome(writes_unknown(ask, unknown || sent)));
                }
                Err(failure) => failure,
            };
            unknown |= failure.may_be_stored();
            let symptom = failure.symptom();
            let pause = tries.next(symptom, started.elapsed(), jitter());
            let pause = pause.filter(|_| symptom != Symptom::Unreachable || !self.is_known_unreachable());
            let Some(pause) = pause else {
                if symptom == Symptom::Unreachable {
                    self.note_reachability(true);
                }
                return Err(ask.failed(failure).with_unknown_outcome(writes_unknown(ask, unknown)));
            };
            if pause >= call.remaining() {
                let error = match symptom {
                    Symptom::Unreachable => ask.failed(failure),
                    _ => ask.stopped(Stop::Deadline(call.limit()), Some(failure)),
                };
                return Err(error.with_unknown_outcome(writes_unknown(ask, unknown)));
            }
            tracing::debug!(system = SYSTEM, operation = ask.verb.name(), target = %ask.target, %failure, ?pause, "trying again");
            if let Err(stop) = call.pause(pause).await {
                return Err(ask.stopped(stop, Some(failure)).with_unknown_outcome(writes_unknown(ask, unknown)));
            }
            last = Some(failure);
        }
    }

    /// One attempt; a 401 renews the credential once and asks again.
    async fn attempt<A: ResponseBody>(&self, ask: &ApiRequest, call: &Deadline) -> Result<A, ClusterFailure> {
        let connection = self.inner.connector.current(call).await?;
        let refused = match self.exchange(&connection, ask, call).await {
            Err(failure) if failure.code() == Some(401) => failure,
            result => return result,
        };
        match self.inner.connector.renew(&connection, call).await? {
            None => Err(refused),
            Some(renewed) => self.exchange(&renewed, ask, call).await,
        }
    }

    async fn exchange<A: ResponseBody>(
        &self,
        connection: &ClusterConnection,
        ask: &ApiRequest,
        call: &Deadline,
    ) -> Result<A, ClusterFailure> {
        let stopped = |sent| move |stop| ClusterFailure::Stopped { stop, sent };
        let permit = call.run(self.inner.permits.acquire()).await.map_err(stopped(false))?;
        *self
            .inner
            .calls
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .entry(ask.verb.name().to_owned())
            .or_default() += 1;
        let started = Instant::now();
        let work = exchange(&connection.client, connection.authorization.as_ref(), ask);
        let result = call.run(tokio::time::timeout(self.inner.policy.attempt, work)).await.map_err(stopped(true))?;
        drop(permit);
        let result = result.unwrap_or(Err(ClusterFailure::Silent(self.inner.policy.attempt)));
        let code = result.as_ref().err().and_then(ClusterFailure::code);
        if code != Some(401) && (result.is_ok() || code.is_some()) {
            connection.accept();
            self.note_reachability(false);
        }
        tracing::debug!(
            system = SYSTEM,
            operation = ask.verb.name(),
            target = %ask.target,
            elapsed_ms = u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX),
            ok = result.is_ok(),
            code,
            "request"
        );
        result
    }

    fn is_known_unreachable(&self) -> bool {
        let until = *self.inner.unreachable_until.lock().unwrap_or_else(PoisonError::into_inner);
        until.is_some_and(|until| Instant::now() < until)
    }

    fn note_reachability(&self, unreachable: bool) {
        let until = unreachable.then(|| Instant::now() + KNOWN_UNREACHABLE);
        *self.inner.unreachable_until.lock().unwrap_or_else(PoisonError::into_inner) = until;
    }
}

impl fmt::Debug for Kubernetes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Kubernetes").field(&self.inner.place).finish()
    }
}

/// Counts a write when it ends, also when its future is dropped half-way: it may have been stored.
struct WriteEnd<'a>(&'a AtomicU64);

impl Drop for WriteEnd<'_> {
    fn drop(&mut self) {
        self.0.fetch_add(1, Ordering::AcqRel);
    }
}

impl Verb {
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Apply => "apply",
            Self::Create => "create",
            Self::Delete => "delete",
            Self::Get => "get",
            Self::List => "list",
            Self::Patch => "patch",
        }
    }

    pub(super) fn method(self) -> Method {
        match self {
            Self::Apply | Self::Patch => Method::PATCH,
            Self::Create => Method::POST,
            Self::Delete => Method::DELETE,
            Self::Get | Self::List => Method::GET,
        }
    }

    pub(super) fn content_type(self) -> &'static str {
        match self {
            Self::Apply => "application/apply-patch+yaml",
            Self::Patch => "application/merge-patch+json",
            Self::Create | Self::Delete | Self::Get | Self::List => "application/json",
        }
    }

    fn is_idempotent(self) -> bool {
        self != Self::Create
    }

    fn writes(self) -> bool {
        !matches!(self, Self::Get | Self::List)
    }
}

impl ApiRequest {
    pub(super) fn error(&self, kind: ErrorKind) -> Error {
        let operation = if self.verb == Verb::Get { "read" } else { self.verb.name() };
        Error::new(SYSTEM, operation, self.target.clone(), kind)
    }

    fn failed(&self, failure: ClusterFailure) -> Error {
        self.error(failure.kind()).because(failure.into_source())
    }

    fn stopped(&self, stop: Stop, last: Option<ClusterFailure>) -> Error {
        let last = last.map(ClusterFailure::into_source);
        self.error(ErrorKind::from(stop)).because(Ended { stop, last })
    }
}

/// A stop, and the failure that kept the call from being done by then.
#[derive(Debug)]
struct Ended {
    stop: Stop,
    last: Option<Box<dyn StdError + Send + Sync>>,
}

impl fmt::Display for Ended {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.last {
            None => write!(f, "{}", self.stop),
            Some(_) => write!(f, "{}; the last attempt failed", self.stop),
        }
    }
}

impl StdError for Ended {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        self.last.as_deref().map(|last| last as &(dyn StdError + 'static))
    }
}

impl From<Arc<ClusterConnectError>> for ClusterFailure {
    fn from(error: Arc<ClusterConnectError>) -> Self {
        match &*error {
            ClusterConnectError::Stopped(stop) => Self::Stopped { stop: *stop, sent: false },
            _ => Self::NotConnected(error),
        }
    }
}

fn writes_unknown(ask: &ApiRequest, unknown: bool) -> bool {
    unknown && ask.verb.writes()
}

/// A header can hold visible ASCII only; anything else is left out.
fn header(text: &str) -> HeaderValue {
    let visible: String = text.chars().filter(|c| matches!(c, ' '..='~')).collect();
    HeaderValue::from_str(visible.trim()).unwrap_or_else(|_| HeaderValue::from_static("eod"))
}
