//! Settings of the functions. The parser accepts these and no others, and the JSON Schema is generated from them.

use strum::VariantNames as _;

use crate::function::MaskKind::{self, *};

/// Value of a setting.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum SettingValue {
    /// One of several words.
    Words(&'static [&'static str]),
    /// An integer between two limits.
    Integer {
        /// Minimum.
        least: u64,
        /// Maximum.
        most: u64,
    },
    /// A string, number or boolean.
    Scalar,
}

/// One setting of some kinds of functions.
#[derive(Clone, Copy, Debug)]
pub(super) struct Setting {
    /// Key in the file.
    pub(super) name: &'static str,
    /// Kinds with the setting.
    pub(super) kinds: &'static [MaskKind],
    /// Value.
    pub(super) value: SettingValue,
    /// True if the setting has no default.
    pub(super) required: bool,
    /// Meaning, for the JSON Schema.
    pub(super) meaning: &'static str,
}

/// Word of the rule that masks the leaves of documents. A policy writes it like the kind of a function.
pub(super) const JSON: &str = "json";
/// Setting of [`JSON`]: rules by path.
pub(super) const PATHS: &str = "paths";

/// Values of `fold`.
pub(super) const FOLDS: &[&str] = &["lower"];

/// All settings.
pub(super) const SETTINGS: &[Setting] = &[
    Setting {
        name: "locale",
        kinds: &[FullName, FirstName, LastName, Street, City, Company],
        value: SettingValue::Words(&["de", "en", "es", "fr"]),
        required: false,
        meaning: "Language of the generated words. Default: en.",
    },
    Setting {
        name: "keep",
        kinds: &[Phone],
        value: SettingValue::Words(&["country"]),
        required: false,
        meaning: "Part of a phone number that stays: the country code of a number that begins with + or 00.",
    },
    Setting {
        name: "keep",
        kinds: &[Postcode],
        value: SettingValue::Integer { least: 0, most: 10 },
        required: false,
        meaning: "Number of letters and digits at the beginning that stay. Default: 0.",
    },
    Setting {
        name: "days",
        kinds: &[DateShift],
        value: SettingValue::Integer { least: 1, most: 3650 },
        required: false,
        meaning: "Maximum number of days between a date and its replacement. Default: 30.",
    },
    Setting {
        name: "percent",
        kinds: &[NumberNoise],
        value: SettingValue::Integer { least: 1, most: 90 },
        required: false,
        meaning: "Maximum difference of a number and its replacement in percent. Default: 10.",
    },
    Setting {
        name: "to",
        kinds: &[Round],
        value: SettingValue::Integer { least: 1, most: 1_000_000_000_000 },
        required: true,
        meaning: "Number whose multiples are the results.",
    },
    Setting {
        name: "length",
        kinds: &[Hash],
        value: SettingValue::Integer { least: 8, most: 64 },
        required: false,
        meaning: "Number of hexadecimal digits. A unique column needs at least 20. Default: 32.",
    },
    Setting {
        name: "value",
        kinds: &[Constant],
        value: SettingValue::Scalar,
        required: true,
        meaning: "Value of all rows that are neither NULL nor empty.",
    },
];

/// Settings of a kind.
pub(super) fn settings(kind: MaskKind) -> impl Iterator<Item = &'static Setting> {
    SETTINGS.iter().filter(move |setting| setting.kinds.contains(&kind))
}

/// Words for `kind`: all functions, and [`JSON`].
pub(super) fn kinds() -> Vec<&'static str> {
    MaskKind::VARIANTS.iter().copied().chain([JSON]).collect()
}
