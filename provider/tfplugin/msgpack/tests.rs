//! Tests of the msgpack codec with known bytes, and comparison with an independent implementation of msgpack.

use proptest::prelude::*;

use crate::msgpack::{decode, encode};
use crate::number::Number;
use crate::ty::Type;
use crate::value::tests::generate::{any_type, typed_value};
use crate::value::{DecodeReason, EncodeReason, Unknown, Value};

fn bytes(hex: &str) -> Vec<u8> {
    let digits: Vec<u8> = hex.bytes().filter(|byte| !byte.is_ascii_whitespace()).collect();
    digits.chunks(2).map(|pair| u8::from_str_radix(std::str::from_utf8(pair).unwrap(), 16).unwrap()).collect()
}

fn number(text: &str) -> Value {
    Value::Number(Number::parse(text).unwrap())
}

fn strings(texts: &[&str]) -> Value {
    Value::List(texts.iter().copied().map(Value::from).collect())
}

/// Bytes, the value that decodes from them, and true if the value encodes to the same bytes.
#[test]
fn numbers() {
    for (hex, text, written) in [
        ("00", "0", true),
        ("7f", "127", true),
        ("cc80", "128", true),
        ("ccff", "255", true),
        ("cd0100", "256", true),
        ("cdffff", "65535", true),
        ("ce00010000", "65536", true),
        ("ceffffffff", "4294967295", true),
        ("cf0000000100000000", "4294967296", true),
        ("cf7fffffffffffffff", "9223372036854775807", true),
        ("ff", "-1", true),
        ("e0", "-32", true),
        ("d0df", "-33", true),
        ("d080", "-128", true),
        ("d1ff7f", "-129", true),
        ("d18000", "-32768", true),
        ("d2ffff7fff", "-32769", true),
        ("d280000000", "-2147483648", true),
        ("d3ffffffff7fffffff", "-2147483649", true),
        ("d38000000000000000", "-9223372036854775808", true),
        ("cb3fe0000000000000", "0.5", true),
        ("cbc004000000000000", "-2.5", true),
        ("a3302e31", "0.1", true),
        ("a3302e38", "0.8", true),
        ("b43138343436373434303733373039353531363135", "18446744073709551615", true),
        ("be313233343536373839303132333435363738393031323334353637383930", "123456789012345678901234567890", true),
        // Valid forms that are longer than necessary, or that other encoders use.
        ("cc05", "5", false),
        ("cd0005", "5", false),
        ("ce00000005", "5", false),
        ("cf0000000000000005", "5", false),
        ("d005", "5", false),
        ("d10005", "5", false),
        ("d200000005", "5", false),
        ("d30000000000000005", "5", false),
        ("d3ffffffffffffffff", "-1", false),
        ("cfffffffffffffffff", "18446744073709551615", false),
        ("ca3f000000", "0.5", false),
        ("ca40a00000", "5", false),
        ("cb4014000000000000", "5", false),
        ("cb3fb999999999999a", "0.1", false),
        ("a135", "5", false),
        ("a3352e30", "5", false),
        ("a3356530", "5", false),
        ("d90135", "5", false),
    ] {
        let value = decode(&bytes(hex), &Type::Number).unwrap();
        assert!(value == number(text), "{hex} is {text}");
        assert_eq!(encode(&value, &Type::Number).unwrap() == bytes(hex), written, "{hex} for {text}");
    }
    let infinity = decode(&bytes("cb7ff0000000000000"), &Type::Number).unwrap();
    assert_eq!(encode(&infinity, &Type::Number).unwrap(), bytes("cb7ff0000000000000"));
    assert_eq!(encode(&number("1e300"), &Type::Number).unwrap().len(), 301 + 3);
}

#[test]
fn values_of_every_type() {
    let object = Type::object([("a", Type::String), ("b", Type::list(Type::Bool))]);
    for (hex, ty, value) in [
        ("c0", Type::String, Value::Null),
        ("c0", Type::Dynamic, Value::Null),
        ("c0", object.clone(), Value::Null),
        ("c2", Type::Bool, Value::Bool(false)),
        ("c3", Type::Bool, Value::Bool(true)),
        ("a0", Type::String, Value::from("")),
        ("a2c3a9", Type::String, Value::from("\u{e9}")),
        ("a365cc81", Type::String, Value::from("e\u{301}")),
        ("d400 00", Type::String, Value::unknown()),
        ("d400 00", Type::Dynamic, Value::unknown()),
        ("d400 00", object.clone(), Value::unknown()),
        ("c7070c 8201c2039200c3", Type::Number, Value::Unknown(Unknown::refined(&bytes("8201c2039200c3")))),
        (
            "c70d0c 8201c202a868747470733a2f2f",
            Type::String,
            Value::Unknown(Unknown::refined(&bytes("8201c202a868747470733a2f2f"))),
        ),
        ("d60c 8201c203", Type::String, Value::Unknown(Unknown::refined(&bytes("8201c203")))),
        ("90", Type::list(Type::String), Value::List(vec![])),
        ("92a161a162", Type::set(Type::String), strings(&["a", "b"])),
        ("92c0d40000", Type::list(Type::String), Value::List(vec![Value::Null, Value::unknown()])),
        (
            "9201a178",
            Type::Tuple(vec![Type::Number, Type::String]),
            Value::List(vec![Value::from(1), Value::from("x")]),
        ),
        ("80", Type::map(Type::Number), Value::Map([].into())),
        ("82a16101a16202", Type::map(Type::Number), Value::map([("a", Value::from(1)), ("b", Value::from(2))])),
        ("82a161a178a16291c3", object.clone(), Value::map([("a", "x".into()), ("b", Value::List(vec![true.into()]))])),
        ("92c40822737472696e6722a178", Type::Dynamic, Value::dynamic(Type::String, Value::from("x"))),
        ("92c40822737472696e6722c0", Type::Dynamic, Value::dynamic(Type::String, Value::Null)),
        ("92c40822737472696e6722d40000", Type::Dynamic, Value::dynamic(Type::String, Value::unknown())),
    ] {
        assert_eq!(decode(&bytes(hex), &ty).unwrap(), value, "{hex} as {ty}");
        assert_eq!(encode(&value, &ty).unwrap(), bytes(hex), "{ty} as {hex}");
    }
}

#[test]
fn other_valid_encodings() {
    let map = Type::map(Type::Number);
    let object = Type::object([("a", Type::String), ("b", Type::Bool)]);
    for (hex, ty, value) in [
        ("d901 78", Type::String, Value::from("x")),
        ("da0001 78", Type::String, Value::from("x")),
        ("db00000001 78", Type::String, Value::from("x")),
        ("c401 78", Type::String, Value::from("x")),
        ("dc0001 a178", Type::list(Type::String), strings(&["x"])),
        ("dd00000001 a178", Type::list(Type::String), strings(&["x"])),
        ("de0001 a16101", map.clone(), Value::map([("a", Value::from(1))])),
        ("df00000001 a16101", map, Value::map([("a", Value::from(1))])),
        // Every extension code is an unknown value. Only code 12 has a refinement.
        ("d40500", Type::String, Value::unknown()),
        ("c70000", Type::String, Value::unknown()),
        ("c70505 0102030405", Type::String, Value::unknown()),
        ("d40c80", Type::String, Value::unknown()),
        ("c8000000", Type::String, Value::unknown()),
        ("c90000000000", Type::String, Value::unknown()),
        // The type of a dynamic value can also be a msgpack string.
        ("92a822737472696e6722a178", Type::Dynamic, Value::dynamic(Type::String, Value::from("x"))),
        // Attributes can be in any order, and a missing attribute is null.
        ("82a162c3a161a178", object.clone(), Value::map([("a", "x".into()), ("b", Value::from(true))])),
        ("81a162c3", object.clone(), Value::map([("a", Value::Null), ("b", Value::from(true))])),
        ("80", object, Value::map([("a", Value::Null), ("b", Value::Null)])),
    ] {
        assert_eq!(decode(&bytes(hex), &ty).unwrap(), value, "{hex} as {ty}");
    }
}

#[test]
fn invalid_bytes_are_refused_with_their_path() {
    let rules = Type::object([("rules", Type::list(Type::object([("cpu", Type::Number)])))]);
    for (hex, ty, message) in [
        ("", Type::String, "expected more bytes, got the end of the value"),
        ("a5616263", Type::String, "expected more bytes, got the end of the value"),
        ("ddffffffff", Type::list(Type::String), "expected more bytes, got the end of the value"),
        ("dfffffffff", Type::map(Type::String), "expected more bytes, got the end of the value"),
        ("dbffffffff", Type::String, "expected more bytes, got the end of the value"),
        ("c0c0", Type::String, "expected the end of the value, got 1 more bytes"),
        ("c1", Type::String, "expected a msgpack value, got the reserved byte 0xc1"),
        ("01", Type::String, "expected a string, got a number"),
        ("a2fffe", Type::String, "expected UTF-8 text, got other bytes"),
        ("cb7ff8000000000001", Type::Number, "expected a number that Terraform supports"),
        ("a178", Type::Number, "expected a number that Terraform supports"),
        ("a178", Type::Dynamic, "expected a value with its type, got a string"),
        ("93a178a178a178", Type::Dynamic, "expected a value with its type, got an array"),
        ("92a178c0", Type::Dynamic, "expected a value with a valid type"),
        ("9201c0", Type::Dynamic, "expected a type, got a number"),
        ("91c3", Type::Tuple(vec![]), "expected 0 elements, got 1"),
        ("810101", Type::map(Type::Number), "expected a string as the key, got a number"),
        ("82a16101a16102", Type::map(Type::Number), "expected each key once, got `a` twice"),
        ("81a3612f62a178", Type::map(Type::Number), "[\"a/b\"]: expected a number that Terraform supports"),
        ("81a572756c65739181a3637075c3", rules.clone(), "rules[0].cpu: expected a number, got a bool"),
        (
            "81a572756c65739181a16d01",
            rules,
            "rules[0]: expected only attributes of the schema, got `m`; use a provider version with this \
             attribute",
        ),
    ] {
        assert_eq!(decode(&bytes(hex), &ty).unwrap_err().to_string(), message, "{hex}");
    }
}

#[test]
fn values_that_do_not_fit_are_refused_with_their_path() {
    let object = Type::object([("a", Type::String), ("b", Type::list(Type::Bool))]);
    let dynamic = |ty, value| Value::dynamic(ty, value);
    for (value, ty, message) in [
        (
            Value::map([("a", Value::Null)]),
            object.clone(),
            "b: expected every attribute of the schema, but this one is missing; this is an error in the provider",
        ),
        (
            Value::map([("a", Value::Null), ("b", Value::Null), ("c", Value::Null)]),
            object.clone(),
            "c: expected only attributes of the schema, got another one; this is an error in the provider",
        ),
        (
            Value::map([("a", Value::Null), ("b", strings(&["x"]))]),
            object,
            "b[0]: expected a bool, got a string; this is an error in the provider",
        ),
        (strings(&["x"]), Type::Tuple(vec![]), "expected 0 elements, got 1; this is an error in the provider"),
        (
            Value::from("x"),
            Type::Dynamic,
            "expected a value with its type, got a string; this is an error in the provider",
        ),
        (
            Value::List(vec![dynamic(Type::String, "x".into()), Value::Null, dynamic(Type::Bool, true.into())]),
            Type::list(Type::Dynamic),
            "expected elements of one type, got different types; use a tuple or an object instead",
        ),
        (
            Value::map([
                ("x", Value::List(vec![dynamic(Type::String, "x".into())])),
                ("y", Value::List(vec![dynamic(Type::Bool, true.into())])),
            ]),
            Type::map(Type::Tuple(vec![Type::Dynamic])),
            "expected elements of one type, got different types; use a tuple or an object instead",
        ),
    ] {
        assert_eq!(encode(&value, &ty).unwrap_err().to_string(), message, "{value:?}");
    }
}

#[test]
fn dynamic_elements_of_one_type_are_encoded() {
    let ty = Type::list(Type::Dynamic);
    let element = |text: &str| Value::dynamic(Type::String, text.into());
    let value = Value::List(vec![Value::unknown(), element("x"), Value::Null, element("y")]);
    assert_eq!(decode(&encode(&value, &ty).unwrap(), &ty).unwrap(), value);
}

#[test]
fn nesting_is_limited() {
    let nest = |levels: usize| {
        let mut wire: Vec<u8> = b"\x92\xc4\x09\"dynamic\"".repeat(levels);
        wire.push(0xc0);
        wire
    };
    let deepest = decode(&nest(511), &Type::Dynamic).unwrap();
    assert_eq!(encode(&deepest, &Type::Dynamic).unwrap(), nest(511));
    let deeper = Value::dynamic(Type::Dynamic, deepest);
    assert!(matches!(encode(&deeper, &Type::Dynamic).unwrap_err().reason(), EncodeReason::Depth));
    for levels in [512, 100_000] {
        assert!(matches!(decode(&nest(levels), &Type::Dynamic).unwrap_err().reason(), DecodeReason::Depth));
    }
    assert!(decode(&[0x91; 100_000], &Type::list(Type::Dynamic)).is_err());
}

#[test]
fn nulls_for_missing_attributes_are_limited() {
    let wide = Type::list(Type::object((0..10_000).map(|index| (format!("a{index}"), Type::Bool))));
    let count = 10_000_u16;
    let mut wire = vec![0xdc];
    wire.extend_from_slice(&count.to_be_bytes());
    wire.extend(std::iter::repeat_n(0x80, usize::from(count)));
    assert!(matches!(decode(&wire, &wide).unwrap_err().reason(), DecodeReason::Sparse));
}

proptest! {
    #[test]
    fn encoded_values_decode_to_equal_values((ty, value) in typed_value()) {
        let written = encode(&value, &ty).unwrap();
        prop_assert!(decode(&written, &ty).unwrap() == value);
    }

    /// The other implementation also writes the shortest encoding, so both outputs must be equal.
    #[test]
    fn another_implementation_encodes_equal_bytes((ty, value) in typed_value()) {
        let written = encode(&value, &ty).unwrap();
        let foreign = rmpv::decode::read_value(&mut written.as_slice()).unwrap();
        let mut rewritten = Vec::new();
        rmpv::encode::write_value(&mut rewritten, &foreign).unwrap();
        prop_assert_eq!(&rewritten, &written);
        prop_assert!(decode(&rewritten, &ty).unwrap() == value);
    }

    #[test]
    fn types_round_trip_through_json(ty in any_type()) {
        prop_assert_eq!(Type::from_json(&ty.to_json()).unwrap(), ty);
    }
}
