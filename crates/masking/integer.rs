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
mod tests;
