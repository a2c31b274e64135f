use super::*;

#[test]
fn debug_shows_the_shape_only() {
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
    assert_eq!(inner(Value::unknown()).null_unknowns(), inner(Value::Null));
    assert!(Value::dynamic(Type::String, Value::unknown()).is_unknown());
    assert!(Value::dynamic(Type::String, Value::Null).is_null());
}

#[test]
fn accessors_answer_only_for_their_kind() {
    let value = Value::map([("a", Value::from("x")), ("b", Value::from(1))]);
    assert_eq!(value.get("a").and_then(Value::as_str), Some("x"));
    assert_eq!(value.get("b").and_then(Value::as_number).and_then(Number::as_i64), Some(1));
    assert_eq!(value.get("b").and_then(Value::as_bool), None);
    assert_eq!(value.get("c"), None);
    assert_eq!(Value::from("x").get("a"), None);
}

#[test]
fn nfc_composes_and_borrows_when_it_can() {
    assert_eq!(nfc("e\u{301}"), "\u{e9}");
    assert!(matches!(nfc("plain"), Cow::Borrowed(_)));
    assert!(matches!(nfc("\u{e9}"), Cow::Borrowed(_)));
}
