//! Conversion of errors and versions.

use eod_clients::kubernetes::{Rejection, StatusCause};
use eod_clients::{Error, ErrorKind};
use eod_domain::ledger::EventError;
use eod_reaper::ports::{CallError, CallErrorKind, ObjectVersion};
use serde_json::Value;

/// Error of a client as an error of a call.
pub(super) fn call_error(error: &Error) -> CallError {
    let kind = match error.kind {
        _ if error.outcome_unknown() => CallErrorKind::Unknown,
        ErrorKind::AlreadyExists | ErrorKind::Conflict => CallErrorKind::Conflict,
        ErrorKind::NotFound => CallErrorKind::NotFound,
        ErrorKind::Denied | ErrorKind::Unauthenticated => CallErrorKind::Denied,
        ErrorKind::Invalid if is_too_large(error) => CallErrorKind::TooLarge,
        ErrorKind::Invalid => CallErrorKind::Invalid,
        // A write that may have been stored has an unknown outcome; see above.
        ErrorKind::Cancelled | ErrorKind::Timeout | ErrorKind::Unavailable | ErrorKind::Other => {
            CallErrorKind::Unavailable
        }
    };
    CallError::new(kind, error.chain())
}

/// True if the object would be too large, or if an event is. The limit of metadata is another one, which no removal of events
/// keeps.
fn is_too_large(error: &Error) -> bool {
    let is_too_long = |cause: &StatusCause| cause.reason == "FieldValueTooLong" && !cause.field.starts_with("metadata");
    let is_refused = |rejection: &Rejection| rejection.code == 413 || rejection.causes.iter().any(is_too_long);
    Rejection::of(error).is_some_and(is_refused) || matches!(error.cause(), Some(EventError::TooLarge(_)))
}

/// Version of an object.
pub(super) fn version(object: &Value) -> ObjectVersion {
    let text = |pointer: &str| object.pointer(pointer).and_then(Value::as_str).unwrap_or_default().to_owned();
    ObjectVersion { uid: text("/metadata/uid"), resource_version: text("/metadata/resourceVersion") }
}

#[cfg(test)]
mod tests;
