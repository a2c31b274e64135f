pub(crate) mod generate;
mod hostile;
mod laws;

use super::*;

#[test]
fn debug_shows_only_the_structure() {
    let value = Value::map([
        ("list", Value::List(vec![Value::string("hush-1"), Value::Bool(true)])),
        ("dynamic", Value::dynamic(Type::String, Value::string("hush-2"))),
        ("number", Value::from(4_242)),
        ("unknown", Value::Unknown(Unknown::refined(b"\x81\x02\xa6hush-3"))),
        ("null", Value::Null),
    ]);
    assert_eq!(
        format!("{value:?}"),
        "{\"dynamic\": Dynamic { ty: String, value: String(..) }, \"list\": [String(..), Bool(..)], \
             \"null\": Null, \"number\": Number(..), \"unknown\": Unknown(refined)}"
    );
}

#[test]
fn unknowns_are_found_and_nulled_at_any_depth() {
    let inner = |leaf: Value| {
        Value::List(vec![Value::map([("a", leaf.clone())]), Value::dynamic(Type::String, leaf), Value::from(true)])
    };
    assert!(!inner(Value::unknown()).is_wholly_known());
    assert!(!inner(Value::unknown()).is_unknown());
    assert!(inner(Value::Null).is_wholly_known());
    let object = Type::object([("a", Type::String)]);
    let ty = Type::Tuple(vec![object, Type::Dynamic, Type::Bool]);
    assert_eq!(inner(Value::unknown()).null_unknowns(&ty), inner(Value::Null));
    assert!(Value::dynamic(Type::String, Value::unknown()).is_unknown());
    assert!(Value::dynamic(Type::String, Value::Null).is_null());
}

#[test]
fn an_unknown_element_makes_its_whole_collection_null() {
    let unknown = || Value::List(vec![Value::from("a"), Value::unknown()]);
    assert_eq!(unknown().null_unknowns(&Type::list(Type::String)), Value::Null);
    assert_eq!(unknown().null_unknowns(&Type::set(Type::String)), Value::Null);
    let map = Value::map([("k", Value::unknown())]);
    assert_eq!(map.null_unknowns(&Type::map(Type::String)), Value::Null);
    let nested = Value::List(vec![unknown()]);
    assert_eq!(nested.null_unknowns(&Type::list(Type::list(Type::String))), Value::Null);

    let object = |name: Value| Value::List(vec![Value::map([("name", name), ("kind", Value::from("User"))])]);
    let ty = Type::list(Type::object([("name", Type::String), ("kind", Type::String)]));
    assert_eq!(object(Value::unknown()).null_unknowns(&ty), object(Value::Null), "an attribute may be null");
    let null_element = Value::List(vec![Value::Null]);
    assert_eq!(null_element.clone().null_unknowns(&Type::list(Type::String)), null_element);
}

#[test]
fn unknown_parts_can_change_and_known_parts_cannot() {
    let strings = Type::list(Type::String);
    let list = |values: &[Value]| Value::List(values.to_vec());
    let partly = list(&[Value::from("a"), Value::unknown()]);
    for (later, fits) in [
        (list(&[Value::from("a"), Value::from("b")]), true),
        (list(&[Value::from("a"), Value::Null]), true),
        (list(&[Value::from("x"), Value::from("b")]), false),
        (list(&[Value::from("a")]), false),
        (Value::Null, false),
    ] {
        assert_eq!(partly.can_become(&later, &strings), fits, "{later:?}");
    }
    let set = Type::set(Type::String);
    assert!(partly.can_become(&list(&[Value::from("a")]), &set), "two elements of a set may be equal");
    assert!(partly.can_become(&list(&[Value::from("b"), Value::from("a")]), &set));
    assert!(!partly.can_become(&list(&[Value::from("b"), Value::from("c")]), &set));

    let not_null = Value::Unknown(Unknown::refined(b"\x82\x01\xc2\x02\xa2pr"));
    assert!(not_null.can_become(&Value::from("pr-7"), &Type::String));
    assert!(!not_null.can_become(&Value::from("branch"), &Type::String));
    assert!(!not_null.can_become(&Value::Null, &Type::String));

    let map = |value: Value| Value::map([("k", value)]);
    assert!(map(Value::unknown()).can_become(&map(Value::from("v")), &Type::map(Type::String)));
    assert!(!map(Value::unknown()).can_become(&Value::map([("other", Value::from("v"))]), &Type::map(Type::String)));
    let dynamic = |value: Value| Value::dynamic(Type::String, value);
    assert!(dynamic(Value::unknown()).can_become(&dynamic(Value::from("v")), &Type::Dynamic));
}

#[test]
fn accessors_return_none_for_other_kinds() {
    let value = Value::map([("a", Value::from("x")), ("b", Value::from(1))]);
    assert_eq!(value.get("a").and_then(Value::as_str), Some("x"));
    assert_eq!(value.get("b").and_then(Value::as_number).and_then(Number::as_i64), Some(1));
    assert_eq!(value.get("b").and_then(Value::as_bool), None);
    assert_eq!(value.get("c"), None);
    assert_eq!(Value::from("x").get("a"), None);
}

#[test]
fn nfc_composes_and_borrows_composed_text() {
    assert_eq!(nfc("e\u{301}"), "\u{e9}");
    assert!(matches!(nfc("plain"), Cow::Borrowed(_)));
    assert!(matches!(nfc("\u{e9}"), Cow::Borrowed(_)));
}
