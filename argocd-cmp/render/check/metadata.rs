//! Checks of names, labels and annotations.

use serde_json::Value;

use super::context::CheckContext;
use super::shape::ValueShape;
use crate::kind::SourceKind;
use crate::metadata_key::KeyClass;
use crate::policy::forbidden_domain;
use crate::refusal::RefusalRule;
use crate::transform::{DELETE_POLICY, HELM_HOOK, HOOK, REPLACE, SYNC_OPTIONS, WAVE};

/// Allowed phases of hooks.
const PHASES: [&str; 3] = ["Sync", "PostSync", "SyncFail"];
const DELETE_POLICIES: [&str; 3] = ["BeforeHookCreation", "HookSucceeded", "HookFailed"];
/// Allowed waves. The guards have wave -20.
const WAVES: std::ops::RangeInclusive<i64> = -19..=100;

/// Owner of metadata.
#[derive(Clone, Copy, Eq, PartialEq)]
enum MetadataOf {
    /// An object.
    Object,
    /// A template of pods, jobs or claims.
    Template,
}

/// Metadata of a template.
pub(super) static TEMPLATE: ValueShape =
    ValueShape::And(&ValueShape::Any, |cx, value| metadata(cx, value, MetadataOf::Template));

/// Checks the metadata of the object.
pub(super) fn check(cx: &mut CheckContext<'_>, kind: &SourceKind) {
    let manifest = cx.manifest;
    let value = manifest.content.get("metadata").unwrap_or(&Value::Null);
    cx.at("metadata", |cx| {
        metadata(cx, value, MetadataOf::Object);
        cx.at("name", |cx| name(cx, kind, value.get("name")));
    });
}

fn metadata(cx: &mut CheckContext<'_>, value: &Value, of: MetadataOf) {
    let Some(map) = value.as_object() else { return cx.wrong_type("a map") };
    for (key, value) in map {
        cx.at(key, |cx| match key.as_str() {
            "name" => {}
            "namespace" if of == MetadataOf::Object => {
                if value.as_str() != Some(cx.namespace()) {
                    cx.refuse(RefusalRule::Metadata, "is not the environment's namespace", "remove the field");
                }
            }
            "labels" => labels(cx, value),
            "annotations" => annotations(cx, value, of),
            "finalizers" => cx.refuse(
                RefusalRule::Metadata,
                "would keep the object after the end of the environment",
                "remove the field",
            ),
            "ownerReferences" => {
                cx.refuse(RefusalRule::Metadata, "would make the object depend on another object", "remove the field");
            }
            "generateName" => cx.refuse(RefusalRule::Metadata, "creates a new object at every sync", "use `name`"),
            _ => cx.refuse(RefusalRule::Metadata, "is set by the cluster", "remove the field"),
        });
    }
}

/// Checks the name of the object: a DNS name that does not belong to EoD or the platform.
fn name(cx: &mut CheckContext<'_>, kind: &SourceKind, value: Option<&Value>) {
    let Some(name) = value.and_then(Value::as_str) else {
        return cx.refuse(RefusalRule::Name, "must be a string", "add a name");
    };
    let short = *kind == SourceKind::Service;
    let error = if short {
        name.parse::<eod_domain::NamespaceName>().err()
    } else {
        name.parse::<eod_domain::SecretName>().err()
    };
    if let Some(error) = error {
        return cx.refuse(RefusalRule::Name, error, "correct the name");
    }
    let (policy, namespace) = (cx.preview.policy, cx.namespace());
    let of_platform = [&policy.image_pull_secret, &policy.ingress.tls_secret];
    let taken = match kind {
        SourceKind::ServiceAccount => name == "default",
        SourceKind::ConfigMap => name == "kube-root-ca.crt",
        SourceKind::Secret => {
            of_platform.into_iter().flatten().any(|secret| secret.as_str() == name)
                || ["config", "sensitive"].iter().any(|end| name == format!("{namespace}-{end}"))
        }
        _ => false,
    };
    if taken {
        cx.refuse(RefusalRule::Name, format!("is `{name}`, which belongs to the platform"), "use another name");
    }
}

fn labels(cx: &mut CheckContext<'_>, value: &Value) {
    let Some(map) = value.as_object() else { return cx.wrong_type("a map") };
    for (key, value) in map {
        cx.at(key, |cx| {
            let Some(text) = value.as_str() else { return cx.wrong_type("a string") };
            if text.parse::<eod_domain::LabelValue>().is_err() {
                let message = format!("is `{text}`, which is not a valid label value");
                cx.refuse(RefusalRule::Metadata, message, "use at most 63 letters, digits, `-`, `_` and `.`");
            }
            // Labels that the transform sets have keys that a source must not use.
            let is_set_by_transform = cx.preview.labels.get(key).is_some_and(|label| label == text);
            if !is_set_by_transform {
                check_key(cx, key);
            }
        });
    }
}

fn annotations(cx: &mut CheckContext<'_>, value: &Value, of: MetadataOf) {
    let Some(map) = value.as_object() else { return cx.wrong_type("a map") };
    for (key, value) in map {
        cx.at(key, |cx| {
            let Some(text) = value.as_str() else { return cx.wrong_type("a string") };
            match key.as_str() {
                HOOK if of == MetadataOf::Object => each_of(cx, text, &PHASES),
                DELETE_POLICY if of == MetadataOf::Object => each_of(cx, text, &DELETE_POLICIES),
                WAVE if of == MetadataOf::Object => {
                    if !text.parse::<i64>().is_ok_and(|wave| WAVES.contains(&wave)) {
                        let message = format!("is `{text}`; expected an integer from -19 to 100, after the guards");
                        cx.refuse(RefusalRule::Hook, message, "use a wave from -19 to 100");
                    }
                }
                // The transform sets this value on Jobs.
                SYNC_OPTIONS if of == MetadataOf::Object && cx.manifest.kind() == "Job" && text == REPLACE => {}
                _ => check_key(cx, key),
            }
        });
    }
}

/// Checks the values of a comma-separated list.
fn each_of(cx: &mut CheckContext<'_>, text: &str, allowed: &[&str]) {
    let unsupported = text.split(',').map(str::trim).find(|value| !allowed.contains(value));
    if let Some(value) = unsupported {
        cx.refuse(
            RefusalRule::Hook,
            format!("has the unsupported value `{value}`"),
            format!("use {}", allowed.join(", ")),
        );
    }
}

/// Checks if a source may set a key.
fn check_key(cx: &mut CheckContext<'_>, key: &str) {
    match KeyClass::of(cx.preview.policy, key) {
        KeyClass::Allowed => {}
        KeyClass::Invalid => {
            cx.refuse(RefusalRule::Metadata, "is not a valid key", "use letters, digits, `-`, `_` and `.`");
        }
        // Weight and deletion policy belong to the hook, which is refused itself.
        KeyClass::HelmHook if key != HELM_HOOK && cx.manifest.annotation(HELM_HOOK).is_some() => {}
        KeyClass::HelmHook => {
            let message = "is a hook that previews do not support, or is not on the object itself";
            cx.refuse(
                RefusalRule::Hook,
                message,
                "use pre-install, pre-upgrade, post-install or post-upgrade, or Argo CD's PostSync or SyncFail; a \
                 migration whose database is in the same source has to be a Sync hook of Argo CD in a wave after it",
            );
        }
        KeyClass::ArgoHook => {
            cx.refuse(RefusalRule::Hook, "is on a template", "move the annotation to the object");
        }
        KeyClass::Foreign => {
            let message = "has a domain that may control other software";
            // A remedy must be possible: a policy cannot allow these domains.
            let remedy = match forbidden_domain(key) {
                Some(_) => "remove the key",
                None => "remove the key, or have the platform add its domain to `metadata_allow` in the policy",
            };
            cx.refuse(RefusalRule::Metadata, message, remedy);
        }
    }
}
