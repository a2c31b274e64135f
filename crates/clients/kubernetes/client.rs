//! The client: sends every request with the current connection, and renews the connection after a 401.

use std::{
    collections::BTreeMap,
    fmt,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, SystemTime},
};

use http::HeaderValue;

use super::{
    access::ClusterAccess,
    connection::{ClientOrigin, ClusterConnection, Connector},
    exchange::exchange,
    failure::ApiFailure,
    request::{ApiRequest, SYSTEM},
    response::ResponseBody,
    server_time::{ServerClock, ServerTime},
};
use crate::{
    clock::TimeSource,
    deadline::Deadline,
    error::Error,
    headers::visible_ascii,
    retry::RetryPolicy,
    send::{AttemptFailure, RemoteRequest, Sender},
};

/// A client of one cluster. Clones share the connection, the limits and the counters.
#[derive(Clone)]
pub struct Kubernetes {
    shared: Arc<ClientParts>,
}

/// Concurrency and time limits of a client.
#[derive(Clone, Copy, Debug)]
pub struct ClusterLimits {
    /// Maximum number of requests in flight; kube itself has no limit.
    pub in_flight: usize,
    /// Maximum duration of the exec plugin.
    pub exec: Duration,
    /// Retries and time limit of one attempt.
    pub retry: RetryPolicy,
}

struct ClientParts {
    place: String,
    connector: Connector,
    sender: Sender,
    writes: AtomicU64,
    clock: ServerClock,
}

impl Default for ClusterLimits {
    fn default() -> Self {
        Self { in_flight: 16, exec: Duration::from_secs(30), retry: RetryPolicy::default() }
    }
}

impl Kubernetes {
    /// A client that connects at its first request. `user_agent` identifies the client in audit logs and in the
    /// server's flow control, such as `eod/0.1.0 (terraform) suffix`.
    pub fn new(access: ClusterAccess, user_agent: &str) -> Self {
        Self::with_limits(access, user_agent, ClusterLimits::default(), SystemTime::now)
    }

    /// A client with limits and a clock of the caller. The clock decides when a token is renewed.
    pub fn with_limits(
        access: ClusterAccess,
        user_agent: &str,
        limits: ClusterLimits,
        clock: impl Fn() -> SystemTime + Send + Sync + 'static,
    ) -> Self {
        let place = access.describe();
        let origin = ClientOrigin::Access(Box::new(access));
        let clock: TimeSource = Arc::new(clock);
        let connector = Connector::new(origin, header(user_agent), Arc::clone(&clock), limits.exec);
        Self::assemble(place, connector, clock, limits)
    }

    /// A client on a transport of the caller, for tests and for fault injection.
    pub fn over(client: kube::Client, limits: ClusterLimits) -> Self {
        let origin = ClientOrigin::Transport(client);
        let clock: TimeSource = Arc::new(SystemTime::now);
        let connector = Connector::new(origin, header(""), Arc::clone(&clock), limits.exec);
        Self::assemble("a given transport".to_owned(), connector, clock, limits)
    }

    fn assemble(place: String, connector: Connector, clock: TimeSource, limits: ClusterLimits) -> Self {
        let sender = Sender::new(SYSTEM, limits.in_flight, limits.retry);
        let (writes, clock) = (AtomicU64::new(0), ServerClock::new(clock));
        Self { shared: Arc::new(ClientParts { place, connector, sender, writes, clock }) }
    }

    /// Number of requests sent by verb (`apply`, `create`, `delete`, `get`, `list`, `patch`), retries included.
    pub fn calls(&self) -> BTreeMap<String, u64> {
        self.shared.sender.counts()
    }

    /// Time of the API server, from its last response; `None` before the first one.
    pub fn server_time(&self) -> Option<ServerTime> {
        self.shared.clock.last()
    }

    /// Description of the cluster without secrets.
    pub fn place(&self) -> &str {
        &self.shared.place
    }

    /// A number that changes at the end of each write of this client.
    pub(super) fn writes(&self) -> u64 {
        self.shared.writes.load(Ordering::Acquire)
    }

    /// Sends a request until it succeeds, must not be sent again, or the deadline ends it.
    pub(super) async fn send<R: ResponseBody>(&self, request: &ApiRequest, deadline: &Deadline) -> Result<R, Error> {
        let _counted = request.writes().then(|| WriteEnd(&self.shared.writes));
        let attempt = || self.attempt(request, deadline);
        let result = self.shared.sender.send(request, deadline, attempt).await;
        result.map_err(|failed| failed.into_error(SYSTEM, request))
    }

    /// Makes one attempt; a 401 renews the credential once and sends the request again.
    async fn attempt<R: ResponseBody>(
        &self,
        request: &ApiRequest,
        deadline: &Deadline,
    ) -> Result<R, AttemptFailure<ApiFailure>> {
        let connection = self.shared.connector.current(deadline).await?;
        let refused = match self.exchange(&connection, request, deadline).await {
            Err(failure) if failure.status() == Some(401) => failure,
            result => return result,
        };
        match self.shared.connector.renew(&connection, deadline).await? {
            None => Err(refused),
            Some(renewed) => self.exchange(&renewed, request, deadline).await,
        }
    }

    async fn exchange<R: ResponseBody>(
        &self,
        connection: &ClusterConnection,
        request: &ApiRequest,
        deadline: &Deadline,
    ) -> Result<R, AttemptFailure<ApiFailure>> {
        let work = exchange(connection, request, &self.shared.clock);
        let result = self.shared.sender.exchange(request, &connection.address, deadline, work).await;
        let status = result.as_ref().err().and_then(AttemptFailure::status);
        if result.is_ok() || status.is_some_and(|status| status != 401) {
            connection.accept();
        }
        result
    }
}

impl fmt::Debug for Kubernetes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Kubernetes").field(&self.shared.place).finish()
    }
}

/// Counts a write at its end, also if its future is dropped before: the server may have stored the write.
struct WriteEnd<'a>(&'a AtomicU64);

impl Drop for WriteEnd<'_> {
    fn drop(&mut self) {
        self.0.fetch_add(1, Ordering::AcqRel);
    }
}

/// The user agent as a header value.
fn header(text: &str) -> HeaderValue {
    HeaderValue::from_str(&visible_ascii(text)).unwrap_or_else(|_| HeaderValue::from_static("eod"))
}
