//! Unknown values and their refinements.
//!
//! Terraform refines unknown values itself: `"pre-${unknown}"` is known to start with `pre-`. A provider that returns
//! such a value must keep its refinement, so the original bytes are stored.

use std::collections::BTreeMap;
use std::fmt;

use super::Value;
use crate::msgpack::{MsgpackReader, Token};
use crate::ty::Type;

/// Key of "is null" in a refinement.
const IS_NULL: i64 = 1;

/// Key of "string prefix" in a refinement.
const PREFIX: i64 = 2;

/// Unknown value.
#[derive(Clone, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Unknown(Option<Box<[u8]>>);

impl Unknown {
    /// Creates an unknown value without a refinement.
    pub const fn plain() -> Self {
        Self(None)
    }

    /// Returns the refinement as received from Terraform: a msgpack map. `None` without a refinement.
    pub fn refinement(&self) -> Option<&[u8]> {
        self.0.as_deref()
    }

    /// True if the refinement excludes null.
    pub fn not_null(&self) -> bool {
        self.find(IS_NULL, |token| matches!(token, Token::Bool(false)).then_some(())).is_some()
    }

    /// Returns the known prefix of the string.
    pub fn prefix(&self) -> Option<String> {
        self.find(PREFIX, |token| match token {
            Token::Str(bytes) => String::from_utf8(bytes.to_vec()).ok(),
            _ => None,
        })
    }

    /// True if the refinement allows this value.
    fn allows(&self, later: &Value) -> bool {
        match later {
            Value::Null => !self.not_null(),
            Value::String(text) => self.prefix().is_none_or(|prefix| text.starts_with(&prefix)),
            _ => true,
        }
    }

    /// Creates an unknown value with the refinement in these bytes. Data of at most one byte contains no refinement.
    pub(crate) fn refined(body: &[u8]) -> Self {
        Self((body.len() > 1).then(|| body.into()))
    }

    /// Applies `read` to the entry with this key. A refinement that cannot be decoded is ignored.
    fn find<T>(&self, wanted: i64, read: impl FnOnce(Token<'_>) -> Option<T>) -> Option<T> {
        let mut reader = MsgpackReader::new(self.refinement()?);
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

/// Returns the element with unknown parts replaced by null, or `None` if the whole element became null because of them.
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
        // Elements of a set have no position, and two of them can become one.
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

/// Prints only if a refinement exists, because a prefix can be part of a secret.
impl fmt::Debug for Unknown {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.0.is_some() { "Unknown(refined)" } else { "Unknown" })
    }
}

#[cfg(test)]
mod tests;
