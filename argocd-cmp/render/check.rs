//! Check of the transformed objects against the policy: every object has an allowed kind, and every field is allowed.
//!
//! The checks are lists of allowed fields. Fields that are not listed are refused, so that new fields of Kubernetes and
//! fields in another case are never accepted unchecked.

mod config;
mod container;
mod context;
mod metadata;
mod pod;
mod route;
mod security;
mod service;
mod shape;
mod storage;
mod workload;

use serde_json::Value;

use self::context::{CheckContext, ReferableNames};
use self::shape::{ValueShape, drop_empty, walk};
use crate::application::Preview;
use crate::kind::{SourceKind, forbidden_reason};
use crate::manifest::Manifest;
use crate::policy::{KindPattern, NarrowClass};
use crate::refusal::{Refusal, RefusalRule};
use crate::transform::Hosts;

/// Number of refusals of all objects after which the check stops.
const MAX_REFUSALS: usize = 1000;

/// Checks all transformed objects of a source.
pub(crate) fn check(preview: &Preview<'_>, hosts: &Hosts, manifests: &[Manifest]) -> Vec<Refusal> {
    let names = ReferableNames::of(preview, manifests);
    let mut refusals = Vec::new();
    for manifest in manifests {
        let mut cx = CheckContext::new(preview, hosts, &names, manifest);
        check_object(&mut cx);
        refusals.extend(cx.into_refusals());
        if refusals.len() >= MAX_REFUSALS {
            let message = format!("more than {MAX_REFUSALS} refusals; the remaining objects are not checked");
            refusals.push(manifest.refuse(&[], RefusalRule::Caps, message, "correct the other refusals first"));
            break;
        }
    }
    refusals
}

/// Removes forbidden fields with empty values, such as `priorityClassName: ""`.
pub(crate) fn drop_empty_fields(manifests: &mut [Manifest]) {
    for manifest in manifests {
        if let Some(kind) = SourceKind::of(manifest.group(), manifest.kind()) {
            drop_empty(shape_of(&kind), &mut manifest.content);
        }
    }
}

fn check_object(cx: &mut CheckContext<'_>) {
    let (manifest, group, kind) = (cx.manifest, cx.manifest.group(), cx.manifest.kind());
    if let Some(reason) = forbidden_reason(group, kind) {
        let message = format!("`{kind}` of `{}` is never allowed: {reason}", manifest.api_version());
        let remedy = format!("remove the object{}", platform_remedy(cx, false));
        cx.refuse(RefusalRule::Kind, message, remedy);
        return;
    }
    let is_allowed = |kind: &SourceKind| cx.preview.policy.kinds.contains(kind);
    // An object of an old API group has the kind of a supported one.
    let Some(source_kind) = SourceKind::of(group, kind).or_else(|| SourceKind::named(kind)).filter(is_allowed) else {
        let known: Vec<_> = cx.preview.policy.kinds.iter().map(ToString::to_string).collect();
        let message = format!("`{kind}` of `{}` is not allowed", manifest.api_version());
        let is_own = matches!(SourceKind::of(group, kind), Some(SourceKind::Other { .. }));
        let remedy = match platform_remedy(cx, is_own) {
            remedy if is_own && !remedy.is_empty() => format!("remove the object{remedy}"),
            remedy => format!("remove the object, or use an allowed kind: {}{remedy}", known.join(", ")),
        };
        cx.refuse(RefusalRule::Kind, message, remedy);
        return;
    };
    if let Some(version) = source_kind.api_version().filter(|version| version != manifest.api_version()) {
        let message = format!("unsupported API version `{}` of `{kind}`", manifest.api_version());
        cx.refuse(RefusalRule::Kind, message, format!("write `apiVersion: {version}`"));
        return;
    }
    metadata::check(cx, &source_kind);
    walk(cx, shape_of(&source_kind), &manifest.content);
}

/// Keys of the policy with which the platform can leave out the object, or allow its kind; empty if there are none.
fn platform_remedy(cx: &CheckContext<'_>, can_be_allowed: bool) -> String {
    let (group, kind) = (cx.manifest.group(), cx.manifest.kind());
    let pattern = format!("{group}/{kind}");
    let can_be_dropped =
        cx.preview.policy.narrow.contains(&NarrowClass::Kinds) && pattern.parse::<KindPattern>().is_ok();
    if group.is_empty() || !can_be_dropped {
        return String::new();
    }
    let allowed = if can_be_allowed { ", or to `kinds` to allow it" } else { "" };
    format!(", or have the platform add `{pattern}` to `drop_kinds` of the policy to leave it out{allowed}")
}

fn shape_of(kind: &SourceKind) -> &'static ValueShape {
    match kind {
        SourceKind::ServiceAccount => &config::SERVICE_ACCOUNT,
        SourceKind::ConfigMap => &config::CONFIG_MAP,
        SourceKind::Secret => &config::SECRET,
        SourceKind::PersistentVolumeClaim => &storage::CLAIM_OBJECT,
        SourceKind::Service => &service::SERVICE,
        SourceKind::Deployment => &workload::DEPLOYMENT,
        SourceKind::StatefulSet => &workload::STATEFUL_SET,
        SourceKind::Job => &workload::JOB,
        SourceKind::CronJob => &workload::CRON_JOB,
        SourceKind::Ingress => &route::INGRESS,
        SourceKind::HttpRoute => &route::HTTP_ROUTE,
        SourceKind::Other { .. } => &OTHER,
    }
}

/// A kind of the platform's own API group. Argo CD would split an object with `items`, and embedded pods keep the rules
/// of pods.
static OTHER: ValueShape = ValueShape::And(&ValueShape::Any, |cx, value| {
    if value.get("items").is_some() {
        cx.at("items", |cx| cx.refuse(RefusalRule::Kind, "turns the object into a list", "remove the field"));
    }
    nested_pods(cx, value);
});

fn nested_pods(cx: &mut CheckContext<'_>, value: &Value) {
    match value {
        Value::Array(items) => {
            for (at, item) in items.iter().enumerate() {
                cx.item(at, |cx| nested_pods(cx, item));
            }
        }
        Value::Object(map) if map.get("containers").is_some_and(Value::is_array) => walk(cx, &pod::POD, value),
        Value::Object(map) => {
            for (key, value) in map {
                cx.at(key, |cx| nested_pods(cx, value));
            }
        }
        _ => {}
    }
}
