//! Requests that `vaultrs` does not support, or supports in a form that does not work.

use rustify::{
    endpoint::Endpoint,
    enums::{RequestMethod, RequestType, ResponseType},
    errors::ClientError,
};
use serde_json::Value;

/// Reads the mount of a path. Any right below the mount is enough for this request.
pub(super) struct MountRequest {
    pub(super) path: String,
}

/// Lists the names below a path. A GET, as in the official client, because not every proxy forwards LIST.
pub(super) struct ListRequest {
    pub(super) path: String,
}

/// Lists the mounts that are visible for the token. Every valid token may send it.
pub(super) struct VisibleMountsRequest;

/// Renews the token. The path in `vaultrs` begins with a tab.
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
