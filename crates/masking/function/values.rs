//! Equality of values: texts that a column treats as equal become one text before they are masked.

use std::borrow::Cow;

use super::TypeClass;

/// Equality of the columns of a domain.
#[derive(Clone, Copy, Debug, Default, Eq, Hash, PartialEq)]
pub struct ValueForm {
    /// True if letters of different case are equal: `fold: lower` in the policy, or a column of type `citext`.
    pub fold_case: bool,
    /// True if spaces at the end do not count: a column of type `char(n)`.
    pub trim_end: bool,
}

impl ValueForm {
    /// One form of all texts that are equal for the policy.
    pub fn canonical<'a>(&self, class: TypeClass, value: &'a str) -> Cow<'a, str> {
        match class {
            TypeClass::Numeric | TypeClass::Integer => decimal(value),
            TypeClass::Float => float(value),
            TypeClass::Text => {
                let value = if self.trim_end { value.trim_end_matches(' ') } else { value };
                if self.fold_case { Cow::Owned(value.to_lowercase()) } else { Cow::Borrowed(value) }
            }
            _ => Cow::Borrowed(value),
        }
    }
}

/// Decimal number without zeros at the end of its decimal places: `1.50` and `1.5` are equal. Exponents and special values
/// stay.
fn decimal(value: &str) -> Cow<'_, str> {
    if !value.contains('.') || value.contains(['e', 'E']) {
        return Cow::Borrowed(value);
    }
    let shortest = value.trim_end_matches('0').trim_end_matches('.');
    Cow::Borrowed(if matches!(shortest, "" | "-" | "-0") { "0" } else { shortest })
}

/// Shortest form of a floating-point number, with one zero.
fn float(value: &str) -> Cow<'_, str> {
    match value.parse::<f64>() {
        Ok(0.0) => Cow::Borrowed("0"),
        Ok(number) if number.is_finite() => Cow::Owned(number.to_string()),
        _ => Cow::Borrowed(value),
    }
}
