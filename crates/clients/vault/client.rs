//! The client: sends every request with the current token, and replaces a token that the server does not accept any
//! more.

use std::{
    collections::BTreeMap,
    fmt,
    sync::{Arc, Mutex},
    time::{Duration, SystemTime},
};

use serde_json::Value;
use tokio::sync::Mutex as AsyncMutex;

use super::{
    access::VaultAccess,
    engine::MountInfo,
    exchange::Exchanger,
    failure::VaultFailure,
    login::{Sessions, is_known, lookup_request},
    request::{SYSTEM, VaultRequest},
    session::TokenInfo,
};
use crate::{
    clock::TimeSource,
    deadline::Deadline,
    error::Error,
    retry::RetryPolicy,
    send::{AttemptFailure, FailedRequest, Sender, lock},
};

/// A client of one Vault. Clones share the connection, the token, the limits and the counters.
#[derive(Clone)]
pub struct Vault {
    shared: Arc<VaultParts>,
}

/// Concurrency and time limits of a client.
#[derive(Clone, Copy, Debug)]
pub struct VaultLimits {
    /// Maximum number of requests in flight.
    pub in_flight: usize,
    /// Retries and time limit of one attempt.
    pub retry: RetryPolicy,
}

struct VaultParts {
    place: String,
    exchanger: Exchanger,
    sessions: Sessions,
    clock: TimeSource,
    mounts: Mutex<BTreeMap<String, MountInfo>>,
    /// Held while a mount is read, so that concurrent copies read it once.
    mount_read: AsyncMutex<()>,
}

impl Default for VaultLimits {
    fn default() -> Self {
        let retry = RetryPolicy { attempt: Duration::from_secs(30), ..RetryPolicy::default() };
        Self { in_flight: 8, retry }
    }
}

impl Vault {
    /// A client that connects and logs in at its first request. `user_agent` identifies the client in audit logs and to
    /// proxies.
    pub fn new(access: VaultAccess, user_agent: &str) -> Self {
        Self::with_limits(access, user_agent, VaultLimits::default(), SystemTime::now)
    }

    /// A client with limits and a clock of the caller. The clock decides if the deletion time of a version has passed.
    pub fn with_limits(
        access: VaultAccess,
        user_agent: &str,
        limits: VaultLimits,
        clock: impl Fn() -> SystemTime + Send + Sync + 'static,
    ) -> Self {
        let parts = VaultParts {
            place: access.describe(),
            exchanger: Exchanger::new(access, Sender::new(SYSTEM, limits.in_flight, limits.retry), user_agent),
            sessions: Sessions::default(),
            clock: Arc::new(clock),
            mounts: Mutex::default(),
            mount_read: AsyncMutex::default(),
        };
        Self { shared: Arc::new(parts) }
    }

    /// Description of the server without secrets.
    pub fn place(&self) -> String {
        self.shared.place.clone()
    }

    /// Number of requests sent by method, retries and logins included.
    pub fn calls(&self) -> BTreeMap<String, u64> {
        self.shared.exchanger.sender.counts()
    }

    /// Reads the properties of the token.
    ///
    /// # Errors
    ///
    /// The token is not accepted or has no right to look itself up, or the request failed.
    pub async fn lookup_self(&self, deadline: &Deadline) -> Result<TokenInfo, Error> {
        self.send(&lookup_request()?, deadline).await.map(|response| TokenInfo::read(&response))
    }

    /// URL of a page of the server's web interface.
    pub(super) fn page(&self, path: &[&str], query: Option<(&str, &str)>) -> Option<String> {
        let mut url = self.shared.exchanger.access.address.clone()?;
        url.path_segments_mut().ok()?.pop_if_empty().extend(path);
        if let Some((key, value)) = query {
            url.query_pairs_mut().append_pair(key, value);
        }
        Some(url.to_string())
    }

    pub(super) fn namespace(&self) -> Option<&str> {
        self.shared.exchanger.namespace()
    }

    pub(super) fn now(&self) -> SystemTime {
        (self.shared.clock)()
    }

    /// Held while a mount is read.
    pub(super) fn mount_read(&self) -> &AsyncMutex<()> {
        &self.shared.mount_read
    }

    pub(super) fn known_mount(&self, path: &str) -> Option<MountInfo> {
        lock(&self.shared.mounts).get(path).cloned()
    }

    pub(super) fn remember_mount(&self, path: &str, mount: &MountInfo) {
        lock(&self.shared.mounts).insert(path.to_owned(), mount.clone());
    }

    /// Sends a request until it succeeds, must not be sent again, or the deadline ends it.
    pub(super) async fn send(&self, request: &VaultRequest, deadline: &Deadline) -> Result<Value, Error> {
        self.try_send(request, deadline).await.map_err(|failed| failed.into_error(SYSTEM, request))
    }

    /// Like [`Vault::send`], for callers that handle some refusals.
    pub(super) async fn try_send(
        &self,
        request: &VaultRequest,
        deadline: &Deadline,
    ) -> Result<Value, FailedRequest<VaultFailure>> {
        let attempt = || self.attempt(request, deadline);
        self.shared.exchanger.sender.send(request, deadline, attempt).await
    }

    /// Makes one attempt. After a 403 with an invalid token, logs in again and repeats it once.
    async fn attempt(
        &self,
        request: &VaultRequest,
        deadline: &Deadline,
    ) -> Result<Value, AttemptFailure<VaultFailure>> {
        let VaultParts { exchanger, sessions, .. } = &*self.shared;
        let session = sessions.current(exchanger, deadline).await?;
        let failure = match exchanger.exchange(request, Some(&session), deadline).await {
            Err(failure) if VaultFailure::may_be_token(&failure) => failure,
            result => return result,
        };
        if is_known(exchanger, &session, deadline).await {
            return Err(failure);
        }
        match (sessions.replace(exchanger, &session, deadline).await?, failure) {
            (Some(replaced), _) => exchanger.exchange(request, Some(&replaced), deadline).await,
            (None, AttemptFailure::System(VaultFailure::Refused { refusal, .. })) => {
                Err(AttemptFailure::System(VaultFailure::TokenRejected(refusal)))
            }
            (None, failure) => Err(failure),
        }
    }
}

impl fmt::Debug for Vault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Vault").field(&self.shared.place).finish()
    }
}
