//! The laws of equality and of the order of numbers, on random values.

use proptest::prelude::*;
use unicode_normalization::UnicodeNormalization as _;

use super::generate::{any_type, number, typed_value, value};
use crate::msgpack::{decode, encode};
use crate::number::Number;
use crate::ty::Type;
use crate::value::Value;

/// Returns an equal value with another structure: sets reversed and with a duplicate, strings in normal form D.
fn disguise(value: &Value, ty: &Type) -> Value {
    match (value, ty) {
        (Value::String(text), _) => Value::String(text.nfd().collect()),
        (Value::List(elements), Type::Set(element)) => {
            let turned = elements.iter().rev().chain(elements.first());
            Value::List(turned.map(|value| disguise(value, element)).collect())
        }
        (Value::List(elements), Type::List(element)) => {
            Value::List(elements.iter().map(|value| disguise(value, element)).collect())
        }
        (Value::List(elements), Type::Tuple(types)) => {
            Value::List(elements.iter().zip(types).map(|(value, ty)| disguise(value, ty)).collect())
        }
        (Value::Map(elements), Type::Map(element)) => {
            Value::Map(elements.iter().map(|(key, value)| (key.clone(), disguise(value, element))).collect())
        }
        (Value::Map(values), Type::Object(attributes)) => {
            let known = values.iter().filter(|(_, value)| !matches!(value, Value::Null));
            Value::Map(known.map(|(name, value)| (name.clone(), disguise(value, &attributes[name]))).collect())
        }
        (Value::Dynamic(dynamic), _) => Value::dynamic(dynamic.ty.clone(), disguise(&dynamic.value, &dynamic.ty)),
        (other, _) => other.clone(),
    }
}

/// A type and three values of it. The values use few distinct strings and numbers, so that some are equal.
fn three() -> impl Strategy<Value = (Type, [Value; 3])> {
    let small = prop_oneof![
        Just(Type::Bool),
        Just(Type::set(Type::Bool)),
        Just(Type::set(Type::set(Type::Bool))),
        Just(Type::Tuple(vec![Type::Bool])),
        Just(Type::object([("a", Type::set(Type::Bool))])),
        any_type(),
    ];
    small.prop_flat_map(|ty| (Just(ty.clone()), [value(&ty), value(&ty), value(&ty)]))
}

/// `digits * 10^(exponent + shift)`.
fn decimal(digits: i64, exponent: u32, shift: i32) -> Number {
    Number::parse(&format!("{digits}e{}", i64::from(exponent) + i64::from(shift))).unwrap()
}

proptest! {
    #[test]
    fn equal_forms_of_a_value_are_the_same((ty, value) in typed_value()) {
        prop_assert!(value.same(&value, &ty));
        prop_assert!(value.same(&disguise(&value, &ty), &ty));
        prop_assert!(disguise(&value, &ty).same(&value, &ty));
        let travelled = decode(&encode(&value, &ty).unwrap(), &ty).unwrap();
        prop_assert!(value.same(&travelled, &ty));
    }

    #[test]
    fn equality_is_symmetric_and_transitive((ty, [one, two, three]) in three()) {
        prop_assert_eq!(one.same(&two, &ty), two.same(&one, &ty));
        if one.same(&two, &ty) {
            prop_assert_eq!(one.same(&three, &ty), two.same(&three, &ty));
        }
    }

    #[test]
    fn sets_with_equal_elements_are_the_same(left in any::<Vec<bool>>(), right in any::<Vec<bool>>()) {
        let set = |members: &[bool]| Value::List(members.iter().copied().map(Value::from).collect());
        let equal = [true, false].iter().all(|member| left.contains(member) == right.contains(member));
        prop_assert_eq!(set(&left).same(&set(&right), &Type::set(Type::Bool)), equal);
    }

    #[test]
    fn changed_strings_differ(texts in proptest::collection::vec("[a-z]{1,3}", 1..5), at in any::<prop::sample::Index>()) {
        let ty = Type::object([("names", Type::list(Type::String))]);
        let wrap = |texts: &[String]| {
            Value::map([("names", Value::List(texts.iter().map(|text| Value::from(text.as_str())).collect()))])
        };
        let mut changed = texts.clone();
        changed[at.index(texts.len())].push('!');
        prop_assert!(!wrap(&texts).same(&wrap(&changed), &ty));
    }

    /// 128-bit integers are exact for these numbers: at most 18 digits, shifted by at most 18 places.
    #[test]
    fn numbers_order_as_exact_integers(
        one in -1_000_000_000_000_000_000_i64..=1_000_000_000_000_000_000,
        near in -2_i64..=2,
        places in 0_u32..=18,
        other_places in 0_u32..=18,
        shift in -9_000_i32..=9_000,
    ) {
        let scale = |digits: i64, places: u32| i128::from(digits) * 10_i128.pow(places);
        for (other, other_places) in [(one + near, places), (near, other_places), (-one, other_places), (one, other_places)] {
            let expected = scale(one, places).cmp(&scale(other, other_places));
            let (left, right) = (decimal(one, places, shift), decimal(other, other_places, shift));
            prop_assert_eq!(left.cmp(&right), expected);
            prop_assert_eq!(left == right, expected.is_eq());
        }
    }

    #[test]
    fn numbers_order_as_floats(left in proptest::num::f64::NORMAL, right in proptest::num::f64::NORMAL) {
        let number = |float| Number::from_f64(float).unwrap();
        prop_assert_eq!(Some(number(left).cmp(&number(right))), left.partial_cmp(&right));
        prop_assert_eq!(number(left).as_f64(), Some(left));
    }

    #[test]
    fn numbers_round_trip_through_text(number in number()) {
        prop_assert_eq!(Number::parse(&number.to_string()).unwrap(), number);
    }
}
