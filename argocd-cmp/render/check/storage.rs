//! Claims: new and empty volumes of the policy's classes.

use eod_domain::Quantity;
use serde_json::Value;

use super::CheckContext;
use super::metadata::TEMPLATE;
use super::shape::ValueShape;
use crate::refusal::RefusalRule;

const EXISTING: &str = "would bring in a volume that exists already, with somebody's data";

pub(super) static CLAIM_OBJECT: ValueShape = ValueShape::Fields(&[
    ("apiVersion", ValueShape::Any),
    ("kind", ValueShape::Any),
    ("metadata", ValueShape::Any),
    ("spec", ValueShape::Ref(&CLAIM)),
]);

/// A claim inside of a workload.
pub(super) static CLAIM_TEMPLATE: ValueShape = ValueShape::Fields(&[
    ("apiVersion", ValueShape::OneOf(RefusalRule::Storage, &["v1"])),
    ("kind", ValueShape::OneOf(RefusalRule::Storage, &["PersistentVolumeClaim"])),
    ("metadata", ValueShape::Ref(&TEMPLATE)),
    ("spec", ValueShape::Ref(&CLAIM)),
]);

static CLAIM: ValueShape = ValueShape::Fields(&[
    ("accessModes", ValueShape::List(&ValueShape::Text)),
    ("resources", ValueShape::Fields(&[("requests", ValueShape::Ref(&SIZE)), ("limits", ValueShape::Ref(&SIZE))])),
    ("storageClassName", ValueShape::And(&ValueShape::Text, class)),
    ("volumeMode", ValueShape::OneOf(RefusalRule::Storage, &["Filesystem"])),
    ("volumeName", ValueShape::Never(RefusalRule::Storage, EXISTING, "remove it")),
    ("selector", ValueShape::Never(RefusalRule::Storage, EXISTING, "remove it")),
    ("dataSource", ValueShape::Never(RefusalRule::Storage, EXISTING, "remove it")),
    ("dataSourceRef", ValueShape::Never(RefusalRule::Storage, EXISTING, "remove it")),
    (
        "volumeAttributesClassName",
        ValueShape::Never(RefusalRule::Storage, "chooses another kind of volume", "remove it"),
    ),
]);

static SIZE: ValueShape = ValueShape::Fields(&[("storage", ValueShape::And(&ValueShape::Any, size))]);

fn class(cx: &mut CheckContext<'_>, value: &Value) {
    let Some(class) = value.as_str() else { return };
    let allowed = &cx.preview.policy.storage_classes;
    if !allowed.iter().any(|known| known == class) {
        let known: Vec<_> = allowed.iter().map(|class| format!("`{class}`")).collect();
        let remedy = if known.is_empty() { "remove it".to_owned() } else { format!("use {}", known.join(" or ")) };
        cx.refuse(RefusalRule::Storage, format!("is `{class}`, a class that the policy does not list"), remedy);
    }
}

fn size(cx: &mut CheckContext<'_>, value: &Value) {
    at_most(cx, value, &cx.preview.policy.caps.storage.clone());
}

/// Refuses an amount over a cap.
pub(super) fn at_most(cx: &mut CheckContext<'_>, value: &Value, cap: &Quantity) {
    let text = match value {
        Value::String(text) => text.clone(),
        Value::Number(number) => number.to_string(),
        _ => return cx.wrong_type("an amount"),
    };
    match text.parse::<Quantity>() {
        Err(error) => cx.refuse(RefusalRule::Field, error, "write an amount like `500m` or `2Gi`"),
        Ok(amount) if amount > *cap => {
            cx.refuse(
                RefusalRule::Caps,
                format!("is {amount}, above the policy's cap of {cap}"),
                format!("use at most {cap}"),
            );
        }
        Ok(_) => {}
    }
}
