//! Requests to Vault.
//!
//! `vaultrs` supplies the method, the path and the body of most requests. Its own sending is not used: it follows
//! redirects with the token, ignores `Retry-After`, and logs every refusal as an error.

use http::Method;
use rustify::endpoint::Endpoint;

use crate::{
    error::{Error, ErrorKind},
    send::RemoteRequest,
};

/// Name of the system in errors.
pub(super) const SYSTEM: &str = "Vault";

/// One request without server, namespace and token.
#[derive(Clone)]
pub(super) struct RawRequest {
    pub(super) method: Method,
    /// Path with its query. Begins with a slash, without `/v1`.
    pub(super) path: String,
    pub(super) body: Vec<u8>,
}

/// One request with its texts for errors.
pub(super) struct VaultRequest {
    /// Verb of the operation.
    pub(super) operation: &'static str,
    /// Target for errors.
    pub(super) target: String,
    /// Capability that the token needs.
    pub(super) capability: &'static str,
    /// True if it may be carried out twice.
    pub(super) idempotent: bool,
    pub(super) raw: RawRequest,
}

impl RawRequest {
    /// The request of an endpoint. `None` if its path is not valid in a URL; checked paths are.
    pub(super) fn of(endpoint: &impl Endpoint) -> Option<Self> {
        let request = endpoint.request("http://vault").ok()?;
        let (head, body) = request.into_parts();
        // A query of absent values only leaves its question mark.
        let path = head.uri.path_and_query()?.as_str().trim_end_matches('?').to_owned();
        Some(Self { method: head.method, path, body })
    }

    /// The path as in a policy: without the query and the slash at its begin.
    pub(super) fn api_path(&self) -> &str {
        let path = self.path.split_once('?').map_or(self.path.as_str(), |(path, _)| path);
        path.trim_start_matches('/')
    }
}

impl VaultRequest {
    /// A request that may be carried out twice, such as a write with a version (`cas`): the server refuses the second.
    pub(super) fn new(
        operation: &'static str,
        target: impl Into<String>,
        capability: &'static str,
        endpoint: &impl Endpoint,
    ) -> Result<Self, Error> {
        let target = target.into();
        let invalid = || {
            Error::new(SYSTEM, operation, target.clone(), ErrorKind::Invalid).because("its path is not valid in a URL")
        };
        let raw = RawRequest::of(endpoint).ok_or_else(invalid)?;
        Ok(Self { operation, target, capability, idempotent: true, raw })
    }

    /// Marks a request that must not be carried out twice.
    pub(super) fn once(self) -> Self {
        Self { idempotent: false, ..self }
    }

    /// An error of this request.
    pub(super) fn error(&self, kind: ErrorKind) -> Error {
        Error::new(SYSTEM, self.operation, self.target.clone(), kind)
    }
}

impl RemoteRequest for VaultRequest {
    fn operation(&self) -> &'static str {
        self.operation
    }

    fn target(&self) -> &str {
        &self.target
    }

    fn counter(&self) -> &str {
        self.raw.method.as_str()
    }

    fn is_idempotent(&self) -> bool {
        self.idempotent
    }

    fn writes(&self) -> bool {
        self.raw.method != Method::GET
    }
}

#[cfg(test)]
mod tests;
