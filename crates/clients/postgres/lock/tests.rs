use super::*;

#[test]
fn key_of_a_name_does_not_change_between_versions() {
    assert_ne!(lock_key("shop"), lock_key("shop2"));
    assert_eq!(lock_key("shop"), KEY_OF_SHOP);
}

/// `printf 'eod:shop' | sha256sum`, the first 16 digits.
const KEY_OF_SHOP: i64 = i64::from_be_bytes([0xd1, 0x53, 0x10, 0x0a, 0xf7, 0xc5, 0xd5, 0xa2]);
