//! Tests of the JSON form of values that Terraform stores in a state.

use proptest::prelude::*;

use crate::json::{decode_state, encode_state};
use crate::number::Number;
use crate::ty::Type;
use crate::value::tests::generate::typed_value;
use crate::value::{DecodeReason, Value};

fn number(text: &str) -> Value {
    Value::Number(Number::parse(text).unwrap())
}

fn example() -> Type {
    Type::object([
        ("any", Type::Dynamic),
        ("labels", Type::map(Type::String)),
        ("pair", Type::Tuple(vec![Type::Bool, Type::Number])),
        ("rules", Type::set(Type::object([("cpu", Type::Number)]))),
    ])
}

#[test]
fn a_state_round_trips() {
    let json = r#"{"any":{"type":["list","string"],"value":["x",null]},"labels":{"a/b":"c"},"pair":[true,1.5],
        "rules":[{"cpu":123456789012345678901234567890},{"cpu":0.1}]}"#;
    let value = decode_state(json.as_bytes(), &example()).unwrap();
    let expected = Value::map([
        ("any", Value::dynamic(Type::list(Type::String), Value::List(vec!["x".into(), Value::Null]))),
        ("labels", Value::map([("a/b", "c")].map(|(key, text)| (key, Value::from(text))))),
        ("pair", Value::List(vec![true.into(), number("1.5")])),
        (
            "rules",
            Value::List(vec![
                Value::map([("cpu", number("123456789012345678901234567890"))]),
                Value::map([("cpu", number("0.1"))]),
            ]),
        ),
    ]);
    assert_eq!(value, expected);
    let written = encode_state(&value, &example()).unwrap().to_string();
    assert_eq!(written, json.replace("\n        ", ""));
}

#[test]
fn an_older_state_is_read_leniently() {
    let value = decode_state(br#"{"gone":{"deep":[1]},"pair":null}"#, &example()).unwrap();
    let nulls = ["any", "labels", "pair", "rules"].map(|name| (name, Value::Null));
    assert_eq!(value, Value::map(nulls));
}

#[test]
fn primitives_convert() {
    for (json, ty, value) in [
        ("\"12.50\"", Type::Number, number("12.5")),
        ("\"true\"", Type::Bool, Value::from(true)),
        ("\"false\"", Type::Bool, Value::from(false)),
        ("true", Type::String, Value::from("true")),
        ("1.50", Type::String, Value::from("1.50")),
        ("123456789012345678901234567890", Type::String, Value::from("123456789012345678901234567890")),
        ("1e2", Type::Number, number("100")),
    ] {
        assert_eq!(decode_state(json.as_bytes(), &ty).unwrap(), value, "{json}");
    }
}

#[test]
fn invalid_json_is_refused_with_its_path() {
    for (json, message) in [
        ("", "expected JSON"),
        ("{} {}", "expected JSON"),
        ("[]", "expected an object, got an array"),
        (r#"{"labels":{"a":["x"]}}"#, r#"labels["a"]: expected a string, got an array"#),
        (r#"{"pair":[true]}"#, "pair: expected 2 elements, got 1"),
        (r#"{"pair":[true,"many"]}"#, "pair[1]: expected a number that Terraform supports"),
        (r#"{"pair":["yes",1]}"#, "pair[0]: expected a bool, got a string"),
        (r#"{"rules":[{"cpu":1e999999999}]}"#, "rules[0].cpu: expected a number that Terraform supports"),
        (r#"{"rules":[{"cpu":{}}]}"#, "rules[0].cpu: expected a number, got an object"),
        (r#"{"any":"x"}"#, "any: expected a value with its type, got a string"),
        (r#"{"any":{"type":"string"}}"#, "any: expected an object of `type` and `value`, got another object"),
        (r#"{"any":{"type":"text","value":1}}"#, "any: expected a value with a valid type"),
    ] {
        assert_eq!(decode_state(json.as_bytes(), &example()).unwrap_err().to_string(), message, "{json}");
    }
}

#[test]
fn nesting_is_limited() {
    let json = "[".repeat(100_000);
    let error = decode_state(json.as_bytes(), &Type::list(Type::String)).unwrap_err();
    assert!(matches!(error.reason(), DecodeReason::Json(_)));
}

#[test]
fn json_has_no_form_for_some_values() {
    let infinity = Value::Number(Number::from_f64(f64::INFINITY).unwrap());
    let ty = Type::list(Type::Number);
    for (value, message) in [
        (Value::List(vec![Value::unknown()]), "[0]: expected a value that JSON supports, got an unknown value"),
        (Value::List(vec![infinity]), "[0]: expected a value that JSON supports, got infinity"),
        (Value::from(true), "expected a list, got a bool; this is an error in the provider"),
    ] {
        assert_eq!(encode_state(&value, &ty).unwrap_err().to_string(), message);
    }
    let missing = encode_state(&Value::map([("any", Value::Null)]), &example()).unwrap_err();
    assert_eq!(missing.path().to_string(), "labels");
}

proptest! {
    #[test]
    fn encoded_values_decode_to_equal_values((ty, value) in typed_value()) {
        let value = value.null_unknowns(&ty);
        let written = encode_state(&value, &ty).unwrap().to_string();
        prop_assert!(decode_state(written.as_bytes(), &ty).unwrap() == value);
    }
}
