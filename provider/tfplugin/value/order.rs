//! A total order of values. Two values compare as equal if and only if Terraform treats them as equal.
//!
//! The order of different values has no meaning. A total order is used because it allows comparing sets by sorting, and
//! because equality derived from it is symmetric and transitive.

use std::borrow::Cow;
use std::cmp::Ordering;
use std::collections::BTreeMap;

use super::{Value, nfc};
use crate::ty::Type;

/// Compares two values of one type. A part that does not fit the type is compared by its structure.
pub(super) fn order(left: &Value, right: &Value, ty: &Type) -> Ordering {
    match (left, right) {
        (Value::Null, Value::Null) => Ordering::Equal,
        (Value::Unknown(left), Value::Unknown(right)) => left.cmp(right),
        (Value::Bool(left), Value::Bool(right)) => left.cmp(right),
        (Value::Number(left), Value::Number(right)) => left.cmp(right),
        (Value::String(left), Value::String(right)) => nfc(left).cmp(&nfc(right)),
        (Value::List(left), Value::List(right)) => match ty {
            Type::Set(element) => set(left, right, element),
            other => sequence(left, right, other),
        },
        (Value::Map(left), Value::Map(right)) => match ty {
            Type::Object(attributes) => object(left, right, attributes),
            Type::Map(element) => map(left, right, element),
            _ => map(left, right, &Type::Dynamic),
        },
        (Value::Dynamic(left), Value::Dynamic(right)) => {
            left.ty.cmp(&right.ty).then_with(|| order(&left.value, &right.value, &left.ty))
        }
        (left, right) => rank(left).cmp(&rank(right)),
    }
}

fn sequence(left: &[Value], right: &[Value], ty: &Type) -> Ordering {
    let element = |index: usize| match ty {
        Type::List(element) => element,
        Type::Tuple(elements) => elements.get(index).unwrap_or(&Type::Dynamic),
        _ => &Type::Dynamic,
    };
    let pairs = left.iter().zip(right).enumerate();
    let first = pairs.map(|(index, (left, right))| order(left, right, element(index))).find(|found| found.is_ne());
    first.unwrap_or_else(|| left.len().cmp(&right.len()))
}

fn set(left: &[Value], right: &[Value], element: &Type) -> Ordering {
    let sorted = |values| {
        let mut members = Vec::from_iter::<std::slice::Iter<'_, Value>>(values);
        members.sort_by(|one, other| order(one, other, element));
        members.dedup_by(|one, other| order(one, other, element).is_eq());
        members
    };
    let (left, right) = (sorted(left.iter()), sorted(right.iter()));
    let first = left.iter().zip(&right).map(|(left, right)| order(left, right, element)).find(|found| found.is_ne());
    first.unwrap_or_else(|| left.len().cmp(&right.len()))
}

/// Compares the attributes of the type, then all other attributes. A missing attribute equals null.
fn object(
    left: &BTreeMap<String, Value>,
    right: &BTreeMap<String, Value>,
    attributes: &BTreeMap<String, Type>,
) -> Ordering {
    let attribute = |values: &'_ BTreeMap<String, Value>, name: &str, ty: &Type, other: &BTreeMap<String, Value>| {
        order(values.get(name).unwrap_or(&Value::Null), other.get(name).unwrap_or(&Value::Null), ty)
    };
    let first = attributes.iter().map(|(name, ty)| attribute(left, name, ty, right)).find(|found| found.is_ne());
    first.unwrap_or_else(|| {
        let extra = |values: &BTreeMap<String, Value>| -> BTreeMap<String, Value> {
            let others = values.iter().filter(|(name, _)| !attributes.contains_key(*name));
            others.map(|(name, value)| (name.clone(), value.clone())).collect()
        };
        map(&extra(left), &extra(right), &Type::Dynamic)
    })
}

fn map(left: &BTreeMap<String, Value>, right: &BTreeMap<String, Value>, element: &Type) -> Ordering {
    let (left, right) = (normalised(left), normalised(right));
    let pairs = left.iter().zip(&right);
    let entries = pairs.map(|((left_key, left), (right_key, right))| {
        left_key.cmp(right_key).then_with(|| order(left, right, element))
    });
    let mut differing = entries.filter(|found| found.is_ne());
    differing.next().unwrap_or_else(|| left.len().cmp(&right.len()))
}

fn normalised(values: &BTreeMap<String, Value>) -> BTreeMap<Cow<'_, str>, &Value> {
    values.iter().map(|(key, value)| (nfc(key), value)).collect()
}

fn rank(value: &Value) -> u8 {
    match value {
        Value::Null => 0,
        Value::Unknown(_) => 1,
        Value::Bool(_) => 2,
        Value::Number(_) => 3,
        Value::String(_) => 4,
        Value::List(_) => 5,
        Value::Map(_) => 6,
        Value::Dynamic(_) => 7,
    }
}

#[cfg(test)]
mod tests;
