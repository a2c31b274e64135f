//! Permutations of texts that keep their form: digits stay digits, letters stay letters of the same case, and other ASCII
//! characters stay. Characters outside of ASCII change inside of their group of 16 code points.

use crate::{
    key::DomainKey,
    permutation::{Place, permute},
};

/// Use of the permutation for texts.
const TWEAK: u8 = 0;

/// First value and radix of the class of a character; none for characters that stay.
fn class(c: char) -> Option<(u32, u8)> {
    match c {
        '0'..='9' => Some(('0'.into(), 10)),
        'a'..='z' => Some(('a'.into(), 26)),
        'A'..='Z' => Some(('A'.into(), 26)),
        // Surrogates fill whole groups, so all code points of the group are characters.
        c if !c.is_ascii() => Some((u32::from(c) & !15, 16)),
        _ => None,
    }
}

/// Class of a hexadecimal digit in lower case: values 0 to 15.
fn hex(c: char) -> Option<u8> {
    c.to_digit(16).and_then(|digit| u8::try_from(digit).ok())
}

/// Permutes the characters that a predicate selects by index and character. False if it selects none, and then the text is
/// unchanged.
pub(crate) fn permute_selected(key: &DomainKey, characters: &mut [char], select: impl Fn(usize, char) -> bool) -> bool {
    let selected: Vec<(usize, u32, Place)> = characters
        .iter()
        .enumerate()
        .filter(|(at, c)| select(*at, **c))
        .filter_map(|(at, c)| {
            let (first, radix) = class(*c)?;
            let value = u8::try_from(u32::from(*c).checked_sub(first)?).ok()?;
            Some((at, first, Place { value, radix }))
        })
        .collect();
    let mut places: Vec<Place> = selected.iter().map(|(_, _, place)| *place).collect();
    permute(key, TWEAK, &mut places);
    for ((at, first, _), place) in selected.iter().zip(&places) {
        if let (Some(to), Some(c)) = (characters.get_mut(*at), char::from_u32(first + u32::from(place.value))) {
            *to = c;
        }
    }
    !places.is_empty()
}

/// Permutes the hexadecimal digits that a predicate selects by their number among the digits. The result is in lower case.
pub(crate) fn permute_hex(key: &DomainKey, text: &str, select: impl Fn(usize) -> bool) -> String {
    let digits = text.chars().filter_map(hex).enumerate();
    let mut places: Vec<Place> =
        digits.filter(|(number, _)| select(*number)).map(|(_, value)| Place { value, radix: 16 }).collect();
    permute(key, TWEAK, &mut places);
    let (mut places, mut number) = (places.into_iter(), 0);
    text.chars()
        .map(|c| {
            let Some(value) = hex(c) else { return c };
            number += 1;
            let value = if select(number - 1) { places.next().map_or(value, |place| place.value) } else { value };
            char::from_digit(u32::from(value), 16).unwrap_or(c)
        })
        .collect()
}

/// Number of hexadecimal digits, if the text has no other characters than these and the given separators.
pub(crate) fn hex_digits(text: &str, separators: &str) -> Option<usize> {
    let is_part = |c: char| hex(c).is_some() || separators.contains(c);
    text.chars().all(is_part).then(|| text.chars().filter(|c| hex(*c).is_some()).count())
}

/// Permutes all characters of a text. Texts of ASCII punctuation only stay.
pub(crate) fn permute_all(key: &DomainKey, text: &str) -> String {
    let mut characters: Vec<char> = text.chars().collect();
    permute_selected(key, &mut characters, |_, _| true);
    characters.into_iter().collect()
}

/// Permutes a text that is not in a set to another text that is not in the set. Together with a permutation of the set,
/// this is a permutation of all texts.
pub(crate) fn permute_outside(key: &DomainKey, text: &str, is_in_set: impl Fn(&str) -> bool) -> String {
    let mut found = permute_all(key, text);
    // The permutation is one cycle, so the walk ends at the text itself at the latest.
    while found != text && is_in_set(&found) {
        found = permute_all(key, &found);
    }
    found
}

#[cfg(test)]
mod tests;
