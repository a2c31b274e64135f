//! Functions for numbers. An output has as many digits before and after its point as the input, so it fits into the column.

use super::TypeClass;
use crate::{
    integer::{Magnitudes, magnitudes},
    key::DomainKey,
    shape::permute_all,
    stream::Stream,
};

/// Parts of one, as the unit of noise.
const MILLION: u128 = 1_000_000;
/// Maximum number of digits for exact arithmetic. Longer numbers are permuted.
const EXACT_DIGITS: usize = 27;
/// Numbers of type `real` above this one could leave their type.
const LARGE_FLOAT: f64 = 1e37;

/// A decimal number: its digits as one integer, and the number of decimal places.
struct DecimalNumber {
    negative: bool,
    digits: u128,
    places: usize,
}

impl DecimalNumber {
    fn parse(text: &str) -> Option<Self> {
        let (negative, unsigned) = text.strip_prefix('-').map_or((false, text), |rest| (true, rest));
        let (whole, fraction) = unsigned.split_once('.').unwrap_or((unsigned, ""));
        let all = format!("{whole}{fraction}");
        let is_number = !all.is_empty() && all.bytes().all(|byte| byte.is_ascii_digit());
        let digits = all.parse().ok().filter(|_| is_number && all.len() <= EXACT_DIGITS)?;
        Some(Self { negative, digits, places: fraction.len() })
    }

    fn text(&self) -> String {
        let width = self.places + 1;
        let digits = format!("{:0width$}", self.digits);
        let (whole, fraction) = digits.split_at_checked(digits.len() - self.places).unwrap_or((&digits, ""));
        let sign = if self.negative && self.digits > 0 { "-" } else { "" };
        if fraction.is_empty() { format!("{sign}{whole}") } else { format!("{sign}{whole}.{fraction}") }
    }

    /// Range of the numbers with the same number of digits and the same type.
    fn room(&self, class: TypeClass) -> Magnitudes {
        match class {
            TypeClass::Integer => magnitudes(self.digits, self.negative),
            _ => {
                let power = |digits: u32| 10_u128.checked_pow(digits).unwrap_or(u128::MAX);
                let digits = self.digits.checked_ilog10().unwrap_or_default();
                Magnitudes { first: if digits == 0 { 0 } else { power(digits) }, last: power(digits + 1) - 1 }
            }
        }
    }
}

/// Changes a number by at most `percent` percent, and at least by one unit of its last digit. Zero, `NaN` and infinity stay.
pub(super) fn noisy(key: &DomainKey, class: TypeClass, percent: u8, value: &str) -> String {
    let mut stream = Stream::new(key, 15, value.as_bytes());
    let part = u128::from(stream.below(u64::from(percent.clamp(1, 90)) * 10_000)) + 1;
    let up = stream.bits().is_multiple_of(2);
    if class == TypeClass::Float {
        return noisy_float(value, part, up).unwrap_or_else(|| value.to_owned());
    }
    let Some(mut number) = DecimalNumber::parse(value) else {
        return if is_special(value) { value.to_owned() } else { permute_all(key, value) };
    };
    if number.digits == 0 {
        return value.to_owned();
    }
    let Magnitudes { first, last } = number.room(class);
    // Zero would lose the sign, and is the output of zero only.
    let first = first.max(1);
    let change = (number.digits * part / MILLION).max(1);
    let (more, less) = (number.digits + change, number.digits.saturating_sub(change));
    let fits = |digits: &u128| (first..=last).contains(digits);
    let order = if up { [more, less] } else { [less, more] };
    let neighbours = [number.digits + 1, number.digits - 1];
    number.digits = order.into_iter().chain(neighbours).find(fits).unwrap_or(last);
    number.text()
}

fn noisy_float(value: &str, part: u128, up: bool) -> Option<String> {
    let number: f64 = value.parse().ok().filter(|number: &f64| number.is_finite() && *number != 0.0)?;
    let part = u32::try_from(part).map(f64::from).unwrap_or_default() / 1e6;
    let up = up && number.abs() < LARGE_FLOAT;
    let found = number * if up { 1.0 + part } else { 1.0 - part };
    Some(found.to_string())
}

fn is_special(value: &str) -> bool {
    matches!(value, "NaN" | "Infinity" | "-Infinity")
}

/// Nearest multiple of a number; the next lower one if the nearest does not fit into the column.
pub(super) fn rounded(class: TypeClass, to: u64, value: &str) -> String {
    let to = to.max(1);
    if class == TypeClass::Float {
        let number: f64 = value.parse().unwrap_or(f64::NAN);
        // Exact for all divisors up to 2^53.
        let step = to.to_string().parse::<f64>().unwrap_or(1.0);
        return if number.is_finite() { ((number / step).round() * step).to_string() } else { value.to_owned() };
    }
    let Some(mut number) = DecimalNumber::parse(value) else {
        return if is_special(value) { value.to_owned() } else { "0".to_owned() };
    };
    let places = u32::try_from(number.places).unwrap_or(u32::MAX);
    let Some(step) = 10_u128.checked_pow(places).and_then(|unit| unit.checked_mul(u128::from(to))) else {
        return "0".to_owned();
    };
    let Magnitudes { last, .. } = number.room(class);
    let lower = number.digits - number.digits % step;
    let upper = lower.saturating_add(step);
    number.digits = if number.digits % step >= step.div_ceil(2) && upper <= last { upper } else { lower };
    number.text()
}

/// A JSON number with noise, which needs as much room. A number with an exponent becomes zero.
pub(super) fn noise_of_json(key: &DomainKey, number: &str) -> String {
    if number.contains(['e', 'E']) || DecimalNumber::parse(number).is_none() {
        return "0".to_owned();
    }
    noisy(key, TypeClass::Numeric, 10, number)
}
