//! Filler text of a given length.

use crate::{
    key::DomainKey,
    stream::{Filler, Stream},
    words::FILLER,
};

/// Use of the stream for filler text.
const PURPOSE: u8 = 20;

/// Number of attempts to get a text that differs from its input.
const ATTEMPTS: u32 = 16;

/// Filler text with as many characters as the value, and with its line ends. It differs from the value.
pub(crate) fn filler(key: &DomainKey, value: &str) -> String {
    let mut numbers = Filler::new(&mut Stream::new(key, PURPOSE, value.as_bytes()));
    let mut text = String::with_capacity(value.len());
    for _ in 0..ATTEMPTS {
        text = words(&mut numbers, value);
        if text != value {
            return text;
        }
    }
    // Only a value of one character comes here.
    if text == "x" { "y".to_owned() } else { "x".to_owned() }
}

fn words(numbers: &mut Filler, value: &str) -> String {
    let mut text = String::with_capacity(value.len());
    let mut word = "".chars();
    for c in value.chars() {
        if c == '\n' {
            text.push(c);
            continue;
        }
        match word.next() {
            Some(letter) => text.push(letter),
            // A space between words, but not at the beginning of a line.
            None => {
                let count = u64::try_from(FILLER.len()).unwrap_or(1);
                let at = usize::try_from(numbers.next() % count).unwrap_or_default();
                word = FILLER.get(at).copied().unwrap_or("a").chars();
                let begins_line = text.is_empty() || text.ends_with('\n');
                text.push(if begins_line { word.next().unwrap_or('a') } else { ' ' });
            }
        }
    }
    // A space at the end would be lost in a column of type `char(n)`.
    if text.ends_with(' ') {
        text.pop();
        text.push('s');
    }
    text
}
