//! Allowed fields of containers of all types.

use serde_json::Value;

use super::context::{CheckContext, refuse_secret_of_platform};
use super::security::CONTAINER_SECURITY;
use super::shape::{ValueShape, walk};
use super::storage::at_most;
use crate::image::Image;
use crate::policy::Registries;
use crate::refusal::RefusalRule;

/// Maximum number of registries that a remedy names.
const MAX_REGISTRIES: usize = 3;
const PORT: &str = "would open a port on the node";
const PROBE: &str = "would let the node connect to any address";

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
        (
            "volumeDevices",
            ValueShape::Never(RefusalRule::Volume, "would give the container a raw block device", "use `volumeMounts`"),
        ),
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
            cx.refuse(RefusalRule::Image, "has no image", "add `image`");
        }
    },
);

static CONTAINER_PORT: ValueShape = ValueShape::Fields(&[
    ("name", ValueShape::Text),
    ("containerPort", ValueShape::Count),
    ("protocol", ValueShape::Text),
    ("hostPort", ValueShape::Never(RefusalRule::HostAccess, PORT, "remove the field")),
    ("hostIP", ValueShape::Never(RefusalRule::HostAccess, PORT, "remove the field")),
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
                    ("name", ValueShape::And(&ValueShape::Text, refuse_secret_of_platform)),
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
            ("name", ValueShape::And(&ValueShape::Text, refuse_secret_of_platform)),
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
            ("host", ValueShape::Never(RefusalRule::HostAccess, PROBE, "remove the field")),
        ]),
    ),
    (
        "tcpSocket",
        ValueShape::Fields(&[
            ("port", ValueShape::CountOrText),
            ("host", ValueShape::Never(RefusalRule::HostAccess, PROBE, "remove the field")),
        ]),
    ),
    ("grpc", ValueShape::Fields(&[("port", ValueShape::Count), ("service", ValueShape::Text)])),
    ("sleep", ValueShape::Fields(&[("seconds", ValueShape::Count)])),
    ("initialDelaySeconds", ValueShape::Count),
    ("periodSeconds", ValueShape::Count),
    ("timeoutSeconds", ValueShape::Count),
    ("successThreshold", ValueShape::Count),
    ("failureThreshold", ValueShape::Count),
    ("terminationGracePeriodSeconds", ValueShape::And(&ValueShape::Count, grace)),
]);

pub(super) static RESOURCES: ValueShape = ValueShape::Fields(&[
    ("requests", ValueShape::And(&ValueShape::Any, amounts)),
    ("limits", ValueShape::And(&ValueShape::Any, amounts)),
    ("claims", ValueShape::Never(RefusalRule::Scheduling, "would request devices", "remove the field")),
]);

/// Checks amounts of CPU, memory and ephemeral storage against their caps; other resources are refused.
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
            None => cx.refuse(RefusalRule::Caps, "is not an allowed resource", "remove the field"),
        });
    }
}

/// Limits the grace period, because the namespace is deleted only after its pods have stopped.
pub(super) fn grace(cx: &mut CheckContext<'_>, value: &Value) {
    const MAX_SECONDS: u64 = 600;
    if value.as_u64().is_some_and(|seconds| seconds > MAX_SECONDS) {
        let message = format!("would delay the end of the environment by more than {MAX_SECONDS} s");
        cx.refuse(RefusalRule::Caps, message, format!("set at most {MAX_SECONDS}"));
    }
}

fn image(cx: &mut CheckContext<'_>, value: &Value) {
    let Some(text) = value.as_str() else { return };
    match text.parse::<Image>() {
        Err(error) => cx.refuse(RefusalRule::Image, error, "correct the reference"),
        Ok(image) if !cx.preview.policy.registries.allow(&image.name) => {
            let message = format!("is `{image}`, which is not from an allowed registry");
            let to = match &cx.preview.policy.registries {
                Registries::Listed(list) if (1..=MAX_REGISTRIES).contains(&list.len()) => {
                    list.iter().map(|registry| format!("`{registry}`")).collect::<Vec<_>>().join(" or ")
                }
                _ => "an allowed registry of the policy".to_owned(),
            };
            let remedy = format!("push the image to {to}, or replace it with the parameter `images`");
            cx.refuse(RefusalRule::Image, message, remedy);
        }
        Ok(_) => {}
    }
}
