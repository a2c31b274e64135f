//! Decoding of the msgpack form of a value.

use std::collections::BTreeMap;

use super::{MsgpackReader, REFINED, Token};
use crate::number::Number;
use crate::path::Step;
use crate::ty::Type;
use crate::value::{DecodeError, DecodeReason, Fill, MAX_DEPTH, Unknown, Value, index};

/// Decodes a value of this type.
///
/// Every valid encoding is accepted, and a missing attribute of an object is decoded as null.
///
/// # Errors
/// Returns the path if the bytes are not a value of the type: another kind, an attribute that is not in the type, a
/// duplicate key, nesting beyond 512 levels, an early end, or bytes after the value.
pub fn decode(bytes: &[u8], ty: &Type) -> Result<Value, DecodeError> {
    let mut decoder = MsgpackDecoder { reader: MsgpackReader::new(bytes), fill: Fill::for_input(bytes) };
    let value = decoder.value(ty, MAX_DEPTH)?;
    match decoder.reader.remaining() {
        0 => Ok(value),
        more => Err(DecodeReason::Trailing(more).into()),
    }
}

struct MsgpackDecoder<'a> {
    reader: MsgpackReader<'a>,
    fill: Fill,
}

impl MsgpackDecoder<'_> {
    fn value(&mut self, ty: &Type, depth: usize) -> Result<Value, DecodeError> {
        let Some(depth) = depth.checked_sub(1) else { return Err(DecodeReason::Depth.into()) };
        match (self.reader.token()?, ty) {
            (Token::Nil, _) => Ok(Value::Null),
            (Token::Ext(REFINED, body), _) => Ok(Value::Unknown(Unknown::refined(body))),
            // The protocol requires that unsupported codes are decoded as unknown values without a refinement.
            (Token::Ext(..), _) => Ok(Value::unknown()),
            (Token::Array(2), Type::Dynamic) => self.dynamic(depth),
            (Token::Array(count), Type::List(element) | Type::Set(element)) => self.list(count, element, depth),
            (Token::Array(count), Type::Tuple(elements)) => self.tuple(count, elements, depth),
            (Token::Map(count), Type::Map(element)) => self.map(count, element, depth),
            (Token::Map(count), Type::Object(attributes)) => self.object(count, attributes, depth),
            (token, ty) => leaf(token, ty).map_err(DecodeError::from),
        }
    }

    fn dynamic(&mut self, depth: usize) -> Result<Value, DecodeError> {
        let ty = match self.reader.token()? {
            Token::Bin(json) | Token::Str(json) => Type::from_json(json).map_err(DecodeReason::Type)?,
            other => return Err(DecodeReason::Kind { expected: "a type", got: other.noun() }.into()),
        };
        let value = self.value(&ty, depth)?;
        Ok(Value::dynamic(ty, value))
    }

    fn list(&mut self, count: usize, element: &Type, depth: usize) -> Result<Value, DecodeError> {
        let element = |position| self.value(element, depth).map_err(|error: DecodeError| error.inside(index(position)));
        (0..count).map(element).collect::<Result<_, _>>().map(Value::List)
    }

    fn tuple(&mut self, count: usize, elements: &[Type], depth: usize) -> Result<Value, DecodeError> {
        if count != elements.len() {
            return Err(DecodeReason::Length { expected: elements.len(), got: count }.into());
        }
        let element =
            |(position, ty)| self.value(ty, depth).map_err(|error: DecodeError| error.inside(index(position)));
        elements.iter().enumerate().map(element).collect::<Result<_, _>>().map(Value::List)
    }

    fn map(&mut self, count: usize, element: &Type, depth: usize) -> Result<Value, DecodeError> {
        let mut values = BTreeMap::new();
        for _ in 0..count {
            let key = self.key()?;
            if values.contains_key(&key) {
                return Err(DecodeReason::Duplicate(key).into());
            }
            let value = self.value(element, depth).map_err(|error| error.inside(Step::Key(key.clone())))?;
            values.insert(key, value);
        }
        Ok(Value::Map(values))
    }

    fn object(
        &mut self,
        count: usize,
        attributes: &BTreeMap<String, Type>,
        depth: usize,
    ) -> Result<Value, DecodeError> {
        let mut values = BTreeMap::new();
        for _ in 0..count {
            let name = self.key()?;
            let Some(ty) = attributes.get(&name) else { return Err(DecodeReason::Extra(name).into()) };
            if values.contains_key(&name) {
                return Err(DecodeReason::Duplicate(name).into());
            }
            let value = self.value(ty, depth).map_err(|error| error.inside(Step::Attribute(name.clone())))?;
            values.insert(name, value);
        }
        self.fill.complete(&mut values, attributes)?;
        Ok(Value::Map(values))
    }

    fn key(&mut self) -> Result<String, DecodeReason> {
        match self.reader.token()? {
            Token::Str(bytes) | Token::Bin(bytes) => text(bytes),
            other => Err(DecodeReason::Kind { expected: "a string as the key", got: other.noun() }),
        }
    }
}

fn leaf(token: Token<'_>, ty: &Type) -> Result<Value, DecodeReason> {
    match (token, ty) {
        (Token::Bool(truth), Type::Bool) => Ok(Value::Bool(truth)),
        (Token::Str(bytes) | Token::Bin(bytes), Type::String) => text(bytes).map(Value::String),
        (Token::Int(value), Type::Number) => Ok(Value::Number(Number::from_i64(value))),
        (Token::Uint(value), Type::Number) => Ok(Value::Number(Number::from_u64(value))),
        (Token::Float(value), Type::Number) => Number::from_f64(value).map(Value::Number).map_err(DecodeReason::Number),
        (Token::Str(bytes), Type::Number) => {
            let text = std::str::from_utf8(bytes).map_err(|_| DecodeReason::Utf8)?;
            Number::parse(text).map(Value::Number).map_err(DecodeReason::Number)
        }
        (token, ty) => Err(DecodeReason::Kind { expected: ty.noun(), got: token.noun() }),
    }
}

fn text(bytes: &[u8]) -> Result<String, DecodeReason> {
    std::str::from_utf8(bytes).map(str::to_owned).map_err(|_| DecodeReason::Utf8)
}
