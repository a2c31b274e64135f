//! Cost of an environment per day, from its quota and the platform's prices.
//!
//! An amount of money is a whole number of millionths of a US dollar, so sums are exact and equal on every machine.

use std::fmt;
use std::str::FromStr;

use crate::quantity::Quantity;
use crate::quota::Quota;
use crate::text::serde_as_text;

/// Amount of US dollars in millionths.
#[derive(Clone, Copy, Debug, Default, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct Money {
    micros: u64,
}

/// Reasons to refuse a text as a price.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum MoneyError {
    /// Below zero.
    #[error("price must be zero or more, got `{0}`")]
    Negative(String),
    /// Not a decimal number.
    #[error("invalid price `{0}`: expected a number of US dollars, for example `0.04`")]
    Number(String),
    /// Finer than a millionth.
    #[error("price must have at most six decimals, got `{0}`: round it to millionths of a dollar")]
    TooFine(String),
    /// Over a million dollars.
    #[error("price must be at most 1000000 dollars per unit, got `{0}`")]
    TooLarge(String),
}

/// Prices of CPU, memory and storage.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Prices {
    /// Price of one CPU for an hour.
    pub cpu_hour: Money,
    /// Price of one gibibyte of memory for an hour.
    pub memory_gib_hour: Money,
    /// Price of one gibibyte of storage for a month of 730 hours.
    pub storage_gib_month: Money,
}

const MICROS: u64 = 1_000_000;
const PRICE_MAX: u64 = 1_000_000 * MICROS;
const HOURS_PER_DAY: i128 = 24;
const HOURS_PER_MONTH: i128 = 730;
const NANOS: i128 = 1_000_000_000;
const GIB: i128 = 1 << 30;

serde_as_text!(Money);

impl Money {
    /// Creates an amount from millionths of a dollar.
    pub const fn from_micros(micros: u64) -> Self {
        Self { micros }
    }

    /// Amount in millionths of a dollar.
    pub fn micros(self) -> u64 {
        self.micros
    }
}

impl Default for Prices {
    /// Typical on-demand prices of a large cloud: 0.04, 0.0044 and 0.10 dollars.
    fn default() -> Self {
        Self {
            cpu_hour: Money::from_micros(40_000),
            memory_gib_hour: Money::from_micros(4_400),
            storage_gib_month: Money::from_micros(100_000),
        }
    }
}

impl FromStr for Money {
    type Err = MoneyError;

    /// Parses a plain decimal number, such as `0.0044`.
    fn from_str(text: &str) -> Result<Self, MoneyError> {
        let number = || MoneyError::Number(text.to_owned());
        let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
        let digits = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
        if let Some(rest) = whole.strip_prefix('-') {
            return Err(if digits(rest) && digits(fraction) {
                MoneyError::Negative(text.to_owned())
            } else {
                number()
            });
        }
        if whole.is_empty() || !digits(whole) || !digits(fraction) {
            return Err(number());
        }
        let fraction = fraction.trim_end_matches('0');
        if fraction.len() > 6 {
            return Err(MoneyError::TooFine(text.to_owned()));
        }
        let too_large = || MoneyError::TooLarge(text.to_owned());
        let micros: u64 = format!("{whole}{fraction:0<6}").parse().map_err(|_| too_large())?;
        if micros > PRICE_MAX { Err(too_large()) } else { Ok(Self { micros }) }
    }
}

impl fmt::Display for Money {
    /// A plain decimal number of dollars without trailing zeros, such as `9.193206`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = format!("{}.{:06}", self.micros / MICROS, self.micros % MICROS);
        f.write_str(text.trim_end_matches('0').trim_end_matches('.'))
    }
}

/// Cost of a day with the whole quota in use, rounded to the nearest cent.
///
/// This is a maximum: unused quota costs nothing on a cluster that scales with its load.
pub fn cost_per_day(quota: &Quota, prices: &Prices) -> Money {
    let Prices { cpu_hour, memory_gib_hour, storage_gib_month } = prices;
    let cpu = product(&quota.cpu, *cpu_hour, HOURS_PER_DAY, 1);
    let memory = product(&quota.memory, *memory_gib_hour, HOURS_PER_DAY, GIB);
    let storage = product(&quota.storage, *storage_gib_month, HOURS_PER_DAY, GIB * HOURS_PER_MONTH);
    let micros = cpu.saturating_add(memory).saturating_add(storage);
    let cent = i128::from(MICROS / 100);
    let rounded = (micros.saturating_add(cent / 2) / cent).saturating_mul(cent);
    Money::from_micros(u64::try_from(rounded).unwrap_or(u64::MAX))
}

/// Amount times price times `times`, divided by `by`, in millionths. Saturates.
fn product(amount: &Quantity, price: Money, times: i128, by: i128) -> i128 {
    let whole = amount.nanos().checked_mul(i128::from(price.micros())).and_then(|value| value.checked_mul(times));
    whole.map_or(i128::MAX, |value| value / (by * NANOS))
}

#[cfg(test)]
mod tests;
