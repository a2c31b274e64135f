//! Terraform values, as used in configurations, plans and states.
//!
//! A value does not contain its type, because the schema does. The codecs, [`Value::same`] and other functions take the
//! [`Type`] as a separate argument. Only a dynamic value contains its type.
//!
//! Any value can be a secret. So `Debug` prints the structure of a value and never its contents.

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

/// Maximum nesting of values in decoding and encoding.
pub(crate) const MAX_DEPTH: usize = 512;

/// A value whose type is stored elsewhere, usually in the schema.
///
/// `==` compares the structure. Use [`Value::same`] to compare like Terraform.
#[derive(Clone, Default, PartialEq, Eq, Hash)]
pub enum Value {
    /// Null: the attribute is not set.
    #[default]
    Null,
    /// A value that is known only after apply.
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
    /// A value of the dynamic type, with its own type.
    Dynamic(Box<Dynamic>),
}

/// A value with its type.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Dynamic {
    /// The type of the value.
    pub ty: Type,
    /// The value.
    pub value: Value,
}

impl Value {
    /// A value that is known only after apply, without a refinement.
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

    /// True if the value is null. A dynamic value is null if its inner value is null.
    pub fn is_null(&self) -> bool {
        match self {
            Self::Null => true,
            Self::Dynamic(dynamic) => dynamic.value.is_null(),
            _ => false,
        }
    }

    /// True if the whole value is unknown. A dynamic value is unknown if its inner value is unknown.
    pub fn is_unknown(&self) -> bool {
        match self {
            Self::Unknown(_) => true,
            Self::Dynamic(dynamic) => dynamic.value.is_unknown(),
            _ => false,
        }
    }

    /// True if the value contains no unknown value at any depth.
    pub fn is_wholly_known(&self) -> bool {
        match self {
            Self::Unknown(_) => false,
            Self::Null | Self::Bool(_) | Self::Number(_) | Self::String(_) => true,
            Self::List(elements) => elements.iter().all(Self::is_wholly_known),
            Self::Map(elements) => elements.values().all(Self::is_wholly_known),
            Self::Dynamic(dynamic) => dynamic.value.is_wholly_known(),
        }
    }

    /// Replaces every unknown part with null. If an element is unknown, its whole collection becomes null, because a
    /// list, set or map with a null element is a different value from an unknown one.
    #[must_use]
    pub fn null_unknowns(self, ty: &Type) -> Self {
        unknown::null_unknowns(self, ty)
    }

    /// True if this value, which can be partly unknown, can become `later`: known parts are unchanged, and unknown
    /// parts become any value that their refinement allows. Terraform requires this of every planned value.
    pub fn can_become(&self, later: &Self, ty: &Type) -> bool {
        unknown::can_become(self, later, ty)
    }

    /// Returns the attribute of an object or the element of a map, and `None` for all other values.
    pub fn get(&self, key: &str) -> Option<&Self> {
        self.as_map()?.get(key)
    }

    /// Returns the text if this is a string.
    pub fn as_str(&self) -> Option<&str> {
        if let Self::String(text) = self { Some(text) } else { None }
    }

    /// Returns the bool if this is a bool.
    pub fn as_bool(&self) -> Option<bool> {
        if let Self::Bool(truth) = self { Some(*truth) } else { None }
    }

    /// Returns the number if this is a number.
    pub fn as_number(&self) -> Option<&Number> {
        if let Self::Number(number) = self { Some(number) } else { None }
    }

    /// Returns the elements of a list, set or tuple.
    pub fn as_list(&self) -> Option<&[Self]> {
        if let Self::List(elements) = self { Some(elements) } else { None }
    }

    /// Returns the elements of a map or the attributes of an object.
    pub fn as_map(&self) -> Option<&BTreeMap<String, Self>> {
        if let Self::Map(elements) = self { Some(elements) } else { None }
    }

    /// True if Terraform compares these two values of one type as equal.
    ///
    /// Strings and map keys are compared in normal form C, numbers by value, sets without order and duplicates, and
    /// dynamic values by type and value. A missing attribute of an object equals null. Two unknown values are equal if
    /// their refinements are equal. As in Terraform, null and a dynamic value that contains null are different.
    pub fn same(&self, other: &Self, ty: &Type) -> bool {
        order::order(self, other, ty) == Ordering::Equal
    }

    /// Name of this value for error messages, without its contents.
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

/// Prints the structure: keys and lengths are visible; strings, numbers and bools are not.
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

/// Converts the text into Unicode normal form C, which Terraform uses for all strings.
pub fn nfc(text: &str) -> Cow<'_, str> {
    if text.is_ascii() || is_nfc_quick(text.chars()) == IsNormalized::Yes {
        Cow::Borrowed(text)
    } else {
        Cow::Owned(text.nfc().collect())
    }
}

#[cfg(test)]
pub(crate) mod tests;
