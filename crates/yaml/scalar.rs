//! Values of scalars without quotes.
//!
//! Tools of Kubernetes read YAML 1.1 with exceptions, newer tools read YAML 1.2. A scalar with different values in the
//! two versions is refused, except octal numbers such as `0644`, which all tools of Kubernetes read as octal.

use serde_json::Number;

use crate::fault::FaultKind;
use crate::node::Content;

/// Two interpretations of one scalar.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Ambiguous {
    /// One interpretation.
    pub one: &'static str,
    /// The other interpretation.
    pub other: &'static str,
}

const TEXT_OR_BOOL: Ambiguous = Ambiguous { one: "a string", other: "a boolean" };
const TEXT_OR_NUMBER: Ambiguous = Ambiguous { one: "a string", other: "a number" };
const TWO_NUMBERS: Ambiguous = Ambiguous { one: "a decimal number", other: "an octal number" };
const NO_NUMBER: Ambiguous = Ambiguous { one: "a string", other: "a number that JSON cannot represent" };

/// Value of a scalar without quotes and tags.
///
/// # Errors
///
/// [`Ambiguous`] if YAML readers interpret the scalar differently.
pub fn plain(text: &str) -> Result<Content, Ambiguous> {
    match text {
        "" | "~" | "null" | "Null" | "NULL" => return Ok(Content::Null),
        "true" | "True" | "TRUE" => return Ok(Content::Bool(true)),
        "false" | "False" | "FALSE" => return Ok(Content::Bool(false)),
        _ => {}
    }
    if ["y", "n", "yes", "no", "on", "off"].iter().any(|word| word.eq_ignore_ascii_case(text)) {
        return Err(TEXT_OR_BOOL);
    }
    let first = text.bytes().next().unwrap_or_default();
    if first.is_ascii_digit() || b"+-.".contains(&first) { number(text) } else { Ok(Content::Text(text.to_owned())) }
}

/// Value of a scalar with a standard tag; none if the tag does not match the value.
pub(super) fn tagged(tag: &str, text: &str, is_plain: bool) -> Option<Content> {
    if tag == "str" {
        return Some(Content::Text(text.to_owned()));
    }
    let content = if is_plain { plain(text).ok()? } else { return None };
    let fits = match &content {
        Content::Null => tag == "null",
        Content::Bool(_) => tag == "bool",
        Content::Number(number) => {
            tag == if is_integer(&number.to_string()) && !text.contains('.') { "int" } else { "float" }
        }
        _ => false,
    };
    fits.then_some(content)
}

/// A key. Numbers and booleans are accepted only in their canonical form, which all readers convert to the same string.
pub(super) fn key(text: &str, content: Result<Content, Ambiguous>) -> Result<String, FaultKind> {
    match content {
        Ok(Content::Text(text)) => Ok(text),
        Ok(Content::Number(number)) if number.to_string() == text && is_integer(text) => Ok(text.to_owned()),
        Ok(Content::Bool(value)) if value.to_string() == text => Ok(text.to_owned()),
        Ok(Content::Null) => Err(FaultKind::Key("null".to_owned())),
        Err(Ambiguous { one, other }) => Err(FaultKind::Ambiguous { text: text.to_owned(), one, other }),
        Ok(_) => Err(FaultKind::Key(format!("`{text}`"))),
    }
}

fn is_integer(text: &str) -> bool {
    text.strip_prefix('-').unwrap_or(text).bytes().all(|byte| byte.is_ascii_digit())
}

/// Value of a scalar that begins like a number.
fn number(text: &str) -> Result<Content, Ambiguous> {
    let (sign, rest) = match text.split_at_checked(1) {
        Some(("-", rest)) => ("-", rest),
        Some(("+", rest)) => ("", rest),
        _ => ("", text),
    };
    let text_content = || Ok(Content::Text(text.to_owned()));
    let lower = rest.to_ascii_lowercase();
    if [".inf", ".nan"].contains(&lower.as_str()) {
        return Err(NO_NUMBER);
    }
    if rest.contains('_') {
        let is_number = !matches!(number(&text.replace('_', "")), Ok(Content::Text(_)));
        return if is_number { Err(TEXT_OR_NUMBER) } else { text_content() };
    }
    if let Some(digits) = lower.strip_prefix("0b") {
        return if all(digits, |byte| byte == b'0' || byte == b'1') { Err(TEXT_OR_NUMBER) } else { text_content() };
    }
    for (prefix, radix) in [("0x", 16), ("0o", 8)] {
        if let Some(digits) = lower.strip_prefix(prefix) {
            let is_number = all(digits, |byte| char::from(byte).is_digit(radix));
            return if is_number { converted(sign, digits, radix) } else { text_content() };
        }
    }
    if all(rest, |byte| byte.is_ascii_digit()) {
        return match rest.strip_prefix('0') {
            None | Some("") => exact(&format!("{sign}{rest}")),
            Some(digits) if all(digits, |byte| (b'0'..b'8').contains(&byte)) => converted(sign, digits, 8),
            Some(_) => Err(TWO_NUMBERS),
        };
    }
    decimal(rest).map_or_else(text_content, |decimal| exact(&format!("{sign}{decimal}")))
}

/// JSON form of a decimal number with a point or an exponent; none if it is not a number.
fn decimal(text: &str) -> Option<String> {
    let (mantissa, exponent) = match text.find(['e', 'E']) {
        Some(at) => (text.get(..at)?, Some(text.get(at + 1..)?)),
        None => (text, None),
    };
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    if !digits(whole) || !digits(fraction) || (whole.is_empty() && fraction.is_empty()) {
        return None;
    }
    let whole = match whole.trim_start_matches('0') {
        "" => "0",
        trimmed => trimmed,
    };
    let point = if fraction.is_empty() { String::new() } else { format!(".{fraction}") };
    let Some(exponent) = exponent else { return Some(format!("{whole}{point}")) };
    let unsigned = exponent.strip_prefix(['+', '-']).unwrap_or(exponent);
    all(unsigned, |byte| byte.is_ascii_digit()).then(|| format!("{whole}{point}e{exponent}"))
}

fn all(text: &str, is_digit: impl Fn(u8) -> bool) -> bool {
    !text.is_empty() && text.bytes().all(is_digit)
}

fn converted(sign: &str, digits: &str, radix: u32) -> Result<Content, Ambiguous> {
    let value = u64::from_str_radix(digits, radix).map_err(|_| NO_NUMBER)?;
    exact(&format!("{}{value}", if value == 0 { "" } else { sign }))
}

fn exact(text: &str) -> Result<Content, Ambiguous> {
    text.parse::<Number>().map(Content::Number).map_err(|_| NO_NUMBER)
}
