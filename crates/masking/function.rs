//! Masking functions and their application to values.

mod bank;
mod date;
mod network;
mod number;
mod person;
mod place;
mod values;

pub use self::values::ValueForm;

use strum::{Display, EnumDiscriminants, EnumIter, EnumString, IntoEnumIterator as _, IntoStaticStr, VariantNames};

use crate::{
    filler::filler,
    integer,
    json::{JsonLeaf, quoted, rewrite_json},
    key::DomainKey,
    locale::Locale,
    shape::{permute_all, permute_selected},
    stream::Stream,
};

/// Characters that make an output unique: 16 characters with five bits each.
const UNIQUE_CHARACTERS: u32 = 16;

/// A masking function with its settings. The order is that of the kinds in messages and in the JSON Schema.
///
/// To add a function: add a variant, its properties and its call in this file, and its code in a file of `function`. If it
/// has settings, add them to `policy/settings.rs`. Parser, JSON Schema and suggestions read the list of variants.
#[derive(Clone, Debug, EnumDiscriminants, EnumIter, Eq, Hash, Ord, PartialEq, PartialOrd)]
#[strum_discriminants(
    name(MaskKind),
    derive(Display, EnumIter, EnumString, Hash, IntoStaticStr, Ord, PartialOrd, VariantNames),
    strum(serialize_all = "snake_case"),
    doc = "Kinds of masking functions. `json` is not one: it applies functions to the leaves of a document."
)]
pub enum MaskFunction {
    /// E-mail address at `example.com`, in lower case, at most 41 characters.
    Email,
    /// First name and last name.
    FullName(Locale),
    /// First name.
    FirstName(Locale),
    /// Last name.
    LastName(Locale),
    /// User name of lower-case letters, digits and `_`, at most 25 characters.
    Username,
    /// Phone number of the same form.
    Phone {
        /// True to keep the country code of a number that begins with `+` or `00`.
        keep_country: bool,
    },
    /// Street with the number of a house.
    Street(Locale),
    /// City.
    City(Locale),
    /// Postal code of the same form.
    Postcode {
        /// Number of letters and digits at the beginning that stay.
        keep: u8,
    },
    /// Country: a name, or a code of two or three letters like the input.
    Country,
    /// Company with its legal form.
    Company(Locale),
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
    DateShift {
        /// Maximum number of days, from 1.
        days: u16,
    },
    /// First day of the year of a date.
    Year,
    /// Number that differs by some percent.
    NumberNoise {
        /// Maximum difference in percent, from 1 to 90.
        percent: u8,
    },
    /// Number rounded to a multiple.
    Round {
        /// Number whose multiples are the outputs, from 1.
        to: u64,
    },
    /// Filler text of the same length.
    Text,
    /// Hexadecimal digits of a keyed hash.
    Hash {
        /// Number of hexadecimal digits, from 1.
        length: u8,
    },
    /// Fixed value.
    Constant(String),
    /// NULL.
    Null,
}

/// Classes of column types. The text of a value is PostgreSQL's output of the type, with `DateStyle` ISO and in UTC.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd, strum::Display, strum::EnumIter)]
#[strum(serialize_all = "lowercase")]
pub enum TypeClass {
    /// `text`, `varchar`, `char`, `citext`, `name`.
    Text,
    /// `smallint`, `integer`, `bigint`, and `numeric` without decimal places.
    Integer,
    /// `numeric` and `money`.
    Numeric,
    /// `real` and `double precision`.
    Float,
    /// `boolean`.
    Boolean,
    /// `date`.
    Date,
    /// `timestamp` and `timestamptz`.
    Timestamp,
    /// `uuid`.
    Uuid,
    /// `inet` and `cidr`.
    Inet,
    /// `macaddr` and `macaddr8`.
    Mac,
    /// `json` and `jsonb`.
    Json,
    /// `xml`.
    Xml,
    /// `bytea`.
    Bytes,
    /// Types that cannot hold text: `time`, `interval`, enums, ranges of numbers and dates, geometry.
    Scalar,
    /// All other types. They can hold text: `hstore`, `tsvector`, composite types.
    Other,
}

/// Guarantee of different outputs for different inputs.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Uniqueness {
    /// A permutation: two inputs never have one output.
    Permutation,
    /// Output with so many bits of a keyed hash: among n values, a pair is equal with a chance of n^2 / 2^(bits + 1).
    Bits(u32),
    /// Different inputs have equal outputs.
    None,
}

/// Limits for outputs in the columns of a domain.
#[derive(Clone, Copy, Debug, Default, Eq, Hash, PartialEq)]
pub struct Room {
    /// Maximum number of characters; none if there is no limit.
    pub limit: Option<u32>,
    /// True if outputs must differ, because a column is in a unique index.
    pub unique: bool,
}

/// Columns that a function cannot fill.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum RoomError {
    /// Column that is too short.
    #[error("`{kind}` needs at least {least} characters, the column has {limit}")]
    TooShort {
        /// Kind of the function.
        kind: MaskKind,
        /// Minimum length.
        least: u32,
        /// Length of the column.
        limit: u32,
    },
    /// Function without unique outputs for a unique column.
    #[error("`{kind}` gives equal outputs for different values, but the column must be unique")]
    NotUnique {
        /// Kind of the function.
        kind: MaskKind,
    },
}

impl MaskFunction {
    /// Kind of the function.
    pub fn kind(&self) -> MaskKind {
        self.into()
    }

    /// The function of a kind with the defaults of its settings. Settings without a default have the smallest value.
    pub fn with_defaults(kind: MaskKind) -> Self {
        // All kinds are listed, because they are made from the same enum.
        let mut found = Self::iter().find(|function| function.kind() == kind).unwrap_or(Self::Null);
        match &mut found {
            Self::DateShift { days } => *days = 30,
            Self::NumberNoise { percent } => *percent = 10,
            Self::Round { to } => *to = 1,
            Self::Hash { length } => *length = 32,
            _ => {}
        }
        found
    }

    /// True if outputs are values of a type.
    pub fn accepts(&self, class: TypeClass) -> bool {
        use TypeClass as C;
        match self {
            Self::Phone { .. } | Self::Postcode { .. } | Self::Digits => matches!(class, C::Text | C::Integer),
            Self::Ip => matches!(class, C::Text | C::Inet),
            Self::Mac => matches!(class, C::Text | C::Mac),
            Self::Uuid => matches!(class, C::Text | C::Uuid),
            Self::DateShift { .. } | Self::Year => matches!(class, C::Text | C::Date | C::Timestamp),
            Self::NumberNoise { .. } | Self::Round { .. } => matches!(class, C::Integer | C::Numeric | C::Float),
            Self::Text => matches!(class, C::Text | C::Xml),
            Self::Hash { .. } => matches!(class, C::Text | C::Bytes),
            Self::Constant(_) | Self::Null => true,
            _ => class == C::Text,
        }
    }

    /// Longest output in characters; none if an output is never longer than its input.
    pub fn longest(&self, unique: bool) -> Option<u32> {
        let suffix = if unique { UNIQUE_CHARACTERS + 1 } else { 0 };
        Some(match self {
            Self::Email => person::EMAIL,
            Self::Username => person::USERNAME,
            Self::Url => network::URL,
            Self::Ip => network::IP,
            Self::UserAgent => network::USER_AGENT,
            Self::Country => place::COUNTRY,
            Self::FullName(_) => person::NAME * 2 + 1 + suffix,
            Self::FirstName(_) | Self::LastName(_) => person::NAME + suffix,
            Self::Street(_) => place::STREET + suffix,
            Self::City(_) => place::CITY + suffix,
            Self::Company(_) => person::COMPANY + suffix,
            Self::Hash { length } => u32::from(*length),
            Self::Constant(value) => u32::try_from(value.chars().count()).unwrap_or(u32::MAX),
            _ => return None,
        })
    }

    /// Shortest limit of a column that the function can fill.
    fn least(&self, unique: bool) -> u32 {
        let for_unique = |least: u32| if unique { UNIQUE_CHARACTERS } else { least };
        match self {
            Self::Email => person::EMAIL_DOMAIN + for_unique(1),
            Self::Url => network::URL_BASE + for_unique(1),
            Self::Ip => network::SHORTEST_IP,
            Self::Hash { .. } if unique => 2 * 10,
            Self::Constant(_) => self.longest(false).unwrap_or_default(),
            Self::Country => 2,
            _ if self.longest(unique).is_some() => for_unique(1),
            _ => 0,
        }
    }

    /// Length that decides about outputs: the limit of a column if it is shorter than the longest output. Columns of one
    /// domain have equal outputs only if this length is equal.
    pub fn effective_limit(&self, room: Room) -> Option<u32> {
        room.limit.filter(|limit| self.longest(room.unique).is_some_and(|longest| *limit < longest))
    }

    /// Guarantee of different outputs within the given limits.
    pub fn uniqueness(&self, room: Room) -> Uniqueness {
        let limit = room.limit.unwrap_or(u32::MAX);
        let characters = |fixed: u32, most: u32| most.min(limit.saturating_sub(fixed));
        match self {
            Self::Phone { .. }
            | Self::Postcode { .. }
            | Self::Iban
            | Self::Card
            | Self::NationalId
            | Self::Mac
            | Self::Uuid
            | Self::Digits => Uniqueness::Permutation,
            Self::Email => Uniqueness::Bits(5 * characters(person::EMAIL_DOMAIN, person::EMAIL_CHARACTERS)),
            Self::Url => Uniqueness::Bits(5 * characters(network::URL_BASE, network::URL_CHARACTERS)),
            Self::Username => Uniqueness::Bits(5 * characters(0, UNIQUE_CHARACTERS)),
            Self::Hash { length } => Uniqueness::Bits(4 * characters(0, u32::from(*length))),
            Self::FullName(_)
            | Self::FirstName(_)
            | Self::LastName(_)
            | Self::Street(_)
            | Self::City(_)
            | Self::Company(_)
                if room.unique =>
            {
                Uniqueness::Bits(5 * characters(0, UNIQUE_CHARACTERS))
            }
            _ => Uniqueness::None,
        }
    }

    /// Checks that the function can fill columns.
    ///
    /// # Errors
    ///
    /// [`RoomError`] if the columns are too short, or need unique outputs that the function does not have.
    pub fn check_room(&self, room: Room) -> Result<(), RoomError> {
        let kind = self.kind();
        let least = self.least(room.unique);
        if let Some(limit) = room.limit.filter(|limit| *limit < least) {
            return Err(RoomError::TooShort { kind, least, limit });
        }
        // A unique index accepts any number of NULL.
        if room.unique && self.uniqueness(room) == Uniqueness::None && *self != Self::Null {
            return Err(RoomError::NotUnique { kind });
        }
        if let (true, Self::Hash { length }) = (room.unique, self)
            && *length < 20
        {
            return Err(RoomError::NotUnique { kind });
        }
        Ok(())
    }
}

/// A function with the key of its domain and the room in its columns.
#[derive(Clone)]
pub struct Masker {
    function: MaskFunction,
    key: DomainKey,
    room: Room,
    form: ValueForm,
}

impl Masker {
    /// Masker for all columns of a domain.
    ///
    /// # Errors
    ///
    /// [`RoomError`] as [`MaskFunction::check_room`].
    pub fn new(function: MaskFunction, key: DomainKey, room: Room, form: ValueForm) -> Result<Self, RoomError> {
        function.check_room(room)?;
        Ok(Self { function, key, room, form })
    }

    /// Function of the masker.
    pub fn function(&self) -> &MaskFunction {
        &self.function
    }

    /// Masks the text of a value that is not NULL; `None` is NULL. An empty text stays empty.
    ///
    /// Outputs differ from their inputs, with these exceptions: a text of ASCII punctuation only, zero with noise, a number
    /// that is a multiple already, the first day of a year, a constant, and `infinity`.
    pub fn mask(&self, class: TypeClass, value: &str) -> Option<String> {
        if self.function == MaskFunction::Null {
            return None;
        }
        let value = self.form.canonical(class, value);
        if value.is_empty() {
            return Some(String::new());
        }
        Some(self.mask_canonical(class, &value))
    }

    fn mask_canonical(&self, class: TypeClass, value: &str) -> String {
        let key = &self.key;
        match &self.function {
            MaskFunction::Email => person::email(self, value),
            MaskFunction::FullName(locale) => person::full_name(self, *locale, value),
            MaskFunction::FirstName(locale) => person::first_name(self, *locale, value),
            MaskFunction::LastName(locale) => person::last_name(self, *locale, value),
            MaskFunction::Username => person::username(self, value),
            MaskFunction::Company(locale) => person::company(self, *locale, value),
            MaskFunction::Street(locale) => place::street(self, *locale, value),
            MaskFunction::City(locale) => place::city(self, *locale, value),
            MaskFunction::Country => place::country(self, value),
            MaskFunction::Postcode { keep } => digits(key, class, value, |text| place::postcode(key, *keep, text)),
            MaskFunction::Phone { keep_country } => {
                digits(key, class, value, |text| place::phone(key, *keep_country, text))
            }
            MaskFunction::Digits => digits(key, class, value, |text| digits_of_text(key, text)),
            MaskFunction::Iban => bank::iban(key, value),
            MaskFunction::Card => bank::card(key, value),
            MaskFunction::NationalId => permute_all(key, value),
            MaskFunction::Ip => network::ip(self, value),
            MaskFunction::Mac => network::mac(key, value),
            MaskFunction::Uuid => network::uuid(key, value),
            MaskFunction::Url => network::url(self, value),
            MaskFunction::UserAgent => network::user_agent(self, value),
            MaskFunction::DateShift { days } => date::shifted(key, class, *days, value),
            MaskFunction::Year => date::year(key, class, value),
            MaskFunction::NumberNoise { percent } => number::noisy(key, class, *percent, value),
            MaskFunction::Round { to } => number::rounded(class, *to, value),
            MaskFunction::Text => text(key, value),
            MaskFunction::Hash { length } => self.hash(class, *length, value),
            MaskFunction::Constant(constant) => constant.clone(),
            // Returned before.
            MaskFunction::Null => String::new(),
        }
    }

    fn hash(&self, class: TypeClass, length: u8, value: &str) -> String {
        let limit = self.limit().min(u32::from(length));
        let digits = Stream::new(&self.key, 27, value.as_bytes()).hex(usize::try_from(limit).unwrap_or_default());
        match class {
            // A byte has two digits.
            TypeClass::Bytes if digits.len().is_multiple_of(2) => format!("\\x{digits}"),
            TypeClass::Bytes => format!("\\x{digits}0"),
            _ => digits,
        }
    }

    fn limit(&self) -> u32 {
        self.room.limit.unwrap_or(u32::MAX)
    }

    /// A text of words, cut to the room, with characters at its end that make it unique if this is required.
    fn worded(&self, stream: &mut Stream<'_>, words: &str) -> String {
        let limit = usize::try_from(self.limit()).unwrap_or(usize::MAX);
        if !self.room.unique {
            return cut(words, limit);
        }
        let suffix = stream.base32(usize::try_from(UNIQUE_CHARACTERS).unwrap_or_default());
        let words = cut(words, limit.saturating_sub(suffix.len() + 1));
        if words.is_empty() { suffix } else { format!("{words} {suffix}") }
    }
}

/// First characters of a text, without spaces at its end.
fn cut(text: &str, limit: usize) -> String {
    let end = text.char_indices().nth(limit).map_or(text.len(), |(end, _)| end);
    text.get(..end).unwrap_or_default().trim_end().to_owned()
}

/// Permutes an integer in columns of integers, and the digits of a text in all other columns.
fn digits(key: &DomainKey, class: TypeClass, value: &str, of_text: impl Fn(&str) -> String) -> String {
    match integer::parse(value).filter(|_| class == TypeClass::Integer) {
        Some((negative, magnitude)) => integer::permuted(key, negative, magnitude),
        None => of_text(value),
    }
}

/// Permutes the digits of a text; if it has none, its letters.
fn digits_of_text(key: &DomainKey, text: &str) -> String {
    let mut characters: Vec<char> = text.chars().collect();
    if !permute_selected(key, &mut characters, |_, c| c.is_ascii_digit()) {
        return permute_all(key, text);
    }
    characters.into_iter().collect()
}

/// Filler text. A JSON object or list stays JSON, with filler text in its strings.
fn text(key: &DomainKey, value: &str) -> String {
    if value.trim_start().starts_with(['{', '['])
        && let Ok(document) = rewrite_json(value, |_, leaf| match leaf {
            JsonLeaf::Text("") => None,
            JsonLeaf::Text(text) => Some(quoted(&filler(key, text))),
            JsonLeaf::Number(number) => Some(number::noise_of_json(key, number)),
            JsonLeaf::Boolean(_) => None,
        })
        // Escapes that are shorter in the input than in the output could need more room.
        && document.chars().count() <= value.chars().count()
        && document != value
    {
        return document;
    }
    filler(key, value)
}

#[cfg(test)]
mod tests;
