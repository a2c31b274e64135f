//! A value that is not known yet, and what may be known about it already.
//!
//! Terraform refines unknown values by itself: `"pre-${unknown}"` is known to start with `pre-`. A provider that hands
//! such a value back must not lose that, so the bytes are kept as they came.

use std::collections::BTreeMap;
use std::fmt;

use super::Value;
use crate::msgpack::{Reader, Token};
use crate::ty::Type;

/// The key of "this is null" in a refinement.
const IS_NULL: i64 = 1;

/// The key of "the string starts with" in a refinement.
const PREFIX: i64 = 2;

/// A value that is not known yet.
#[derive(Clone, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Unknown(Option<Box<[u8]>>);

impl Unknown {
    /// An unknown value of which nothing is known.
    pub const fn plain() -> Self {
        Self(None)
    }

    /// The refinement as Terraform wrote it: a msgpack map. `None` if nothing is known.
    pub fn refinement(&self) -> Option<&[u8]> {
        self.0.as_deref()
    }

    /// Whether the value is known not to become null.
    pub fn not_null(&self) -> bool {
        self.find(IS_NULL, |token| matches!(token, Token::Bool(false)).then_some(())).is_some()
    }

    /// The text with which the string is known to start.
    pub fn prefix(&self) -> Option<String> {
        self.find(PREFIX, |token| match token {
            Token::Str(bytes) => String::from_utf8(bytes.to_vec()).ok(),
            _ => None,
        })
    }

    /// Reports if the refinement allows this value.
    fn allows(&self, later: &Value) -> bool {
        match later {
            Value::Null => !self.not_null(),
            Value::String(text) => self.prefix().is_none_or(|prefix| text.starts_with(&prefix)),
            _ => true,
        }
    }

    /// An unknown value with the refinement that these bytes hold. A body of at most one byte holds none.
    pub(crate) fn refined(body: &[u8]) -> Self {
        Self((body.len() > 1).then(|| body.into()))
    }

    /// What `read` makes of the entry under this key. A refinement that cannot be read says nothing.
    fn find<T>(&self, wanted: i64, read: impl FnOnce(Token<'_>) -> Option<T>) -> Option<T> {
        let mut reader = Reader::new(self.refinement()?);
        let Ok(Token::Map(entries)) = reader.token() else { return None };
        for _ in 0..entries {
            let Ok(Token::Int(key)) = reader.token() else { return None };
            if key == wanted {
                return read(reader.token().ok()?);
            }
            reader.skip().ok()?;
        }
        None
    }
}

/// See [`Value::null_unknowns`].
pub(super) fn null_unknowns(value: Value, ty: &Type) -> Value {
    match (value, ty) {
        (Value::Unknown(_), _) => Value::Null,
        (Value::Map(parts), Type::Object(types)) => {
            let part = |(name, value): (String, Value)| {
                let ty = types.get(&name).unwrap_or(&Type::Dynamic);
                (name, null_unknowns(value, ty))
            };
            Value::Map(parts.into_iter().map(part).collect())
        }
        (Value::List(parts), Type::Tuple(types)) => {
            Value::List(parts.into_iter().zip(types).map(|(value, ty)| null_unknowns(value, ty)).collect())
        }
        (Value::List(elements), Type::List(element) | Type::Set(element)) => {
            let known = elements.into_iter().map(|value| known_element(value, element)).collect::<Option<_>>();
            known.map_or(Value::Null, Value::List)
        }
        (Value::Map(elements), Type::Map(element)) => {
            let known = |(key, value)| Some((key, known_element(value, element)?));
            elements.into_iter().map(known).collect::<Option<BTreeMap<_, _>>>().map_or(Value::Null, Value::Map)
        }
        (Value::Dynamic(dynamic), _) => {
            let value = null_unknowns(dynamic.value, &dynamic.ty);
            Value::dynamic(dynamic.ty, value)
        }
        (known, _) => known,
    }
}

/// The element without unknown parts. `None` if it is null only because a part of it was unknown.
fn known_element(value: Value, ty: &Type) -> Option<Value> {
    let was_null = value.is_null();
    let known = null_unknowns(value, ty);
    (was_null || !known.is_null()).then_some(known)
}

/// See [`Value::can_become`].
pub(super) fn can_become(value: &Value, later: &Value, ty: &Type) -> bool {
    match (value, later, ty) {
        (Value::Unknown(unknown), later, _) => unknown.allows(later),
        (Value::Map(parts), Value::Map(later), Type::Object(types)) => types.iter().all(|(name, ty)| {
            let part = |of: &BTreeMap<String, Value>| of.get(name).cloned().unwrap_or_default();
            can_become(&part(parts), &part(later), ty)
        }),
        (Value::List(parts), Value::List(later), Type::Tuple(types)) => {
            let mut each = parts.iter().zip(later).zip(types);
            parts.len() == later.len() && each.all(|((part, later), ty)| can_become(part, later, ty))
        }
        (Value::List(elements), Value::List(later), Type::List(ty)) => {
            let mut each = elements.iter().zip(later);
            elements.len() == later.len() && each.all(|(element, later)| can_become(element, later, ty))
        }
        // Elements of a set have no place of their own, and two of them may turn into one.
        (Value::List(elements), Value::List(later), Type::Set(ty)) if !value.is_wholly_known() => {
            later.len() <= elements.len()
                && elements.iter().all(|element| later.iter().any(|later| can_become(element, later, ty)))
                && later.iter().all(|later| elements.iter().any(|element| can_become(element, later, ty)))
        }
        (Value::Map(elements), Value::Map(later), Type::Map(ty)) => {
            elements.len() == later.len()
                && elements
                    .iter()
                    .all(|(key, element)| later.get(key).is_some_and(|later| can_become(element, later, ty)))
        }
        (Value::Dynamic(dynamic), Value::Dynamic(later), _) => {
            dynamic.ty == later.ty && can_become(&dynamic.value, &later.value, &dynamic.ty)
        }
        (value, later, ty) => value.same(later, ty),
    }
}

/// Says only whether something is known, since a prefix may be part of a secret.
impl fmt::Debug for Unknown {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.0.is_some() { "Unknown(refined)" } else { "Unknown" })
    }
}

#[cfg(test)]
mod tests;
