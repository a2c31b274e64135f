//! Allowed fields of claims: new, empty volumes of the policy's storage classes.

use eod_domain::Quantity;
use serde_json::Value;

use super::context::CheckContext;
use super::metadata::TEMPLATE;
use super::shape::ValueShape;
use crate::refusal::RefusalRule;

const EXISTING: &str = "would use an existing volume with its data";

pub(super) static CLAIM_OBJECT: ValueShape = ValueShape::Fields(&[
    ("apiVersion", ValueShape::Any),
    ("kind", ValueShape::Any),
    ("metadata", ValueShape::Any),
    ("spec", ValueShape::Ref(&CLAIM)),
]);

/// A claim template of a workload.
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
    ("volumeName", ValueShape::Never(RefusalRule::Storage, EXISTING, "remove the field")),
    ("selector", ValueShape::Never(RefusalRule::Storage, EXISTING, "remove the field")),
    ("dataSource", ValueShape::Never(RefusalRule::Storage, EXISTING, "remove the field")),
    ("dataSourceRef", ValueShape::Never(RefusalRule::Storage, EXISTING, "remove the field")),
    (
        "volumeAttributesClassName",
        ValueShape::Never(RefusalRule::Storage, "would change the type of the volume", "remove the field"),
    ),
]);

static SIZE: ValueShape = ValueShape::Fields(&[("storage", ValueShape::And(&ValueShape::Any, size))]);

fn class(cx: &mut CheckContext<'_>, value: &Value) {
    let Some(class) = value.as_str() else { return };
    let allowed = &cx.preview.policy.storage_classes;
    if !allowed.iter().any(|known| known == class) {
        let known: Vec<_> = allowed.iter().map(|class| format!("`{class}`")).collect();
        let remedy =
            if known.is_empty() { "remove the field".to_owned() } else { format!("use {}", known.join(" or ")) };
        cx.refuse(RefusalRule::Storage, format!("is `{class}`, which is not an allowed storage class"), remedy);
    }
}

fn size(cx: &mut CheckContext<'_>, value: &Value) {
    at_most(cx, value, &cx.preview.policy.caps.storage.clone());
}

/// Refuses an amount above a cap.
pub(super) fn at_most(cx: &mut CheckContext<'_>, value: &Value, cap: &Quantity) {
    let text = match value {
        Value::String(text) => text.clone(),
        Value::Number(number) => number.to_string(),
        _ => return cx.wrong_type("a quantity"),
    };
    match text.parse::<Quantity>() {
        Err(error) => cx.refuse(RefusalRule::Field, error, "write a quantity such as `500m` or `2Gi`"),
        Ok(amount) if amount > *cap => {
            cx.refuse(
                RefusalRule::Caps,
                format!("is {amount}, above the policy's cap of {cap}"),
                format!("set at most {cap}"),
            );
        }
        Ok(_) => {}
    }
}
