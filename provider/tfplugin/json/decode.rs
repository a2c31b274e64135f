//! Decoding of the JSON form of a value.

use std::collections::BTreeMap;

use serde_json::{Map, Value as Json};

use crate::number::Number;
use crate::path::Step;
use crate::ty::Type;
use crate::value::{DecodeError, DecodeReason, Fill, MAX_DEPTH, Value, index};

/// Decodes a value of this type from the JSON of a Terraform state.
///
/// # Errors
/// Returns the path if the JSON is not a value of the type. Refuses JSON with more than 128 levels of nesting.
pub fn decode_state(bytes: &[u8], ty: &Type) -> Result<Value, DecodeError> {
    let json = serde_json::from_slice(bytes).map_err(DecodeReason::Json)?;
    read(json, ty, MAX_DEPTH, &mut Fill::for_input(bytes))
}

fn read(json: Json, ty: &Type, depth: usize, fill: &mut Fill) -> Result<Value, DecodeError> {
    let Some(depth) = depth.checked_sub(1) else { return Err(DecodeReason::Depth.into()) };
    match (json, ty) {
        (Json::Null, _) => Ok(Value::Null),
        (Json::Object(members), Type::Dynamic) => read_dynamic(members, depth, fill),
        (Json::Array(elements), Type::List(element) | Type::Set(element)) => {
            read_elements(elements.into_iter().map(|json| (json, &**element)), depth, fill)
        }
        (Json::Array(elements), Type::Tuple(types)) => {
            if elements.len() != types.len() {
                return Err(DecodeReason::Length { expected: types.len(), got: elements.len() }.into());
            }
            read_elements(elements.into_iter().zip(types), depth, fill)
        }
        (Json::Object(members), Type::Map(element)) => {
            let read_one = |(key, json): (String, Json)| {
                let value = read(json, element, depth, fill);
                value.map_err(|error| error.inside(Step::Key(key.clone()))).map(|value| (key, value))
            };
            members.into_iter().map(read_one).collect::<Result<_, _>>().map(Value::Map)
        }
        (Json::Object(members), Type::Object(attributes)) => read_object(members, attributes, depth, fill),
        (json, ty) => read_leaf(json, ty).map_err(DecodeError::from),
    }
}

fn read_elements<'t>(
    elements: impl Iterator<Item = (Json, &'t Type)>,
    depth: usize,
    fill: &mut Fill,
) -> Result<Value, DecodeError> {
    let read_one = |(position, (json, ty))| {
        read(json, ty, depth, fill).map_err(|error: DecodeError| error.inside(index(position)))
    };
    elements.enumerate().map(read_one).collect::<Result<_, _>>().map(Value::List)
}

fn read_object(
    mut members: Map<String, Json>,
    attributes: &BTreeMap<String, Type>,
    depth: usize,
    fill: &mut Fill,
) -> Result<Value, DecodeError> {
    let mut values = BTreeMap::new();
    for (name, ty) in attributes {
        if let Some(json) = members.remove(name) {
            let value = read(json, ty, depth, fill);
            values.insert(name.clone(), value.map_err(|error| error.inside(Step::Attribute(name.clone())))?);
        }
    }
    fill.complete(&mut values, attributes)?;
    Ok(Value::Map(values))
}

fn read_dynamic(mut members: Map<String, Json>, depth: usize, fill: &mut Fill) -> Result<Value, DecodeError> {
    let (Some(ty), Some(value), true) = (members.remove("type"), members.remove("value"), members.is_empty()) else {
        return Err(DecodeReason::Kind { expected: "an object of `type` and `value`", got: "another object" }.into());
    };
    let ty = Type::from_json_value(&ty).map_err(DecodeReason::Type)?;
    let value = read(value, &ty, depth, fill)?;
    Ok(Value::dynamic(ty, value))
}

/// Decodes a primitive. Like Terraform, converts between primitive types, so that an older state is valid for a new
/// schema.
fn read_leaf(json: Json, ty: &Type) -> Result<Value, DecodeReason> {
    let number = |text: &str| Number::parse(text).map(Value::Number).map_err(DecodeReason::Number);
    match (json, ty) {
        (Json::Bool(truth), Type::Bool) => Ok(Value::Bool(truth)),
        (Json::String(text), Type::Bool) if text == "true" => Ok(Value::Bool(true)),
        (Json::String(text), Type::Bool) if text == "false" => Ok(Value::Bool(false)),
        (Json::Number(digits), Type::Number) => number(digits.as_str()),
        (Json::String(text), Type::Number) => number(&text),
        (Json::String(text), Type::String) => Ok(Value::String(text)),
        (Json::Bool(truth), Type::String) => Ok(Value::String(truth.to_string())),
        (Json::Number(digits), Type::String) => Ok(Value::String(digits.as_str().to_owned())),
        (json, ty) => Err(DecodeReason::Kind { expected: ty.noun(), got: noun(&json) }),
    }
}

fn noun(json: &Json) -> &'static str {
    match json {
        Json::Null => "null",
        Json::Bool(_) => "a bool",
        Json::Number(_) => "a number",
        Json::String(_) => "a string",
        Json::Array(_) => "an array",
        Json::Object(_) => "an object",
    }
}
