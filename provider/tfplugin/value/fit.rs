//! Checks that both codecs use, in addition to the comparison of kinds.

use std::collections::BTreeMap;

use super::{DecodeReason, EncodeError, EncodeReason, Value};
use crate::path::Step;
use crate::ty::Type;

/// Adds null for missing attributes, up to a limit.
///
/// The type of a dynamic value is untrusted input too. Without a limit, each object of a few bytes could add as many
/// nulls as that type has attributes.
pub(crate) struct Fill(usize);

impl Fill {
    /// Limit for an input: enough for any state of an older provider version, and in proportion to its length.
    pub(crate) fn for_input(bytes: &[u8]) -> Self {
        Self(bytes.len().saturating_mul(8).saturating_add(65_536))
    }

    /// Adds null for every attribute of the type that is missing in the object.
    pub(crate) fn complete(
        &mut self,
        values: &mut BTreeMap<String, Value>,
        attributes: &BTreeMap<String, Type>,
    ) -> Result<(), DecodeReason> {
        for name in attributes.keys() {
            if !values.contains_key(name) {
                self.0 = self.0.checked_sub(1).ok_or(DecodeReason::Sparse)?;
                values.insert(name.clone(), Value::Null);
            }
        }
        Ok(())
    }
}

/// Refuses a collection whose elements contain dynamic values of different types.
///
/// Terraform crashes on such a collection. An element that is null or unknown as a whole fits any type.
pub(crate) fn check_elements<'a>(
    elements: impl IntoIterator<Item = &'a Value>,
    element: &Type,
) -> Result<(), EncodeError> {
    if !element.has_dynamic() {
        return Ok(());
    }
    let known = elements.into_iter().filter(|value| !matches!(value, Value::Null | Value::Unknown(_)));
    let mut types = known.map(|value| actual(value, element));
    let Some(first) = types.next() else { return Ok(()) };
    if types.all(|ty| ty == first) { Ok(()) } else { Err(EncodeReason::Mixed.into()) }
}

/// Returns the type of a value with every dynamic type replaced by the type of the dynamic value.
fn actual(value: &Value, ty: &Type) -> Type {
    match (value, ty) {
        (Value::Dynamic(dynamic), Type::Dynamic) => actual(&dynamic.value, &dynamic.ty),
        (Value::List(values), Type::List(element)) => Type::list(actual_element(values, element)),
        (Value::List(values), Type::Set(element)) => Type::set(actual_element(values, element)),
        (Value::Map(values), Type::Map(element)) => Type::map(actual_element(values.values(), element)),
        (Value::List(values), Type::Tuple(types)) => {
            Type::Tuple(values.iter().zip(types).map(|(value, ty)| actual(value, ty)).collect())
        }
        (Value::Map(values), Type::Object(attributes)) => Type::object(attributes.iter().map(|(name, ty)| {
            let actual = values.get(name).map_or_else(|| ty.clone(), |value| actual(value, ty));
            (name.clone(), actual)
        })),
        (_, ty) => ty.clone(),
    }
}

/// Element type of a collection, from its first known element. This is enough, because each collection is checked
/// separately.
fn actual_element<'a>(values: impl IntoIterator<Item = &'a Value>, element: &Type) -> Type {
    let known = values.into_iter().find(|value| !matches!(value, Value::Null | Value::Unknown(_)));
    known.map_or_else(|| element.clone(), |value| actual(value, element))
}

/// Path step of the element with this index.
pub(crate) fn index(position: usize) -> Step {
    Step::Index(i64::try_from(position).unwrap_or(i64::MAX))
}
