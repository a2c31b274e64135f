//! What the API server said when it refused: its `Status` object, or what a proxy in between sent instead.

use std::fmt;

use serde_json::Value;

use crate::error::Kind;

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
    pub causes: Vec<Cause>,
    /// The name of the object that is not there; empty when the whole kind is unknown.
    pub name: String,
}

/// One reason of a refusal.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Cause {
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
            causes: causes.into_iter().flatten().map(Cause::read).collect(),
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

    pub(crate) fn kind(&self) -> Kind {
        match self.code {
            401 => Kind::Unauthenticated,
            403 => Kind::Denied,
            404 => Kind::NotFound,
            409 if self.reason == "AlreadyExists" => Kind::AlreadyExists,
            409 => Kind::Conflict,
            400 | 413 | 415 | 422 => Kind::Invalid,
            429 | 500..=599 => Kind::Unavailable,
            _ => Kind::Other,
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

impl Cause {
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
mod tests {
    use serde_json::json;

    use super::*;

    fn read(code: u16, status: &Value) -> Rejection {
        Rejection::read(code, status.to_string().as_bytes())
    }

    #[test]
    fn conflicts_name_manager_and_field() {
        let rejection = read(
            409,
            &json!({
                "kind": "Status", "reason": "Conflict", "message": "Apply failed with 2 conflicts",
                "details": { "causes": [
                    { "reason": "FieldManagerConflict", "message": "conflict with \"kubectl\" using v1", "field": ".metadata.labels.a" },
                    { "reason": "FieldManagerConflict", "message": "conflict with \"argo cd\" with subresource \"status\" using apps/v1", "field": ".spec" },
                    { "reason": "Else", "message": "x" },
                ] },
            }),
        );
        assert_eq!(rejection.kind(), Kind::Conflict);
        let conflicts = rejection.conflicts();
        assert_eq!(
            conflicts.iter().map(ToString::to_string).collect::<Vec<_>>(),
            ["`.metadata.labels.a` is owned by `kubectl`", "`.spec` is owned by `argo cd`"]
        );
    }

    #[test]
    fn kinds_follow_code_and_reason() {
        let cases = [
            (401, "Unauthorized", Kind::Unauthenticated),
            (403, "Forbidden", Kind::Denied),
            (404, "NotFound", Kind::NotFound),
            (409, "AlreadyExists", Kind::AlreadyExists),
            (409, "Conflict", Kind::Conflict),
            (410, "Expired", Kind::Other),
            (422, "Invalid", Kind::Invalid),
            (429, "TooManyRequests", Kind::Unavailable),
            (503, "ServiceUnavailable", Kind::Unavailable),
        ];
        for (code, reason, kind) in cases {
            assert_eq!(read(code, &json!({ "kind": "Status", "reason": reason })).kind(), kind, "{code} {reason}");
        }
    }

    #[test]
    fn html_is_classified_by_code_and_never_shown() {
        let rejection = Rejection::read(502, b"<html>Bad gateway, token=abc</html>");
        assert_eq!(rejection.kind(), Kind::Unavailable);
        assert_eq!(
            rejection.to_string(),
            "something between here and the API server answered instead of it (status 502)"
        );
    }

    #[test]
    fn a_missing_kind_is_not_a_missing_object() {
        let object =
            json!({ "kind": "Status", "reason": "NotFound", "details": { "name": "x", "kind": "namespaces" } });
        let kind = json!({ "kind": "Status", "reason": "NotFound", "details": {}, "message": "the server could not find the requested resource" });
        assert!(read(404, &object).is_missing_object());
        assert!(!read(404, &kind).is_missing_object());
        let nothing_there = Rejection::read(404, b"404 page not found");
        assert!(!nothing_there.is_missing_object() && nothing_there.to_string().contains("not installed"));
    }
}
