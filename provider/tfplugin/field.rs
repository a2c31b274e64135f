//! [`Field`] for the types of the standard library and for [`Text`].

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::ops::Deref;
use std::str::FromStr;

use crate::attr::Attr;
use crate::diag::Diag;
use crate::model::{Decoder, Field};
use crate::number::Number;
use crate::schema::{Nesting, Shape};
use crate::ty::Type;
use crate::value::{Dynamic, Value};

/// A domain type that is a string in Terraform: anything with `FromStr` and `Display`.
///
/// Two strings that parse to equal values are equal, so `60m` instead of `1h` is not a change.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Text<T>(pub T);

impl<T> Deref for Text<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.0
    }
}

impl<T: fmt::Display> fmt::Display for Text<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// Advice for an empty string. Its usual cause is a variable that is not set.
pub const EMPTY_STRING_HINT: &str = "an empty string is not the same as a value that is not set: pass `null` instead, for example \
                     `var.value == \"\" ? null : var.value`";

impl<T> Field for Text<T>
where
    T: FromStr<Err: fmt::Display> + fmt::Display + PartialEq,
{
    fn shape() -> Shape {
        Shape::Plain(Type::String)
    }

    fn decode(value: &Value, decoder: &mut Decoder) -> Option<Self> {
        let text = String::decode(value, decoder)?;
        match text.parse() {
            Ok(value) => Some(Self(value)),
            Err(error) => {
                let what = decoder.path().to_string();
                let diag = Diag::error(format!("Invalid {what}")).detail(sentence(&error.to_string()));
                decoder.mistake(if text.is_empty() { diag.hint(EMPTY_STRING_HINT) } else { diag })
            }
        }
    }

    fn encode(&self) -> Value {
        Value::string(self.0.to_string())
    }

    fn equivalent(a: &Value, b: &Value) -> bool {
        match (a, b) {
            (Value::String(a), Value::String(b)) => {
                a == b || matches!((a.parse::<T>(), b.parse::<T>()), (Ok(a), Ok(b)) if a == b)
            }
            _ => a.same(b, &Type::String),
        }
    }
}

impl Field for String {
    fn shape() -> Shape {
        Shape::Plain(Type::String)
    }

    fn decode(value: &Value, decoder: &mut Decoder) -> Option<Self> {
        match value {
            Value::String(text) => Some(text.clone()),
            other => decoder.mismatch(other, "a string"),
        }
    }

    fn encode(&self) -> Value {
        Value::string(self.clone())
    }
}

impl Field for bool {
    fn shape() -> Shape {
        Shape::Plain(Type::Bool)
    }

    fn decode(value: &Value, decoder: &mut Decoder) -> Option<Self> {
        match value {
            Value::Bool(value) => Some(*value),
            other => decoder.mismatch(other, "true or false"),
        }
    }

    fn encode(&self) -> Value {
        Value::Bool(*self)
    }
}

impl Field for Number {
    fn shape() -> Shape {
        Shape::Plain(Type::Number)
    }

    fn decode(value: &Value, decoder: &mut Decoder) -> Option<Self> {
        match value {
            Value::Number(number) => Some(number.clone()),
            other => decoder.mismatch(other, "a number"),
        }
    }

    fn encode(&self) -> Value {
        Value::Number(self.clone())
    }
}

impl Field for i64 {
    fn shape() -> Shape {
        Shape::Plain(Type::Number)
    }

    fn decode(value: &Value, decoder: &mut Decoder) -> Option<Self> {
        let number = Number::decode(value, decoder)?;
        match number.as_i64() {
            Some(number) => Some(number),
            None => decoder.mistake(whole_number("a whole number of at most 64 bits", &number)),
        }
    }

    fn encode(&self) -> Value {
        Value::Number(Number::from_i64(*self))
    }
}

impl Field for u64 {
    fn shape() -> Shape {
        Shape::Plain(Type::Number)
    }

    fn decode(value: &Value, decoder: &mut Decoder) -> Option<Self> {
        let number = Number::decode(value, decoder)?;
        match number.as_u64() {
            Some(number) => Some(number),
            None => decoder.mistake(whole_number("a whole number, not negative, of at most 64 bits", &number)),
        }
    }

    fn encode(&self) -> Value {
        Value::Number(Number::from_u64(*self))
    }
}

/// A value of any type, which Terraform calls `dynamic`.
impl Field for Dynamic {
    fn shape() -> Shape {
        Shape::Plain(Type::Dynamic)
    }

    fn decode(value: &Value, decoder: &mut Decoder) -> Option<Self> {
        match value {
            Value::Dynamic(dynamic) if value.is_wholly_known() => Some((**dynamic).clone()),
            Value::Dynamic(_) => decoder.mismatch(&Value::unknown(), "a value"),
            other => decoder.mismatch(other, "a value"),
        }
    }

    fn encode(&self) -> Value {
        Value::Dynamic(Box::new(self.clone()))
    }
}

impl<T: Field> Field for Option<T> {
    const OPTIONAL: bool = true;

    fn shape() -> Shape {
        T::shape()
    }

    fn decode(value: &Value, decoder: &mut Decoder) -> Option<Self> {
        match value {
            Value::Null => Some(None),
            other => T::decode(other, decoder).map(Some),
        }
    }

    fn encode(&self) -> Value {
        self.as_ref().map_or(Value::Null, T::encode)
    }

    fn equivalent(a: &Value, b: &Value) -> bool {
        T::equivalent(a, b)
    }
}

/// For parts of an object that are read during planning.
impl<T: Field> Field for Attr<T> {
    const OPTIONAL: bool = true;

    fn shape() -> Shape {
        T::shape()
    }

    fn decode(value: &Value, decoder: &mut Decoder) -> Option<Self> {
        match value {
            Value::Null => Some(Self::Null),
            other if !other.is_wholly_known() => Some(Self::Unknown),
            other => T::decode(other, decoder).map(Self::Known),
        }
    }

    fn encode(&self) -> Value {
        match self {
            Self::Null => Value::Null,
            Self::Unknown => Value::unknown(),
            Self::Known(value) => value.encode(),
        }
    }

    fn equivalent(a: &Value, b: &Value) -> bool {
        T::equivalent(a, b)
    }
}

impl<T: Field> Field for Vec<T> {
    fn shape() -> Shape {
        collection(T::shape(), Nesting::List, Type::List)
    }

    fn decode(value: &Value, decoder: &mut Decoder) -> Option<Self> {
        let Value::List(items) = value else { return decoder.mismatch(value, "a list") };
        let base = decoder.path().clone();
        let decoded: Vec<Option<T>> =
            (0..).zip(items).map(|(at, item)| decoder.within(base.clone().index(at), item)).collect();
        decoded.into_iter().collect()
    }

    fn encode(&self) -> Value {
        Value::List(self.iter().map(T::encode).collect())
    }

    fn equivalent(a: &Value, b: &Value) -> bool {
        match (a, b) {
            (Value::List(a), Value::List(b)) => a.len() == b.len() && a.iter().zip(b).all(|(a, b)| T::equivalent(a, b)),
            _ => false,
        }
    }
}

impl<T: Field + Ord> Field for BTreeSet<T> {
    fn shape() -> Shape {
        collection(T::shape(), Nesting::Set, Type::Set)
    }

    fn decode(value: &Value, decoder: &mut Decoder) -> Option<Self> {
        Some(Vec::<T>::decode(value, decoder)?.into_iter().collect())
    }

    fn encode(&self) -> Value {
        Value::List(self.iter().map(T::encode).collect())
    }

    fn equivalent(a: &Value, b: &Value) -> bool {
        let read = |value: &Value| BTreeSet::<T>::decode(value, &mut Decoder::new());
        matches!((read(a), read(b)), (Some(a), Some(b)) if a == b)
    }
}

impl<T: Field> Field for BTreeMap<String, T> {
    fn shape() -> Shape {
        collection(T::shape(), Nesting::Map, Type::Map)
    }

    fn decode(value: &Value, decoder: &mut Decoder) -> Option<Self> {
        let Value::Map(items) = value else { return decoder.mismatch(value, "a map") };
        let base = decoder.path().clone();
        let decoded: Vec<Option<(String, T)>> =
            items.iter().map(|(key, item)| Some((key.clone(), decoder.within(base.clone().key(key), item)?))).collect();
        decoded.into_iter().collect()
    }

    fn encode(&self) -> Value {
        Value::Map(self.iter().map(|(key, value)| (key.clone(), value.encode())).collect())
    }

    fn equivalent(a: &Value, b: &Value) -> bool {
        match (a, b) {
            (Value::Map(a), Value::Map(b)) => {
                a.len() == b.len() && a.iter().all(|(key, a)| b.get(key).is_some_and(|b| T::equivalent(a, b)))
            }
            _ => false,
        }
    }
}

/// A collection of objects keeps the documentation of their attributes; a collection of other values is a plain type.
fn collection(of: Shape, nesting: Nesting, plain: fn(Box<Type>) -> Type) -> Shape {
    match of {
        Shape::Object { nesting: Nesting::Single, attributes } => Shape::Object { nesting, attributes },
        other => Shape::Plain(plain(Box::new(other.ty()))),
    }
}

fn whole_number(expected: &str, got: &Number) -> Diag {
    Diag::error("Invalid number").detail(format!("Expected {expected}, got {got}."))
}

fn sentence(text: &str) -> String {
    let mut chars = text.chars();
    let capital: String = chars.next().map(|first| first.to_uppercase().chain(chars).collect()).unwrap_or_default();
    if capital.ends_with(['.', '?', '!']) { capital } else { format!("{capital}.") }
}
