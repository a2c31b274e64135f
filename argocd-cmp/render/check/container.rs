//! Containers, of all kinds alike.

use serde_json::Value;

use super::security::CONTAINER_SECURITY;
use super::shape::{Shape, walk};
use super::storage::at_most;
use super::{Cx, not_of_platform};
use crate::image::Image;
use crate::refusal::Rule;

const PORT: &str = "would open a port of the node";
const PROBE: &str = "would let the node call any address";

pub(super) static CONTAINER: Shape = Shape::And(
    &Shape::Fields(&[
        ("name", Shape::Text),
        ("image", Shape::And(&Shape::Text, image)),
        ("imagePullPolicy", Shape::Text),
        ("command", Shape::List(&Shape::Text)),
        ("args", Shape::List(&Shape::Text)),
        ("workingDir", Shape::Text),
        ("ports", Shape::List(&CONTAINER_PORT)),
        ("env", Shape::List(&ENV)),
        ("envFrom", Shape::List(&ENV_FROM)),
        ("resources", Shape::Ref(&RESOURCES)),
        ("resizePolicy", Shape::Any),
        ("restartPolicy", Shape::Text),
        ("volumeMounts", Shape::List(&MOUNT)),
        ("volumeDevices", Shape::Never(Rule::Volume, "would hand over a raw device", "use `volumeMounts`")),
        ("livenessProbe", Shape::Ref(&PROBE_SHAPE)),
        ("readinessProbe", Shape::Ref(&PROBE_SHAPE)),
        ("startupProbe", Shape::Ref(&PROBE_SHAPE)),
        (
            "lifecycle",
            Shape::Fields(&[
                ("postStart", Shape::Ref(&PROBE_SHAPE)),
                ("preStop", Shape::Ref(&PROBE_SHAPE)),
                ("stopSignal", Shape::Text),
            ]),
        ),
        ("terminationMessagePath", Shape::Text),
        ("terminationMessagePolicy", Shape::Text),
        ("securityContext", Shape::Ref(&CONTAINER_SECURITY)),
        ("stdin", Shape::Switch),
        ("stdinOnce", Shape::Switch),
        ("tty", Shape::Switch),
    ]),
    |cx, value| {
        if value.is_object() && value.get("image").is_none() {
            cx.refuse(Rule::Image, "has no image", "name one");
        }
    },
);

static CONTAINER_PORT: Shape = Shape::Fields(&[
    ("name", Shape::Text),
    ("containerPort", Shape::Count),
    ("protocol", Shape::Text),
    ("hostPort", Shape::Never(Rule::HostAccess, PORT, "remove it")),
    ("hostIP", Shape::Never(Rule::HostAccess, PORT, "remove it")),
]);

static ENV: Shape = Shape::Fields(&[
    ("name", Shape::Text),
    ("value", Shape::Text),
    (
        "valueFrom",
        Shape::Fields(&[
            ("fieldRef", Shape::Any),
            ("resourceFieldRef", Shape::Any),
            (
                "configMapKeyRef",
                Shape::Fields(&[("name", Shape::Text), ("key", Shape::Text), ("optional", Shape::Switch)]),
            ),
            (
                "secretKeyRef",
                Shape::Fields(&[
                    ("name", Shape::And(&Shape::Text, not_of_platform)),
                    ("key", Shape::Text),
                    ("optional", Shape::Switch),
                ]),
            ),
        ]),
    ),
]);

static ENV_FROM: Shape = Shape::Fields(&[
    ("prefix", Shape::Text),
    ("configMapRef", Shape::Fields(&[("name", Shape::Text), ("optional", Shape::Switch)])),
    ("secretRef", Shape::Fields(&[("name", Shape::And(&Shape::Text, not_of_platform)), ("optional", Shape::Switch)])),
]);

static MOUNT: Shape = Shape::Fields(&[
    ("name", Shape::Text),
    ("mountPath", Shape::Text),
    ("subPath", Shape::Text),
    ("subPathExpr", Shape::Text),
    ("readOnly", Shape::Switch),
    ("recursiveReadOnly", Shape::Text),
    ("mountPropagation", Shape::OneOf(Rule::HostAccess, &["None"])),
]);

static PROBE_SHAPE: Shape = Shape::Fields(&[
    ("exec", Shape::Fields(&[("command", Shape::List(&Shape::Text))])),
    (
        "httpGet",
        Shape::Fields(&[
            ("path", Shape::Text),
            ("port", Shape::CountOrText),
            ("scheme", Shape::Text),
            ("httpHeaders", Shape::Any),
            ("host", Shape::Never(Rule::HostAccess, PROBE, "remove it")),
        ]),
    ),
    (
        "tcpSocket",
        Shape::Fields(&[("port", Shape::CountOrText), ("host", Shape::Never(Rule::HostAccess, PROBE, "remove it"))]),
    ),
    ("grpc", Shape::Fields(&[("port", Shape::Count), ("service", Shape::Text)])),
    ("sleep", Shape::Fields(&[("seconds", Shape::Count)])),
    ("initialDelaySeconds", Shape::Count),
    ("periodSeconds", Shape::Count),
    ("timeoutSeconds", Shape::Count),
    ("successThreshold", Shape::Count),
    ("failureThreshold", Shape::Count),
    ("terminationGracePeriodSeconds", Shape::And(&Shape::Count, super::pod::grace)),
]);

pub(super) static RESOURCES: Shape = Shape::Fields(&[
    ("requests", Shape::And(&Shape::Any, amounts)),
    ("limits", Shape::And(&Shape::Any, amounts)),
    ("claims", Shape::Never(Rule::Scheduling, "would claim devices", "remove it")),
]);

/// CPU, memory and scratch space, each up to its cap; no other resource.
fn amounts(cx: &mut Cx<'_>, value: &Value) {
    let Some(map) = value.as_object() else { return walk(cx, &Shape::Texts, value) };
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
            None => cx.refuse(Rule::Caps, "is a resource that previews do not get", "remove it"),
        });
    }
}

fn image(cx: &mut Cx<'_>, value: &Value) {
    let Some(text) = value.as_str() else { return };
    match text.parse::<Image>() {
        Err(error) => cx.refuse(Rule::Image, error, "write the reference in its usual form"),
        Ok(image) if !cx.preview.policy.registries.hold(&image.name) => {
            let known = match &cx.preview.policy.registries {
                crate::policy::Registries::Any => String::new(),
                crate::policy::Registries::Listed(list) => {
                    list.iter().map(|registry| format!("`{registry}`")).collect::<Vec<_>>().join(", ")
                }
            };
            let message = format!("is `{image}`, which lies in none of the policy's registries: {known}");
            cx.refuse(Rule::Image, message, "push the image there, or replace it with the parameter `images`");
        }
        Ok(_) => {}
    }
}
