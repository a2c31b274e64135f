use super::*;

#[test]
fn bar_is_never_longer_than_its_whole() {
    assert_eq!(bar(0, 0), "[--------------------]   0%  ");
    assert_eq!(bar(9, 3), "[####################] 100%  ");
    assert_eq!(bar(u64::MAX, u64::MAX), "[####################] 100%  ");
}
