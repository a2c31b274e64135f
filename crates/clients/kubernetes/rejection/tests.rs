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
    assert_eq!(rejection.kind(), ErrorKind::Conflict);
    let conflicts = rejection.conflicts();
    assert_eq!(
        conflicts.iter().map(ToString::to_string).collect::<Vec<_>>(),
        ["`.metadata.labels.a` is owned by `kubectl`", "`.spec` is owned by `argo cd`"]
    );
}

#[test]
fn kinds_follow_code_and_reason() {
    let cases = [
        (401, "Unauthorized", ErrorKind::Unauthenticated),
        (403, "Forbidden", ErrorKind::Denied),
        (404, "NotFound", ErrorKind::NotFound),
        (409, "AlreadyExists", ErrorKind::AlreadyExists),
        (409, "Conflict", ErrorKind::Conflict),
        (410, "Expired", ErrorKind::Other),
        (422, "Invalid", ErrorKind::Invalid),
        (429, "TooManyRequests", ErrorKind::Unavailable),
        (503, "ServiceUnavailable", ErrorKind::Unavailable),
    ];
    for (code, reason, kind) in cases {
        assert_eq!(read(code, &json!({ "kind": "Status", "reason": reason })).kind(), kind, "{code} {reason}");
    }
}

#[test]
fn html_is_classified_by_status_and_not_shown() {
    let rejection = Rejection::read(502, b"<html>Bad gateway, token=abc</html>");
    assert_eq!(rejection.kind(), ErrorKind::Unavailable);
    assert_eq!(
        rejection.to_string(),
        "the response is not from the API server but from a proxy in front of it (status 502)"
    );
}

#[test]
fn a_missing_kind_is_not_a_missing_object() {
    let object = json!({ "kind": "Status", "reason": "NotFound", "details": { "name": "x", "kind": "namespaces" } });
    let kind = json!({ "kind": "Status", "reason": "NotFound", "details": {}, "message": "the server could not find the requested resource" });
    assert!(read(404, &object).is_missing_object());
    assert!(!read(404, &kind).is_missing_object());
    let nothing_there = Rejection::read(404, b"404 page not found");
    assert!(!nothing_there.is_missing_object() && nothing_there.to_string().contains("not installed"));
}
