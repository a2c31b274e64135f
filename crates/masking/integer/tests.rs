use std::collections::BTreeSet;

use super::*;
use crate::key::MaskingKey;

fn key() -> DomainKey {
    MaskingKey::from_secret(b"0123456789abcdef0123456789abcdef").unwrap().domain("a")
}

#[test]
fn intervals_end_at_the_limits_of_the_types() {
    for (magnitude, negative, first, last) in [
        (0, false, 0, 9),
        (42, false, 10, 99),
        (32_767, false, 10_000, 32_767),
        (32_768, false, 32_768, 99_999),
        (32_768, true, 10_000, 32_768),
        (32_769, true, 32_769, 99_999),
        (2_147_483_647, false, 1_000_000_000, 2_147_483_647),
        (2_147_483_648, false, 2_147_483_648, 9_999_999_999),
        (i64::MAX as u128, false, 1_000_000_000_000_000_000, i64::MAX as u128),
        (1 << 63, true, 1_000_000_000_000_000_000, 1 << 63),
        (1 << 63, false, 1 << 63, 9_999_999_999_999_999_999),
    ] {
        assert_eq!(magnitudes(magnitude, negative), Magnitudes { first, last }, "{magnitude} {negative}");
    }
}

#[test]
fn all_small_integers_are_permuted_inside_of_their_type() {
    let mut outputs = BTreeSet::new();
    for number in i16::MIN..=i16::MAX {
        let (negative, magnitude) = parse(&number.to_string()).unwrap();
        let output: i16 = permuted(&key(), negative, magnitude).parse().unwrap();
        assert_ne!(output, number);
        outputs.insert(output);
    }
    assert_eq!(outputs.len(), 1 << 16);
}

#[test]
fn only_shortest_forms_are_integers() {
    for text in ["", "-", "01", "-0", "1.0", "+1", "1e3", " 1", "999999999999999999999999999999999999999"] {
        assert_eq!(parse(text), None, "{text}");
    }
    assert_eq!(parse("0"), Some((false, 0)));
    assert_eq!(parse("-12"), Some((true, 12)));
}
