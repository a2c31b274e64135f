//! Claims: new and empty volumes of the policy's classes.

use eod_domain::Quantity;
use serde_json::Value;

use super::Cx;
use super::metadata::TEMPLATE;
use super::shape::Shape;
use crate::refusal::Rule;

const EXISTING: &str = "would bring in a volume that exists already, with somebody's data";

pub(super) static CLAIM_OBJECT: Shape = Shape::Fields(&[
    ("apiVersion", Shape::Any),
    ("kind", Shape::Any),
    ("metadata", Shape::Any),
    ("spec", Shape::Ref(&CLAIM)),
]);

/// A claim inside of a workload.
pub(super) static CLAIM_TEMPLATE: Shape = Shape::Fields(&[
    ("apiVersion", Shape::OneOf(Rule::Storage, &["v1"])),
    ("kind", Shape::OneOf(Rule::Storage, &["PersistentVolumeClaim"])),
    ("metadata", Shape::Ref(&TEMPLATE)),
    ("spec", Shape::Ref(&CLAIM)),
]);

static CLAIM: Shape = Shape::Fields(&[
    ("accessModes", Shape::List(&Shape::Text)),
    ("resources", Shape::Fields(&[("requests", Shape::Ref(&SIZE)), ("limits", Shape::Ref(&SIZE))])),
    ("storageClassName", Shape::And(&Shape::Text, class)),
    ("volumeMode", Shape::OneOf(Rule::Storage, &["Filesystem"])),
    ("volumeName", Shape::Never(Rule::Storage, EXISTING, "remove it")),
    ("selector", Shape::Never(Rule::Storage, EXISTING, "remove it")),
    ("dataSource", Shape::Never(Rule::Storage, EXISTING, "remove it")),
    ("dataSourceRef", Shape::Never(Rule::Storage, EXISTING, "remove it")),
    ("volumeAttributesClassName", Shape::Never(Rule::Storage, "chooses another kind of volume", "remove it")),
]);

static SIZE: Shape = Shape::Fields(&[("storage", Shape::And(&Shape::Any, size))]);

fn class(cx: &mut Cx<'_>, value: &Value) {
    let Some(class) = value.as_str() else { return };
    let allowed = &cx.preview.policy.storage_classes;
    if !allowed.iter().any(|known| known == class) {
        let known: Vec<_> = allowed.iter().map(|class| format!("`{class}`")).collect();
        let remedy = if known.is_empty() { "remove it".to_owned() } else { format!("use {}", known.join(" or ")) };
        cx.refuse(Rule::Storage, format!("is `{class}`, a class that the policy does not list"), remedy);
    }
}

fn size(cx: &mut Cx<'_>, value: &Value) {
    at_most(cx, value, &cx.preview.policy.caps.storage.clone());
}

/// Refuses an amount over a cap.
pub(super) fn at_most(cx: &mut Cx<'_>, value: &Value, cap: &Quantity) {
    let text = match value {
        Value::String(text) => text.clone(),
        Value::Number(number) => number.to_string(),
        _ => return cx.wrong_type("an amount"),
    };
    match text.parse::<Quantity>() {
        Err(error) => cx.refuse(Rule::Field, error, "write an amount like `500m` or `2Gi`"),
        Ok(amount) if amount > *cap => {
            cx.refuse(
                Rule::Caps,
                format!("is {amount}, above the policy's cap of {cap}"),
                format!("use at most {cap}"),
            );
        }
        Ok(_) => {}
    }
}
