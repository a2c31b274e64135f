//! Names, labels and annotations.
//!
//! Keys with a domain switch things on: cloud identities, DNS names, injectors, Argo CD's own options. So only domains
//! that are known to do nothing are allowed, and those that the platform lists.

use serde_json::Value;

use super::CheckContext;
use super::shape::ValueShape;
use crate::kind::SourceKind;
use crate::refusal::RefusalRule;
use crate::transform::{DELETE_POLICY, HOOK, WAVE};

/// Keys without a domain that switch something on all the same.
const SWITCHES: [&str; 1] = ["istio-injection"];
/// Phases a hook may run in.
const PHASES: [&str; 3] = ["Sync", "PostSync", "SyncFail"];
const DELETE_POLICIES: [&str; 3] = ["BeforeHookCreation", "HookSucceeded", "HookFailed"];
/// Waves behind the guards, which have wave -20.
const WAVES: std::ops::RangeInclusive<i64> = -19..=100;

/// Where metadata stands.
#[derive(Clone, Copy, Eq, PartialEq)]
enum Of {
    /// An object.
    Object,
    /// A template of pods, jobs or claims.
    Template,
}

/// The metadata of a template.
pub(super) static TEMPLATE: ValueShape =
    ValueShape::And(&ValueShape::Any, |cx, value| metadata(cx, value, Of::Template));

/// The metadata of the object.
pub(super) fn object(cx: &mut CheckContext<'_>, kind: &SourceKind) {
    let manifest = cx.manifest;
    let value = manifest.content.get("metadata").unwrap_or(&Value::Null);
    cx.at("metadata", |cx| {
        metadata(cx, value, Of::Object);
        cx.at("name", |cx| name(cx, kind, value.get("name")));
    });
}

fn metadata(cx: &mut CheckContext<'_>, value: &Value, of: Of) {
    let Some(map) = value.as_object() else { return cx.wrong_type("a map") };
    for (key, value) in map {
        cx.at(key, |cx| match key.as_str() {
            "name" => {}
            "namespace" if of == Of::Object => {
                if value.as_str() != Some(cx.namespace()) {
                    cx.refuse(RefusalRule::Metadata, "is another namespace", "remove it");
                }
            }
            "labels" => labels(cx, value),
            "annotations" => annotations(cx, value, of),
            "finalizers" => {
                cx.refuse(RefusalRule::Metadata, "would keep the object when the environment ends", "remove it")
            }
            "ownerReferences" => cx.refuse(RefusalRule::Metadata, "would tie the object to another one", "remove it"),
            "generateName" => cx.refuse(RefusalRule::Metadata, "makes another object at every sync", "use `name`"),
            _ => cx.refuse(RefusalRule::Metadata, "is set by the cluster", "remove it"),
        });
    }
}

/// The name of the object: a DNS name, and none that somebody else owns.
fn name(cx: &mut CheckContext<'_>, kind: &SourceKind, value: Option<&Value>) {
    let Some(name) = value.and_then(Value::as_str) else {
        return cx.refuse(RefusalRule::Name, "must be a text", "give the object a name");
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
        cx.refuse(RefusalRule::Name, format!("is `{name}`, which belongs to the platform"), "choose another name");
    }
}

fn labels(cx: &mut CheckContext<'_>, value: &Value) {
    let Some(map) = value.as_object() else { return cx.wrong_type("a map") };
    for (key, value) in map {
        cx.at(key, |cx| {
            let Some(text) = value.as_str() else { return cx.wrong_type("a text") };
            if text.parse::<eod_domain::LabelValue>().is_err() {
                let message = format!("is `{text}`, which is no label value");
                cx.refuse(RefusalRule::Metadata, message, "use up to 63 letters, digits, `-`, `_` and `.`");
            }
            // Ours and the platform's are labels that are put there, with the values they have there.
            let is_ours = cx.preview.labels.get(key).is_some_and(|label| label == text);
            if !is_ours {
                check_key(cx, key);
            }
        });
    }
}

fn annotations(cx: &mut CheckContext<'_>, value: &Value, of: Of) {
    let Some(map) = value.as_object() else { return cx.wrong_type("a map") };
    for (key, value) in map {
        cx.at(key, |cx| {
            let Some(text) = value.as_str() else { return cx.wrong_type("a text") };
            match key.as_str() {
                HOOK if of == Of::Object => words(cx, text, &PHASES),
                DELETE_POLICY if of == Of::Object => words(cx, text, &DELETE_POLICIES),
                WAVE if of == Of::Object => {
                    if !text.parse::<i64>().is_ok_and(|wave| WAVES.contains(&wave)) {
                        let message = format!("is `{text}`; the guards have wave -20");
                        cx.refuse(RefusalRule::Hook, message, "use a whole number from -19 to 100");
                    }
                }
                _ => check_key(cx, key),
            }
        });
    }
}

/// The words of a list, each of them allowed.
fn words(cx: &mut CheckContext<'_>, text: &str, allowed: &[&str]) {
    let wrong = text.split(',').map(str::trim).find(|word| !allowed.contains(word));
    if let Some(wrong) = wrong {
        cx.refuse(RefusalRule::Hook, format!("says `{wrong}`"), format!("use {}", allowed.join(", ")));
    }
}

/// Whether a source may set a key.
fn check_key(cx: &mut CheckContext<'_>, key: &str) {
    let is_syntax = |text: &str| !text.is_empty() && text.parse::<eod_domain::LabelValue>().is_ok();
    let (domain, name) = match key.split_once('/') {
        Some((domain, name)) => (Some(domain), name),
        None => (None, key),
    };
    if !is_syntax(name) || domain.is_some_and(|domain| domain.parse::<eod_domain::SecretName>().is_err()) {
        return cx.refuse(RefusalRule::Metadata, "is no key", "use letters, digits, `-`, `_` and `.`");
    }
    let listed = || cx.preview.policy.metadata_allow.iter().any(|prefix| key.starts_with(prefix.as_str()));
    match domain {
        None if !SWITCHES.contains(&key) => {}
        Some("app.kubernetes.io" | "checksum") => {}
        Some("helm.sh") if key == "helm.sh/chart" => {}
        Some("helm.sh") if key.starts_with("helm.sh/hook") => {
            let message = "is a hook that previews do not support, or is not on the object itself";
            cx.refuse(RefusalRule::Hook, message, "use pre-install, pre-upgrade, or Argo CD's PostSync or SyncFail");
        }
        Some("argocd.argoproj.io") if [HOOK, DELETE_POLICY, WAVE].contains(&key) => {
            cx.refuse(RefusalRule::Hook, "stands where no hook belongs", "put it on the object itself");
        }
        _ if listed() => {}
        _ => {
            let message = "is a key whose domain may switch something on";
            let remedy = "remove it, or have the platform list its domain in `metadata_allow`";
            cx.refuse(RefusalRule::Metadata, message, remedy);
        }
    }
}
