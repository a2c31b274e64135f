//! Random and damaged bytes. The functions of the fuzz targets check the properties that hold for all input.

use proptest::prelude::*;

use super::generate::typed_value;
use crate::ty::Type;
use crate::{json, msgpack};

#[path = "../../fuzz/bodies.rs"]
mod bodies;

fn damaged(mut bytes: Vec<u8>, damage: &[(prop::sample::Index, u8)]) -> Vec<u8> {
    for (at, byte) in damage {
        if !bytes.is_empty() {
            let position = at.index(bytes.len());
            bytes[position] = *byte;
        }
    }
    bytes
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn random_bytes(data in proptest::collection::vec(any::<u8>(), 0..200)) {
        bodies::msgpack_decode(&data);
        bodies::state_json_decode(&data);
        bodies::type_json_decode(&data);
    }

    #[test]
    fn random_json(data in "[0-7][\\[\\]{}\",:0-9a-z. e+-]{0,60}") {
        bodies::state_json_decode(data.as_bytes());
        bodies::type_json_decode(&data.as_bytes()[1..]);
    }
}

proptest! {
    #[test]
    fn damaged_values(
        (ty, value) in typed_value(),
        damage in proptest::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..4),
    ) {
        let wrapped = crate::value::Value::dynamic(ty.clone(), value);
        let wire = msgpack::encode(&wrapped, &Type::Dynamic).unwrap();
        bodies::msgpack_decode(&[&[7], damaged(wire, &damage).as_slice()].concat());
        let state = json::encode_state(&wrapped.null_unknowns(&Type::Dynamic), &Type::Dynamic).unwrap().to_string();
        bodies::state_json_decode(&[&[7], damaged(state.into_bytes(), &damage).as_slice()].concat());
        bodies::type_json_decode(&damaged(ty.to_json(), &damage));
    }
}
