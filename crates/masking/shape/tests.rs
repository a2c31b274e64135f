use super::*;
use crate::key::MaskingKey;

fn key() -> DomainKey {
    MaskingKey::from_secret(b"0123456789abcdef0123456789abcdef").unwrap().domain("a")
}

#[test]
fn form_is_kept() {
    let text = "AB-12 cd/é9Ж";
    let masked = permute_all(&key(), text);
    assert_ne!(masked, text);
    for (one, other) in text.chars().zip(masked.chars()) {
        assert_eq!(class(one).map(|(first, _)| first), class(other).map(|(first, _)| first), "{masked}");
    }
    assert_eq!(permute_all(&key(), "-- /"), "-- /");
    assert_eq!(permute_all(&key(), ""), "");
}

#[test]
fn only_selected_characters_change() {
    let mut characters: Vec<char> = "ORD-1234".chars().collect();
    assert!(permute_selected(&key(), &mut characters, |_, c| c.is_ascii_digit()));
    let masked: String = characters.into_iter().collect();
    assert!(masked.starts_with("ORD-") && masked != "ORD-1234", "{masked}");
    assert!(!permute_selected(&key(), &mut ['a'], |_, c| c.is_ascii_digit()));
}

#[test]
fn hexadecimal_digits_keep_their_separators() {
    let masked = permute_hex(&key(), "0A:ff", |number| number > 0);
    assert!(masked.starts_with('0') && masked.chars().nth(2) == Some(':') && masked.len() == 5, "{masked}");
    assert_eq!(hex_digits("0A:ff", ":"), Some(4));
    assert_eq!(hex_digits("0A-ff", ":"), None);
}

#[test]
fn walk_leaves_the_set_out() {
    for number in 0..1000 {
        let text = format!("{number:03}");
        if !text.contains('7') {
            assert!(!permute_outside(&key(), &text, |text| text.contains('7')).contains('7'));
        }
    }
}
