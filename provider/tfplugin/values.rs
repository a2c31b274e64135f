//! Operations on values that follow a schema: merging, defaults, equality by meaning, unknowns, write-only.

use std::collections::BTreeMap;

use crate::config::ObjectValue;
use crate::schema::{Attribute, Nesting, Schema, Shape};
use crate::value::Value;

/// Returns the configuration with defaults. Computed attributes that are not set keep their prior value.
pub(crate) fn merge(schema: &Schema, config: &ObjectValue, prior: Option<&ObjectValue>) -> ObjectValue {
    let mut merged = merge_attributes(&schema.attributes, config, prior);
    for block in &schema.blocks {
        merged.insert(block.name.to_owned(), config.get(block.name).cloned().unwrap_or(Value::Null));
    }
    merged
}

fn merge_attributes(attributes: &[Attribute], config: &ObjectValue, prior: Option<&ObjectValue>) -> ObjectValue {
    attributes
        .iter()
        .map(|attribute| {
            let config = config.get(attribute.name).unwrap_or(&Value::Null);
            let prior = prior.and_then(|prior| prior.get(attribute.name));
            (attribute.name.to_owned(), merge_one(attribute, config, prior))
        })
        .collect()
}

fn merge_one(attribute: &Attribute, config: &Value, prior: Option<&Value>) -> Value {
    if attribute.write_only {
        return Value::Null;
    }
    match (config, &attribute.shape) {
        (Value::Null, _) => match (prior, &attribute.default) {
            (_, Some(default)) => default.clone(),
            (Some(prior), None) if attribute.presence.is_computed() => prior.clone(),
            _ => Value::Null,
        },
        (Value::Map(config), Shape::Object { nesting: Nesting::Single, attributes }) => {
            Value::Map(merge_attributes(attributes, config, prior.and_then(as_map)))
        }
        (Value::Map(config), Shape::Object { nesting: Nesting::Map, attributes }) => {
            let prior = prior.and_then(as_map);
            let item = |(key, item): (&String, &Value)| {
                (key.clone(), merge_item(attributes, item, prior.and_then(|prior| prior.get(key))))
            };
            Value::Map(config.iter().map(item).collect())
        }
        (Value::List(config), Shape::Object { nesting: Nesting::List, attributes }) => {
            let prior = prior.map(as_list).unwrap_or_default();
            Value::List(
                config.iter().enumerate().map(|(at, item)| merge_item(attributes, item, prior.get(at))).collect(),
            )
        }
        (Value::List(config), Shape::Object { nesting: Nesting::Set, attributes }) => {
            let prior = prior.map(as_list).unwrap_or_default();
            let same = |item: &Value| prior.iter().find(|prior| is_written(attributes, item, prior));
            Value::List(config.iter().map(|item| merge_item(attributes, item, same(item))).collect())
        }
        (config, _) => config.clone(),
    }
}

/// True if `prior` comes from `config`: elements of a set are matched by the attributes that the user set.
fn is_written(attributes: &[Attribute], config: &Value, prior: &Value) -> bool {
    let (Value::Map(config), Value::Map(prior)) = (config, prior) else { return false };
    attributes.iter().all(|part| match (config.get(part.name), prior.get(part.name)) {
        (None | Some(Value::Null), _) if part.presence.is_computed() || part.write_only => true,
        (Some(config), Some(prior)) => config.is_wholly_known() && part.same(config, prior),
        (config, prior) => config.is_none_or(Value::is_null) && prior.is_none_or(Value::is_null),
    })
}

fn merge_item(attributes: &[Attribute], config: &Value, prior: Option<&Value>) -> Value {
    match config {
        Value::Map(config) => Value::Map(merge_attributes(attributes, config, prior.and_then(as_map))),
        other => other.clone(),
    }
}

/// Returns `value`, except that every part set by the user stays unchanged.
pub(crate) fn overlay(attribute: &Attribute, config: &Value, value: Value) -> Value {
    if attribute.write_only {
        return Value::Null;
    }
    match (config, &attribute.shape, value) {
        (Value::Null, _, value) => value,
        (config, Shape::Object { .. }, Value::Unknown(_)) => {
            unknown_parts(attribute, merge_one(attribute, config, None))
        }
        (Value::Map(config), Shape::Object { nesting: Nesting::Single, attributes }, value) => {
            let value = as_map(&value);
            let part = |part: &Attribute| {
                let config = config.get(part.name).unwrap_or(&Value::Null);
                let value = value.and_then(|value| value.get(part.name)).cloned().unwrap_or_default();
                (part.name.to_owned(), overlay(part, config, value))
            };
            Value::Map(attributes.iter().map(part).collect())
        }
        (Value::List(config), Shape::Object { nesting: Nesting::List, attributes }, value) => {
            let value = as_list(&value);
            let item = |(at, config): (usize, &Value)| overlay_item(attributes, config, value.get(at));
            Value::List(config.iter().enumerate().map(item).collect())
        }
        (Value::Map(config), Shape::Object { nesting: Nesting::Map, attributes }, value) => {
            let value = as_map(&value);
            let item = |(key, config): (&String, &Value)| {
                (key.clone(), overlay_item(attributes, config, value.and_then(|value| value.get(key))))
            };
            Value::Map(config.iter().map(item).collect())
        }
        (Value::List(config), Shape::Object { nesting: Nesting::Set, attributes }, value) => {
            let value = as_list(&value);
            let same = |config: &Value| value.iter().find(|value| is_written(attributes, config, value));
            Value::List(config.iter().map(|config| overlay_item(attributes, config, same(config))).collect())
        }
        (config, _, _) => config.clone(),
    }
}

fn overlay_item(attributes: &[Attribute], config: &Value, value: Option<&Value>) -> Value {
    let Value::Map(config) = config else { return config.clone() };
    let value = value.and_then(as_map);
    let part = |part: &Attribute| {
        let value = value.and_then(|value| value.get(part.name)).cloned().unwrap_or_default();
        (part.name.to_owned(), overlay(part, config.get(part.name).unwrap_or(&Value::Null), value))
    };
    Value::Map(attributes.iter().map(part).collect())
}

/// Returns `value`, except that each part that is equivalent to its prior value keeps the prior form.
pub(crate) fn prefer(attribute: &Attribute, prior: &Value, value: Value) -> Value {
    if prior == &value || prior.is_null() || value.is_null() || !prior.is_wholly_known() {
        return value;
    }
    if value.is_wholly_known() && (attribute.equivalent)(prior, &value) {
        return prior.clone();
    }
    match (&attribute.shape, prior, value) {
        (Shape::Object { nesting: Nesting::Single, attributes }, Value::Map(prior), Value::Map(value)) => {
            Value::Map(prefer_all(attributes, prior, value))
        }
        (Shape::Object { nesting: Nesting::List, attributes }, Value::List(prior), Value::List(value)) => {
            let items = value.into_iter().enumerate();
            Value::List(items.map(|(at, item)| prefer_item(attributes, prior.get(at), item)).collect())
        }
        (Shape::Object { nesting: Nesting::Map, attributes }, Value::Map(prior), Value::Map(value)) => {
            let items = value.into_iter();
            Value::Map(items.map(|(key, item)| (key.clone(), prefer_item(attributes, prior.get(&key), item))).collect())
        }
        (_, _, value) => value,
    }
}

/// Applies [`prefer`] to every attribute of an object.
pub(crate) fn prefer_all(attributes: &[Attribute], prior: &ObjectValue, mut value: ObjectValue) -> ObjectValue {
    for attribute in attributes {
        if let (Some(prior), Some(value)) = (prior.get(attribute.name), value.get_mut(attribute.name)) {
            *value = prefer(attribute, prior, std::mem::replace(value, Value::Null));
        }
    }
    value
}

fn prefer_item(attributes: &[Attribute], prior: Option<&Value>, value: Value) -> Value {
    match (prior, value) {
        (Some(Value::Map(prior)), Value::Map(value)) => Value::Map(prefer_all(attributes, prior, value)),
        (_, value) => value,
    }
}

/// Makes the computed parts of an argument unknown if they are not set.
pub(crate) fn unknown_parts(attribute: &Attribute, value: Value) -> Value {
    match (&attribute.shape, value) {
        (_, Value::Null) if attribute.presence.is_computed() => Value::unknown(),
        (Shape::Object { nesting: Nesting::Single, attributes }, Value::Map(value)) => unknown_item(attributes, value),
        (Shape::Object { nesting: Nesting::Map, attributes }, Value::Map(value)) => {
            let items = value.into_iter();
            Value::Map(items.map(|(key, item)| (key, unknown_any(attributes, item))).collect())
        }
        (Shape::Object { attributes, .. }, Value::List(value)) => {
            Value::List(value.into_iter().map(|item| unknown_any(attributes, item)).collect())
        }
        (_, value) => value,
    }
}

fn unknown_any(attributes: &[Attribute], value: Value) -> Value {
    match value {
        Value::Map(value) => unknown_item(attributes, value),
        other => other,
    }
}

fn unknown_item(attributes: &[Attribute], mut value: ObjectValue) -> Value {
    for part in attributes {
        let inner = value.remove(part.name).unwrap_or(Value::Null);
        value.insert(part.name.to_owned(), unknown_parts(part, inner));
    }
    Value::Map(value)
}

/// Removes all write-only values: an answer must not contain them.
pub(crate) fn without_write_only(schema: &Schema, mut object: ObjectValue) -> ObjectValue {
    strip(&schema.attributes, &mut object);
    object
}

fn strip(attributes: &[Attribute], object: &mut ObjectValue) {
    for attribute in attributes {
        let Some(value) = object.get_mut(attribute.name) else { continue };
        if attribute.write_only {
            *value = Value::Null;
            continue;
        }
        let Shape::Object { attributes, .. } = &attribute.shape else { continue };
        for_each_object(&attribute.shape, value, &mut |object| strip(attributes, object));
    }
}

/// Adds the write-only values of the configuration, for the resource to use.
pub(crate) fn with_write_only(attributes: &[Attribute], config: &ObjectValue, object: &mut ObjectValue) {
    for attribute in attributes {
        let Some(config) = config.get(attribute.name) else { continue };
        if attribute.write_only {
            object.insert(attribute.name.to_owned(), config.clone());
            continue;
        }
        let Shape::Object { nesting, attributes } = &attribute.shape else { continue };
        match (nesting, config, object.get_mut(attribute.name)) {
            (Nesting::Single, Value::Map(config), Some(Value::Map(object))) => {
                with_write_only(attributes, config, object);
            }
            (Nesting::Map, Value::Map(config), Some(Value::Map(objects))) => {
                for (key, object) in objects {
                    if let (Some(Value::Map(config)), Value::Map(object)) = (config.get(key), object) {
                        with_write_only(attributes, config, object);
                    }
                }
            }
            (Nesting::List, Value::List(config), Some(Value::List(objects))) => {
                for (config, object) in config.iter().zip(objects) {
                    if let (Value::Map(config), Value::Map(object)) = (config, object) {
                        with_write_only(attributes, config, object);
                    }
                }
            }
            _ => {}
        }
    }
}

fn for_each_object(shape: &Shape, value: &mut Value, act: &mut dyn FnMut(&mut ObjectValue)) {
    let Shape::Object { nesting, .. } = shape else { return };
    match (nesting, value) {
        (Nesting::Single, Value::Map(object)) => act(object),
        (Nesting::Map, Value::Map(objects)) => {
            for object in objects.values_mut() {
                if let Value::Map(object) = object {
                    act(object);
                }
            }
        }
        (_, Value::List(objects)) => {
            for object in objects {
                if let Value::Map(object) = object {
                    act(object);
                }
            }
        }
        _ => {}
    }
}

fn as_map(value: &Value) -> Option<&BTreeMap<String, Value>> {
    match value {
        Value::Map(map) => Some(map),
        _ => None,
    }
}

fn as_list(value: &Value) -> &[Value] {
    match value {
        Value::List(list) => list,
        _ => &[],
    }
}

#[cfg(test)]
mod tests;
