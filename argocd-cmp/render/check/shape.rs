//! What a value may look like, as data.

use serde_json::Value;

use super::Cx;
use crate::refusal::Rule;

/// The shape of a value.
pub(super) enum Shape {
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
    List(&'static Shape),
    /// A map of these keys and no others.
    Fields(&'static [(&'static str, Shape)]),
    /// One of these texts.
    OneOf(Rule, &'static [&'static str]),
    /// This word of true and false and not the other.
    Only(Rule, bool),
    /// Never there; with the reason and what to do.
    Never(Rule, &'static str, &'static str),
    /// A shape and a look at the whole.
    And(&'static Shape, fn(&mut Cx<'_>, &Value)),
    /// Another table.
    Ref(&'static Shape),
}

/// Refuses whatever does not have the shape.
pub(super) fn walk(cx: &mut Cx<'_>, shape: &Shape, value: &Value) {
    match shape {
        Shape::Any => {}
        Shape::Text => expect(cx, value.is_string(), "a text"),
        Shape::Switch => expect(cx, value.is_boolean(), "true or false"),
        Shape::Count => expect(cx, value.as_u64().is_some(), "a whole number that is not negative"),
        Shape::CountOrText => expect(cx, value.is_string() || value.as_u64().is_some(), "a whole number or a text"),
        Shape::Texts => match value.as_object() {
            None => cx.wrong_type("a map"),
            Some(map) => {
                for (key, value) in map {
                    cx.at(key, |cx| expect(cx, value.is_string(), "a text"));
                }
            }
        },
        Shape::List(shape) => match value.as_array() {
            None => cx.wrong_type("a list"),
            Some(items) => {
                for (at, item) in items.iter().enumerate() {
                    cx.item(at, |cx| walk(cx, shape, item));
                }
            }
        },
        Shape::Fields(known) => fields(cx, known, value),
        Shape::OneOf(rule, words) => one_of(cx, *rule, words, value),
        Shape::Only(rule, wanted) => {
            if value != &Value::Bool(*wanted) {
                cx.refuse(*rule, format!("must be {wanted}"), format!("write `{wanted}`, or remove it"));
            }
        }
        Shape::Never(rule, reason, remedy) => cx.refuse(*rule, reason, remedy),
        Shape::And(shape, look) => {
            walk(cx, shape, value);
            look(cx, value);
        }
        Shape::Ref(shape) => walk(cx, shape, value),
    }
}

fn expect(cx: &mut Cx<'_>, fits: bool, expected: &str) {
    if !fits {
        cx.wrong_type(expected);
    }
}

fn fields(cx: &mut Cx<'_>, known: &[(&str, Shape)], value: &Value) {
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
                cx.refuse(Rule::Field, "is no field that is allowed here", remedy);
            }
        });
    }
}

fn one_of(cx: &mut Cx<'_>, rule: Rule, words: &[&str], value: &Value) {
    if !value.as_str().is_some_and(|text| words.contains(&text)) {
        let known: Vec<_> = words.iter().map(|word| format!("`{word}`")).collect();
        let got = value.as_str().map_or_else(|| "no text".to_owned(), |text| format!("`{text}`"));
        cx.refuse(rule, format!("is {got}"), format!("use {}, or remove it", known.join(" or ")));
    }
}
