//! Functions of the fuzz targets.
//!
//! The unit tests of the crate call the same functions with random bytes, so that the targets are also tested on
//! machines without a fuzzer. The parent module imports the modules of the crate.

use super::json::{decode_state, encode_state};
use super::{Type, msgpack};

/// Decodes a msgpack value. The first byte selects the type. A decoded value can be encoded and decoded again.
pub(super) fn msgpack_decode(data: &[u8]) {
    let Some((ty, bytes)) = choose(data) else { return };
    let Ok(value) = msgpack::decode(bytes, &ty) else { return };
    // A collection of dynamic values with different types can be decoded, but not encoded.
    let Ok(written) = msgpack::encode(&value, &ty) else { return };
    let again = msgpack::decode(&written, &ty).expect("the codec reads what it writes");
    assert!(again == value, "the value has changed");
    assert!(again.same(&value, &ty), "equal values are the same");
}

/// Decodes the JSON of a state. The first byte selects the type.
pub(super) fn state_json_decode(data: &[u8]) {
    let Some((ty, bytes)) = choose(data) else { return };
    let Ok(value) = decode_state(bytes, &ty) else { return };
    let Ok(written) = encode_state(&value, &ty) else { return };
    let again = decode_state(written.to_string().as_bytes(), &ty).expect("the codec reads what it writes");
    assert!(again == value, "the value has changed");
}

/// Decodes the JSON of a type.
pub(super) fn type_json_decode(data: &[u8]) {
    let Ok(ty) = Type::from_json(data) else { return };
    let again = Type::from_json(&ty.to_json()).expect("a type reads its own form");
    assert!(again == ty, "the type has changed");
    assert!(!ty.to_string().is_empty(), "every type has a name");
}

fn choose(data: &[u8]) -> Option<(Type, &[u8])> {
    let (first, bytes) = data.split_first()?;
    let object = || {
        Type::object([
            ("any", Type::Dynamic),
            ("labels", Type::map(Type::String)),
            ("names", Type::set(Type::String)),
            ("pair", Type::Tuple(vec![Type::Bool, Type::Number])),
            ("rules", Type::list(Type::object([("cpu", Type::Number)]))),
        ])
    };
    let ty = match first % 8 {
        0 => Type::String,
        1 => Type::Number,
        2 => Type::Bool,
        3 => Type::list(Type::Dynamic),
        4 => Type::map(Type::Number),
        5 => Type::set(object()),
        6 => object(),
        _ => Type::Dynamic,
    };
    Some((ty, bytes))
}
