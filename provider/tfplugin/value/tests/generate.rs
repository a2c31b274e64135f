//! Random types and values of these types.

use std::collections::BTreeMap;

use proptest::collection::{btree_map, vec};
use proptest::prelude::*;

use crate::number::Number;
use crate::ty::Type;
use crate::value::{Unknown, Value};

/// Any type. Elements of collections contain no dynamic type, because Terraform refuses elements of different types.
pub(crate) fn any_type() -> BoxedStrategy<Type> {
    nested(prop_oneof![4 => plain(), 1 => Just(Type::Dynamic)].boxed())
}

/// Any type and a value of it.
pub(crate) fn typed_value() -> impl Strategy<Value = (Type, Value)> {
    any_type().prop_flat_map(|ty| value(&ty).prop_map(move |value| (ty.clone(), value)))
}

/// A value of this type, which may be null or unknown.
pub(crate) fn value(ty: &Type) -> BoxedStrategy<Value> {
    prop_oneof![1 => Just(Value::Null), 1 => unknown(), 8 => known(ty)].boxed()
}

fn known(ty: &Type) -> BoxedStrategy<Value> {
    match ty {
        Type::String => prop_oneof![any::<String>(), "[ae\u{301}]{0,4}"].prop_map(Value::String).boxed(),
        Type::Number => number().prop_map(Value::Number).boxed(),
        Type::Bool => any::<bool>().prop_map(Value::Bool).boxed(),
        Type::Dynamic => {
            let static_type = nested(plain());
            static_type.prop_flat_map(|ty| value(&ty).prop_map(move |inner| Value::dynamic(ty.clone(), inner))).boxed()
        }
        Type::List(element) | Type::Set(element) => vec(value(element), 0..5).prop_map(Value::List).boxed(),
        Type::Map(element) => btree_map("\\PC{0,40}", value(element), 0..5).prop_map(Value::Map).boxed(),
        Type::Tuple(types) => types.iter().map(value).collect::<Vec<_>>().prop_map(Value::List).boxed(),
        Type::Object(attributes) => {
            let names: Vec<String> = attributes.keys().cloned().collect();
            let values: Vec<_> = attributes.values().map(value).collect();
            values.prop_map(move |values| Value::Map(names.iter().cloned().zip(values).collect())).boxed()
        }
    }
}

/// Integers of all widths, floats, and other decimals.
pub(crate) fn number() -> impl Strategy<Value = Number> {
    prop_oneof![
        (any::<i64>(), 0_u32..64).prop_map(|(value, shift)| Number::from_i64(value >> shift)),
        any::<u64>().prop_map(Number::from_u64),
        proptest::num::f64::NORMAL.prop_map(|float| Number::from_f64(float).unwrap()),
        (any::<i64>(), -30_i32..30)
            .prop_map(|(digits, exponent)| Number::parse(&format!("{digits}e{exponent}")).unwrap()),
    ]
}

fn plain() -> BoxedStrategy<Type> {
    prop_oneof![Just(Type::String), Just(Type::Number), Just(Type::Bool)].boxed()
}

fn nested(leaf: BoxedStrategy<Type>) -> BoxedStrategy<Type> {
    let static_part = |ty: Type| if ty.has_dynamic() { Type::String } else { ty };
    leaf.prop_recursive(3, 16, 4, move |inner| {
        prop_oneof![
            inner.clone().prop_map(move |ty| Type::list(static_part(ty))),
            inner.clone().prop_map(move |ty| Type::set(static_part(ty))),
            inner.clone().prop_map(move |ty| Type::map(static_part(ty))),
            vec(inner.clone(), 0..4).prop_map(Type::Tuple),
            btree_map("[a-z_][a-z0-9_]{0,8}|\\PC{1,3}", inner, 0..4)
                .prop_map(|attributes: BTreeMap<String, Type>| Type::Object(attributes)),
        ]
    })
    .boxed()
}

fn unknown() -> impl Strategy<Value = Value> {
    prop_oneof![
        Just(Value::unknown()),
        "[a-z]{0,20}".prop_map(|prefix| {
            let mut body = b"\x82\x01\xc2\x02\xd9".to_vec();
            body.push(u8::try_from(prefix.len()).unwrap());
            body.extend_from_slice(prefix.as_bytes());
            Value::Unknown(Unknown::refined(&body))
        }),
    ]
}
