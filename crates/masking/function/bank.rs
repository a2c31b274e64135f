//! Functions for bank accounts and payment cards, whose check digits stay valid.
//!
//! A valid number becomes another valid number, and an invalid number another invalid number, so each function is a
//! permutation of all texts.

use crate::{
    key::DomainKey,
    shape::{permute_outside, permute_selected},
};

/// Shortest and longest IBAN (ISO 13616).
const IBAN_LENGTHS: std::ops::RangeInclusive<usize> = 15..=34;
/// Shortest and longest card number (ISO/IEC 7812).
const CARD_LENGTHS: std::ops::RangeInclusive<usize> = 12..=19;
/// Digits of a card number that identify its brand.
const BRAND: usize = 2;

/// Masks the account of an IBAN. Its country and its spaces stay.
pub(super) fn iban(key: &DomainKey, text: &str) -> String {
    if !is_iban(text) {
        return permute_outside(key, text, is_iban);
    }
    let mut characters: Vec<char> = text.chars().collect();
    let parts = indices(&characters, |c| c.is_ascii_alphanumeric());
    let account = parts.get(4).copied().unwrap_or(usize::MAX);
    permute_selected(key, &mut characters, |at, _| at >= account);
    let letters: Vec<char> = characters.iter().copied().filter(char::is_ascii_alphanumeric).collect();
    for (at, digit) in parts.iter().skip(2).zip(check_digits(&letters).chars()) {
        if let Some(c) = characters.get_mut(*at) {
            *c = digit;
        }
    }
    characters.into_iter().collect()
}

pub(super) fn is_iban(text: &str) -> bool {
    let letters: Vec<char> = text.chars().filter(|c| *c != ' ').collect();
    let form = |at: usize, is: fn(&char) -> bool| letters.get(at).is_some_and(is);
    IBAN_LENGTHS.contains(&letters.len())
        && letters.iter().all(char::is_ascii_alphanumeric)
        && form(0, char::is_ascii_alphabetic)
        && form(1, char::is_ascii_alphabetic)
        && letters.iter().skip(2).take(2).copied().eq(check_digits(&letters).chars())
}

/// Check digits of an IBAN: 98 minus the remainder of the account, the country and `00` by 97.
pub(super) fn check_digits(letters: &[char]) -> String {
    let account = letters.iter().skip(4);
    let remainder = account.chain(letters.iter().take(2)).chain(&['0', '0']).fold(0, |remainder, c| {
        let value = c.to_digit(36).unwrap_or_default();
        (if value > 9 { remainder * 100 + value } else { remainder * 10 + value }) % 97
    });
    format!("{:02}", 98 - remainder)
}

/// Masks a card number. Its first two digits and its spaces stay.
pub(super) fn card(key: &DomainKey, text: &str) -> String {
    if !is_card(text) {
        return permute_outside(key, text, is_card);
    }
    let mut characters: Vec<char> = text.chars().collect();
    let parts = indices(&characters, |c| c.is_ascii_digit());
    let (Some(first), Some(last)) = (parts.get(BRAND).copied(), parts.last().copied()) else {
        return permute_outside(key, text, is_card);
    };
    permute_selected(key, &mut characters, |at, c| (first..last).contains(&at) && c.is_ascii_digit());
    let digits: Vec<u32> = characters.iter().filter_map(|c| c.to_digit(10)).collect();
    let sum = luhn(digits.iter().rev().skip(1), true);
    if let (Some(check), Some(c)) = (char::from_digit((10 - sum % 10) % 10, 10), characters.get_mut(last)) {
        *c = check;
    }
    characters.into_iter().collect()
}

pub(super) fn is_card(text: &str) -> bool {
    let digits: Vec<u32> = text.chars().filter_map(|c| c.to_digit(10)).collect();
    CARD_LENGTHS.contains(&digits.len())
        && text.chars().all(|c| c.is_ascii_digit() || c == ' ' || c == '-')
        && luhn(digits.iter().rev(), false).is_multiple_of(10)
}

/// Luhn sum of digits from the last to the first; every second digit counts twice.
fn luhn<'a>(digits: impl Iterator<Item = &'a u32>, double_first: bool) -> u32 {
    digits
        .enumerate()
        .map(|(at, digit)| match at.is_multiple_of(2) == double_first {
            true if *digit > 4 => digit * 2 - 9,
            true => digit * 2,
            false => *digit,
        })
        .sum()
}

fn indices(characters: &[char], is: impl Fn(char) -> bool) -> Vec<usize> {
    characters.iter().enumerate().filter(|(_, c)| is(**c)).map(|(at, _)| at).collect()
}
