//! Encoding of the msgpack form of a value, with the shortest encoding of each part.

use std::collections::BTreeMap;

use super::REFINED;
use crate::number::Number;
use crate::path::Step;
use crate::ty::Type;
use crate::value::{Dynamic, EncodeError, EncodeReason, MAX_DEPTH, Unknown, Value, check_elements, index};

/// Encodes a value of this type.
///
/// # Errors
/// Returns the path if the value does not fit the type. Terraform requires exactly the attributes of the type, so an
/// incomplete object is refused here, before Terraform refuses it.
pub fn encode(value: &Value, ty: &Type) -> Result<Vec<u8>, EncodeError> {
    let mut bytes = Vec::new();
    write(&mut bytes, value, ty, MAX_DEPTH)?;
    Ok(bytes)
}

fn write(out: &mut Vec<u8>, value: &Value, ty: &Type, depth: usize) -> Result<(), EncodeError> {
    let Some(depth) = depth.checked_sub(1) else { return Err(EncodeReason::Depth.into()) };
    match (value, ty) {
        (Value::Null, _) => out.push(0xc0),
        (Value::Unknown(unknown), _) => write_unknown(out, unknown)?,
        (Value::Dynamic(dynamic), Type::Dynamic) => write_dynamic(out, dynamic, depth)?,
        (Value::Bool(truth), Type::Bool) => out.push(if *truth { 0xc3 } else { 0xc2 }),
        (Value::Number(number), Type::Number) => write_number(out, number)?,
        (Value::String(text), Type::String) => write_str(out, text)?,
        (Value::List(elements), Type::List(element) | Type::Set(element)) => {
            check_elements(elements, element)?;
            write_list(out, elements, element, depth)?;
        }
        (Value::List(elements), Type::Tuple(types)) => write_tuple(out, elements, types, depth)?,
        (Value::Map(elements), Type::Map(element)) => {
            check_elements(elements.values(), element)?;
            write_map(out, elements, element, depth)?;
        }
        (Value::Map(values), Type::Object(attributes)) => write_object(out, values, attributes, depth)?,
        (value, ty) => return Err(EncodeReason::Kind { expected: ty.noun(), got: value.noun() }.into()),
    }
    Ok(())
}

fn write_dynamic(out: &mut Vec<u8>, dynamic: &Dynamic, depth: usize) -> Result<(), EncodeError> {
    let json = dynamic.ty.to_json();
    out.push(0x92);
    write_header(out, json.len(), None, [Some(0xc4), Some(0xc5), Some(0xc6)])?;
    out.extend_from_slice(&json);
    write(out, &dynamic.value, &dynamic.ty, depth)
}

fn write_list(out: &mut Vec<u8>, elements: &[Value], element: &Type, depth: usize) -> Result<(), EncodeError> {
    write_array_header(out, elements.len())?;
    for (position, value) in elements.iter().enumerate() {
        write(out, value, element, depth).map_err(|error| error.inside(index(position)))?;
    }
    Ok(())
}

fn write_tuple(out: &mut Vec<u8>, elements: &[Value], types: &[Type], depth: usize) -> Result<(), EncodeError> {
    if elements.len() != types.len() {
        return Err(EncodeReason::Length { expected: types.len(), got: elements.len() }.into());
    }
    write_array_header(out, elements.len())?;
    for (position, (value, ty)) in elements.iter().zip(types).enumerate() {
        write(out, value, ty, depth).map_err(|error| error.inside(index(position)))?;
    }
    Ok(())
}

fn write_map(
    out: &mut Vec<u8>,
    elements: &BTreeMap<String, Value>,
    element: &Type,
    depth: usize,
) -> Result<(), EncodeError> {
    write_map_header(out, elements.len())?;
    for (key, value) in elements {
        write_str(out, key)?;
        write(out, value, element, depth).map_err(|error| error.inside(Step::Key(key.clone())))?;
    }
    Ok(())
}

fn write_object(
    out: &mut Vec<u8>,
    values: &BTreeMap<String, Value>,
    attributes: &BTreeMap<String, Type>,
    depth: usize,
) -> Result<(), EncodeError> {
    let at = |name: &String| Step::Attribute(name.clone());
    if let Some(name) = values.keys().find(|name| !attributes.contains_key(*name)) {
        return Err(EncodeError::from(EncodeReason::Extra).inside(at(name)));
    }
    write_map_header(out, attributes.len())?;
    for (name, ty) in attributes {
        let Some(value) = values.get(name) else {
            return Err(EncodeError::from(EncodeReason::Missing).inside(at(name)));
        };
        write_str(out, name)?;
        write(out, value, ty, depth).map_err(|error| error.inside(at(name)))?;
    }
    Ok(())
}

fn write_unknown(out: &mut Vec<u8>, unknown: &Unknown) -> Result<(), EncodeReason> {
    let Some(body) = unknown.refinement() else {
        out.extend_from_slice(&[0xd4, 0x00, 0x00]);
        return Ok(());
    };
    match body.len() {
        2 => out.push(0xd5),
        4 => out.push(0xd6),
        8 => out.push(0xd7),
        16 => out.push(0xd8),
        length => write_header(out, length, None, [Some(0xc7), Some(0xc8), Some(0xc9)])?,
    }
    out.extend_from_slice(&REFINED.to_be_bytes());
    out.extend_from_slice(body);
    Ok(())
}

/// Encodes a number like Terraform: 64-bit integers as integers, exact fractions as floats, and all other numbers as
/// decimal text, because only text keeps all digits.
fn write_number(out: &mut Vec<u8>, number: &Number) -> Result<(), EncodeReason> {
    if let Some(integer) = number.as_i64() {
        write_integer(out, integer);
    } else if let Some(float) = number.as_exact_f64().filter(|_| !number.is_integer()) {
        out.push(0xcb);
        out.extend_from_slice(&float.to_be_bytes());
    } else {
        write_str(out, &number.to_string())?;
    }
    Ok(())
}

fn write_integer(out: &mut Vec<u8>, integer: i64) {
    if let Ok(small) = i8::try_from(integer) {
        if small < -32 {
            out.push(0xd0);
        }
        out.extend_from_slice(&small.to_be_bytes());
    } else if let Ok(byte) = u8::try_from(integer) {
        out.extend_from_slice(&[0xcc, byte]);
    } else if let Ok(unsigned) = u16::try_from(integer) {
        out.push(0xcd);
        out.extend_from_slice(&unsigned.to_be_bytes());
    } else if let Ok(signed) = i16::try_from(integer) {
        out.push(0xd1);
        out.extend_from_slice(&signed.to_be_bytes());
    } else if let Ok(unsigned) = u32::try_from(integer) {
        out.push(0xce);
        out.extend_from_slice(&unsigned.to_be_bytes());
    } else if let Ok(signed) = i32::try_from(integer) {
        out.push(0xd2);
        out.extend_from_slice(&signed.to_be_bytes());
    } else {
        out.push(if integer < 0 { 0xd3 } else { 0xcf });
        out.extend_from_slice(&integer.to_be_bytes());
    }
}

fn write_str(out: &mut Vec<u8>, text: &str) -> Result<(), EncodeReason> {
    write_header(out, text.len(), Some((0xa0, 31)), [Some(0xd9), Some(0xda), Some(0xdb)])?;
    out.extend_from_slice(text.as_bytes());
    Ok(())
}

fn write_array_header(out: &mut Vec<u8>, count: usize) -> Result<(), EncodeReason> {
    write_header(out, count, Some((0x90, 15)), [None, Some(0xdc), Some(0xdd)])
}

fn write_map_header(out: &mut Vec<u8>, count: usize) -> Result<(), EncodeReason> {
    write_header(out, count, Some((0x80, 15)), [None, Some(0xde), Some(0xdf)])
}

/// Writes a length into the marker byte if it fits. Otherwise writes the first of the markers for one, two and four
/// bytes that exists and can represent the length, and then the length.
fn write_header(
    out: &mut Vec<u8>,
    length: usize,
    fixed: Option<(u8, u8)>,
    [one, two, four]: [Option<u8>; 3],
) -> Result<(), EncodeReason> {
    let byte = u8::try_from(length).ok();
    if let (Some((marker, limit)), Some(byte)) = (fixed, byte)
        && byte <= limit
    {
        out.push(marker | byte);
    } else if let (Some(marker), Some(byte)) = (one, byte) {
        out.extend_from_slice(&[marker, byte]);
    } else if let (Some(marker), Ok(short)) = (two, u16::try_from(length)) {
        out.push(marker);
        out.extend_from_slice(&short.to_be_bytes());
    } else if let (Some(marker), Ok(long)) = (four, u32::try_from(length)) {
        out.push(marker);
        out.extend_from_slice(&long.to_be_bytes());
    } else {
        return Err(EncodeReason::TooLong);
    }
    Ok(())
}
