//! Shapes of values: allowed types, fields and values as data.

use serde_json::Value;

use super::context::CheckContext;
use crate::refusal::RefusalRule;
use crate::workload::is_empty_value;

/// Shape of a value.
pub(super) enum ValueShape {
    /// Any value.
    Any,
    /// A string.
    Text,
    /// A boolean.
    Switch,
    /// An integer that is not negative.
    Count,
    /// An integer that is not negative, or a string.
    CountOrText,
    /// A map of strings.
    Texts,
    /// A list of values of one shape.
    List(&'static ValueShape),
    /// A map with these keys only.
    Fields(&'static [(&'static str, ValueShape)]),
    /// One of these strings.
    OneOf(RefusalRule, &'static [&'static str]),
    /// This boolean only.
    Only(RefusalRule, bool),
    /// Never allowed; with the reason and the remedy.
    Never(RefusalRule, &'static str, &'static str),
    /// A shape with a further check of the whole value.
    And(&'static ValueShape, fn(&mut CheckContext<'_>, &Value)),
    /// A shape that is defined elsewhere.
    Ref(&'static ValueShape),
}

/// Refuses all values that do not have the shape.
pub(super) fn walk(cx: &mut CheckContext<'_>, shape: &ValueShape, value: &Value) {
    match shape {
        ValueShape::Any => {}
        ValueShape::Text => expect(cx, value.is_string(), "a string"),
        ValueShape::Switch => expect(cx, value.is_boolean(), "a boolean"),
        ValueShape::Count => expect(cx, value.as_u64().is_some(), "a non-negative integer"),
        ValueShape::CountOrText => {
            expect(cx, value.is_string() || value.as_u64().is_some(), "a non-negative integer or a string");
        }
        ValueShape::Texts => match value.as_object() {
            None => cx.wrong_type("a map"),
            Some(map) => {
                for (key, value) in map {
                    cx.at(key, |cx| expect(cx, value.is_string(), "a string"));
                }
            }
        },
        ValueShape::List(shape) => match value.as_array() {
            None => cx.wrong_type("a list"),
            Some(items) => {
                for (at, item) in items.iter().enumerate() {
                    cx.item(at, |cx| walk(cx, shape, item));
                }
            }
        },
        ValueShape::Fields(known) => fields(cx, known, value),
        ValueShape::OneOf(rule, words) => one_of(cx, *rule, words, value),
        ValueShape::Only(rule, expected) => {
            if value != &Value::Bool(*expected) {
                cx.refuse(*rule, format!("must be {expected}"), format!("write `{expected}`, or remove the field"));
            }
        }
        ValueShape::Never(rule, reason, remedy) => cx.refuse(*rule, reason, remedy),
        ValueShape::And(shape, check) => {
            walk(cx, shape, value);
            check(cx, value);
        }
        ValueShape::Ref(shape) => walk(cx, shape, value),
    }
}

/// Removes forbidden fields with empty values: strings, lists and maps. The API server treats them as absent.
pub(super) fn drop_empty(shape: &ValueShape, value: &mut Value) {
    match (shape, value) {
        (ValueShape::Ref(shape) | ValueShape::And(shape, _), value) => drop_empty(shape, value),
        (ValueShape::List(shape), Value::Array(items)) => items.iter_mut().for_each(|item| drop_empty(shape, item)),
        (ValueShape::Fields(known), Value::Object(map)) => {
            for (name, shape) in *known {
                match shape {
                    ValueShape::Never(..) if map.get(*name).is_some_and(is_empty_value) => {
                        map.remove(*name);
                    }
                    ValueShape::Ref(_) | ValueShape::And(..) | ValueShape::List(_) | ValueShape::Fields(_) => {
                        if let Some(value) = map.get_mut(*name) {
                            drop_empty(shape, value);
                        }
                    }
                    _ => {}
                }
            }
        }
        _ => {}
    }
}

fn expect(cx: &mut CheckContext<'_>, fits: bool, expected: &str) {
    if !fits {
        cx.wrong_type(expected);
    }
}

fn fields(cx: &mut CheckContext<'_>, known: &[(&str, ValueShape)], value: &Value) {
    let Some(map) = value.as_object() else { return cx.wrong_type("a map") };
    for (key, value) in map {
        cx.at(key, |cx| match known.iter().find(|(name, _)| name == key) {
            Some((_, shape)) => walk(cx, shape, value),
            None => {
                let like = known.iter().find(|(name, _)| name.eq_ignore_ascii_case(key));
                let remedy = match like {
                    Some((name, _)) => format!("write `{name}`, or remove the field"),
                    None => "remove the field".to_owned(),
                };
                cx.refuse(RefusalRule::Field, "is not an allowed field", remedy);
            }
        });
    }
}

fn one_of(cx: &mut CheckContext<'_>, rule: RefusalRule, words: &[&str], value: &Value) {
    if !value.as_str().is_some_and(|text| words.contains(&text)) {
        let known: Vec<_> = words.iter().map(|word| format!("`{word}`")).collect();
        let got = value.as_str().map_or_else(|| "a value other than a string".to_owned(), |text| format!("`{text}`"));
        let known = known.join(" or ");
        cx.refuse(rule, format!("must not be {got}"), format!("use {known}, or remove the field"));
    }
}
