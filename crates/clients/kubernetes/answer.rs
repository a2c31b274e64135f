//! The body of an answer: an object, or a page of a list.
//!
//! The server puts `metadata.managedFields` on every object: who owns which field. It is as large as all the rest, it
//! consists of many little maps, and nobody here asks for it, because conflicts of ownership come as errors. So it is
//! skipped where it stands and never takes memory. The objects of a list stay text until one of them is asked for: as
//! values they would take three times as much.

use std::{fmt, sync::Arc};

use serde::{
    Deserialize,
    de::{DeserializeSeed, Deserializer, IgnoredAny, MapAccess, Visitor},
};
use serde_json::{Map, Value, value::RawValue};

/// What an answer is read as.
pub(super) trait ResponseBody: Sized {
    /// Reads the whole body.
    fn read(body: &[u8]) -> Result<Self, serde_json::Error>;
}

/// A page of a list.
#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct Page {
    kind: String,
    api_version: Option<String>,
    metadata: Option<PageMetadata>,
    /// None where there is no such field; empty lists may be written as null.
    #[serde(deserialize_with = "items")]
    items: Option<Vec<Box<RawValue>>>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct PageMetadata {
    #[serde(rename = "continue")]
    next: Option<String>,
}

/// An object of a list, as it was sent.
#[derive(Clone)]
pub(super) struct Listed {
    kind: Arc<str>,
    api_version: Option<Arc<str>>,
    text: Box<RawValue>,
}

/// Where an object of a list is.
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
    /// Its objects, and the token of the next page; none when it is no list.
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

    /// The object. `apiVersion` and `kind`, which lists leave out, are put back.
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

/// An object may hold a secret.
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

/// What is being read. Whatever is neither is taken as it is.
#[derive(Clone, Copy)]
enum ObjectPart {
    Object,
    /// Null where there is none.
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
