use super::*;

#[test]
fn duration_has_at_most_two_units() {
    let text = |seconds: i64| rough(SignedDuration::from_secs(seconds));
    assert_eq!(text(-5), "0s");
    assert_eq!(text(59), "59s");
    assert_eq!(text(60), "1m");
    assert_eq!(text(3 * HOUR + 12 * MINUTE + 9), "3h12m");
    assert_eq!(text(4 * HOUR), "4h");
    assert_eq!(text(2 * DAY + 5 * HOUR + 59 * MINUTE), "2d5h");
    assert_eq!(text(DAY + 30 * MINUTE), "1d");
}
