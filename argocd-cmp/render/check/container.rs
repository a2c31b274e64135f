//! Containers, of all kinds alike.

use serde_json::Value;

use super::security::CONTAINER_SECURITY;
use super::shape::{ValueShape, walk};
use super::storage::at_most;
use super::{CheckContext, not_of_platform};
use crate::image::Image;
use crate::refusal::RefusalRule;

const PORT: &str = "would open a port of the node";
const PROBE: &str = "would let the node call any address";

pub(super) static CONTAINER: ValueShape = ValueShape::And(
    &ValueShape::Fields(&[
        ("name", ValueShape::Text),
        ("image", ValueShape::And(&ValueShape::Text, image)),
        ("imagePullPolicy", ValueShape::Text),
        ("command", ValueShape::List(&ValueShape::Text)),
        ("args", ValueShape::List(&ValueShape::Text)),
        ("workingDir", ValueShape::Text),
        ("ports", ValueShape::List(&CONTAINER_PORT)),
        ("env", ValueShape::List(&ENV)),
        ("envFrom", ValueShape::List(&ENV_FROM)),
        ("resources", ValueShape::Ref(&RESOURCES)),
        ("resizePolicy", ValueShape::Any),
        ("restartPolicy", ValueShape::Text),
        ("volumeMounts", ValueShape::List(&MOUNT)),
        ("volumeDevices", ValueShape::Never(RefusalRule::Volume, "would hand over a raw device", "use `volumeMounts`")),
        ("livenessProbe", ValueShape::Ref(&PROBE_SHAPE)),
        ("readinessProbe", ValueShape::Ref(&PROBE_SHAPE)),
        ("startupProbe", ValueShape::Ref(&PROBE_SHAPE)),
        (
            "lifecycle",
            ValueShape::Fields(&[
                ("postStart", ValueShape::Ref(&PROBE_SHAPE)),
                ("preStop", ValueShape::Ref(&PROBE_SHAPE)),
                ("stopSignal", ValueShape::Text),
            ]),
        ),
        ("terminationMessagePath", ValueShape::Text),
        ("terminationMessagePolicy", ValueShape::Text),
        ("securityContext", ValueShape::Ref(&CONTAINER_SECURITY)),
        ("stdin", ValueShape::Switch),
        ("stdinOnce", ValueShape::Switch),
        ("tty", ValueShape::Switch),
    ]),
    |cx, value| {
        if value.is_object() && value.get("image").is_none() {
            cx.refuse(RefusalRule::Image, "has no image", "name one");
        }
    },
);

static CONTAINER_PORT: ValueShape = ValueShape::Fields(&[
    ("name", ValueShape::Text),
    ("containerPort", ValueShape::Count),
    ("protocol", ValueShape::Text),
    ("hostPort", ValueShape::Never(RefusalRule::HostAccess, PORT, "remove it")),
    ("hostIP", ValueShape::Never(RefusalRule::HostAccess, PORT, "remove it")),
]);

static ENV: ValueShape = ValueShape::Fields(&[
    ("name", ValueShape::Text),
    ("value", ValueShape::Text),
    (
        "valueFrom",
        ValueShape::Fields(&[
            ("fieldRef", ValueShape::Any),
            ("resourceFieldRef", ValueShape::Any),
            (
                "configMapKeyRef",
                ValueShape::Fields(&[
                    ("name", ValueShape::Text),
                    ("key", ValueShape::Text),
                    ("optional", ValueShape::Switch),
                ]),
            ),
            (
                "secretKeyRef",
                ValueShape::Fields(&[
                    ("name", ValueShape::And(&ValueShape::Text, not_of_platform)),
                    ("key", ValueShape::Text),
                    ("optional", ValueShape::Switch),
                ]),
            ),
        ]),
    ),
]);

static ENV_FROM: ValueShape = ValueShape::Fields(&[
    ("prefix", ValueShape::Text),
    ("configMapRef", ValueShape::Fields(&[("name", ValueShape::Text), ("optional", ValueShape::Switch)])),
    (
        "secretRef",
        ValueShape::Fields(&[
            ("name", ValueShape::And(&ValueShape::Text, not_of_platform)),
            ("optional", ValueShape::Switch),
        ]),
    ),
]);

static MOUNT: ValueShape = ValueShape::Fields(&[
    ("name", ValueShape::Text),
    ("mountPath", ValueShape::Text),
    ("subPath", ValueShape::Text),
    ("subPathExpr", ValueShape::Text),
    ("readOnly", ValueShape::Switch),
    ("recursiveReadOnly", ValueShape::Text),
    ("mountPropagation", ValueShape::OneOf(RefusalRule::HostAccess, &["None"])),
]);

static PROBE_SHAPE: ValueShape = ValueShape::Fields(&[
    ("exec", ValueShape::Fields(&[("command", ValueShape::List(&ValueShape::Text))])),
    (
        "httpGet",
        ValueShape::Fields(&[
            ("path", ValueShape::Text),
            ("port", ValueShape::CountOrText),
            ("scheme", ValueShape::Text),
            ("httpHeaders", ValueShape::Any),
            ("host", ValueShape::Never(RefusalRule::HostAccess, PROBE, "remove it")),
        ]),
    ),
    (
        "tcpSocket",
        ValueShape::Fields(&[
            ("port", ValueShape::CountOrText),
            ("host", ValueShape::Never(RefusalRule::HostAccess, PROBE, "remove it")),
        ]),
    ),
    ("grpc", ValueShape::Fields(&[("port", ValueShape::Count), ("service", ValueShape::Text)])),
    ("sleep", ValueShape::Fields(&[("seconds", ValueShape::Count)])),
    ("initialDelaySeconds", ValueShape::Count),
    ("periodSeconds", ValueShape::Count),
    ("timeoutSeconds", ValueShape::Count),
    ("successThreshold", ValueShape::Count),
    ("failureThreshold", ValueShape::Count),
    ("terminationGracePeriodSeconds", ValueShape::And(&ValueShape::Count, super::pod::grace)),
]);

pub(super) static RESOURCES: ValueShape = ValueShape::Fields(&[
    ("requests", ValueShape::And(&ValueShape::Any, amounts)),
    ("limits", ValueShape::And(&ValueShape::Any, amounts)),
    ("claims", ValueShape::Never(RefusalRule::Scheduling, "would claim devices", "remove it")),
]);

/// CPU, memory and scratch space, each up to its cap; no other resource.
fn amounts(cx: &mut CheckContext<'_>, value: &Value) {
    let Some(map) = value.as_object() else { return walk(cx, &ValueShape::Texts, value) };
    for (name, amount) in map {
        let caps = &cx.preview.policy.caps;
        let cap = match name.as_str() {
            "cpu" => Some(caps.cpu.clone()),
            "memory" => Some(caps.memory.clone()),
            "ephemeral-storage" => Some(caps.storage.clone()),
            _ => None,
        };
        cx.at(name, |cx| match cap {
            Some(cap) => at_most(cx, amount, &cap),
            None => cx.refuse(RefusalRule::Caps, "is a resource that previews do not get", "remove it"),
        });
    }
}

fn image(cx: &mut CheckContext<'_>, value: &Value) {
    let Some(text) = value.as_str() else { return };
    match text.parse::<Image>() {
        Err(error) => cx.refuse(RefusalRule::Image, error, "write the reference in its usual form"),
        Ok(image) if !cx.preview.policy.registries.hold(&image.name) => {
            let known = match &cx.preview.policy.registries {
                crate::policy::Registries::Any => String::new(),
                crate::policy::Registries::Listed(list) => {
                    list.iter().map(|registry| format!("`{registry}`")).collect::<Vec<_>>().join(", ")
                }
            };
            let message = format!("is `{image}`, which lies in none of the policy's registries: {known}");
            cx.refuse(RefusalRule::Image, message, "push the image there, or replace it with the parameter `images`");
        }
        Ok(_) => {}
    }
}
