//! Functions for addresses and phone numbers.

use super::{Masker, digits_of_text};
use crate::{
    key::DomainKey,
    locale::Locale,
    shape::{permute_all, permute_selected},
    stream::Stream,
    words::{COUNTRIES, words},
};

/// Longest city.
pub(super) const CITY: u32 = 18;
/// Longest street: a name and a number of three digits.
pub(super) const STREET: u32 = 18 + 1 + 3;
/// Longest country.
pub(super) const COUNTRY: u32 = 9;

/// Country codes of two digits. Codes that begin with 1 or 7 have one digit, all others three.
const TWO_DIGITS: &[&str] = &[
    "20", "27", "30", "31", "32", "33", "34", "36", "39", "40", "41", "43", "44", "45", "46", "47", "48", "49", "51",
    "52", "53", "54", "55", "56", "57", "58", "60", "61", "62", "63", "64", "65", "66", "81", "82", "84", "86", "90",
    "91", "92", "93", "94", "95", "98",
];

pub(super) fn street(masker: &Masker, locale: Locale, value: &str) -> String {
    let mut stream = Stream::new(&masker.key, 8, value.as_bytes());
    let list = words(locale);
    // A value often is the name of a street alone.
    let (name, number) = (stream.pick(list.streets, value), stream.below(199) + 1);
    let written = |number| if list.number_first { format!("{number} {name}") } else { format!("{name} {number}") };
    let street = if written(number) == value { written(number + 1) } else { written(number) };
    masker.worded(&mut stream, &street)
}

pub(super) fn city(masker: &Masker, locale: Locale, value: &str) -> String {
    let mut stream = Stream::new(&masker.key, 9, value.as_bytes());
    let city = stream.pick(words(locale).cities, value);
    masker.worded(&mut stream, city)
}

/// A code of two letters for a code of two letters, and likewise for three letters; else a name. Lower case stays.
pub(super) fn country(masker: &Masker, value: &str) -> String {
    let mut stream = Stream::new(&masker.key, 10, value.as_bytes());
    let is_code = value.bytes().all(|byte| byte.is_ascii_alphabetic());
    let length = match (is_code, value.len(), masker.limit()) {
        (true, 2, _) | (_, _, 2) => 2,
        (true, 3, _) | (_, _, ..COUNTRY) => 3,
        _ => 0,
    };
    let list: Vec<&'static str> = COUNTRIES
        .iter()
        .map(|(name, two, three)| match length {
            2 => *two,
            3 => *three,
            _ => *name,
        })
        .collect();
    let found = stream.pick(&list, &if length == 0 { value.to_owned() } else { value.to_ascii_uppercase() });
    if length > 0 && value.bytes().all(|byte| byte.is_ascii_lowercase()) {
        return found.to_ascii_lowercase();
    }
    found.to_owned()
}

/// Permutes a postal code after its first letters and digits.
pub(super) fn postcode(key: &DomainKey, keep: u8, text: &str) -> String {
    let mut characters: Vec<char> = text.chars().collect();
    let parts: Vec<usize> =
        characters.iter().enumerate().filter(|(_, c)| c.is_alphanumeric()).map(|(at, _)| at).collect();
    // A code that is not longer than its kept part would stay.
    let begin = if parts.len() > usize::from(keep) { parts.get(usize::from(keep)).copied() } else { None };
    permute_selected(key, &mut characters, |at, _| begin.is_none_or(|begin| at >= begin));
    characters.into_iter().collect()
}

/// Permutes the digits of a phone number after its country code; if it has none, its letters.
pub(super) fn phone(key: &DomainKey, keep_country: bool, text: &str) -> String {
    let kept = if keep_country { country_code(text) } else { 0 };
    let mut characters: Vec<char> = text.chars().collect();
    let mut number = 0;
    let selected: Vec<bool> = characters
        .iter()
        .map(|c| {
            number += usize::from(c.is_ascii_digit());
            c.is_ascii_digit() && number > kept
        })
        .collect();
    if permute_selected(key, &mut characters, |at, _| selected.get(at).copied().unwrap_or_default()) {
        return characters.into_iter().collect();
    }
    // No digit is left: a country code alone, or no number at all.
    if kept > 0 { digits_of_text(key, text) } else { permute_all(key, text) }
}

/// Number of digits of an international prefix and country code.
fn country_code(text: &str) -> usize {
    let text = text.trim_start();
    let digits: String = text.chars().filter(char::is_ascii_digit).collect();
    let (prefix, digits) = match (text.starts_with('+'), digits.strip_prefix("00")) {
        (true, _) => (0, digits.as_str()),
        (false, Some(rest)) => (2, rest),
        (false, None) => return 0,
    };
    let is_two = digits.get(..2).is_some_and(|code| TWO_DIGITS.contains(&code));
    prefix
        + match digits.chars().next() {
            None => return 0,
            Some('1' | '7') => 1,
            Some(_) if is_two => 2,
            Some(_) => 3,
        }
}
