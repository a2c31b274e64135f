use super::*;

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
