//! Terraform types and their JSON form.
//!
//! Schemas and dynamic values contain the JSON form. It is also decoded from untrusted messages, so its depth is
//! limited.

use std::collections::BTreeMap;
use std::fmt;

use serde_json::{Map, Value as Json};

use crate::path::Quoted;

/// Maximum nesting of types. The JSON parser itself is limited to 128 levels of JSON.
const MAX_DEPTH: usize = 64;

/// Terraform type of a value.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Type {
    /// Unicode text. Terraform compares strings in normal form C.
    String,
    /// An exact number.
    Number,
    /// A bool.
    Bool,
    /// Any type. Each value contains its own type.
    Dynamic,
    /// Elements of one type, ordered.
    List(Box<Type>),
    /// Elements of one type, unordered and without duplicates.
    Set(Box<Type>),
    /// Elements of one type with string keys.
    Map(Box<Type>),
    /// A fixed number of elements, each with its own type.
    Tuple(Vec<Type>),
    /// Named attributes, each with its own type.
    Object(BTreeMap<String, Type>),
}

/// Reason for a refused JSON form of a type.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TypeError {
    /// The bytes are not JSON, or are nested too deeply for the JSON parser.
    #[error("expected the JSON form of a Terraform type")]
    Json(#[source] serde_json::Error),
    /// The JSON is not a type.
    #[error("expected a type name or an array of a type name and its element types, got {0}")]
    Form(&'static str),
    /// The name is not a valid type name in this position.
    #[error("expected a Terraform type name, got `{0}`")]
    Name(String),
    /// The type has too many levels of nesting.
    #[error("expected types nested at most {MAX_DEPTH} levels deep, got a deeper type")]
    Depth,
}

impl Type {
    /// A list with elements of this type.
    pub fn list(element: Self) -> Self {
        Self::List(Box::new(element))
    }

    /// A set with elements of this type.
    pub fn set(element: Self) -> Self {
        Self::Set(Box::new(element))
    }

    /// A map with elements of this type.
    pub fn map(element: Self) -> Self {
        Self::Map(Box::new(element))
    }

    /// An object with these attributes.
    pub fn object<N: Into<String>>(attributes: impl IntoIterator<Item = (N, Self)>) -> Self {
        Self::Object(attributes.into_iter().map(|(name, ty)| (name.into(), ty)).collect())
    }

    /// Returns the JSON form. As Terraform requires, the name of a plain type is in quotes.
    pub fn to_json(&self) -> Vec<u8> {
        self.to_json_value().to_string().into_bytes()
    }

    /// Parses the JSON form.
    ///
    /// # Errors
    /// Refuses other JSON, optional attributes (they are valid only in type constraints, not in types of values), and
    /// types with more than 64 levels of nesting.
    pub fn from_json(bytes: &[u8]) -> Result<Self, TypeError> {
        Self::from_json_value(&serde_json::from_slice(bytes).map_err(TypeError::Json)?)
    }

    /// Returns the JSON form as a parsed document.
    pub(crate) fn to_json_value(&self) -> Json {
        let pair = |name: &str, rest: Json| Json::Array(vec![Json::from(name), rest]);
        match self {
            Self::String => Json::from("string"),
            Self::Number => Json::from("number"),
            Self::Bool => Json::from("bool"),
            Self::Dynamic => Json::from("dynamic"),
            Self::List(element) => pair("list", element.to_json_value()),
            Self::Set(element) => pair("set", element.to_json_value()),
            Self::Map(element) => pair("map", element.to_json_value()),
            Self::Tuple(elements) => pair("tuple", elements.iter().map(Self::to_json_value).collect()),
            Self::Object(attributes) => {
                let attributes = attributes.iter().map(|(name, ty)| (name.clone(), ty.to_json_value()));
                pair("object", Json::Object(attributes.collect()))
            }
        }
    }

    /// Converts a parsed document into a type.
    pub(crate) fn from_json_value(json: &Json) -> Result<Self, TypeError> {
        read(json, MAX_DEPTH)
    }

    /// True if a value of this type can contain a dynamic value.
    pub(crate) fn has_dynamic(&self) -> bool {
        match self {
            Self::String | Self::Number | Self::Bool => false,
            Self::Dynamic => true,
            Self::List(element) | Self::Set(element) | Self::Map(element) => element.has_dynamic(),
            Self::Tuple(elements) => elements.iter().any(Self::has_dynamic),
            Self::Object(attributes) => attributes.values().any(Self::has_dynamic),
        }
    }

    /// Name of a value of this type for error messages.
    pub(crate) fn noun(&self) -> &'static str {
        match self {
            Self::String => "a string",
            Self::Number => "a number",
            Self::Bool => "a bool",
            Self::Dynamic => "a value with its type",
            Self::List(_) => "a list",
            Self::Set(_) => "a set",
            Self::Map(_) => "a map",
            Self::Tuple(_) => "a tuple",
            Self::Object(_) => "an object",
        }
    }
}

/// Writes the type in the syntax of a Terraform configuration.
impl fmt::Display for Type {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::String => f.write_str("string"),
            Self::Number => f.write_str("number"),
            Self::Bool => f.write_str("bool"),
            Self::Dynamic => f.write_str("any"),
            Self::List(element) => write!(f, "list({element})"),
            Self::Set(element) => write!(f, "set({element})"),
            Self::Map(element) => write!(f, "map({element})"),
            Self::Tuple(elements) => {
                f.write_str("tuple([")?;
                for (position, element) in elements.iter().enumerate() {
                    write!(f, "{}{element}", if position == 0 { "" } else { "," })?;
                }
                f.write_str("])")
            }
            Self::Object(attributes) => {
                f.write_str("object({")?;
                for (position, (name, ty)) in attributes.iter().enumerate() {
                    f.write_str(if position == 0 { "" } else { "," })?;
                    if is_identifier(name) {
                        f.write_str(name)?;
                    } else {
                        write!(f, "\"{}\"", Quoted(name))?;
                    }
                    write!(f, "={ty}")?;
                }
                f.write_str("})")
            }
        }
    }
}

fn read(json: &Json, depth: usize) -> Result<Type, TypeError> {
    let Some(depth) = depth.checked_sub(1) else { return Err(TypeError::Depth) };
    match json {
        Json::String(name) => plain(name),
        Json::Array(parts) => match parts.as_slice() {
            [Json::String(name), argument] => compound(name, argument, depth),
            _ => Err(TypeError::Form("an array of another form")),
        },
        other => Err(TypeError::Form(form(other))),
    }
}

fn plain(name: &str) -> Result<Type, TypeError> {
    match name {
        "string" => Ok(Type::String),
        "number" => Ok(Type::Number),
        "bool" => Ok(Type::Bool),
        "dynamic" => Ok(Type::Dynamic),
        other => Err(TypeError::Name(other.to_owned())),
    }
}

fn compound(name: &str, argument: &Json, depth: usize) -> Result<Type, TypeError> {
    match (name, argument) {
        ("list", element) => Ok(Type::list(read(element, depth)?)),
        ("set", element) => Ok(Type::set(read(element, depth)?)),
        ("map", element) => Ok(Type::map(read(element, depth)?)),
        ("tuple", Json::Array(elements)) => {
            elements.iter().map(|element| read(element, depth)).collect::<Result<_, _>>().map(Type::Tuple)
        }
        ("object", Json::Object(attributes)) => object(attributes, depth),
        ("tuple" | "object", other) => Err(TypeError::Form(form(other))),
        (other, _) => Err(TypeError::Name(other.to_owned())),
    }
}

fn object(attributes: &Map<String, Json>, depth: usize) -> Result<Type, TypeError> {
    let read_one = |(name, json): (&String, &Json)| Ok((name.clone(), read(json, depth)?));
    attributes.iter().map(read_one).collect::<Result<_, _>>().map(Type::Object)
}

fn form(json: &Json) -> &'static str {
    match json {
        Json::Null => "null",
        Json::Bool(_) => "a bool",
        Json::Number(_) => "a number",
        Json::String(_) => "a string",
        Json::Array(_) => "an array",
        Json::Object(_) => "an object",
    }
}

fn is_identifier(name: &str) -> bool {
    let mut characters = name.chars();
    characters.next().is_some_and(|first| first.is_alphabetic() || first == '_')
        && characters.all(|character| character.is_alphanumeric() || character == '_' || character == '-')
}

#[cfg(test)]
mod tests;
