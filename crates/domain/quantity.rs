//! Kubernetes quantities, exact.
//!
//! Grammar and canonical form: <https://kubernetes.io/docs/reference/kubernetes-api/common-definitions/quantity/>.
//! A quantity is stored as a whole number of billionths, the smallest step of the API. Two quantities of the same value
//! are equal, also with different texts. The text is kept as written for display.

use std::cmp::Ordering;
use std::fmt;
use std::hash::{Hash, Hasher};
use std::str::FromStr;

use crate::text::serde_as_text;

/// Amount of CPU, memory or storage, never negative.
#[derive(Clone, Debug)]
pub struct Quantity {
    nanos: i128,
    family: Family,
    text: String,
}

/// Reasons to refuse a text as a quantity.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum QuantityError {
    /// The text is empty.
    #[error("quantity must not be empty: expected for example `500m`, `2` or `4Gi`")]
    Empty,
    /// Below zero.
    #[error("quantity must be zero or more, got `{0}`")]
    Negative(String),
    /// No number at the start.
    #[error("quantity must begin with a number, got `{0}`: expected for example `500m`, `2` or `4Gi`")]
    Number(String),
    /// A suffix that does not exist.
    #[error(
        "quantity `{text}` has the unsupported suffix `{suffix}`: supported are n, u, m, k, M, G, T, P, E, Ki, Mi, Gi, Ti, \
            Pi, Ei or an exponent like e3"
    )]
    Suffix {
        /// Input text.
        text: String,
        /// Text after the number.
        suffix: String,
    },
    /// Finer than a billionth.
    #[error("quantity must be a multiple of one billionth (1n), the smallest step of Kubernetes, got `{0}`")]
    TooFine(String),
    /// Over 2^63-1.
    #[error("quantity must be at most 9223372036854775807, the maximum of Kubernetes, got `{0}`")]
    TooLarge(String),
}

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Family {
    Decimal,
    Binary,
    Exponent,
}

const NANOS: i128 = 1_000_000_000;
const MAX_NANOS: i128 = i64::MAX as i128 * NANOS;

serde_as_text!(Quantity);

impl Quantity {
    /// Creates a quantity from a whole number without a unit, such as CPUs.
    pub fn whole(value: u32) -> Self {
        Self::from_nanos(i128::from(value) * NANOS, Family::Decimal)
    }

    /// Creates a quantity from gibibytes.
    pub fn gibibytes(value: u32) -> Self {
        Self::from_nanos(i128::from(value) * (1 << 30) * NANOS, Family::Binary)
    }

    /// Creates a quantity from mebibytes.
    pub fn mebibytes(value: u32) -> Self {
        Self::from_nanos(i128::from(value) * (1 << 20) * NANOS, Family::Binary)
    }

    /// Creates a quantity from thousandths, such as millicores.
    pub fn milli(value: u32) -> Self {
        Self::from_nanos(i128::from(value) * (NANOS / 1000), Family::Decimal)
    }

    /// Value in billionths.
    pub fn nanos(&self) -> i128 {
        self.nanos
    }

    /// Text as written.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// Twice the amount, in canonical form.
    #[must_use]
    pub fn double(&self) -> Self {
        Self::from_nanos(self.nanos.saturating_mul(2), self.family)
    }

    /// Canonical form, as stored by the API server: a whole number with the largest possible suffix.
    pub fn canonical(&self) -> String {
        canonical(self.nanos, self.family)
    }

    fn from_nanos(nanos: i128, family: Family) -> Self {
        Self { nanos, family, text: canonical(nanos, family) }
    }
}

impl FromStr for Quantity {
    type Err = QuantityError;

    fn from_str(text: &str) -> Result<Self, QuantityError> {
        if text.is_empty() {
            return Err(QuantityError::Empty);
        }
        let negative = text.starts_with('-');
        let unsigned = text.strip_prefix(['+', '-']).unwrap_or(text);
        let end = unsigned.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(unsigned.len());
        let (number, suffix) = unsigned.split_at(end);
        let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
        if (whole.is_empty() && fraction.is_empty()) || fraction.contains('.') {
            return Err(QuantityError::Number(text.to_owned()));
        }
        let (family, unit) = suffix_unit(text, suffix)?;
        let nanos = scale(text, whole, fraction, unit)?;
        if negative && nanos != 0 {
            return Err(QuantityError::Negative(text.to_owned()));
        }
        Ok(Self { nanos, family, text: text.to_owned() })
    }
}

impl fmt::Display for Quantity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl PartialEq for Quantity {
    fn eq(&self, other: &Self) -> bool {
        self.nanos == other.nanos
    }
}

impl Eq for Quantity {}

impl PartialOrd for Quantity {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Quantity {
    fn cmp(&self, other: &Self) -> Ordering {
        self.nanos.cmp(&other.nanos)
    }
}

impl Hash for Quantity {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.nanos.hash(state);
    }
}

/// Unit of a suffix: `base` to the power of `power`.
#[derive(Clone, Copy)]
struct Unit {
    base: i128,
    power: i32,
}

fn suffix_unit(text: &str, suffix: &str) -> Result<(Family, Unit), QuantityError> {
    let decimal = |power| Ok((Family::Decimal, Unit { base: 10, power }));
    let binary = |power| Ok((Family::Binary, Unit { base: 1024, power }));
    match suffix {
        "n" => decimal(-9),
        "u" => decimal(-6),
        "m" => decimal(-3),
        "" => decimal(0),
        "k" => decimal(3),
        "M" => decimal(6),
        "G" => decimal(9),
        "T" => decimal(12),
        "P" => decimal(15),
        "E" => decimal(18),
        "Ki" => binary(1),
        "Mi" => binary(2),
        "Gi" => binary(3),
        "Ti" => binary(4),
        "Pi" => binary(5),
        "Ei" => binary(6),
        _ => {
            let wrong = || QuantityError::Suffix { text: text.to_owned(), suffix: suffix.to_owned() };
            let digits = suffix.strip_prefix(['e', 'E']).ok_or_else(wrong)?;
            let unsigned = digits.strip_prefix(['+', '-']).unwrap_or(digits);
            if unsigned.is_empty() || !unsigned.bytes().all(|byte| byte.is_ascii_digit()) {
                return Err(wrong());
            }
            let power: i32 = digits.parse().map_err(|_| {
                if digits.starts_with('-') {
                    QuantityError::TooFine(text.to_owned())
                } else {
                    QuantityError::TooLarge(text.to_owned())
                }
            })?;
            Ok((Family::Exponent, Unit { base: 10, power }))
        }
    }
}

/// Computes `whole.fraction` times the unit in billionths. Refuses a value that is not exact.
fn scale(text: &str, whole: &str, fraction: &str, unit: Unit) -> Result<i128, QuantityError> {
    let too_large = || QuantityError::TooLarge(text.to_owned());
    let too_fine = || QuantityError::TooFine(text.to_owned());
    let fraction = fraction.trim_end_matches('0');
    let digits = format!("{whole}{fraction}");
    let digits = digits.trim_start_matches('0');
    if digits.is_empty() {
        return Ok(0);
    }
    let mut value: i128 = digits.parse().map_err(|_| too_large())?;
    let places = i32::try_from(fraction.len()).map_err(|_| too_fine())?;
    // Exponent of ten that converts the digits to billionths: nine, minus the decimal places, plus the unit.
    let mut tens = 9_i32.checked_sub(places).ok_or_else(too_fine)?;
    if unit.base == 10 {
        tens = tens.checked_add(unit.power).ok_or_else(too_large)?;
    } else {
        for _ in 0..unit.power {
            value = value.checked_mul(unit.base).ok_or_else(too_large)?;
        }
    }
    while tens < 0 {
        if value % 10 != 0 {
            return Err(too_fine());
        }
        value /= 10;
        tens += 1;
    }
    for _ in 0..tens {
        value = value.checked_mul(10).filter(|value| *value <= MAX_NANOS).ok_or_else(too_large)?;
    }
    if value > MAX_NANOS { Err(too_large()) } else { Ok(value) }
}

fn canonical(nanos: i128, family: Family) -> String {
    const BINARY: [&str; 7] = ["", "Ki", "Mi", "Gi", "Ti", "Pi", "Ei"];
    const DECIMAL: [&str; 10] = ["n", "u", "m", "", "k", "M", "G", "T", "P", "E"];
    if nanos == 0 {
        return "0".to_owned();
    }
    let whole = nanos % NANOS == 0;
    // A value below 1024, or not whole, has no binary suffix.
    if family == Family::Binary && whole && nanos / NANOS >= 1024 {
        let (value, step) = divide(nanos / NANOS, 1024, BINARY.len() - 1);
        return format!("{value}{}", BINARY.get(step).copied().unwrap_or_default());
    }
    let (value, step) = divide(nanos, 1000, DECIMAL.len() - 1);
    if family == Family::Exponent {
        let power = i32::try_from(step).unwrap_or_default() * 3 - 9;
        return if power == 0 { value.to_string() } else { format!("{value}e{power}") };
    }
    format!("{value}{}", DECIMAL.get(step).copied().unwrap_or_default())
}

/// Divides while there is no remainder, at most `most` times.
fn divide(mut value: i128, by: i128, most: usize) -> (i128, usize) {
    let mut step = 0;
    while step < most && value % by == 0 {
        value /= by;
        step += 1;
    }
    (value, step)
}

#[cfg(test)]
mod tests;
