//! Integers: intervals that every integer type contains whole or not at all.
//!
//! A permutation inside of such an interval never leaves the type of a column, and gives the same result in `smallint`,
//! `integer`, `bigint` and `numeric` columns, which foreign keys may connect.

use crate::{
    key::DomainKey,
    permutation::{Place, permute},
};

/// Use of the permutation for integers.
const TWEAK: u8 = 1;

/// Maximum number of digits of an integer.
pub(crate) const MAX_DIGITS: usize = 38;

/// Magnitudes of an integer's interval, first and last.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct Magnitudes {
    pub(crate) first: u128,
    pub(crate) last: u128,
}

/// The interval of a magnitude: all magnitudes with the same number of digits, divided at the limits of the integer types.
pub(crate) fn magnitudes(magnitude: u128, negative: bool) -> Magnitudes {
    let digits = magnitude.checked_ilog10().unwrap_or_default();
    let first = if digits == 0 { 0 } else { 10_u128.pow(digits) };
    let last = 10_u128.checked_pow(digits + 1).map_or(u128::MAX, |power| power - 1);
    let more = u128::from(negative);
    let limits = [1_u128 << 15, 1 << 31, 1 << 63].map(|limit| limit - 1 + more);
    limits.into_iter().fold(Magnitudes { first, last }, |interval, limit| {
        let Magnitudes { first, last } = interval;
        match magnitude <= limit {
            true if last > limit => Magnitudes { first, last: limit },
            false if first <= limit => Magnitudes { first: limit + 1, last },
            _ => interval,
        }
    })
}

/// Sign and magnitude of a decimal integer in its shortest form; none for all other texts.
pub(crate) fn parse(text: &str) -> Option<(bool, u128)> {
    let (negative, digits) = text.strip_prefix('-').map_or((false, text), |digits| (true, digits));
    let is_shortest = digits == "0" && !negative || !digits.starts_with('0') && !digits.is_empty();
    let is_number = digits.bytes().all(|byte| byte.is_ascii_digit());
    (is_shortest && is_number && digits.len() <= MAX_DIGITS)
        .then(|| digits.parse().ok())
        .flatten()
        .map(|it| (negative, it))
}

/// Permutes an integer inside of its interval. Negative integers stay negative.
pub(crate) fn permuted(key: &DomainKey, negative: bool, magnitude: u128) -> String {
    let Magnitudes { first, last } = magnitudes(magnitude, negative);
    // Negative zero does not exist.
    let first = if negative { first.max(1) } else { first };
    let width = last.to_string().len();
    let mut places: Vec<Place> = format!("{magnitude:0width$}")
        .bytes()
        .map(|digit| Place { value: digit.wrapping_sub(b'0'), radix: 10 })
        .collect();
    // The permutation is one cycle through all numbers of this width, so the walk ends.
    let found = loop {
        permute(key, TWEAK + u8::from(negative), &mut places);
        let found = places.iter().fold(0_u128, |number, place| number * 10 + u128::from(place.value));
        if (first..=last).contains(&found) {
            break found;
        }
    };
    format!("{}{found}", if negative { "-" } else { "" })
}

#[cfg(test)]
mod tests {
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
}
