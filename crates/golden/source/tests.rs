use super::*;

#[test]
fn recovery_conflicts_are_distinguished_from_cancels_by_a_user() {
    assert!(is_conflict("40001", "canceling statement due to conflict with recovery"));
    assert!(is_conflict("40001", "terminating connection due to conflict with recovery"));
    assert!(is_conflict("57014", "canceling statement due to conflict with recovery"));
    assert!(!is_conflict("57014", "canceling statement due to user request"));
    assert!(!is_conflict("57P01", "terminating connection due to administrator command"));
    assert!(!is_conflict("42501", "permission denied for table orders"));
}
