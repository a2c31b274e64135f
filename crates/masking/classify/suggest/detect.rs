//! Kinds of values, found in samples.

use std::collections::BTreeSet;
use std::net::IpAddr;

use crate::function::MaskKind;

/// Minimum number of different values for a decision.
const LEAST_VALUES: usize = 3;
/// Part of the different values that must have the form, in percent.
const SHARE: usize = 80;
/// Maximum number of different values of a code, such as a status.
const MOST_CODES: usize = 12;
/// Minimum number of rows for a decision about codes.
const LEAST_ROWS: usize = 50;
/// Maximum length of a code in bytes.
const LONGEST_CODE: usize = 24;

/// A test for the form of a value.
type FormTest = fn(&str) -> bool;

/// Forms in the order of their tests, the most specific one first.
const FORMS: &[(MaskKind, FormTest)] = &[
    (MaskKind::Email, is_email),
    (MaskKind::Uuid, is_uuid),
    (MaskKind::Ip, is_ip),
    (MaskKind::Mac, is_mac),
    (MaskKind::Url, is_url),
    (MaskKind::Iban, is_iban),
    (MaskKind::Card, is_card),
    (MaskKind::UserAgent, is_user_agent),
    (MaskKind::Phone, is_phone),
];

/// Kind of most of the values; none if they have no common form, or are too few.
pub(super) fn detected(values: &[&str]) -> Option<MaskKind> {
    let different = different(values);
    if different.len() < LEAST_VALUES {
        return None;
    }
    let is_common = |test: FormTest| {
        let count = different.iter().filter(|value| test(value)).count();
        count * 100 >= different.len() * SHARE
    };
    FORMS.iter().find(|(_, test)| is_common(*test)).map(|(kind, _)| *kind)
}

/// True if all values are JSON objects or lists.
pub(super) fn is_document(values: &[&str]) -> bool {
    let different = different(values);
    let is_json = |value: &&str| {
        let has_begin = value.starts_with(['{', '[']);
        has_begin && serde_json::from_str::<serde::de::IgnoredAny>(value).is_ok()
    };
    different.len() >= LEAST_VALUES && different.iter().all(is_json)
}

/// True if many rows have few short words, such as the values of a status.
pub(super) fn is_few_codes(values: &[&str]) -> bool {
    let different = different(values);
    let is_code = |value: &&str| {
        let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.');
        // Names of people begin with a capital letter and go on in lower case.
        let is_like_name = value.starts_with(char::is_uppercase) && value.chars().any(char::is_lowercase);
        value.len() <= LONGEST_CODE && value.bytes().all(is_plain) && !is_like_name
    };
    let count = values.iter().filter(|value| !value.trim().is_empty()).count();
    let is_few = !different.is_empty() && different.len() <= MOST_CODES && different.len() * 4 <= count;
    count >= LEAST_ROWS && is_few && different.iter().all(is_code)
}

/// Different values without the empty one.
fn different<'a>(values: &[&'a str]) -> BTreeSet<&'a str> {
    values.iter().map(|value| value.trim()).filter(|value| !value.is_empty()).collect()
}

fn is_email(value: &str) -> bool {
    let Some((local, domain)) = value.split_once('@') else { return false };
    let is_part = |part: &str| !part.is_empty() && !part.contains([' ', '@', ',', '/', ':']);
    is_part(local) && is_part(domain) && domain.contains('.') && !domain.ends_with('.') && !domain.starts_with('.')
}

fn is_uuid(value: &str) -> bool {
    let has_form = |(at, byte): (usize, u8)| match at {
        8 | 13 | 18 | 23 => byte == b'-',
        _ => byte.is_ascii_hexdigit(),
    };
    value.len() == 36 && value.bytes().enumerate().all(has_form)
}

fn is_ip(value: &str) -> bool {
    let (address, mask) = value.split_once('/').unwrap_or((value, "0"));
    address.parse::<IpAddr>().is_ok() && mask.parse::<u8>().is_ok_and(|bits| bits <= 128)
}

fn is_mac(value: &str) -> bool {
    let parts: Vec<&str> = value.split([':', '-']).collect();
    let is_part = |part: &&str| part.len() == 2 && part.bytes().all(|byte| byte.is_ascii_hexdigit());
    parts.len() == 6 && parts.iter().all(is_part)
}

fn is_url(value: &str) -> bool {
    let lower = value.get(..8).unwrap_or(value).to_ascii_lowercase();
    (lower.starts_with("http://") || lower.starts_with("https://")) && !value.contains(' ')
}

fn is_user_agent(value: &str) -> bool {
    value.starts_with("Mozilla/") || value.starts_with("curl/") || value.starts_with("okhttp/")
}

fn is_iban(value: &str) -> bool {
    let compact: String = value.chars().filter(|c| *c != ' ').collect::<String>().to_ascii_uppercase();
    let has_begin = |begin: &str| {
        let (country, check) = begin.split_at_checked(2).unwrap_or_default();
        country.bytes().all(|byte| byte.is_ascii_uppercase()) && check.bytes().all(|byte| byte.is_ascii_digit())
    };
    if !(15..=34).contains(&compact.len()) || !compact.bytes().all(|byte| byte.is_ascii_alphanumeric()) {
        return false;
    }
    let Some((begin, rest)) = compact.split_at_checked(4).filter(|(begin, _)| has_begin(begin)) else { return false };
    // Letters count as two digits, from 10 on.
    let digits = rest.chars().chain(begin.chars()).filter_map(|c| c.to_digit(36));
    digits.fold(0, |sum, digit| (sum * if digit < 10 { 10 } else { 100 } + digit) % 97) == 1
}

fn is_card(value: &str) -> bool {
    let is_allowed = |c: char| c.is_ascii_digit() || matches!(c, ' ' | '-');
    let digits: Vec<u32> = value.chars().filter_map(|c| c.to_digit(10)).collect();
    if !(13..=19).contains(&digits.len()) || !value.chars().all(is_allowed) {
        return false;
    }
    let luhn = |(at, digit): (usize, &u32)| match at % 2 {
        0 => *digit,
        _ if *digit > 4 => digit * 2 - 9,
        _ => digit * 2,
    };
    digits.iter().rev().enumerate().map(luhn).sum::<u32>() % 10 == 0
}

fn is_phone(value: &str) -> bool {
    let is_allowed = |c: char| c.is_ascii_digit() || matches!(c, ' ' | '-' | '.' | '/' | '(' | ')' | '+');
    let count = value.chars().filter(char::is_ascii_digit).count();
    let has_begin = value.starts_with('+') || (value.starts_with(['0', '(']) && value.contains([' ', '-', '/', ')']));
    (7..=15).contains(&count) && has_begin && value.chars().all(is_allowed)
}

#[cfg(test)]
mod tests;
