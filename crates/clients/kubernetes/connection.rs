//! The connection to the cluster: made once, shared by all calls, renewed when its credential ends.
//!
//! # Guarantees
//! - The exec plugin runs once however many calls wait for it; if it fails, all who waited get that one failure.
//! - A 401 renews everything once: files are read and the plugin is run again. A renewed credential that was never
//!   accepted is not renewed by the next 401, so a wrong login costs two requests a call and no more plugin runs.

use std::{
    path::PathBuf,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::{Duration, SystemTime},
};

use http::HeaderValue;
use tokio::sync::Mutex;

use super::{
    access::ClusterAccess,
    credential::{self, TimeSource},
    endpoint::Endpoint,
    exec::ExecError,
    kubeconfig::KubeconfigError,
};
use crate::{
    deadline::{Deadline, Stop},
    error::ErrorKind,
};

/// Why there is no connection.
#[derive(Debug, thiserror::Error)]
pub enum ClusterConnectError {
    /// Neither a block nor the environment names a cluster.
    #[error(
        "no Kubernetes cluster is configured; set `kubernetes` in the provider block (`config_path` with \
         `config_context`, `host`, or `in_cluster`), or KUBE_CONFIG_PATH, KUBECONFIG or KUBE_HOST in the environment"
    )]
    NothingConfigured,
    /// The kubeconfig is wrong.
    #[error(transparent)]
    Kubeconfig(#[from] KubeconfigError),
    /// The exec plugin gave nothing.
    #[error(transparent)]
    Exec(#[from] ExecError),
    /// The token file cannot be read.
    #[error("the token file {path} cannot be read", path = .path.display())]
    TokenFile {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// The token cannot be sent.
    #[error("the token holds characters that no token has; check that it is one token and nothing else")]
    BadToken,
    /// Not an HTTP proxy.
    #[error("the proxy is no `http://` or `https://` URL; other kinds are not supported")]
    Proxy,
    /// The certificates cannot be used.
    #[error("the certificate authority, or the client certificate and its key, cannot be used for TLS")]
    Tls {
        /// What the TLS library said.
        source: Box<kube::Error>,
    },
    /// The call was stopped or ran out of time.
    #[error(transparent)]
    Stopped(#[from] Stop),
}

impl ClusterConnectError {
    pub(super) fn kind(&self) -> ErrorKind {
        match self {
            Self::Stopped(stop) | Self::Exec(ExecError::Stopped(stop)) => ErrorKind::from(*stop),
            Self::Exec(_) | Self::TokenFile { .. } | Self::BadToken => ErrorKind::Unauthenticated,
            Self::NothingConfigured | Self::Kubeconfig(_) | Self::Proxy | Self::Tls { .. } => ErrorKind::Invalid,
        }
    }
}

/// A client with the credential it sends.
pub(super) struct ClusterConnection {
    pub(super) client: kube::Client,
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
    state: Mutex<State>,
}

/// Where clients come from.
pub(super) enum ClientOrigin {
    ClusterAccess(Box<ClusterAccess>),
    /// A transport of the caller's, which is never renewed.
    Given(kube::Client),
}

#[derive(Default)]
struct State {
    endpoint: Option<Endpoint>,
    client: Option<kube::Client>,
    current: Option<Arc<ClusterConnection>>,
    failure: Option<Arc<ClusterConnectError>>,
}

type Connected = Result<Arc<ClusterConnection>, Arc<ClusterConnectError>>;

impl ClusterConnection {
    /// Notes that the server accepted the credential.
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

    /// The connection, made now if there is none or its credential ended.
    pub(super) async fn current(&self, call: &Deadline) -> Connected {
        let seen = self.attempts.load(Ordering::Acquire);
        let mut state = call.run(self.state.lock()).await.map_err(stopped)?;
        if let Some(current) = &state.current
            && current.is_usable((self.clock)())
        {
            return Ok(Arc::clone(current));
        }
        // Whoever waited while another call failed shares that failure instead of trying the same again.
        if self.attempts.load(Ordering::Acquire) != seen
            && let Some(failure) = &state.failure
        {
            return Err(Arc::clone(failure));
        }
        self.establish(&mut state, false, call).await
    }

    /// A new connection after the server refused `refused`; none when a new one would be refused as well.
    pub(super) async fn renew(
        &self,
        refused: &ClusterConnection,
        call: &Deadline,
    ) -> Result<Option<Arc<ClusterConnection>>, Arc<ClusterConnectError>> {
        let mut state = call.run(self.state.lock()).await.map_err(stopped)?;
        if let Some(current) = &state.current
            && current.number != refused.number
        {
            return Ok(Some(Arc::clone(current)));
        }
        let hopeless = refused.renewed && !refused.accepted.load(Ordering::Relaxed);
        if hopeless || matches!(self.origin, ClientOrigin::Given(_)) {
            return Ok(None);
        }
        *state = State::default();
        self.establish(&mut state, true, call).await.map(Some)
    }

    async fn establish(&self, state: &mut State, renewed: bool, call: &Deadline) -> Connected {
        let result = self.connect(state, renewed, call).await;
        state.failure = None;
        let connected = match result {
            Ok(connection) => {
                let connection = Arc::new(connection);
                state.current = Some(Arc::clone(&connection));
                Ok(connection)
            }
            Err(failure) => {
                let own = matches!(
                    failure,
                    ClusterConnectError::Stopped(_) | ClusterConnectError::Exec(ExecError::Stopped(_))
                );
                let failure = Arc::new(failure);
                state.current = None;
                // That one caller ran out of time says nothing about the others.
                state.failure = (!own).then(|| Arc::clone(&failure));
                Err(failure)
            }
        };
        self.attempts.fetch_add(1, Ordering::Release);
        connected
    }

    async fn connect(
        &self,
        state: &mut State,
        renewed: bool,
        call: &Deadline,
    ) -> Result<ClusterConnection, ClusterConnectError> {
        let connection = |client, authorization, until| ClusterConnection {
            client,
            authorization,
            until,
            number: self.attempts.load(Ordering::Acquire),
            renewed,
            accepted: AtomicBool::new(false),
        };
        let access = match &self.origin {
            ClientOrigin::Given(client) => return Ok(connection(client.clone(), None, None)),
            ClientOrigin::ClusterAccess(access) => access,
        };
        let endpoint = match state.endpoint.take() {
            Some(endpoint) => endpoint,
            None => Endpoint::load(access)?,
        };
        let previous = state.current.as_ref().and_then(|current| current.authorization.as_ref());
        let credential =
            credential::obtain(&endpoint.login, previous, &endpoint.cluster, &self.clock, self.exec_limit, call)
                .await?;
        let client = match (&state.client, &credential.identity) {
            (Some(client), None) => client.clone(),
            _ => endpoint.client(credential.identity.as_ref(), &self.user_agent)?,
        };
        state.client = Some(client.clone());
        state.endpoint = Some(endpoint);
        Ok(connection(client, credential.authorization, credential.until))
    }
}

fn stopped(stop: Stop) -> Arc<ClusterConnectError> {
    Arc::new(ClusterConnectError::Stopped(stop))
}
