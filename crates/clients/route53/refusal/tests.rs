use super::*;

fn refusal(code: &str, message: &str) -> Route53Refusal {
    Route53Refusal { code: code.to_owned(), message: message.to_owned(), status: 400, request_id: None }
}

#[test]
fn kinds_of_refusals() {
    let kind = |code: &str, message: &str| refusal(code, message).kind();
    assert_eq!(kind("InvalidChangeBatch", "[Tried to create x but it already exists]"), ErrorKind::AlreadyExists);
    assert_eq!(kind("InvalidChangeBatch", "[Tried to delete x but it was not found]"), ErrorKind::Conflict);
    assert_eq!(kind("InvalidChangeBatch", "[RRSet is not permitted]"), ErrorKind::Invalid);
    assert_eq!(kind("NoSuchHostedZone", ""), ErrorKind::NotFound);
    assert_eq!(kind("AccessDenied", ""), ErrorKind::Denied);
    assert_eq!(kind("ExpiredToken", ""), ErrorKind::Unauthenticated);
    assert_eq!(kind("Throttling", "Rate exceeded"), ErrorKind::Unavailable);
    assert_eq!(kind("Strange", ""), ErrorKind::Other);
}

#[test]
fn only_temporary_refusals_are_repeated() {
    let code = |code: &str| match refusal(code, "").symptom() {
        Symptom::Answered { code, .. } => code,
        other => panic!("{other:?}"),
    };
    assert_eq!((code("Throttling"), code("PriorRequestNotComplete"), code("InvalidChangeBatch")), (429, 429, 400));
    assert!(!refusal("PriorRequestNotComplete", "").is_throttling());
}

#[test]
fn long_message_is_kept_and_shown_in_part() {
    let refusal = Route53Refusal { request_id: Some("r-1".to_owned()), ..refusal("InvalidInput", &"x".repeat(600)) };
    assert_eq!(refusal.message.len(), 600);
    let expected = format!("Route 53 answered 400 InvalidInput ({} ...), request id r-1", "x".repeat(500));
    assert_eq!(refusal.to_string(), expected);
}
