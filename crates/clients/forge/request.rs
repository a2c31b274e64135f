//! Requests to forges.

use http::Method;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::Value;

use crate::send::RemoteRequest;

/// Characters that are escaped in a path segment: all but the unreserved ones (RFC 3986, section 2.3).
const RESERVED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// One request without server and token.
#[derive(Clone, Debug)]
pub(super) struct ForgeRequest {
    pub(super) method: Method,
    /// Verb for errors.
    pub(super) operation: &'static str,
    /// Target for errors, such as `pull request 7 of acme/shop`.
    pub(super) target: String,
    /// Path below the API with its query, or the whole URL of a further page.
    pub(super) path: String,
    pub(super) body: Option<Value>,
}

impl ForgeRequest {
    /// A request that reads.
    pub(super) fn get(operation: &'static str, target: String, path: String) -> Self {
        Self { method: Method::GET, operation, target, path, body: None }
    }

    /// A request that writes.
    pub(super) fn write(
        method: Method,
        operation: &'static str,
        target: String,
        path: String,
        body: Option<Value>,
    ) -> Self {
        Self { method, operation, target, path, body }
    }
}

impl RemoteRequest for ForgeRequest {
    fn operation(&self) -> &'static str {
        self.operation
    }

    fn target(&self) -> &str {
        &self.target
    }

    fn counter(&self) -> &str {
        self.method.as_str()
    }

    fn is_idempotent(&self) -> bool {
        self.method != Method::POST
    }

    fn writes(&self) -> bool {
        self.method != Method::GET
    }
}

/// Escapes a path segment.
pub(super) fn escape(text: &str) -> String {
    utf8_percent_encode(text, RESERVED).to_string()
}
