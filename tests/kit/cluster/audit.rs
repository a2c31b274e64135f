//! Audit log of the testbed's API server.

use std::{fs, path::Path};

use serde_json::Value;

use super::PATIENCE;
use crate::wait::wait_until;

/// Resource of the call that marks the end of the calls of an account: `kubectl auth whoami`.
const MARKER: &str = "selfsubjectreviews";

/// A call that the API server has answered.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct AuditedCall {
    /// `get`, `list`, `watch`, `create`, `update`, `patch`, `delete` or `deletecollection`.
    pub verb: String,
    /// Plural resource; empty for paths such as `/version`.
    pub resource: String,
    /// Path and query.
    pub uri: String,
}

/// Calls of a user before its last marker, which has just been answered.
#[track_caller]
pub(super) fn calls(log: &Path, user: &str) -> Vec<AuditedCall> {
    let mut found = Vec::new();
    wait_until(&format!("the last call of {user} in the audit log"), PATIENCE, || {
        found = read(log, user);
        match found.last() {
            Some(last) if last.resource == MARKER => Ok(()),
            other => Err(format!("the last logged call is {other:?}")),
        }
    });
    found.retain(|call| call.resource != MARKER);
    found
}

/// All calls of a user. A line that the server is still writing is left out.
fn read(log: &Path, user: &str) -> Vec<AuditedCall> {
    let text = fs::read_to_string(log).unwrap_or_default();
    let entries = text.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
    let own = entries.filter(|entry| entry["user"]["username"] == user && entry["stage"] == "ResponseComplete");
    own.map(|entry| AuditedCall {
        verb: string(&entry, "/verb"),
        resource: string(&entry, "/objectRef/resource"),
        uri: string(&entry, "/requestURI"),
    })
    .collect()
}

fn string(entry: &Value, pointer: &str) -> String {
    entry.pointer(pointer).and_then(Value::as_str).unwrap_or_default().to_owned()
}
