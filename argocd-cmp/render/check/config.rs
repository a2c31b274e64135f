//! ConfigMaps, Secrets and service accounts.

use super::shape::Shape;
use crate::refusal::Rule;

pub(super) static CONFIG_MAP: Shape = Shape::Fields(&[
    ("apiVersion", Shape::Any),
    ("kind", Shape::Any),
    ("metadata", Shape::Any),
    ("data", Shape::Texts),
    ("binaryData", Shape::Texts),
    ("immutable", Shape::Switch),
]);

pub(super) static SECRET: Shape = Shape::Fields(&[
    ("apiVersion", Shape::Any),
    ("kind", Shape::Any),
    ("metadata", Shape::Any),
    ("type", Shape::OneOf(Rule::Secret, &["Opaque", "kubernetes.io/tls", "kubernetes.io/dockerconfigjson"])),
    ("data", Shape::Texts),
    ("stringData", Shape::Texts),
    ("immutable", Shape::Switch),
]);

pub(super) static SERVICE_ACCOUNT: Shape = Shape::And(
    &Shape::Fields(&[
        ("apiVersion", Shape::Any),
        ("kind", Shape::Any),
        ("metadata", Shape::Any),
        ("automountServiceAccountToken", Shape::Only(Rule::ServiceAccount, false)),
        ("imagePullSecrets", Shape::Ref(&super::pod::PULL_SECRETS)),
        ("secrets", Shape::Never(Rule::ServiceAccount, "ties secrets to the account", "remove it")),
    ]),
    |cx, value| {
        // Clouds read identities from there, under keys that nobody can list.
        let annotations = value.get("metadata").and_then(|metadata| metadata.get("annotations")?.as_object());
        let plain = |key: &String| {
            [crate::transform::HOOK, crate::transform::DELETE_POLICY, crate::transform::WAVE].contains(&key.as_str())
        };
        if annotations.is_some_and(|map| map.keys().any(|key| !plain(key))) {
            cx.at("metadata", |cx| {
                cx.at("annotations", |cx| {
                    let message = "could give the account an identity in a cloud";
                    cx.refuse(Rule::ServiceAccount, message, "remove them");
                });
            });
        }
    },
);
