use super::*;

#[test]
fn error_about_a_key_has_its_origin_and_not_the_key() {
    let failure = key(KEY_VARIABLE, b"canary-1").err().unwrap();
    assert!(failure.text().starts_with("error: EOD_MASKING_KEY: "), "{}", failure.text());
    assert!(!failure.text().contains("canary"), "{}", failure.text());
    assert!(key("--key-file", b"0123456789abcdef0123456789abcdef\n").is_ok());
}
