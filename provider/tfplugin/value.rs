//! A Terraform value: what a configuration, a plan or a state holds.
//!
//! A value does not carry its type, because the schema does. The codecs, [`Value::same`] and whoever walks a value
//! are given the [`Type`] beside it. Only a value of the dynamic type brings its own.
//!
//! Any value may be a secret. So `Debug` prints the shape of a value and never what stands in it.

mod error;
mod fit;
mod order;
mod unknown;

use std::borrow::Cow;
use std::cmp::Ordering;
use std::collections::BTreeMap;
use std::fmt;

use unicode_normalization::{IsNormalized, UnicodeNormalization as _, is_nfc_quick};

pub use self::error::{DecodeError, DecodeReason, EncodeError, EncodeReason};
pub(crate) use self::fit::{Fill, check_elements, index};
pub use self::unknown::Unknown;
use crate::number::Number;
use crate::ty::Type;

/// The deepest nesting of values that is read or written.
pub(crate) const MAX_DEPTH: usize = 512;

/// A value of a type that is known from elsewhere.
///
/// `==` compares the structure. Use [`Value::same`] to compare as Terraform does.
#[derive(Clone, Default, PartialEq, Eq, Hash)]
pub enum Value {
    /// No value. An attribute that is not set is null.
    #[default]
    Null,
    /// A value that will be known only after the apply.
    Unknown(Unknown),
    /// A value of the type bool.
    Bool(bool),
    /// A value of the type number.
    Number(Number),
    /// A value of the type string.
    String(String),
    /// A value of a list, set or tuple type.
    List(Vec<Value>),
    /// A value of a map or object type.
    Map(BTreeMap<String, Value>),
    /// A value of the dynamic type, with the type it has.
    Dynamic(Box<Dynamic>),
}

/// A value that brings its type.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Dynamic {
    /// The type of the value.
    pub ty: Type,
    /// The value.
    pub value: Value,
}

impl Value {
    /// A value that will be known only after the apply, and of which nothing is known yet.
    pub const fn unknown() -> Self {
        Self::Unknown(Unknown::plain())
    }

    /// A string.
    pub fn string(text: impl Into<String>) -> Self {
        Self::String(text.into())
    }

    /// A map or object with these elements.
    pub fn map<K: Into<String>>(elements: impl IntoIterator<Item = (K, Self)>) -> Self {
        Self::Map(elements.into_iter().map(|(key, value)| (key.into(), value)).collect())
    }

    /// A value of the dynamic type.
    pub fn dynamic(ty: Type, value: Self) -> Self {
        Self::Dynamic(Box::new(Dynamic { ty, value }))
    }

    /// Whether the value is null. A dynamic value is null if the value in it is.
    pub fn is_null(&self) -> bool {
        match self {
            Self::Null => true,
            Self::Dynamic(dynamic) => dynamic.value.is_null(),
            _ => false,
        }
    }

    /// Whether the value as a whole is unknown. A dynamic value is unknown if the value in it is.
    pub fn is_unknown(&self) -> bool {
        match self {
            Self::Unknown(_) => true,
            Self::Dynamic(dynamic) => dynamic.value.is_unknown(),
            _ => false,
        }
    }

    /// Whether nothing in the value is unknown, at any depth.
    pub fn is_wholly_known(&self) -> bool {
        match self {
            Self::Unknown(_) => false,
            Self::Null | Self::Bool(_) | Self::Number(_) | Self::String(_) => true,
            Self::List(elements) => elements.iter().all(Self::is_wholly_known),
            Self::Map(elements) => elements.values().all(Self::is_wholly_known),
            Self::Dynamic(dynamic) => dynamic.value.is_wholly_known(),
        }
    }

    /// Replaces every unknown part by null. An unknown element makes its whole collection null, because a list, set or
    /// map with a null element is a different value from one that is not known.
    #[must_use]
    pub fn null_unknowns(self, ty: &Type) -> Self {
        unknown::null_unknowns(self, ty)
    }

    /// Reports if this value, which may be partly unknown, can turn into `later`: known parts stay the same, and unknown
    /// parts take any value that their refinement allows. Terraform requires this of every planned value.
    pub fn can_become(&self, later: &Self, ty: &Type) -> bool {
        unknown::can_become(self, later, ty)
    }

    /// The attribute of an object or the element of a map. `None` for every other value.
    pub fn get(&self, key: &str) -> Option<&Self> {
        self.as_map()?.get(key)
    }

    /// The text of a string.
    pub fn as_str(&self) -> Option<&str> {
        if let Self::String(text) = self { Some(text) } else { None }
    }

    /// The truth of a bool.
    pub fn as_bool(&self) -> Option<bool> {
        if let Self::Bool(truth) = self { Some(*truth) } else { None }
    }

    /// The number of a number.
    pub fn as_number(&self) -> Option<&Number> {
        if let Self::Number(number) = self { Some(number) } else { None }
    }

    /// The elements of a list, set or tuple.
    pub fn as_list(&self) -> Option<&[Self]> {
        if let Self::List(elements) = self { Some(elements) } else { None }
    }

    /// The elements of a map or the attributes of an object.
    pub fn as_map(&self) -> Option<&BTreeMap<String, Self>> {
        if let Self::Map(elements) = self { Some(elements) } else { None }
    }

    /// Whether Terraform sees these two values of one type as equal.
    ///
    /// Strings and map keys compare in normal form C, numbers by value, sets without order and duplicates, and dynamic
    /// values by type and value. An attribute that an object lacks counts as null. Two unknown values are equal if the
    /// same is known about them. A null and a dynamic value that holds null differ, as they do for Terraform.
    pub fn same(&self, other: &Self, ty: &Type) -> bool {
        order::order(self, other, ty) == Ordering::Equal
    }

    /// What this value is called in a sentence, without its contents.
    pub(crate) fn noun(&self) -> &'static str {
        match self {
            Self::Null => "null",
            Self::Unknown(_) => "an unknown value",
            Self::Bool(_) => "a bool",
            Self::Number(_) => "a number",
            Self::String(_) => "a string",
            Self::List(_) => "a list",
            Self::Map(_) => "a map",
            Self::Dynamic(_) => "a value with its type",
        }
    }
}

/// Prints the shape: keys and lengths stay visible, strings, numbers and truth values do not.
impl fmt::Debug for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Null => f.write_str("Null"),
            Self::Unknown(unknown) => unknown.fmt(f),
            Self::Bool(_) => f.write_str("Bool(..)"),
            Self::Number(_) => f.write_str("Number(..)"),
            Self::String(_) => f.write_str("String(..)"),
            Self::List(elements) => f.debug_list().entries(elements).finish(),
            Self::Map(elements) => f.debug_map().entries(elements).finish(),
            Self::Dynamic(dynamic) => dynamic.fmt(f),
        }
    }
}

impl From<&str> for Value {
    fn from(text: &str) -> Self {
        Self::string(text)
    }
}

impl From<String> for Value {
    fn from(text: String) -> Self {
        Self::String(text)
    }
}

impl From<bool> for Value {
    fn from(truth: bool) -> Self {
        Self::Bool(truth)
    }
}

impl From<i64> for Value {
    fn from(value: i64) -> Self {
        Self::Number(Number::from_i64(value))
    }
}

impl From<Number> for Value {
    fn from(number: Number) -> Self {
        Self::Number(number)
    }
}

/// The text in Unicode normal form C, the form in which Terraform holds every string.
pub fn nfc(text: &str) -> Cow<'_, str> {
    if text.is_ascii() || is_nfc_quick(text.chars()) == IsNormalized::Yes {
        Cow::Borrowed(text)
    } else {
        Cow::Owned(text.nfc().collect())
    }
}

#[cfg(test)]
mod tests;
