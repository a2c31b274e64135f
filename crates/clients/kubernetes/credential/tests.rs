use super::*;

#[test]
fn short_lifetimes_are_used_to_three_quarters() {
    let now = SystemTime::UNIX_EPOCH + Duration::from_secs(1_000_000);
    let after = |seconds| now + Duration::from_secs(seconds);
    assert_eq!(usable_until(now, after(900)), after(840));
    assert_eq!(usable_until(now, after(240)), after(180));
    assert_eq!(usable_until(now, after(40)), after(30));
    assert_eq!(usable_until(now, now - Duration::from_secs(5)), now);
}

#[test]
fn a_line_break_after_a_token_is_removed_and_control_characters_are_refused() {
    let header = bearer(&SecretString::from("abc\n")).unwrap();
    assert_eq!(header.to_str().unwrap(), "Bearer abc");
    assert!(!format!("{header:?}").contains("abc"));
    assert!(matches!(bearer(&SecretString::from("a\nb")), Err(ClusterConnectError::BadToken)));
}
