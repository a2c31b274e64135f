use super::*;

#[test]
fn short_hashes_are_stable_and_recognised() {
    assert_eq!(short("github.com/acme/shop@main"), short("github.com/acme/shop@main"));
    assert_ne!(short("a"), short("b"));
    for number in 0..10_000 {
        assert!(looks_like(&short(&number.to_string())));
    }
}

#[test]
fn words_are_not_recognised_as_hashes() {
    for word in ["", "api", "2bcdefghij", "abcdefghi", "abcdefghijk", "abcdefghi0", "Abcdefghij"] {
        assert!(!looks_like(word), "{word}");
    }
    assert!(looks_like("abcdefghij"));
}

#[test]
fn sha256_is_the_standard_one() {
    assert_eq!(sha256_hex(b"abc"), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
}
