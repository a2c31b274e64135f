use super::*;

fn rejected(code: u16, reason: &str, field: &str) -> Error {
    let cause = StatusCause { reason: reason.to_owned(), message: String::new(), field: field.to_owned() };
    let rejection = Rejection { code, causes: vec![cause], ..Rejection::default() };
    Error::new("Kubernetes", "patch", "ConfigMap `acme.shop-pr-1`", ErrorKind::Invalid).because(rejection)
}

#[test]
fn full_ledger_is_another_error_than_an_invalid_request() {
    let kind = |error: &Error| call_error(error).kind;
    assert_eq!(kind(&rejected(422, "FieldValueTooLong", "[]")), CallErrorKind::TooLarge);
    assert_eq!(kind(&rejected(413, "", "")), CallErrorKind::TooLarge);
    assert_eq!(kind(&rejected(422, "FieldValueTooLong", "metadata.annotations")), CallErrorKind::Invalid);
    assert_eq!(kind(&rejected(422, "FieldValueInvalid", "data")), CallErrorKind::Invalid);
    let event = Error::new("Kubernetes", "patch", "", ErrorKind::Invalid).because(EventError::TooLarge(9_999));
    assert_eq!(kind(&event), CallErrorKind::TooLarge);
}

#[test]
fn only_a_write_that_may_have_been_stored_has_an_unknown_outcome() {
    let kind = |kind: ErrorKind, may_be_stored: bool| {
        call_error(&Error::new("vault", "delete", "secret `a`", kind).with_unknown_outcome(may_be_stored)).kind
    };
    for interrupted in [ErrorKind::Timeout, ErrorKind::Cancelled, ErrorKind::Unavailable] {
        assert_eq!(kind(interrupted, true), CallErrorKind::Unknown);
        assert_eq!(kind(interrupted, false), CallErrorKind::Unavailable);
    }
    assert_eq!(kind(ErrorKind::Denied, false), CallErrorKind::Denied);
}
