//! Bodies of responses: an object, or a page of a list.
//!
//! Every object contains `metadata.managedFields`, the owners of its fields. They are as large as the rest of the
//! object and consist of many small maps, and no caller needs them, because conflicts of ownership are errors of the
//! server. The parser skips them. The objects of a list are stored as text until one of them is read: as values they
//! would need three times the memory.

use std::{fmt, sync::Arc};

use serde::{
    Deserialize,
    de::{DeserializeOwned, DeserializeSeed, Deserializer, IgnoredAny, MapAccess, Visitor},
};
use serde_json::{Map, Value, value::RawValue};

/// A type that a response can be parsed as.
pub(super) trait ResponseBody: Sized {
    /// Parses the whole body.
    fn read(body: &[u8]) -> Result<Self, serde_json::Error>;
}

/// A page of a list.
#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct Page {
    kind: String,
    api_version: Option<String>,
    metadata: Option<PageMetadata>,
    /// `None` if there is no such field; an empty list may be null.
    #[serde(deserialize_with = "items")]
    items: Option<Vec<Box<RawValue>>>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct PageMetadata {
    #[serde(rename = "continue")]
    next: Option<String>,
}

/// An object of a list, not parsed yet.
#[derive(Clone)]
pub(super) struct Listed {
    kind: Arc<str>,
    api_version: Option<Arc<str>>,
    text: Box<RawValue>,
}

/// Namespace and name of an object in a list.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct ObjectPlace {
    pub(super) namespace: Option<String>,
    pub(super) name: String,
}

impl ResponseBody for Value {
    fn read(body: &[u8]) -> Result<Self, serde_json::Error> {
        object(serde_json::Deserializer::from_slice(body))
    }
}

impl ResponseBody for Page {
    fn read(body: &[u8]) -> Result<Self, serde_json::Error> {
        serde_json::from_slice(body)
    }
}

impl Page {
    /// The objects, and the token of the next page; `None` if the response is not a list.
    pub(super) fn objects(self) -> Option<(Vec<Listed>, Option<String>)> {
        let Self { kind, api_version, metadata, items } = self;
        let kind: Arc<str> = kind.strip_suffix("List")?.into();
        let api_version: Option<Arc<str>> = api_version.map(Into::into);
        let listed = |text| Listed { kind: Arc::clone(&kind), api_version: api_version.clone(), text };
        let next = metadata.and_then(|metadata| metadata.next).filter(|next| !next.is_empty());
        Some((items?.into_iter().map(listed).collect(), next))
    }
}

impl Listed {
    pub(super) fn kind(&self) -> &str {
        &self.kind
    }

    pub(super) fn place(&self) -> Result<ObjectPlace, serde_json::Error> {
        #[derive(Deserialize)]
        struct Headed {
            metadata: ObjectPlace,
        }
        serde_json::from_str::<Headed>(self.text.get()).map(|object| object.metadata)
    }

    /// Parses the fields of `T`, and skips the others.
    pub(super) fn fields<T: DeserializeOwned>(&self) -> Result<T, serde_json::Error> {
        serde_json::from_str(self.text.get())
    }

    /// Parses the object, and adds `apiVersion` and `kind`, which lists omit.
    pub(super) fn read(&self) -> Result<Value, serde_json::Error> {
        let mut value = object(serde_json::Deserializer::from_str(self.text.get()))?;
        if let Some(fields) = value.as_object_mut() {
            fields.entry("kind").or_insert_with(|| Value::from(&*self.kind));
            if let Some(api_version) = &self.api_version {
                fields.entry("apiVersion").or_insert_with(|| Value::from(&**api_version));
            }
        }
        Ok(value)
    }
}

/// Prints the kind only: an object may contain a secret.
impl fmt::Debug for Listed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Listed").field(&self.kind).finish()
    }
}

fn items<'de, D: Deserializer<'de>>(json: D) -> Result<Option<Vec<Box<RawValue>>>, D::Error> {
    Ok(Some(Option::deserialize(json)?.unwrap_or_default()))
}

fn object<'de, R: serde_json::de::Read<'de>>(
    mut json: serde_json::Deserializer<R>,
) -> Result<Value, serde_json::Error> {
    let value = ObjectPart::Object.deserialize(&mut json)?;
    json.end()?;
    Ok(value)
}

/// The part of an object that is parsed with its own rule. Other parts are parsed as they are.
#[derive(Clone, Copy)]
enum ObjectPart {
    Object,
    /// The metadata; may be null.
    Metadata,
}

impl<'de> DeserializeSeed<'de> for ObjectPart {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, json: D) -> Result<Value, D::Error> {
        match self {
            Self::Object => json.deserialize_map(self),
            Self::Metadata => json.deserialize_option(self),
        }
    }
}

impl<'de> Visitor<'de> for ObjectPart {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Object => "an object",
            Self::Metadata => "the metadata of an object",
        })
    }

    fn visit_none<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_some<D: Deserializer<'de>>(self, json: D) -> Result<Value, D::Error> {
        json.deserialize_map(self)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Value, A::Error> {
        let mut fields = Map::new();
        while let Some(key) = map.next_key::<String>()? {
            let value = match (self, key.as_str()) {
                (Self::Metadata, "managedFields") => {
                    map.next_value::<IgnoredAny>()?;
                    continue;
                }
                (Self::Object, "metadata") => map.next_value_seed(Self::Metadata)?,
                _ => map.next_value()?,
            };
            fields.insert(key, value);
        }
        Ok(Value::Object(fields))
    }
}

#[cfg(test)]
mod tests;
