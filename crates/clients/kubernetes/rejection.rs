//! What the API server said when it refused: its `Status` object, or what a proxy in between sent instead.

use std::fmt;

use serde_json::Value;

use crate::error::ErrorKind;

/// A refusal with its reasons.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Rejection {
    /// The HTTP status.
    pub code: u16,
    /// The machine-readable reason, `AlreadyExists`; empty when something else than the API server answered.
    pub reason: String,
    /// The sentence for people.
    pub message: String,
    /// The single reasons, one per field for invalid objects and for conflicts of field managers.
    pub causes: Vec<StatusCause>,
    /// The name of the object that is not there; empty when the whole kind is unknown.
    pub name: String,
}

/// One reason of a refusal.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct StatusCause {
    /// The machine-readable reason, `FieldValueInvalid`.
    pub reason: String,
    /// The sentence for people.
    pub message: String,
    /// The field, `spec.hard`; empty when no single field is to blame.
    pub field: String,
}

/// A field that another manager owns.
#[derive(Clone, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub struct FieldConflict {
    /// Who owns it, `kubectl-client-side-apply`.
    pub manager: String,
    /// The field, `.metadata.labels.team`.
    pub field: String,
}

impl Rejection {
    /// Reads the body of a refused request. A body that is no `Status` (a proxy's HTML page) is not shown.
    pub(crate) fn read(code: u16, body: &[u8]) -> Self {
        let status: Value = serde_json::from_slice(body).unwrap_or(Value::Null);
        if status.get("kind").and_then(Value::as_str) != Some("Status") {
            let message = match code {
                404 => "nothing is served at this address; the API is not installed, or the server's URL is wrong",
                _ => "something between here and the API server answered instead of it",
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

    /// Whether the answer says that this object is not there, and not merely that the URL is unknown: a missing
    /// custom resource definition and a wrong address also answer 404.
    pub fn is_missing_object(&self) -> bool {
        self.code == 404 && self.reason == "NotFound" && !self.name.is_empty()
    }

    /// The conflicts of field managers among the causes.
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
            (false, true) => write!(f, "the server refused with {code} {reason}"),
            (true, false) => write!(f, "{message} (status {code})"),
            (true, true) => write!(f, "the server refused with status {code}"),
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

/// The first quoted part: the server writes `conflict with "kubectl" using v1`.
fn quoted(message: &str) -> String {
    message.split('"').nth(1).unwrap_or(message).to_owned()
}

#[cfg(test)]
mod tests;
