//! Tokens and their lifetimes.

use std::{
    sync::atomic::{AtomicBool, Ordering},
    time::Duration,
};

use http::HeaderValue;
use serde_json::Value;
use tokio::time::Instant;

/// A token with its lifetime.
pub(super) struct VaultSession {
    pub(super) token: HeaderValue,
    /// Number of the session within its client.
    pub(super) number: u64,
    /// Time of the renewal; `None` if the token cannot or need not be renewed.
    pub(super) renew_at: Option<Instant>,
    /// Time of the expiry; `None` if the token does not expire or its lifetime is unknown.
    pub(super) ends_at: Option<Instant>,
    /// True if it replaced a token that the server did not accept any more.
    pub(super) replaced: bool,
    accepted: AtomicBool,
}

/// Properties of a token, as the server reports them to the token itself.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct TokenInfo {
    /// Policies of the token and of its entity.
    pub policies: Vec<String>,
    /// Time until the token expires; `None` if it does not expire.
    pub ttl: Option<Duration>,
    /// True if the token can be renewed.
    pub renewable: bool,
}

/// Lifetime of a token.
#[derive(Clone, Copy)]
pub(super) struct Life {
    pub(super) ttl: Duration,
    pub(super) renewable: bool,
}

impl VaultSession {
    pub(super) fn new(token: HeaderValue, number: u64, life: Option<Life>, now: Instant, replaced: bool) -> Self {
        let ends_at = life.map(|life| now + life.ttl);
        let renew_at = life.filter(|life| life.renewable).map(|life| now + life.ttl.mul_f64(2.0 / 3.0));
        Self { token, number, renew_at, ends_at, replaced, accepted: AtomicBool::new(false) }
    }

    /// Records that the server accepted the token.
    pub(super) fn accept(&self) {
        self.accepted.store(true, Ordering::Relaxed);
    }

    /// True if a further login would give a token that is refused, too.
    pub(super) fn is_useless_to_replace(&self) -> bool {
        self.replaced && !self.accepted.load(Ordering::Relaxed)
    }

    pub(super) fn has_expired(&self, now: Instant) -> bool {
        self.ends_at.is_some_and(|end| end <= now)
    }

    pub(super) fn needs_renewal(&self, now: Instant) -> bool {
        self.renew_at.is_some_and(|at| at <= now)
    }
}

impl TokenInfo {
    pub(super) fn read(response: &Value) -> Self {
        let data = response.get("data").unwrap_or(&Value::Null);
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

/// The token and its lifetime in the response to a login or a renewal.
pub(super) fn granted(response: &Value) -> Option<(HeaderValue, Option<Life>)> {
    let auth = response.get("auth")?;
    let mut token = HeaderValue::from_str(auth.get("client_token")?.as_str()?).ok()?;
    token.set_sensitive(true);
    let ttl = auth.get("lease_duration").and_then(Value::as_u64).filter(|seconds| *seconds > 0);
    let renewable = auth.get("renewable").and_then(Value::as_bool).unwrap_or(false);
    Some((token, ttl.map(|seconds| Life { ttl: Duration::from_secs(seconds), renewable })))
}
