//! Allowed fields of ConfigMaps, Secrets and service accounts.

use serde_json::Value;

use super::context::CheckContext;
use super::shape::ValueShape;
use crate::refusal::RefusalRule;

pub(super) static CONFIG_MAP: ValueShape = ValueShape::Fields(&[
    ("apiVersion", ValueShape::Any),
    ("kind", ValueShape::Any),
    ("metadata", ValueShape::Any),
    ("data", ValueShape::Texts),
    ("binaryData", ValueShape::Texts),
    ("immutable", ValueShape::Switch),
]);

pub(super) static SECRET: ValueShape = ValueShape::Fields(&[
    ("apiVersion", ValueShape::Any),
    ("kind", ValueShape::Any),
    ("metadata", ValueShape::Any),
    (
        "type",
        ValueShape::OneOf(RefusalRule::Secret, &["Opaque", "kubernetes.io/tls", "kubernetes.io/dockerconfigjson"]),
    ),
    ("data", ValueShape::Texts),
    ("stringData", ValueShape::Texts),
    ("immutable", ValueShape::Switch),
]);

pub(super) static SERVICE_ACCOUNT: ValueShape = ValueShape::And(
    &ValueShape::Fields(&[
        ("apiVersion", ValueShape::Any),
        ("kind", ValueShape::Any),
        ("metadata", ValueShape::Any),
        ("automountServiceAccountToken", ValueShape::Only(RefusalRule::ServiceAccount, false)),
        (
            "imagePullSecrets",
            ValueShape::List(&ValueShape::Fields(&[("name", ValueShape::And(&ValueShape::Text, pull_secret))])),
        ),
        ("secrets", ValueShape::Never(RefusalRule::ServiceAccount, "binds secrets to the account", "remove the field")),
    ]),
    |cx, value| {
        // Cloud providers read identities from annotations with various keys.
        let annotations = value.get("metadata").and_then(|metadata| metadata.get("annotations")?.as_object());
        let plain = |key: &String| {
            [crate::transform::HOOK, crate::transform::DELETE_POLICY, crate::transform::WAVE].contains(&key.as_str())
        };
        if annotations.is_some_and(|map| map.keys().any(|key| !plain(key))) {
            cx.at("metadata", |cx| {
                cx.at("annotations", |cx| {
                    let message = "could give the account a cloud identity";
                    cx.refuse(RefusalRule::ServiceAccount, message, "remove the annotations");
                });
            });
        }
    },
);

/// Refuses a pull secret that is neither in the source nor that of the platform.
fn pull_secret(cx: &mut CheckContext<'_>, value: &Value) {
    let Some(name) = value.as_str().filter(|name| !cx.names.secrets.contains(*name)) else { return };
    let platform = cx.preview.policy.image_pull_secret.as_ref().map(ToString::to_string);
    if platform.as_deref() != Some(name) {
        let message = format!("is `{name}`, which is neither in the source nor the Secret of the platform");
        cx.refuse(RefusalRule::ServiceAccount, message, "add the Secret, or remove it from the list");
    }
}
