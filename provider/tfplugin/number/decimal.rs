//! Finite decimals in a unique normal form.

use std::cmp::Ordering;
use std::fmt;

use super::NumberError;

/// Maximum number of decimal places before and after the point.
pub(super) const MAX_PLACES: i64 = 10_000;

/// Maximum length of text that is parsed, in bytes. Enough for every number within [`MAX_PLACES`] and some leading
/// zeros.
const MAX_TEXT: usize = 65_536;

/// `digits * 10^exponent` in a unique normal form, so that derived equality compares the value.
///
/// The digits have no leading or trailing zeros. Zero has no digits, exponent 0 and is not negative.
#[derive(Clone, PartialEq, Eq, Hash)]
pub(super) struct Decimal {
    negative: bool,
    digits: String,
    exponent: i64,
}

impl Decimal {
    /// Parses decimal text.
    pub(super) fn parse(text: &str) -> Result<Self, NumberError> {
        if text.len() > MAX_TEXT {
            return Err(NumberError::TooLarge);
        }
        let (negative, unsigned) = match text.strip_prefix('-') {
            Some(rest) => (true, rest),
            None => (false, text.strip_prefix('+').unwrap_or(text)),
        };
        let (mantissa, exponent) = match unsigned.split_once(['e', 'E']) {
            Some((mantissa, exponent)) => (mantissa, parse_exponent(exponent)?),
            None => (unsigned, 0),
        };
        let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
        let digits = format!("{whole}{fraction}");
        if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
            return Err(NumberError::Syntax);
        }
        let exponent = exponent.saturating_sub(places(fraction));
        Self::normal(negative, &digits, exponent)
    }

    /// Converts digits into the normal form and checks the limits.
    pub(super) fn normal(negative: bool, digits: &str, exponent: i64) -> Result<Self, NumberError> {
        let digits = digits.trim_start_matches('0');
        let significant = digits.trim_end_matches('0');
        if significant.is_empty() {
            return Ok(Self { negative: false, digits: String::new(), exponent: 0 });
        }
        let exponent = exponent.saturating_add(places(digits) - places(significant));
        let decimal = Self { negative, digits: significant.to_owned(), exponent };
        if exponent < -MAX_PLACES || decimal.magnitude() > MAX_PLACES {
            return Err(NumberError::TooLarge);
        }
        Ok(decimal)
    }

    pub(super) fn is_integer(&self) -> bool {
        self.exponent >= 0
    }

    /// Returns the value if it is an integer of at most 20 places.
    pub(super) fn as_i128(&self) -> Option<i128> {
        if self.digits.is_empty() {
            return Some(0);
        }
        if self.exponent < 0 || self.magnitude() > 20 {
            return None;
        }
        let scale = 10_i128.checked_pow(u32::try_from(self.exponent).ok()?)?;
        let value = self.digits.parse::<i128>().ok()?.checked_mul(scale)?;
        Some(if self.negative { -value } else { value })
    }

    /// Returns the nearest float, or `None` if that is an infinity.
    pub(super) fn as_f64(&self) -> Option<f64> {
        if self.digits.is_empty() {
            return Some(0.0);
        }
        let sign = if self.negative { "-" } else { "" };
        let text = format!("{sign}{}e{}", self.digits, self.exponent);
        text.parse::<f64>().ok().filter(|float| float.is_finite())
    }

    /// Position of the first digit relative to the point: 1 for 5, 3 for 500, 0 for 0.5.
    fn magnitude(&self) -> i64 {
        self.exponent.saturating_add(places(&self.digits))
    }

    /// Compares absolute values. If the first digits have the same position, normal digits compare as text.
    fn cmp_unsigned(&self, other: &Self) -> Ordering {
        match (self.digits.is_empty(), other.digits.is_empty()) {
            (true, true) => Ordering::Equal,
            (true, false) => Ordering::Less,
            (false, true) => Ordering::Greater,
            (false, false) => self.magnitude().cmp(&other.magnitude()).then_with(|| self.digits.cmp(&other.digits)),
        }
    }
}

impl Ord for Decimal {
    fn cmp(&self, other: &Self) -> Ordering {
        match (self.negative, other.negative) {
            (false, true) => Ordering::Greater,
            (true, false) => Ordering::Less,
            (false, false) => self.cmp_unsigned(other),
            (true, true) => other.cmp_unsigned(self),
        }
    }
}

impl PartialOrd for Decimal {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

/// Writes the shortest exact text, without an exponent.
impl fmt::Display for Decimal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let digits = self.digits.as_str();
        if digits.is_empty() {
            return f.write_str("0");
        }
        if self.negative {
            f.write_str("-")?;
        }
        let zeros = |count: i64| "0".repeat(usize::try_from(count).unwrap_or(0));
        let point = self.magnitude();
        match usize::try_from(point).ok().and_then(|point| digits.split_at_checked(point)) {
            Some((whole, "")) => f.write_str(whole),
            Some(("", fraction)) => write!(f, "0.{fraction}"),
            Some((whole, fraction)) => write!(f, "{whole}.{fraction}"),
            None if point < 0 => write!(f, "0.{}{digits}", zeros(-point)),
            None => write!(f, "{digits}{}", zeros(self.exponent)),
        }
    }
}

/// Parses the exponent. It saturates, because such large numbers are refused later.
fn parse_exponent(text: &str) -> Result<i64, NumberError> {
    let digits = text.strip_prefix(['+', '-']).unwrap_or(text);
    if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(NumberError::Syntax);
    }
    let magnitude = digits
        .bytes()
        .fold(0_i64, |value, byte| value.saturating_mul(10).saturating_add(i64::from(byte.saturating_sub(b'0'))));
    Ok(if text.starts_with('-') { magnitude.saturating_neg() } else { magnitude })
}

fn places(digits: &str) -> i64 {
    i64::try_from(digits.len()).unwrap_or(i64::MAX)
}
