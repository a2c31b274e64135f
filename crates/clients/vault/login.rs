//! Looking after the token: who logs in, when, and what happens when the server stops knowing it.
//!
//! One login at a time: whoever needs the token meanwhile waits for it instead of logging in as well.

use std::sync::Arc;

use tokio::time::Instant;
use vaultrs::api::token::requests::LookupTokenSelfRequest;

use super::{
    access::VaultLogin,
    client::{Failed, SYSTEM, Vault, unsent},
    endpoints::{RenewRequest, VisibleMountsRequest},
    exchange::VaultRequest,
    failure::{VaultFailure, VaultRefusal},
    session::{self, LoginFailure, TokenInfo, VaultSession},
    transport::VaultConnectError,
};
use crate::{Deadline, Error, ErrorKind};

/// The token there is, or the login that failed.
#[derive(Default)]
pub(super) struct Held {
    current: Option<Arc<VaultSession>>,
    failure: Option<LoginFailure>,
    made: u64,
}

impl Vault {
    /// Whether the server knows the token, asked only after it refused something. A token that may not even look
    /// itself up is asked which mounts it sees, which every token may know.
    pub(super) async fn is_known(&self, session: &VaultSession, call: &Deadline) -> bool {
        let lookup = VaultRequest::new("look up", "the Vault token", "read", &LookupTokenSelfRequest {});
        let mounts = VaultRequest::new("look up", "the Vault token", "read", &VisibleMountsRequest);
        for ask in [lookup, mounts].into_iter().flatten() {
            let answer = self.exchange(&ask, Some(session), call).await;
            if !matches!(answer, Err(VaultFailure::Refused { refusal, .. }) if matches!(refusal.status, 401 | 403)) {
                return true;
            }
        }
        false
    }

    /// The session, made or renewed now where that is due.
    pub(super) async fn session(&self, call: &Deadline) -> Result<Arc<VaultSession>, VaultFailure> {
        let mut state = call.run(self.inner.session.lock()).await.map_err(unsent)?;
        let now = Instant::now();
        if let Some(current) = state.current.clone() {
            if !current.has_ended(now) && !current.wants_renewal(now) {
                return Ok(current);
            }
            if !current.has_ended(now)
                && let Some(renewed) = self.renew(&current, call).await
            {
                state.current = Some(Arc::clone(&renewed));
                return Ok(renewed);
            }
            // A token of the user's that we cannot renew is used as long as the server takes it.
            if !self.login()?.is_repeatable() {
                return Ok(current);
            }
        }
        if let Some(failure) = &state.failure {
            return Err(VaultFailure::NotLoggedIn(failure.clone()));
        }
        self.log_in(&mut state, false, call).await
    }

    /// Another session in place of one that the server stopped knowing; none where there is no other.
    pub(super) async fn replace(
        &self,
        refused: &VaultSession,
        call: &Deadline,
    ) -> Result<Option<Arc<VaultSession>>, VaultFailure> {
        let mut state = call.run(self.inner.session.lock()).await.map_err(unsent)?;
        if let Some(current) = &state.current
            && current.number != refused.number
        {
            return Ok(Some(Arc::clone(current)));
        }
        if !self.login()?.is_repeatable() || refused.is_hopeless() {
            return Ok(None);
        }
        self.log_in(&mut state, true, call).await.map(Some)
    }

    async fn log_in(
        &self,
        state: &mut Held,
        replaces: bool,
        call: &Deadline,
    ) -> Result<Arc<VaultSession>, VaultFailure> {
        state.current = None;
        let number = state.made + 1;
        let session = match self.new_session(number, replaces, call).await {
            Ok(session) => Arc::new(session),
            Err(VaultFailure::NotLoggedIn(failure)) => {
                state.failure = failure.is_lasting().then(|| failure.clone());
                return Err(VaultFailure::NotLoggedIn(failure));
            }
            Err(failure) => return Err(failure),
        };
        state.made = number;
        state.current = Some(Arc::clone(&session));
        Ok(session)
    }

    async fn new_session(&self, number: u64, replaces: bool, call: &Deadline) -> Result<VaultSession, VaultFailure> {
        let login = self.login()?;
        let failed = |error: Error| VaultFailure::NotLoggedIn(LoginFailure::new(error));
        if let VaultLogin::Token(token) = login {
            let session = VaultSession::new(token.clone(), number, None, Instant::now(), replaces);
            let life = self.given_life(&session, call).await?;
            return Ok(VaultSession::new(token.clone(), number, life, Instant::now(), replaces));
        }
        let Some(ask) = session::login_ask(login).map_err(failed)? else {
            return Err(VaultFailure::NotConnected(VaultConnectError::NoAuth));
        };
        let answer = match Box::pin(self.persist(&ask, false, call)).await {
            Ok(answer) => answer,
            Err(Failed { failure: VaultFailure::Stopped { stop, .. }, .. }) => {
                return Err(VaultFailure::Stopped { stop, sent: false });
            }
            Err(refused) => return Err(failed(login_error(refused, &ask))),
        };
        let none = || failed(ask.error(ErrorKind::Other).because("the answer to the login holds no token"));
        let (token, life) = session::granted(&answer).ok_or_else(none)?;
        tracing::debug!(system = SYSTEM, target = %ask.target, "logged in");
        Ok(VaultSession::new(token, number, life, Instant::now(), replaces))
    }

    /// How long a token of the user's lives, so that a long run can renew it. Not every token may ask.
    async fn given_life(&self, session: &VaultSession, call: &Deadline) -> Result<Option<session::Life>, VaultFailure> {
        let Ok(ask) = VaultRequest::new("look up", "the Vault token", "read", &LookupTokenSelfRequest {}) else {
            return Ok(None);
        };
        match self.exchange(&ask, Some(session), call).await {
            Ok(answer) => Ok(TokenInfo::read(&answer).life()),
            Err(VaultFailure::Refused { refusal, .. }) if matches!(refusal.status, 401 | 403 | 404) => Ok(None),
            Err(failure) => Err(failure),
        }
    }

    async fn renew(&self, current: &VaultSession, call: &Deadline) -> Option<Arc<VaultSession>> {
        let ask = VaultRequest::new("renew", "the Vault token", "update", &RenewRequest).ok()?;
        let answer = self.exchange(&ask, Some(current), call).await;
        let (token, life) = session::granted(&answer.ok()?)?;
        Some(Arc::new(VaultSession::new(token, current.number, life, Instant::now(), current.replaced)))
    }

    fn login(&self) -> Result<&VaultLogin, VaultFailure> {
        self.inner.access.auth.as_ref().ok_or(VaultFailure::NotConnected(VaultConnectError::NoAuth))
    }
}

/// A login that the server refused is a matter of credentials, whatever the status.
fn login_error(refused: Failed, ask: &VaultRequest) -> Error {
    match refused.failure {
        VaultFailure::Refused { refusal, .. } if matches!(refusal.status, 400 | 401 | 403) => {
            ask.error(ErrorKind::Unauthenticated).because(LoginRefused(refusal))
        }
        failure => Failed { failure, unknown: false }.into_error(ask),
    }
}

/// The server's words to a login it refused.
#[derive(Debug, thiserror::Error)]
#[error(
    "Vault answered {} to {}{}: the role or its secret is wrong, expired or used up, or there is no such auth mount",
    .0.status, .0.request, words(.0)
)]
struct LoginRefused(Box<VaultRefusal>);

fn words(refusal: &VaultRefusal) -> String {
    let words: Vec<_> = refusal.errors.iter().flat_map(|error| error.split_whitespace()).take(40).collect();
    if words.is_empty() { String::new() } else { format!(" ({})", words.join(" ")) }
}
