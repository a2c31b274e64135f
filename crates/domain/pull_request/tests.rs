use super::*;

#[test]
fn commits_are_hex_digits() {
    assert_eq!("ABCDEF0".parse::<HeadSha>().unwrap().as_str(), "abcdef0");
    assert!("a".repeat(64).parse::<HeadSha>().is_ok());
    assert!(matches!("abcdef".parse::<HeadSha>(), Err(HeadShaError::Length { .. })));
    assert!(matches!("".parse::<HeadSha>(), Err(HeadShaError::Length { .. })));
    assert!(matches!("a".repeat(65).parse::<HeadSha>(), Err(HeadShaError::Length { .. })));
    assert!(matches!("abcdefg".parse::<HeadSha>(), Err(HeadShaError::Character { character: 'g', .. })));
}

#[test]
fn pull_request_urls_are_checked() {
    for good in ["https://github.com/acme/shop/pull/1", "http://git.local/x"] {
        assert!(good.parse::<PullRequestUrl>().is_ok(), "{good}");
    }
    for bad in ["", "github.com/acme/shop", "https://", "https:///x", "https://a b", "ftp://x", "javascript:x"] {
        assert!(bad.parse::<PullRequestUrl>().is_err(), "{bad}");
    }
}
