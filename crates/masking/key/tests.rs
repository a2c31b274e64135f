use super::*;

const SECRET: &[u8] = b"0123456789abcdef0123456789abcdef";

fn error(secret: &[u8]) -> MaskingKeyError {
    MaskingKey::from_secret(secret).err().expect("an invalid key")
}

#[test]
fn short_and_uniform_keys_are_refused() {
    assert_eq!(error(b"  short \n"), MaskingKeyError::TooShort { bytes: 5 });
    assert_eq!(error(&[b'a'; 64]), MaskingKeyError::NotRandom { different: 1 });
    assert!(error(&[b'q'; 64]).to_string().contains("openssl rand -hex 32"));
}

#[test]
fn check_value_identifies_the_key() {
    let check = |secret: &[u8]| MaskingKey::from_secret(secret).map(|key| key.check_value()).unwrap();
    assert_eq!(check(SECRET), check(b"0123456789abcdef0123456789abcdef\n"));
    assert_ne!(check(SECRET), check(b"0123456789abcdef0123456789abcdeg"));
    assert_eq!(check(SECRET).len(), 16);
}

#[test]
fn domains_are_independent() {
    let key = MaskingKey::from_secret(SECRET).unwrap();
    let code = |domain: &str, purpose| key.domain(domain).code(purpose, 0, b"x");
    assert_eq!(code("a", 0), code("a", 0));
    assert_ne!(code("a", 0), code("b", 0));
    assert_ne!(code("a", 0), code("a", 1));
    assert_ne!(key.domain("a").sip(), key.domain("b").sip());
}
