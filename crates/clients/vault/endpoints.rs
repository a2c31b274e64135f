//! Requests that `vaultrs` has none of, or none we can use, and how a request of either becomes one of ours.
//!
//! Only the method, the path with its query, and the body are taken. `vaultrs`' own sending is not used: it follows
//! redirects with the token, cannot tell how long to wait, and logs every refusal as an error.

use http::Method;
use rustify::{
    endpoint::Endpoint,
    enums::{RequestMethod, RequestType, ResponseType},
    errors::ClientError,
};
use serde_json::Value;

/// A request apart from its server, namespace and token.
#[derive(Clone)]
pub(super) struct RawRequest {
    pub(super) method: Method,
    /// Begins with a slash; without `/v1`.
    pub(super) path: String,
    pub(super) body: Vec<u8>,
}

/// The mount that a path belongs to. It is the one request that needs no right of its own: any right below the mount
/// is enough.
pub(super) struct MountRequest {
    pub(super) path: String,
}

/// The names below a path. As a GET, like the official client's, because not every proxy lets LIST pass.
pub(super) struct ListRequest {
    pub(super) path: String,
}

/// The mounts the token that asks may see: the one request that needs a token the server knows and no policy.
pub(super) struct VisibleMountsRequest;

/// Renews the token that asks. `vaultrs`' path of it begins with a tab.
pub(super) struct RenewRequest;

impl Endpoint for MountRequest {
    type Response = Value;
    const REQUEST_BODY_TYPE: RequestType = RequestType::JSON;
    const RESPONSE_BODY_TYPE: ResponseType = ResponseType::JSON;

    fn path(&self) -> String {
        format!("sys/internal/ui/mounts/{}", self.path)
    }

    fn method(&self) -> RequestMethod {
        RequestMethod::GET
    }
}

impl Endpoint for ListRequest {
    type Response = Value;
    const REQUEST_BODY_TYPE: RequestType = RequestType::JSON;
    const RESPONSE_BODY_TYPE: ResponseType = ResponseType::JSON;

    fn path(&self) -> String {
        self.path.clone()
    }

    fn method(&self) -> RequestMethod {
        RequestMethod::GET
    }

    fn query(&self) -> Result<Option<String>, ClientError> {
        Ok(Some("list=true".to_owned()))
    }
}

impl Endpoint for VisibleMountsRequest {
    type Response = Value;
    const REQUEST_BODY_TYPE: RequestType = RequestType::JSON;
    const RESPONSE_BODY_TYPE: ResponseType = ResponseType::JSON;

    fn path(&self) -> String {
        "sys/internal/ui/mounts".to_owned()
    }

    fn method(&self) -> RequestMethod {
        RequestMethod::GET
    }
}

impl Endpoint for RenewRequest {
    type Response = Value;
    const REQUEST_BODY_TYPE: RequestType = RequestType::JSON;
    const RESPONSE_BODY_TYPE: ResponseType = ResponseType::JSON;

    fn path(&self) -> String {
        "auth/token/renew-self".to_owned()
    }

    fn method(&self) -> RequestMethod {
        RequestMethod::POST
    }

    fn body(&self) -> Result<Option<Vec<u8>>, ClientError> {
        Ok(Some(b"{}".to_vec()))
    }
}

impl RawRequest {
    /// The request of an endpoint. None only if its path makes no URL, which no checked path does.
    pub(super) fn of(endpoint: &impl Endpoint) -> Option<Self> {
        let request = endpoint.request("http://vault").ok()?;
        let (head, body) = request.into_parts();
        // A query of nothing but absent values leaves its question mark behind.
        let path = head.uri.path_and_query()?.as_str().trim_end_matches('?').to_owned();
        Some(Self { method: head.method, path, body })
    }

    /// The path as policies write it: without the query and the slash at its front.
    pub(super) fn api_path(&self) -> &str {
        let path = self.path.split_once('?').map_or(self.path.as_str(), |(path, _)| path);
        path.trim_start_matches('/')
    }
}

#[cfg(test)]
mod tests;
