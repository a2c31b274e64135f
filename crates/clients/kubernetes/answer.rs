//! The body of an answer as a value, without the record of who owns which field.
//!
//! The server puts `metadata.managedFields` on every object. It is often larger than all the rest, it consists of
//! hundreds of little maps, and nobody here asks for it: conflicts of ownership come as errors. So it is skipped where
//! it stands and never takes memory.

use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Value};

/// Reads an object, or a list of objects.
pub(super) fn read(body: &[u8]) -> Result<Value, serde_json::Error> {
    let mut json = serde_json::Deserializer::from_slice(body);
    let answer = Part::Answer.deserialize(&mut json)?;
    json.end()?;
    Ok(answer)
}

/// What is being read. Whatever is none of these is taken as it is.
#[derive(Clone, Copy)]
enum Part {
    /// An object, or a list of them.
    Answer,
    /// The objects of a list; null means none.
    Items,
    /// One object of a list.
    Item,
    /// The metadata of an object or a list; null means none.
    Metadata,
}

impl<'de> DeserializeSeed<'de> for Part {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, json: D) -> Result<Value, D::Error> {
        match self {
            Self::Answer | Self::Item => json.deserialize_map(self),
            Self::Items | Self::Metadata => json.deserialize_option(self),
        }
    }
}

impl<'de> Visitor<'de> for Part {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Answer | Self::Item => "an object",
            Self::Items => "a list of objects",
            Self::Metadata => "the metadata of an object",
        })
    }

    fn visit_none<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_some<D: Deserializer<'de>>(self, json: D) -> Result<Value, D::Error> {
        match self {
            Self::Items => json.deserialize_seq(self),
            Self::Answer | Self::Item | Self::Metadata => json.deserialize_map(self),
        }
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Value, A::Error> {
        let mut items = Vec::new();
        while let Some(item) = list.next_element_seed(Self::Item)? {
            items.push(item);
        }
        Ok(Value::Array(items))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Value, A::Error> {
        let mut fields = Map::new();
        while let Some(key) = map.next_key::<String>()? {
            let value = match (self, key.as_str()) {
                (Self::Metadata, "managedFields") => {
                    map.next_value::<IgnoredAny>()?;
                    continue;
                }
                (Self::Answer | Self::Item, "metadata") => map.next_value_seed(Self::Metadata)?,
                (Self::Answer, "items") => map.next_value_seed(Self::Items)?,
                _ => map.next_value()?,
            };
            fields.insert(key, value);
        }
        Ok(Value::Object(fields))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[track_caller]
    fn check(answer: &Value, expected: &Value) {
        assert_eq!(&read(answer.to_string().as_bytes()).unwrap(), expected);
    }

    #[test]
    fn who_owns_a_field_is_left_out_of_objects_and_of_lists() {
        let owned = json!([{ "manager": "eod", "fieldsV1": { "f:metadata": { "f:labels": { "f:a": {} } } } }]);
        check(
            &json!({ "kind": "Pod", "metadata": { "name": "a", "managedFields": owned, "uid": "u" } }),
            &json!({ "kind": "Pod", "metadata": { "name": "a", "uid": "u" } }),
        );
        let item = |name: &str| json!({ "metadata": { "managedFields": owned, "name": name }, "spec": {} });
        check(
            &json!({ "kind": "PodList", "metadata": { "continue": "t" }, "items": [item("a"), item("b")] }),
            &json!({ "kind": "PodList", "metadata": { "continue": "t" }, "items": [
                { "metadata": { "name": "a" }, "spec": {} }, { "metadata": { "name": "b" }, "spec": {} },
            ]}),
        );
    }

    #[test]
    fn everything_else_stays_as_it_is() {
        for answer in [
            json!({}),
            json!({ "metadata": null, "items": null }),
            json!({ "items": [] }),
            json!({ "spec": { "metadata": { "managedFields": [1] }, "items": [2] }, "managedFields": [3] }),
            json!({ "items": [{ "items": 1, "spec": { "template": { "metadata": { "managedFields": [] } } } }] }),
            json!({ "data": { "big": 12345678901234567890123_u128.to_string(), "n": 1.5, "no": false }, "list": [[null]] }),
        ] {
            check(&answer, &answer);
        }
        let exact = read(br#"{"metadata":{"generation":123456789012345678901234567890},"n":1.0}"#).unwrap();
        assert_eq!(exact.to_string(), r#"{"metadata":{"generation":123456789012345678901234567890},"n":1.0}"#);
    }

    #[test]
    fn what_is_cut_off_or_no_object_is_an_error() {
        for body in [
            "",
            "{",
            r#"{"metadata":{"managedFields":[{"a":"#,
            r#"{"items":[{"metadata":{}}"#,
            r#"{"items":[{}]} {}"#,
            "[]",
            "null",
            r#""text""#,
            r#"{"items":{}}"#,
            r#"{"items":[1]}"#,
            r#"{"metadata":[]}"#,
            "<html>",
        ] {
            assert!(read(body.as_bytes()).is_err(), "{body}");
        }
    }
}
