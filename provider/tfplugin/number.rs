//! Terraform numbers: exact decimals of limited size.
//!
//! Terraform calculates with 512-bit floats and sends a number that is neither an `i64` nor an exact `f64` as decimal
//! text. A provider that parses such text into an `f64` changes the number, and Terraform then refuses the answer. So a
//! [`Number`] keeps all digits. Its size is limited before and after the point, so that a short text such as
//! `1e999999999` cannot use gigabytes of memory when it is written.

mod decimal;

use std::cmp::Ordering;
use std::fmt;
use std::str::FromStr;

use self::decimal::{Decimal, MAX_PLACES};

/// An exact decimal number, or one of the two infinities.
///
/// Equality, order and hash depend only on the value: `1.0` equals `1`, and `-0` equals `0`.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Number(Repr);

/// Reason for a refused number. The text is not included, because it can be a secret.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum NumberError {
    /// The text is not a decimal number.
    #[error("expected a decimal number such as 12, -0.5 or 1e6, got other text")]
    Syntax,
    /// The number has more than 10,000 places before or after the point.
    #[error("expected a number with at most {MAX_PLACES} places on either side of the point, got a larger one")]
    TooLarge,
    /// The float is NaN, which Terraform cannot represent.
    #[error("expected a number, got NaN")]
    NotANumber,
}

#[derive(Clone, PartialEq, Eq, Hash)]
enum Repr {
    NegativeInfinity,
    Finite(Decimal),
    Infinity,
}

impl Number {
    /// Creates the number with this value.
    pub fn from_i64(value: i64) -> Self {
        Self::from_integer(value < 0, value.unsigned_abs())
    }

    /// Creates the number with this value.
    pub fn from_u64(value: u64) -> Self {
        Self::from_integer(false, value)
    }

    /// Converts a float into the number that Terraform uses for it.
    ///
    /// An integer within 64 bits is converted exactly. Any other float is converted into the shortest decimal that
    /// parses to the same float, because Terraform compares floats by that text: `0.1_f64` equals the text `0.1`.
    ///
    /// # Errors
    /// Refuses NaN, which crashes Terraform. The infinities are accepted.
    pub fn from_f64(value: f64) -> Result<Self, NumberError> {
        if value.is_nan() {
            return Err(NumberError::NotANumber);
        }
        if value.is_infinite() {
            return Ok(Self(if value > 0.0 { Repr::Infinity } else { Repr::NegativeInfinity }));
        }
        let fits = value.fract() == 0.0 && value.abs() < 18_446_744_073_709_551_616.0;
        Self::parse(&if fits { format!("{value:.0}") } else { format!("{value}") })
    }

    /// Parses decimal text: an optional sign, digits with at most one point, an optional exponent.
    ///
    /// # Errors
    /// Refuses other text, and numbers with more than 10,000 places on either side of the point.
    pub fn parse(text: &str) -> Result<Self, NumberError> {
        Decimal::parse(text).map(|decimal| Self(Repr::Finite(decimal)))
    }

    /// Returns the value if it is an integer within `i64`.
    pub fn as_i64(&self) -> Option<i64> {
        self.as_i128().and_then(|value| i64::try_from(value).ok())
    }

    /// Returns the value if it is an integer within `u64`.
    pub fn as_u64(&self) -> Option<u64> {
        self.as_i128().and_then(|value| u64::try_from(value).ok())
    }

    /// Returns the nearest float, or `None` if the number is finite but larger than any finite float.
    pub fn as_f64(&self) -> Option<f64> {
        match &self.0 {
            Repr::NegativeInfinity => Some(f64::NEG_INFINITY),
            Repr::Infinity => Some(f64::INFINITY),
            Repr::Finite(decimal) => decimal.as_f64(),
        }
    }

    /// True if the number is finite. Only the msgpack form can represent the infinities.
    pub fn is_finite(&self) -> bool {
        matches!(self.0, Repr::Finite(_))
    }

    /// True if the number has no fraction. The infinities are not integers.
    pub fn is_integer(&self) -> bool {
        matches!(&self.0, Repr::Finite(decimal) if decimal.is_integer())
    }

    /// Returns the float with exactly this value, if one exists.
    pub(crate) fn as_exact_f64(&self) -> Option<f64> {
        let float = self.as_f64()?;
        if !self.is_finite() {
            return Some(float);
        }
        // A finite float has at most 1074 decimal places, so this text is the exact value of the float.
        let exact = Self::parse(&format!("{float:.1074}")).ok()?;
        (exact == *self).then_some(float)
    }

    fn from_integer(negative: bool, magnitude: u64) -> Self {
        let decimal = Decimal::normal(negative, &magnitude.to_string(), 0);
        Self(Repr::Finite(decimal.expect("a 64-bit integer has at most 20 places")))
    }

    fn as_i128(&self) -> Option<i128> {
        if let Repr::Finite(decimal) = &self.0 { decimal.as_i128() } else { None }
    }
}

impl Ord for Number {
    fn cmp(&self, other: &Self) -> Ordering {
        match (&self.0, &other.0) {
            (Repr::Finite(left), Repr::Finite(right)) => left.cmp(right),
            (left, right) => left.rank().cmp(&right.rank()),
        }
    }
}

impl PartialOrd for Number {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Repr {
    fn rank(&self) -> u8 {
        match self {
            Self::NegativeInfinity => 0,
            Self::Finite(_) => 1,
            Self::Infinity => 2,
        }
    }
}

/// Writes the shortest exact decimal text, without an exponent.
impl fmt::Display for Number {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Repr::NegativeInfinity => f.write_str("-infinity"),
            Repr::Infinity => f.write_str("infinity"),
            Repr::Finite(decimal) => decimal.fmt(f),
        }
    }
}

impl fmt::Debug for Number {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Number({self})")
    }
}

impl FromStr for Number {
    type Err = NumberError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::parse(text)
    }
}

impl From<i64> for Number {
    fn from(value: i64) -> Self {
        Self::from_i64(value)
    }
}

impl From<u64> for Number {
    fn from(value: u64) -> Self {
        Self::from_u64(value)
    }
}

#[cfg(test)]
mod tests;
