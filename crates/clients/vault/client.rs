//! The client: one place where requests are sent, counted, retried and given up, and where the token is looked after.

use std::{
    collections::BTreeMap,
    fmt,
    sync::{Arc, Mutex, OnceLock, PoisonError},
    time::{Duration, SystemTime},
};

use serde_json::Value;
use tokio::{
    sync::{Mutex as AsyncMutex, Semaphore},
    time::Instant,
};
use vaultrs::api::token::requests::LookupTokenSelfRequest;

use super::{
    access::VaultAccess,
    exchange::VaultRequest,
    failure::VaultFailure,
    login::Held,
    mount::MountInfo,
    session::{TokenInfo, VaultSession},
    transport::VaultTransport,
};
use crate::{
    Error,
    deadline::{Deadline, Stop},
    retry::{RetryPolicy, Symptom, Tries, jitter},
};

/// The name of the system in errors.
pub(super) const SYSTEM: &str = "Vault";

/// After a server could not be reached, further calls do not wait for it again for this long.
const KNOWN_UNREACHABLE: Duration = Duration::from_secs(30);

/// A Vault. Clones share the connection, the token, the limits and the counters.
#[derive(Clone)]
pub struct Vault {
    pub(super) inner: Arc<Inner>,
}

/// How much and how long.
#[derive(Clone, Copy, Debug)]
pub struct VaultLimits {
    /// Requests in flight at most.
    pub in_flight: usize,
    /// The patience with failing requests.
    pub retry: RetryPolicy,
}

type TimeSource = Arc<dyn Fn() -> SystemTime + Send + Sync>;

pub(super) struct Inner {
    pub(super) access: VaultAccess,
    user_agent: String,
    namespace: Option<String>,
    clock: TimeSource,
    transport: OnceLock<VaultTransport>,
    pub(super) session: AsyncMutex<Held>,
    permits: Semaphore,
    policy: RetryPolicy,
    calls: Mutex<BTreeMap<String, u64>>,
    mounts: Mutex<BTreeMap<String, MountInfo>>,
    /// Held by whoever asks for a mount, so that many copies at once ask for it once.
    pub(super) asks_mount: AsyncMutex<()>,
    unreachable_until: Mutex<Option<Instant>>,
}

/// A request that did not succeed.
pub(super) struct Failed {
    pub(super) failure: VaultFailure,
    /// The write may have been stored by this attempt or one before it.
    pub(super) unknown: bool,
}

impl Default for VaultLimits {
    fn default() -> Self {
        let retry = RetryPolicy { attempt: Duration::from_secs(30), ..RetryPolicy::default() };
        Self { in_flight: 8, retry }
    }
}

impl Vault {
    /// A client that has done nothing yet; it connects and logs in at its first call. `user_agent` tells audit logs
    /// and proxies who we are.
    pub fn new(access: VaultAccess, user_agent: &str) -> Self {
        Self::with_limits(access, user_agent, VaultLimits::default(), SystemTime::now)
    }

    /// The same with limits and a clock of the caller's; the clock decides whether a version's end has passed.
    pub fn with_limits(
        access: VaultAccess,
        user_agent: &str,
        limits: VaultLimits,
        clock: impl Fn() -> SystemTime + Send + Sync + 'static,
    ) -> Self {
        let namespace = access.namespace.as_ref().and_then(|value| value.to_str().ok().map(str::to_owned));
        let inner = Inner {
            access,
            user_agent: user_agent.to_owned(),
            namespace,
            clock: Arc::new(clock),
            transport: OnceLock::new(),
            session: AsyncMutex::default(),
            permits: Semaphore::new(limits.in_flight),
            policy: limits.retry,
            calls: Mutex::default(),
            mounts: Mutex::default(),
            asks_mount: AsyncMutex::default(),
            unreachable_until: Mutex::default(),
        };
        Self { inner: Arc::new(inner) }
    }

    /// The server in words, without secrets.
    pub fn place(&self) -> String {
        self.inner.access.describe()
    }

    /// How many requests were sent, by method, retries and logins included.
    pub fn calls(&self) -> BTreeMap<String, u64> {
        lock(&self.inner.calls).clone()
    }

    /// What the server says about our token.
    ///
    /// # Errors
    ///
    /// When the token is not accepted or may not look itself up.
    pub async fn lookup_self(&self, call: &Deadline) -> Result<TokenInfo, Error> {
        let ask = VaultRequest::new("look up", "the Vault token", "read", &LookupTokenSelfRequest {})?;
        self.send(&ask, call).await.map(|answer| TokenInfo::read(&answer))
    }

    /// The address of a page of the server's web interface.
    pub(super) fn page(&self, path: &[&str], query: Option<(&str, &str)>) -> Option<String> {
        let mut url = self.inner.access.address.clone()?;
        url.path_segments_mut().ok()?.pop_if_empty().extend(path);
        if let Some((key, value)) = query {
            url.query_pairs_mut().append_pair(key, value);
        }
        Some(url.to_string())
    }

    pub(super) fn namespace(&self) -> Option<&str> {
        self.inner.namespace.as_deref()
    }

    pub(super) fn now(&self) -> SystemTime {
        (self.inner.clock)()
    }

    pub(super) fn known_mount(&self, path: &str) -> Option<MountInfo> {
        lock(&self.inner.mounts).get(path).cloned()
    }

    pub(super) fn remember_mount(&self, path: &str, mount: &MountInfo) {
        lock(&self.inner.mounts).insert(path.to_owned(), mount.clone());
    }

    /// Sends a request until it succeeds, must not be sent again, or the call ends.
    pub(super) async fn send(&self, ask: &VaultRequest, call: &Deadline) -> Result<Value, Error> {
        self.try_send(ask, call).await.map_err(|failed| failed.into_error(ask))
    }

    /// The same, for callers to whom some refusals are answers.
    pub(super) async fn try_send(&self, ask: &VaultRequest, call: &Deadline) -> Result<Value, Failed> {
        self.persist(ask, true, call).await
    }

    pub(super) async fn persist(&self, ask: &VaultRequest, with_token: bool, call: &Deadline) -> Result<Value, Failed> {
        let started = Instant::now();
        let mut tries = Tries::new(self.inner.policy, ask.idempotent);
        let mut unknown = false;
        loop {
            let attempt = if with_token { self.attempt(ask, call).await } else { self.exchange(ask, None, call).await };
            let failure = match attempt {
                Ok(answer) => return Ok(answer),
                Err(failure) => failure,
            };
            unknown |= failure.may_be_stored();
            let failed = |failure| Failed { failure, unknown: unknown && ask.writes() };
            let symptom = failure.symptom();
            let pause = tries.next(symptom, started.elapsed(), jitter());
            let Some(pause) = pause.filter(|_| symptom != Symptom::Unreachable || !self.is_known_unreachable()) else {
                if symptom == Symptom::Unreachable {
                    self.note_reachability(true);
                }
                return Err(failed(failure));
            };
            if pause >= call.remaining() {
                let stop = Stop::Deadline(call.limit());
                return Err(failed(if symptom == Symptom::Unreachable { failure } else { ended(stop, failure) }));
            }
            tracing::debug!(system = SYSTEM, operation = ask.operation, target = %ask.target, %failure, ?pause, "trying again");
            if let Err(stop) = call.pause(pause).await {
                return Err(failed(ended(stop, failure)));
            }
        }
    }

    /// One attempt. A 403 may mean that the token ended: then one new login, and the same once more.
    async fn attempt(&self, ask: &VaultRequest, call: &Deadline) -> Result<Value, VaultFailure> {
        let session = self.session(call).await?;
        let refusal = match self.exchange(ask, Some(&session), call).await {
            Err(VaultFailure::Refused { refusal, retry_after, body }) if matches!(refusal.status, 401 | 403) => {
                if self.is_known(&session, call).await {
                    return Err(VaultFailure::Refused { refusal, retry_after, body });
                }
                refusal
            }
            result => return result,
        };
        match self.replace(&session, call).await? {
            None => Err(VaultFailure::BadToken(refusal)),
            Some(replaced) => self.exchange(ask, Some(&replaced), call).await,
        }
    }

    fn transport(&self) -> Result<&VaultTransport, VaultFailure> {
        if let Some(transport) = self.inner.transport.get() {
            return Ok(transport);
        }
        let transport =
            VaultTransport::new(&self.inner.access, &self.inner.user_agent).map_err(VaultFailure::NotConnected)?;
        Ok(self.inner.transport.get_or_init(|| transport))
    }

    pub(super) async fn exchange(
        &self,
        ask: &VaultRequest,
        session: Option<&VaultSession>,
        call: &Deadline,
    ) -> Result<Value, VaultFailure> {
        let transport = self.transport()?;
        let permit = call.run(self.inner.permits.acquire()).await.map_err(unsent)?;
        *lock(&self.inner.calls).entry(ask.draft.method.to_string()).or_default() += 1;
        let started = Instant::now();
        let work = transport.send(&ask.draft, session.map(|session| &session.token));
        let limited = call.run(tokio::time::timeout(self.inner.policy.attempt, work)).await;
        drop(permit);
        let answer = limited.map_err(|stop| VaultFailure::Stopped { stop, sent: true })?;
        let answer = answer.unwrap_or(Err(VaultFailure::Silent(self.inner.policy.attempt)));
        let status = answer.as_ref().ok().map(|answer| answer.status.as_u16());
        tracing::debug!(
            system = SYSTEM,
            operation = ask.operation,
            target = %ask.target,
            method = %ask.draft.method,
            elapsed_ms = u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX),
            status,
            "request"
        );
        let answer = answer?;
        self.note_reachability(false);
        if answer.status.is_success() {
            session.into_iter().for_each(VaultSession::accept);
        }
        ask.read(&answer, self.namespace())
    }

    fn is_known_unreachable(&self) -> bool {
        lock(&self.inner.unreachable_until).is_some_and(|until| Instant::now() < until)
    }

    fn note_reachability(&self, unreachable: bool) {
        *lock(&self.inner.unreachable_until) = unreachable.then(|| Instant::now() + KNOWN_UNREACHABLE);
    }
}

impl fmt::Debug for Vault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Vault").field(&self.place()).finish()
    }
}

impl Failed {
    pub(super) fn into_error(self, ask: &VaultRequest) -> Error {
        let Self { failure, unknown } = self;
        ask.error(failure.kind()).because(failure.into_source()).with_unknown_outcome(unknown)
    }
}

pub(super) fn unsent(stop: Stop) -> VaultFailure {
    VaultFailure::Stopped { stop, sent: false }
}

/// A stop, with the failure that kept the call from being done by then.
fn ended(stop: Stop, last: VaultFailure) -> VaultFailure {
    VaultFailure::Ended { stop, last: last.into_source() }
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
