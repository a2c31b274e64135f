//! The connection to the cluster: made once, shared by all requests, renewed when its credential expires.
//!
//! # Guarantees
//! - The exec plugin runs once for all operations that wait for it; if it fails, all of them get that failure.
//! - A 401 renews everything once: files are read and the plugin is run again. The next 401 does not renew a renewed
//!   credential that was never accepted, so wrong credentials cost two requests per operation and no further plugin
//!   runs.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::{Duration, SystemTime},
};

use http::HeaderValue;
use tokio::sync::Mutex;

use super::{access::ClusterAccess, connect_error::ClusterConnectError, credential, endpoint::Endpoint};
use crate::{
    clock::TimeSource,
    deadline::{Deadline, Interruption},
    server::{AddressOrigin, ServerAddress},
};

/// Name of the server in errors.
pub(super) const SERVER: &str = "the API server";

/// A client with the credential that it sends.
pub(super) struct ClusterConnection {
    pub(super) client: kube::Client,
    pub(super) address: ServerAddress,
    pub(super) authorization: Option<HeaderValue>,
    until: Option<SystemTime>,
    number: u64,
    renewed: bool,
    accepted: AtomicBool,
}

/// Makes connections.
pub(super) struct Connector {
    origin: ClientOrigin,
    user_agent: HeaderValue,
    clock: TimeSource,
    exec_limit: Duration,
    attempts: AtomicU64,
    state: Mutex<ConnectorState>,
}

/// Origin of the HTTP client.
pub(super) enum ClientOrigin {
    Access(Box<ClusterAccess>),
    /// A transport of the caller, which is never renewed.
    Transport(kube::Client),
}

#[derive(Default)]
struct ConnectorState {
    endpoint: Option<Endpoint>,
    client: Option<kube::Client>,
    current: Option<Arc<ClusterConnection>>,
    failure: Option<Arc<ClusterConnectError>>,
}

type Connected = Result<Arc<ClusterConnection>, Arc<ClusterConnectError>>;

impl ClusterConnection {
    /// Records that the server accepted the credential.
    pub(super) fn accept(&self) {
        self.accepted.store(true, Ordering::Relaxed);
    }

    fn is_usable(&self, now: SystemTime) -> bool {
        self.until.is_none_or(|until| now < until)
    }
}

impl Connector {
    pub(super) fn new(origin: ClientOrigin, user_agent: HeaderValue, clock: TimeSource, exec_limit: Duration) -> Self {
        Self { origin, user_agent, clock, exec_limit, attempts: AtomicU64::new(0), state: Mutex::default() }
    }

    /// The current connection. Makes one if there is none or its credential expired.
    pub(super) async fn current(&self, deadline: &Deadline) -> Connected {
        let seen = self.attempts.load(Ordering::Acquire);
        let mut state = deadline.run(self.state.lock()).await.map_err(interrupted)?;
        if let Some(current) = &state.current
            && current.is_usable((self.clock)())
        {
            return Ok(Arc::clone(current));
        }
        // Operations that waited while another one failed share that failure instead of repeating it.
        if self.attempts.load(Ordering::Acquire) != seen
            && let Some(failure) = &state.failure
        {
            return Err(Arc::clone(failure));
        }
        self.establish(&mut state, false, deadline).await
    }

    /// A new connection after the server rejected `refused`; `None` if a new one would be rejected, too.
    pub(super) async fn renew(
        &self,
        refused: &ClusterConnection,
        deadline: &Deadline,
    ) -> Result<Option<Arc<ClusterConnection>>, Arc<ClusterConnectError>> {
        let mut state = deadline.run(self.state.lock()).await.map_err(interrupted)?;
        if let Some(current) = &state.current
            && current.number != refused.number
        {
            return Ok(Some(Arc::clone(current)));
        }
        let useless = refused.renewed && !refused.accepted.load(Ordering::Relaxed);
        if useless || matches!(self.origin, ClientOrigin::Transport(_)) {
            return Ok(None);
        }
        *state = ConnectorState::default();
        self.establish(&mut state, true, deadline).await.map(Some)
    }

    async fn establish(&self, state: &mut ConnectorState, renewed: bool, deadline: &Deadline) -> Connected {
        let result = self.connect(state, renewed, deadline).await.map(Arc::new).map_err(Arc::new);
        state.current = result.as_ref().ok().cloned();
        // The expired time limit of one operation is not a failure of the others.
        state.failure = result.as_ref().err().filter(|failure| failure.interruption().is_none()).cloned();
        self.attempts.fetch_add(1, Ordering::Release);
        result
    }

    async fn connect(
        &self,
        state: &mut ConnectorState,
        renewed: bool,
        deadline: &Deadline,
    ) -> Result<ClusterConnection, ClusterConnectError> {
        let connection = |client, address, authorization, until| ClusterConnection {
            client,
            address,
            authorization,
            until,
            number: self.attempts.load(Ordering::Acquire),
            renewed,
            accepted: AtomicBool::new(false),
        };
        let access = match &self.origin {
            ClientOrigin::Transport(client) => {
                let address = ServerAddress { server: SERVER, url: None, origin: AddressOrigin::Settings };
                return Ok(connection(client.clone(), address, None, None));
            }
            ClientOrigin::Access(access) => access,
        };
        let endpoint = match state.endpoint.take() {
            Some(endpoint) => endpoint,
            None => Endpoint::load(access)?,
        };
        let previous = state.current.as_ref().and_then(|current| current.authorization.as_ref());
        let credential = credential::obtain(
            &endpoint.login,
            previous,
            &endpoint.exec_cluster,
            &self.clock,
            self.exec_limit,
            deadline,
        )
        .await?;
        let client = match (&state.client, &credential.identity) {
            (Some(client), None) => client.clone(),
            _ => endpoint.client(credential.identity.as_ref(), &self.user_agent)?,
        };
        let address = ServerAddress { server: SERVER, url: Some(endpoint.url()), origin: endpoint.origin.clone() };
        state.client = Some(client.clone());
        state.endpoint = Some(endpoint);
        Ok(connection(client, address, credential.authorization, credential.until))
    }
}

fn interrupted(reason: Interruption) -> Arc<ClusterConnectError> {
    Arc::new(ClusterConnectError::Interrupted(reason))
}
