//! Names that a policy uses: kinds of functions, and locales.

use strum::{Display, EnumIter, EnumString, IntoStaticStr, VariantNames};

/// Kinds of masking functions.
#[derive(
    Clone, Copy, Debug, Display, EnumIter, EnumString, Eq, Hash, IntoStaticStr, Ord, PartialEq, PartialOrd, VariantNames,
)]
#[strum(serialize_all = "snake_case")]
pub enum MaskKind {
    /// E-mail address at `example.com`, in lower case, at most 41 characters.
    Email,
    /// First name and last name.
    FullName,
    /// First name.
    FirstName,
    /// Last name.
    LastName,
    /// User name of lower-case letters, digits and `_`, at most 25 characters.
    Username,
    /// Phone number of the same form.
    Phone,
    /// Street with the number of a house.
    Street,
    /// City.
    City,
    /// Postal code of the same form.
    Postcode,
    /// Country: a name, or a code of two or three letters like the input.
    Country,
    /// Company with its legal form.
    Company,
    /// IBAN of the same country, with valid check digits.
    Iban,
    /// Payment card number of the same length, with a valid check digit.
    Card,
    /// National identification number of the same form.
    NationalId,
    /// IP address of a range that is reserved for documentation.
    Ip,
    /// MAC address.
    Mac,
    /// URL at `example.com`.
    Url,
    /// User agent of a common browser.
    UserAgent,
    /// UUID of the same version.
    Uuid,
    /// Digits of a text or an integer; other characters stay.
    Digits,
    /// Date or time of a near day.
    DateShift,
    /// First day of the year of a date.
    Year,
    /// Number that differs by some percent.
    NumberNoise,
    /// Number rounded to a multiple.
    Round,
    /// Filler text of the same length.
    Text,
    /// JSON document with rules for its paths.
    Json,
    /// Hexadecimal digits of a keyed hash.
    Hash,
    /// Fixed value.
    Constant,
    /// NULL.
    Null,
}

/// Languages of generated names, streets, cities and companies.
#[derive(
    Clone, Copy, Debug, Default, Display, EnumIter, EnumString, Eq, Hash, Ord, PartialEq, PartialOrd, VariantNames,
)]
#[strum(serialize_all = "snake_case")]
pub enum Locale {
    /// German.
    De,
    /// English.
    #[default]
    En,
    /// Spanish.
    Es,
    /// French.
    Fr,
}
