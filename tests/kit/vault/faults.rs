//! What a Vault, or what stands in front of one, answers on a bad day.
//!
//! For [`FaultProxy::rule`](crate::fault::FaultProxy::rule), beside the faults that
//! are the same for every server.

use serde_json::json;

use crate::fault::Fault;

/// An error in Vault's own format.
pub fn errors(code: u16, messages: &[&str]) -> Fault {
    Fault::Status { code, headers: Vec::new(), body: json!({ "errors": messages }).to_string() }
}

/// A quota that is used up, with or without word of when to come back, in seconds.
pub fn rate_limited(retry_after: Option<u32>) -> Fault {
    let body = json!({ "errors": ["request path \"kv\": rate limit quota exceeded"] }).to_string();
    let headers = retry_after.map(|seconds| ("retry-after", seconds.to_string()));
    Fault::Status { code: 429, headers: headers.into_iter().collect(), body }
}

/// What a sealed server says. A real one can be had with `Vault::own().seal()`; this one
/// is sealed for single calls only.
pub fn sealed() -> Fault {
    errors(503, &["Vault is sealed"])
}

/// What a standby says, which sends callers to another server.
pub fn moved(location: &str) -> Fault {
    Fault::Status { code: 307, headers: vec![("location", location.to_owned())], body: String::new() }
}
