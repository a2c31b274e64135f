//! One request with its words for errors, and what the server's answer to it means.

use std::time::Duration;

use http::{HeaderMap, header::RETRY_AFTER};
use rustify::endpoint::Endpoint;
use serde_json::Value;

use super::{
    client::SYSTEM,
    endpoints::RawRequest,
    failure::{VaultFailure, VaultRefusal},
    transport::VaultResponse,
};
use crate::{Error, error::ErrorKind};

/// One request, apart from its token.
pub(super) struct VaultRequest {
    /// What is tried, as a verb.
    pub(super) operation: &'static str,
    /// On what, for people.
    pub(super) target: String,
    /// What the token needs for it.
    pub(super) capability: &'static str,
    /// May be carried out twice without harm.
    pub(super) idempotent: bool,
    pub(super) draft: RawRequest,
}

impl VaultRequest {
    /// A request that may be sent twice. Writes with a version (`cas`) are of that kind: the second is refused.
    pub(super) fn new(
        operation: &'static str,
        target: impl Into<String>,
        capability: &'static str,
        endpoint: &impl Endpoint,
    ) -> Result<Self, Error> {
        let target = target.into();
        let no_url =
            || Error::new(SYSTEM, operation, target.clone(), ErrorKind::Invalid).because("its path makes no URL");
        let draft = RawRequest::of(endpoint).ok_or_else(no_url)?;
        Ok(Self { operation, target, capability, idempotent: true, draft })
    }

    /// The same, of a request that must not be carried out twice.
    pub(super) fn once(self) -> Self {
        Self { idempotent: false, ..self }
    }

    pub(super) fn error(&self, kind: ErrorKind) -> Error {
        Error::new(SYSTEM, self.operation, self.target.clone(), kind)
    }

    /// Whether it changes something on the server.
    pub(super) fn writes(&self) -> bool {
        self.draft.method != http::Method::GET
    }

    /// The answer as JSON (null where there is no body), or why there is none.
    pub(super) fn read(&self, answer: &VaultResponse, namespace: Option<&str>) -> Result<Value, VaultFailure> {
        let status = answer.status;
        // The parser's words may quote the answer, which may hold secrets.
        let json = if answer.body.is_empty() { Some(Value::Null) } else { serde_json::from_slice(&answer.body).ok() };
        if status.is_success() {
            return json.ok_or(VaultFailure::NotVault(status));
        }
        let Some(json) = json.filter(Value::is_object) else { return Err(VaultFailure::NotVault(status)) };
        let errors = json.get("errors").and_then(Value::as_array).into_iter().flatten();
        let refusal = VaultRefusal {
            status: status.as_u16(),
            errors: errors.filter_map(|error| error.as_str().map(str::to_owned)).collect(),
            request: format!("{} /v1/{}", self.draft.method, self.draft.api_path()),
            capability: self.capability,
            path: self.draft.api_path().to_owned(),
            namespace: namespace.map(str::to_owned),
        };
        Err(VaultFailure::Refused {
            refusal: Box::new(refusal),
            retry_after: retry_after(&answer.headers),
            body: Some(json),
        })
    }
}

fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    let value = headers.get(RETRY_AFTER)?.to_str().ok()?;
    // A date, which proxies may write, falls back to our own pauses.
    value.trim().parse().ok().map(Duration::from_secs)
}
