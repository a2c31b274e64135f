//! What a value may look like, as data.

use serde_json::Value;

use super::CheckContext;
use crate::refusal::RefusalRule;

/// The shape of a value.
pub(super) enum ValueShape {
    /// Whatever it is.
    Any,
    /// A text.
    Text,
    /// `true` or `false`.
    Switch,
    /// A whole number that is not negative.
    Count,
    /// A whole number, or a text.
    CountOrText,
    /// A map of texts.
    Texts,
    /// A list of values of one shape.
    List(&'static ValueShape),
    /// A map of these keys and no others.
    Fields(&'static [(&'static str, ValueShape)]),
    /// One of these texts.
    OneOf(RefusalRule, &'static [&'static str]),
    /// This word of true and false and not the other.
    Only(RefusalRule, bool),
    /// Never there; with the reason and what to do.
    Never(RefusalRule, &'static str, &'static str),
    /// A shape and a look at the whole.
    And(&'static ValueShape, fn(&mut CheckContext<'_>, &Value)),
    /// Another table.
    Ref(&'static ValueShape),
}

/// Refuses whatever does not have the shape.
pub(super) fn walk(cx: &mut CheckContext<'_>, shape: &ValueShape, value: &Value) {
    match shape {
        ValueShape::Any => {}
        ValueShape::Text => expect(cx, value.is_string(), "a text"),
        ValueShape::Switch => expect(cx, value.is_boolean(), "true or false"),
        ValueShape::Count => expect(cx, value.as_u64().is_some(), "a whole number that is not negative"),
        ValueShape::CountOrText => {
            expect(cx, value.is_string() || value.as_u64().is_some(), "a whole number or a text")
        }
        ValueShape::Texts => match value.as_object() {
            None => cx.wrong_type("a map"),
            Some(map) => {
                for (key, value) in map {
                    cx.at(key, |cx| expect(cx, value.is_string(), "a text"));
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
        ValueShape::Only(rule, wanted) => {
            if value != &Value::Bool(*wanted) {
                cx.refuse(*rule, format!("must be {wanted}"), format!("write `{wanted}`, or remove it"));
            }
        }
        ValueShape::Never(rule, reason, remedy) => cx.refuse(*rule, reason, remedy),
        ValueShape::And(shape, look) => {
            walk(cx, shape, value);
            look(cx, value);
        }
        ValueShape::Ref(shape) => walk(cx, shape, value),
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
                    Some((name, _)) => format!("write `{name}` if that is meant"),
                    None => "remove it".to_owned(),
                };
                cx.refuse(RefusalRule::Field, "is no field that is allowed here", remedy);
            }
        });
    }
}

fn one_of(cx: &mut CheckContext<'_>, rule: RefusalRule, words: &[&str], value: &Value) {
    if !value.as_str().is_some_and(|text| words.contains(&text)) {
        let known: Vec<_> = words.iter().map(|word| format!("`{word}`")).collect();
        let got = value.as_str().map_or_else(|| "no text".to_owned(), |text| format!("`{text}`"));
        cx.refuse(rule, format!("is {got}"), format!("use {}, or remove it", known.join(" or ")));
    }
}
