//! Encoding of the JSON form of a value.

use std::collections::BTreeMap;

use serde_json::{Map, Value as Json};

use crate::number::Number;
use crate::path::Step;
use crate::ty::Type;
use crate::value::{EncodeError, EncodeReason, MAX_DEPTH, Value, check_elements, index};

/// Encodes a value of this type in the JSON of a Terraform state.
///
/// # Errors
/// Returns the path if the value does not fit the type. JSON has no form for unknown values and infinity.
pub fn encode_state(value: &Value, ty: &Type) -> Result<Json, EncodeError> {
    write(value, ty, MAX_DEPTH)
}

fn write(value: &Value, ty: &Type, depth: usize) -> Result<Json, EncodeError> {
    let Some(depth) = depth.checked_sub(1) else { return Err(EncodeReason::Depth.into()) };
    match (value, ty) {
        (Value::Null, _) => Ok(Json::Null),
        (Value::Unknown(_), _) => Err(EncodeReason::NoJson("an unknown value").into()),
        (Value::Dynamic(dynamic), Type::Dynamic) => {
            let value = write(&dynamic.value, &dynamic.ty, depth)?;
            let members = [("type", dynamic.ty.to_json_value()), ("value", value)];
            Ok(Json::Object(members.into_iter().map(|(name, json)| (name.to_owned(), json)).collect()))
        }
        (Value::Bool(truth), Type::Bool) => Ok(Json::Bool(*truth)),
        (Value::Number(number), Type::Number) => write_number(number).map_err(EncodeError::from),
        (Value::String(text), Type::String) => Ok(Json::String(text.clone())),
        (Value::List(elements), Type::List(element) | Type::Set(element)) => {
            check_elements(elements, element)?;
            write_elements(elements.iter().map(|value| (value, &**element)), depth)
        }
        (Value::List(elements), Type::Tuple(types)) => {
            if elements.len() != types.len() {
                return Err(EncodeReason::Length { expected: types.len(), got: elements.len() }.into());
            }
            write_elements(elements.iter().zip(types), depth)
        }
        (Value::Map(elements), Type::Map(element)) => {
            check_elements(elements.values(), element)?;
            let write_one = |(key, value): (&String, &Value)| {
                let json = write(value, element, depth).map_err(|error| error.inside(Step::Key(key.clone())))?;
                Ok((key.clone(), json))
            };
            elements.iter().map(write_one).collect::<Result<_, _>>().map(Json::Object)
        }
        (Value::Map(values), Type::Object(attributes)) => write_object(values, attributes, depth),
        (value, ty) => Err(EncodeReason::Kind { expected: ty.noun(), got: value.noun() }.into()),
    }
}

fn write_elements<'t>(
    elements: impl Iterator<Item = (&'t Value, &'t Type)>,
    depth: usize,
) -> Result<Json, EncodeError> {
    let write_one =
        |(position, (value, ty))| write(value, ty, depth).map_err(|error: EncodeError| error.inside(index(position)));
    elements.enumerate().map(write_one).collect::<Result<_, _>>().map(Json::Array)
}

fn write_object(
    values: &BTreeMap<String, Value>,
    attributes: &BTreeMap<String, Type>,
    depth: usize,
) -> Result<Json, EncodeError> {
    let at = |name: &String| Step::Attribute(name.clone());
    if let Some(name) = values.keys().find(|name| !attributes.contains_key(*name)) {
        return Err(EncodeError::from(EncodeReason::Extra).inside(at(name)));
    }
    let mut members = Map::new();
    for (name, ty) in attributes {
        let value = values.get(name).ok_or_else(|| EncodeError::from(EncodeReason::Missing).inside(at(name)))?;
        members.insert(name.clone(), write(value, ty, depth).map_err(|error| error.inside(at(name)))?);
    }
    Ok(Json::Object(members))
}

fn write_number(number: &Number) -> Result<Json, EncodeReason> {
    // The exact text is a valid JSON number, except for the infinities.
    let json = serde_json::from_str::<serde_json::Number>(&number.to_string());
    json.map(Json::Number).map_err(|_| EncodeReason::NoJson("infinity"))
}
