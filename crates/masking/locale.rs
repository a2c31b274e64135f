//! Languages of generated words.

use strum::{Display, EnumIter, EnumString, VariantNames};

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
