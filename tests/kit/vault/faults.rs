//! Faults of Vault, or of a load balancer in front of it.
//!
//! For [`FaultProxy::rule`](crate::fault::FaultProxy::rule), in addition to the faults of every server.

use serde_json::json;

use crate::fault::Fault;

/// An error in Vault's own format.
pub fn errors(code: u16, messages: &[&str]) -> Fault {
    Fault::Status { code, headers: Vec::new(), body: json!({ "errors": messages }).to_string() }
}

/// An exceeded rate limit, with or without a `Retry-After` header in seconds.
pub fn rate_limited(retry_after: Option<u32>) -> Fault {
    let body = json!({ "errors": ["request path \"kv\": rate limit quota exceeded"] }).to_string();
    let headers = retry_after.map(|seconds| ("retry-after", seconds.to_string()));
    Fault::Status { code: 429, headers: headers.into_iter().collect(), body }
}

/// Answer of a sealed server, for single calls. `Vault::own().seal()` seals a real server.
pub fn sealed() -> Fault {
    errors(503, &["Vault is sealed"])
}

/// Answer of a standby, which redirects to another server.
pub fn moved(location: &str) -> Fault {
    Fault::Status { code: 307, headers: vec![("location", location.to_owned())], body: String::new() }
}
