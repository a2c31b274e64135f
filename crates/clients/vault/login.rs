//! Sessions of one client: logs in at the first request, renews the token at two thirds of its lifetime, and replaces
//! it if the server does not accept it any more.
//!
//! There is one login at a time; other requests wait for its token.

use std::sync::Arc;

use tokio::{sync::Mutex, time::Instant};
use vaultrs::api::token::requests::LookupTokenSelfRequest;

use super::{
    access::VaultLogin,
    connect_error::VaultConnectError,
    endpoints::{RenewRequest, VisibleMountsRequest},
    exchange::Exchanger,
    failure::VaultFailure,
    login_error::LoginFailure,
    login_request::login_request,
    problem::VaultProblem,
    request::{SYSTEM, VaultRequest},
    session::{Life, TokenInfo, VaultSession, granted},
};
use crate::{
    deadline::Deadline,
    error::{Error, ErrorKind},
    send::{AttemptFailure, FailedRequest},
};

/// The sessions of one client.
#[derive(Default)]
pub(super) struct Sessions {
    state: Mutex<SessionState>,
}

#[derive(Default)]
struct SessionState {
    current: Option<Arc<VaultSession>>,
    failure: Option<LoginFailure>,
    made: u64,
}

type SessionResult<T> = Result<T, AttemptFailure<VaultFailure>>;

impl Sessions {
    /// The current session. Logs in or renews the token first if that is due.
    pub(super) async fn current(&self, exchanger: &Exchanger, deadline: &Deadline) -> SessionResult<Arc<VaultSession>> {
        let mut state = deadline.run(self.state.lock()).await.map_err(AttemptFailure::unsent)?;
        let now = Instant::now();
        if let Some(current) = state.current.clone() {
            if !current.has_expired(now) && !current.needs_renewal(now) {
                return Ok(current);
            }
            if !current.has_expired(now)
                && let Some(renewed) = renewed(exchanger, &current, deadline).await
            {
                state.current = Some(Arc::clone(&renewed));
                return Ok(renewed);
            }
            // A configured token that cannot be renewed is used as long as the server accepts it.
            if !configured_login(exchanger)?.is_repeatable() {
                return Ok(current);
            }
        }
        if let Some(failure) = &state.failure {
            return Err(AttemptFailure::System(VaultFailure::NotLoggedIn(failure.clone())));
        }
        log_in(exchanger, &mut state, false, deadline).await
    }

    /// Another session in place of one that the server does not accept any more; `None` if there is no other.
    pub(super) async fn replace(
        &self,
        exchanger: &Exchanger,
        refused: &VaultSession,
        deadline: &Deadline,
    ) -> SessionResult<Option<Arc<VaultSession>>> {
        let mut state = deadline.run(self.state.lock()).await.map_err(AttemptFailure::unsent)?;
        if let Some(current) = &state.current
            && current.number != refused.number
        {
            return Ok(Some(Arc::clone(current)));
        }
        if !configured_login(exchanger)?.is_repeatable() || refused.is_useless_to_replace() {
            return Ok(None);
        }
        log_in(exchanger, &mut state, true, deadline).await.map(Some)
    }
}

/// True if the server accepts the token, which is checked only after a refusal. If the token has no right to look
/// itself up, it lists the visible mounts, which every valid token may do.
pub(super) async fn is_known(exchanger: &Exchanger, session: &VaultSession, deadline: &Deadline) -> bool {
    let mounts = VaultRequest::new("look up", "the Vault token", "read", &VisibleMountsRequest);
    for request in [lookup_request(), mounts].into_iter().flatten() {
        match exchanger.exchange(&request, Some(session), deadline).await {
            Err(failure) if VaultFailure::may_be_token(&failure) => {}
            _ => return true,
        }
    }
    false
}

/// The request that reads the properties of the token itself.
pub(super) fn lookup_request() -> Result<VaultRequest, Error> {
    VaultRequest::new("look up", "the Vault token", "read", &LookupTokenSelfRequest {})
}

async fn log_in(
    exchanger: &Exchanger,
    state: &mut SessionState,
    replaces: bool,
    deadline: &Deadline,
) -> SessionResult<Arc<VaultSession>> {
    state.current = None;
    let number = state.made + 1;
    let session = new_session(exchanger, number, replaces, deadline).await.map(Arc::new);
    match &session {
        Ok(session) => {
            state.made = number;
            state.current = Some(Arc::clone(session));
        }
        Err(AttemptFailure::System(VaultFailure::NotLoggedIn(failure))) => {
            state.failure = failure.is_lasting().then(|| failure.clone());
        }
        Err(_) => {}
    }
    session
}

async fn new_session(
    exchanger: &Exchanger,
    number: u64,
    replaces: bool,
    deadline: &Deadline,
) -> SessionResult<VaultSession> {
    let login = configured_login(exchanger)?;
    if let VaultLogin::Token(token) = login {
        let session = VaultSession::new(token.clone(), number, None, Instant::now(), replaces);
        let life = configured_life(exchanger, &session, deadline).await?;
        return Ok(VaultSession::new(token.clone(), number, life, Instant::now(), replaces));
    }
    let failed = |error: Error| AttemptFailure::System(VaultFailure::NotLoggedIn(LoginFailure::new(error)));
    let no_auth = || AttemptFailure::System(VaultFailure::NotConnected(VaultConnectError::NoAuth));
    let request = login_request(login).map_err(failed)?.ok_or_else(no_auth)?;
    let response = match exchanger.send_without_token(&request, deadline).await {
        Ok(response) => response,
        Err(FailedRequest { failure: AttemptFailure::Interrupted { reason, last: None, .. }, .. }) => {
            return Err(AttemptFailure::unsent(reason));
        }
        Err(refused) => return Err(failed(login_error(refused, &request))),
    };
    let no_token = || failed(request.error(ErrorKind::Other).because("the response to the login contains no token"));
    let (token, life) = granted(&response).ok_or_else(no_token)?;
    tracing::debug!(system = SYSTEM, target = %request.target, "logged in");
    Ok(VaultSession::new(token, number, life, Instant::now(), replaces))
}

/// Lifetime of a configured token, so that a long run can renew it. Some tokens have no right to look themselves up.
async fn configured_life(
    exchanger: &Exchanger,
    session: &VaultSession,
    deadline: &Deadline,
) -> SessionResult<Option<Life>> {
    let Ok(request) = lookup_request() else { return Ok(None) };
    match exchanger.exchange(&request, Some(session), deadline).await {
        Ok(response) => Ok(TokenInfo::read(&response).life()),
        Err(failure) => match VaultFailure::refusal(&failure) {
            Some(refusal) if matches!(refusal.status, 401 | 403 | 404) => Ok(None),
            _ => Err(failure),
        },
    }
}

async fn renewed(exchanger: &Exchanger, current: &VaultSession, deadline: &Deadline) -> Option<Arc<VaultSession>> {
    let request = VaultRequest::new("renew", "the Vault token", "update", &RenewRequest).ok()?;
    let response = exchanger.exchange(&request, Some(current), deadline).await;
    let (token, life) = granted(&response.ok()?)?;
    Some(Arc::new(VaultSession::new(token, current.number, life, Instant::now(), current.replaced)))
}

fn configured_login(exchanger: &Exchanger) -> SessionResult<&VaultLogin> {
    let no_auth = || AttemptFailure::System(VaultFailure::NotConnected(VaultConnectError::NoAuth));
    exchanger.access.auth.as_ref().ok_or_else(no_auth)
}

/// The error of a failed login. A refused login is a problem of the credentials, independent of the status.
fn login_error(refused: FailedRequest<VaultFailure>, request: &VaultRequest) -> Error {
    if let AttemptFailure::System(VaultFailure::Refused { refusal, .. }) = &refused.failure
        && matches!(refusal.status, 400 | 401 | 403)
    {
        return request.error(ErrorKind::Unauthenticated).because(VaultProblem::LoginRejected {
            status: refusal.status,
            request: refusal.request.clone(),
            message: refusal.message(),
        });
    }
    FailedRequest { outcome_unknown: false, ..refused }.into_error(SYSTEM, request)
}
