//! Binary form of numbers.

use std::fmt::Write as _;

const NEGATIVE: u16 = 0x4000;
const NAN: u16 = 0xc000;
const INFINITY: u16 = 0xd000;
const NEGATIVE_INFINITY: u16 = 0xf000;
/// Decimal digits of one digit of `numeric`.
const WIDTH: usize = 4;

/// Text of a `numeric`: count of digits, weight, sign and number of decimal places, then digits of base 10,000.
pub(super) fn numeric_text(bytes: &[u8]) -> Option<String> {
    let mut words = bytes.chunks_exact(2);
    if !words.remainder().is_empty() {
        return None;
    }
    let mut next = || words.next()?.try_into().ok().map(u16::from_be_bytes);
    let (count, weight, sign, places) = (next()?, next()?.cast_signed(), next()?, usize::from(next()?));
    let digits: Vec<u16> = std::iter::from_fn(next).collect();
    if digits.len() != usize::from(count) || digits.iter().any(|digit| *digit > 9999) {
        return None;
    }
    match sign {
        0 | NEGATIVE => {}
        NAN => return Some("NaN".to_owned()),
        INFINITY => return Some("Infinity".to_owned()),
        NEGATIVE_INFINITY => return Some("-Infinity".to_owned()),
        _ => return None,
    }
    let digit = |at: i32| usize::try_from(at).ok().and_then(|at| digits.get(at)).copied().unwrap_or_default();
    let mut text = String::new();
    if sign == NEGATIVE {
        text.push('-');
    }
    let weight = i32::from(weight);
    if weight < 0 {
        text.push('0');
    }
    for at in 0..=weight {
        // Writing into a string cannot fail.
        let _written = if at == 0 { write!(text, "{}", digit(at)) } else { write!(text, "{:04}", digit(at)) };
    }
    if places > 0 {
        text.push('.');
        let end = text.len() + places;
        let mut at = weight + 1;
        while text.len() < end {
            let _written = write!(text, "{:04}", digit(at));
            at += 1;
        }
        text.truncate(end);
    }
    Some(text)
}

/// Binary form of a decimal number without exponent.
pub(super) fn numeric_bytes(text: &str) -> Option<Vec<u8>> {
    let words = |words: &[u16]| words.iter().flat_map(|word| word.to_be_bytes()).collect::<Vec<u8>>();
    match text {
        "NaN" => return Some(words(&[0, 0, NAN, 0])),
        "Infinity" => return Some(words(&[0, 0, INFINITY, 0])),
        "-Infinity" => return Some(words(&[0, 0, NEGATIVE_INFINITY, 0])),
        _ => {}
    }
    let (negative, unsigned) = text.strip_prefix('-').map_or((false, text), |rest| (true, rest));
    let (whole, fraction) = unsigned.split_once('.').unwrap_or((unsigned, ""));
    let is_digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    if (whole.is_empty() && fraction.is_empty()) || !is_digits(whole) || !is_digits(fraction) {
        return None;
    }
    // Zeros fill both parts up to whole digits of base 10,000.
    let before = whole.len().next_multiple_of(WIDTH);
    let after = fraction.len().next_multiple_of(WIDTH);
    let padded = format!("{whole:0>before$}{fraction:0<after$}");
    let groups = padded.as_bytes().chunks(WIDTH);
    let group = |group: &[u8]| group.iter().fold(0_u16, |number, byte| number * 10 + u16::from(byte - b'0'));
    let all: Vec<u16> = groups.map(group).collect();
    let leading = all.iter().take_while(|digit| **digit == 0).count();
    let end = all.iter().rposition(|digit| *digit != 0).map_or(0, |last| last + 1);
    let digits = all.get(leading..end).unwrap_or_default();
    let weight = i32::try_from(before / WIDTH).ok()? - 1 - i32::try_from(leading).ok()?;
    let weight = if digits.is_empty() { 0 } else { i16::try_from(weight).ok()? };
    let sign = if negative && !digits.is_empty() { NEGATIVE } else { 0 };
    let places = u16::try_from(fraction.len()).ok()?;
    let header = [u16::try_from(digits.len()).ok()?, weight.cast_unsigned(), sign, places];
    Some(words(&[&header, digits].concat()))
}

/// Text of a floating-point number from that of Rust, which is the shortest text that gives the number again.
pub(super) fn float_text(text: String) -> String {
    match text.as_str() {
        "inf" => "Infinity".to_owned(),
        "-inf" => "-Infinity".to_owned(),
        _ => text,
    }
}
