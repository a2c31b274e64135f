use super::*;
use crate::number::Number;

fn strings(texts: &[&str]) -> Value {
    Value::List(texts.iter().copied().map(Value::from).collect())
}

#[test]
fn sets_have_neither_order_nor_duplicates() {
    let set = Type::set(Type::String);
    assert!(strings(&["a", "b"]).same(&strings(&["b", "a", "b"]), &set));
    assert!(!strings(&["a", "b"]).same(&strings(&["b"]), &set));
    assert!(strings(&["\u{e9}"]).same(&strings(&["e\u{301}", "\u{e9}"]), &set));
    assert!(!strings(&["a", "b"]).same(&strings(&["b", "a"]), &Type::list(Type::String)));
}

#[test]
fn sets_of_sets_compare_as_sets() {
    let ty = Type::set(Type::set(Type::String));
    let left = Value::List(vec![strings(&["a", "b"]), strings(&["c"])]);
    let right = Value::List(vec![strings(&["c"]), strings(&["b", "a"]), strings(&["a", "b"])]);
    assert!(left.same(&right, &ty));
}

#[test]
fn numbers_compare_by_value() {
    let number = |text| Value::Number(Number::parse(text).unwrap());
    assert!(number("1.0").same(&number("1"), &Type::Number));
    assert!(!number("0.1").same(&number("0.10000000000000000001"), &Type::Number));
}

#[test]
fn a_missing_attribute_is_null() {
    let ty = Type::object([("a", Type::String), ("b", Type::String)]);
    let short = Value::map([("a", Value::from("x"))]);
    let full = Value::map([("a", Value::from("x")), ("b", Value::Null)]);
    assert!(short.same(&full, &ty));
    assert!(!short.same(&full, &Type::map(Type::String)));
    assert!(!full.same(&Value::map([("a", Value::from("x")), ("c", Value::Null)]), &ty));
}

#[test]
fn map_keys_compare_in_normal_form() {
    let ty = Type::map(Type::Bool);
    let one = Value::map([("e\u{301}", Value::from(true)), ("f", Value::Null)]);
    assert!(one.same(&Value::map([("f", Value::Null), ("\u{e9}", Value::from(true))]), &ty));
}

#[test]
fn dynamic_values_compare_type_and_value() {
    let list = Value::dynamic(Type::list(Type::String), strings(&["a", "b"]));
    let set = Value::dynamic(Type::set(Type::String), strings(&["a", "b"]));
    let turned = Value::dynamic(Type::set(Type::String), strings(&["b", "a"]));
    assert!(!list.same(&set, &Type::Dynamic));
    assert!(set.same(&turned, &Type::Dynamic));
    assert!(!Value::Null.same(&Value::dynamic(Type::String, Value::Null), &Type::Dynamic));
}
