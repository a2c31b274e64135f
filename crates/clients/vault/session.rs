//! The token: got at the first call, renewed at two thirds of its life, and got once more when the server stops
//! knowing it in the middle of a run.

use std::{
    fmt, fs,
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use http::HeaderValue;
use secrecy::{ExposeSecret, SecretString};
use serde_json::Value;
use tokio::time::Instant;
use vaultrs::api::auth::{
    approle::requests::LoginWithApproleRequest, kubernetes::requests::LoginWithKubernetesRequest,
    oidc::requests::JWTLoginRequest,
};

use super::{
    access::{JwtSource, VaultLogin},
    exchange::VaultRequest,
    transport::VaultConnectError,
};
use crate::{Error, error::ErrorKind};

/// A token and how long it lives.
pub(super) struct VaultSession {
    pub(super) token: HeaderValue,
    /// Counts the sessions of one client.
    pub(super) number: u64,
    /// When to renew it; none where it cannot or need not be renewed.
    pub(super) renew_at: Option<Instant>,
    /// When it ends; none where it does not, or nobody said.
    pub(super) ends_at: Option<Instant>,
    /// Whether it replaced one that the server stopped knowing.
    pub(super) replaced: bool,
    accepted: AtomicBool,
}

/// What the server says about the token that asks.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct TokenInfo {
    /// The policies of the token and of its entity.
    pub policies: Vec<String>,
    /// How long it still lives; none means for ever.
    pub ttl: Option<Duration>,
    /// Whether it can be renewed.
    pub renewable: bool,
}

/// A login that failed; later calls share it instead of failing the same way again, which some servers count.
#[derive(Clone)]
pub(super) struct LoginFailure(Arc<Error>);

impl VaultSession {
    pub(super) fn new(token: HeaderValue, number: u64, life: Option<Life>, now: Instant, replaced: bool) -> Self {
        let ends_at = life.map(|life| now + life.ttl);
        let renew_at = life.filter(|life| life.renewable).map(|life| now + life.ttl.mul_f64(2.0 / 3.0));
        Self { token, number, renew_at, ends_at, replaced, accepted: AtomicBool::new(false) }
    }

    /// Notes that the server knew the token.
    pub(super) fn accept(&self) {
        self.accepted.store(true, Ordering::Relaxed);
    }

    /// Whether another login would end where this one did.
    pub(super) fn is_hopeless(&self) -> bool {
        self.replaced && !self.accepted.load(Ordering::Relaxed)
    }

    pub(super) fn has_ended(&self, now: Instant) -> bool {
        self.ends_at.is_some_and(|end| end <= now)
    }

    pub(super) fn wants_renewal(&self, now: Instant) -> bool {
        self.renew_at.is_some_and(|at| at <= now)
    }
}

/// How long a token lives.
#[derive(Clone, Copy)]
pub(super) struct Life {
    pub(super) ttl: Duration,
    pub(super) renewable: bool,
}

impl TokenInfo {
    pub(super) fn read(answer: &Value) -> Self {
        let data = answer.get("data").unwrap_or(&Value::Null);
        let ttl = data.get("ttl").and_then(Value::as_u64).filter(|seconds| *seconds > 0);
        let list = |key: &str| data.get(key).and_then(Value::as_array).into_iter().flatten();
        let policies = list("policies").chain(list("identity_policies"));
        Self {
            policies: policies.filter_map(|policy| policy.as_str().map(str::to_owned)).collect(),
            ttl: ttl.map(Duration::from_secs),
            renewable: data.get("renewable").and_then(Value::as_bool).unwrap_or(false),
        }
    }

    pub(super) fn life(&self) -> Option<Life> {
        self.ttl.map(|ttl| Life { ttl, renewable: self.renewable })
    }
}

impl LoginFailure {
    pub(super) fn new(error: Error) -> Self {
        Self(Arc::new(error))
    }

    pub(super) fn kind(&self) -> ErrorKind {
        self.0.kind
    }

    /// Whether the same login would fail again. That one call ran out of time says nothing about the others.
    pub(super) fn is_lasting(&self) -> bool {
        matches!(self.kind(), ErrorKind::Unauthenticated | ErrorKind::Denied | ErrorKind::Invalid | ErrorKind::NotFound)
    }
}

impl fmt::Debug for LoginFailure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.0, f)
    }
}

impl fmt::Display for LoginFailure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl std::error::Error for LoginFailure {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        std::error::Error::source(&*self.0)
    }
}

/// The login's request. A login is not repeated when it may have been carried out: a secret id may be for one use.
pub(super) fn login_ask(login: &VaultLogin) -> Result<Option<VaultRequest>, Error> {
    let words = |method: &str, mount: &str| format!("in to Vault by {method} at `auth/{mount}`");
    let ask = match login {
        VaultLogin::Token(_) => return Ok(None),
        VaultLogin::AppRole { mount, role_id, secret_id } => {
            let request = LoginWithApproleRequest {
                mount: mount.clone(),
                role_id: role_id.clone(),
                secret_id: secret_id.expose_secret().to_owned(),
            };
            VaultRequest::new("log", words("approle", mount), "create", &request)?
        }
        VaultLogin::Kubernetes { mount, role, file } => {
            let target = words("kubernetes", mount);
            let jwt = token_file(file, "the service account's token", &target)?;
            let request = LoginWithKubernetesRequest {
                mount: mount.clone(),
                role: role.clone(),
                jwt: jwt.expose_secret().to_owned(),
            };
            VaultRequest::new("log", target, "create", &request)?
        }
        VaultLogin::Jwt { mount, role, jwt } => {
            let target = words("jwt", mount);
            let jwt = match jwt {
                JwtSource::Token(token) => token.clone(),
                JwtSource::File(file) => token_file(Path::new(file), "the JWT", &target)?,
            };
            let jwt = jwt.expose_secret().to_owned();
            let request = JWTLoginRequest { mount: mount.clone(), jwt, role: role.clone() };
            VaultRequest::new("log", target, "create", &request)?
        }
    };
    Ok(Some(ask.once()))
}

/// The token and its life in the answer to a login or a renewal.
pub(super) fn granted(answer: &Value) -> Option<(HeaderValue, Option<Life>)> {
    let auth = answer.get("auth")?;
    let mut token = HeaderValue::from_str(auth.get("client_token")?.as_str()?).ok()?;
    token.set_sensitive(true);
    let ttl = auth.get("lease_duration").and_then(Value::as_u64).filter(|seconds| *seconds > 0);
    let renewable = auth.get("renewable").and_then(Value::as_bool).unwrap_or(false);
    Some((token, ttl.map(|seconds| Life { ttl: Duration::from_secs(seconds), renewable })))
}

fn token_file(file: &Path, what: &'static str, target: &str) -> Result<SecretString, Error> {
    let error =
        |cause: VaultConnectError| Error::new(super::client::SYSTEM, "log", target, cause.kind()).because(cause);
    let text = fs::read_to_string(file)
        .map_err(|source| error(VaultConnectError::File { what, file: file.to_owned(), source }))?;
    let token = text.trim();
    if token.is_empty() || token.contains(char::is_whitespace) {
        return Err(error(VaultConnectError::NoToken { file: file.to_owned() }));
    }
    Ok(token.to_owned().into())
}
