//! Rejections: the `Status` object of the API server, or the response that a proxy sent instead.

use std::fmt;

use serde_json::Value;

use crate::error::{Error, ErrorKind};

/// A rejected request with the reasons of the server.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Rejection {
    /// HTTP status.
    pub code: u16,
    /// Machine-readable reason, such as `AlreadyExists`; empty if the response is not from the API server.
    pub reason: String,
    /// Message for people.
    pub message: String,
    /// Single causes: one per field for invalid objects and for conflicts of field managers.
    pub causes: Vec<StatusCause>,
    /// Name of the object that does not exist; empty if the whole kind is unknown.
    pub name: String,
}

/// A single cause of a rejection.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct StatusCause {
    /// Machine-readable reason, such as `FieldValueInvalid`.
    pub reason: String,
    /// Message for people.
    pub message: String,
    /// Path of the field, such as `spec.hard`; empty if the cause is not one field.
    pub field: String,
}

/// A field that another manager owns.
#[derive(Clone, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub struct FieldConflict {
    /// Field manager that owns it, such as `kubectl-client-side-apply`.
    pub manager: String,
    /// Path of the field, such as `.metadata.labels.team`.
    pub field: String,
}

impl Rejection {
    /// The rejection that caused an error, if one did.
    pub fn of(error: &Error) -> Option<&Self> {
        error.cause()
    }

    /// The conflicts of field managers that caused an error of a server-side apply.
    pub fn conflicts_of(error: &Error) -> Vec<FieldConflict> {
        Self::of(error).map(Self::conflicts).unwrap_or_default()
    }

    /// Parses the body of a rejected request. A body that is not a `Status`, such as an HTML page of a proxy, is not
    /// printed.
    pub(crate) fn read(code: u16, body: &[u8]) -> Self {
        let status: Value = serde_json::from_slice(body).unwrap_or(Value::Null);
        if status.get("kind").and_then(Value::as_str) != Some("Status") {
            let message = match code {
                404 => "the server does not serve this API: it is not installed, or the URL of the server is wrong",
                _ => "the response is not from the API server but from a proxy in front of it",
            };
            let message = message.to_owned();
            return Self { code, message, ..Self::default() };
        }
        let causes = status.pointer("/details/causes").and_then(Value::as_array);
        Self {
            code,
            reason: text(&status, "/reason"),
            message: text(&status, "/message"),
            causes: causes.into_iter().flatten().map(StatusCause::read).collect(),
            name: text(&status, "/details/name"),
        }
    }

    /// True if the object does not exist. A 404 may also mean a missing custom resource definition or a wrong address.
    pub fn is_missing_object(&self) -> bool {
        self.code == 404 && self.reason == "NotFound" && !self.name.is_empty()
    }

    /// Conflicts of field managers among the causes.
    pub fn conflicts(&self) -> Vec<FieldConflict> {
        let conflicts = self.causes.iter().filter(|cause| cause.reason == "FieldManagerConflict");
        conflicts.map(|cause| FieldConflict { manager: quoted(&cause.message), field: cause.field.clone() }).collect()
    }

    pub(crate) fn kind(&self) -> ErrorKind {
        match self.code {
            401 => ErrorKind::Unauthenticated,
            403 => ErrorKind::Denied,
            404 => ErrorKind::NotFound,
            409 if self.reason == "AlreadyExists" => ErrorKind::AlreadyExists,
            409 => ErrorKind::Conflict,
            400 | 413 | 415 | 422 => ErrorKind::Invalid,
            429 | 500..=599 => ErrorKind::Unavailable,
            _ => ErrorKind::Other,
        }
    }
}

impl fmt::Display for Rejection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { code, reason, message, causes: _, name: _ } = self;
        match (reason.is_empty(), message.is_empty()) {
            (false, false) => write!(f, "{message} ({code} {reason})"),
            (false, true) => write!(f, "the server responded with {code} {reason}"),
            (true, false) => write!(f, "{message} (status {code})"),
            (true, true) => write!(f, "the server responded with status {code}"),
        }
    }
}

impl std::error::Error for Rejection {}

impl StatusCause {
    fn read(cause: &Value) -> Self {
        Self { reason: text(cause, "/reason"), message: text(cause, "/message"), field: text(cause, "/field") }
    }
}

impl fmt::Display for FieldConflict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "`{}` is owned by `{}`", self.field, self.manager)
    }
}

fn text(value: &Value, pointer: &str) -> String {
    value.pointer(pointer).and_then(Value::as_str).unwrap_or_default().to_owned()
}

/// The first quoted part of a message such as `conflict with "kubectl" using v1`.
fn quoted(message: &str) -> String {
    message.split('"').nth(1).unwrap_or(message).to_owned()
}

#[cfg(test)]
mod tests;
