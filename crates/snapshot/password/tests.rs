use super::*;

#[test]
fn verifier_and_debug_do_not_have_the_password() {
    let password = ClonePassword::new(std::array::from_fn(|number| u8::try_from(number * 7).unwrap()));
    assert_eq!(password.reveal().len(), 43);
    assert!(password.reveal().chars().all(|c| c.is_ascii_alphanumeric() || "-_".contains(c)));
    let (first, second) = (password.verifier(), password.verifier());
    assert!(first.starts_with("SCRAM-SHA-256$4096:") && first != second, "{first}");
    for text in [first, second, format!("{password:?}")] {
        assert!(!text.contains(password.reveal()), "{text}");
    }
}
