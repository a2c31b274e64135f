//! The policy, on the output: every object is of an allowed kind, and every field of it is known and allowed.
//!
//! These are lists of what is allowed. A field that is not listed is refused, so that a field of a newer Kubernetes, or
//! one in another case, never slips through.

mod config;
mod container;
mod metadata;
mod pod;
mod route;
mod security;
mod service;
mod shape;
mod storage;
mod workload;

use std::collections::BTreeSet;

use serde_json::Value;

use self::shape::{ValueShape, walk};
use crate::application::Preview;
use crate::kind::{SourceKind, forbidden_reason};
use crate::manifest::Manifest;
use crate::node::PathStep;
use crate::refusal::{Refusal, RefusalRule};
use crate::transform::Hosts;

/// What the checks of one object know.
pub(crate) struct CheckContext<'a> {
    pub(crate) preview: &'a Preview<'a>,
    pub(crate) hosts: &'a Hosts,
    /// The service accounts that the source defines.
    accounts: &'a BTreeSet<String>,
    manifest: &'a Manifest,
    path: Vec<PathStep>,
    refusals: Vec<Refusal>,
}

/// Refusals of one object, and of all together, after which nobody reads on.
const MOST_OF_ONE: usize = 100;
const MOST_REFUSALS: usize = 1000;

/// Checks all objects of a source.
pub(crate) fn check(preview: &Preview<'_>, hosts: &Hosts, manifests: &[Manifest]) -> Vec<Refusal> {
    let accounts = manifests.iter().filter(|manifest| manifest.kind() == "ServiceAccount");
    let accounts: BTreeSet<String> = accounts.map(|account| account.name().to_owned()).collect();
    let one = |manifest| {
        let mut cx =
            CheckContext { preview, hosts, accounts: &accounts, manifest, path: Vec::new(), refusals: Vec::new() };
        object(&mut cx);
        cx.refusals
    };
    let mut refusals = Vec::new();
    for manifest in manifests {
        refusals.extend(one(manifest));
        if refusals.len() >= MOST_REFUSALS {
            let message = format!("there are more than {MOST_REFUSALS} refusals; what comes behind is not looked at");
            refusals.push(manifest.refuse(&[], RefusalRule::Caps, message, "correct these first"));
            break;
        }
    }
    refusals
}

fn object(cx: &mut CheckContext<'_>) {
    let (manifest, group, kind) = (cx.manifest, cx.manifest.group(), cx.manifest.kind());
    if let Some(reason) = forbidden_reason(group, kind) {
        cx.refuse(
            RefusalRule::Kind,
            format!("`{kind}` of `{}` is never allowed: {reason}", manifest.api_version()),
            "remove it",
        );
        return;
    }
    let allowed = SourceKind::of(group, kind).filter(|kind| cx.preview.policy.kinds.contains(kind));
    let Some(source_kind) = allowed else {
        let known: Vec<_> = cx.preview.policy.kinds.iter().map(ToString::to_string).collect();
        let message = format!("`{kind}` of `{}` is not allowed", manifest.api_version());
        cx.refuse(RefusalRule::Kind, message, format!("remove it, or use one of: {}", known.join(", ")));
        return;
    };
    if let Some(version) = source_kind.api_version().filter(|version| version != manifest.api_version()) {
        let message = format!("`{kind}` of `{}` is not read", manifest.api_version());
        cx.refuse(RefusalRule::Kind, message, format!("write `apiVersion: {version}`"));
        return;
    }
    metadata::object(cx, &source_kind);
    walk(cx, shape_of(&source_kind), &manifest.content);
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

/// A kind that only the platform knows. A list at its top would be taken apart by Argo CD, and pods inside of it keep
/// the rules of pods.
static OTHER: ValueShape = ValueShape::And(&ValueShape::Any, |cx, value| {
    if value.get("items").is_some() {
        cx.at("items", |cx| cx.refuse(RefusalRule::Kind, "makes a list of this object", "remove it"));
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

impl CheckContext<'_> {
    /// Refuses the part that is being looked at.
    fn refuse(&mut self, rule: RefusalRule, message: impl std::fmt::Display, remedy: impl std::fmt::Display) {
        // One object with a million wrong fields is one wrong object.
        if self.refusals.len() >= MOST_OF_ONE {
            return;
        }
        let refusal = self.manifest.refuse(&self.path, rule, message, remedy);
        self.refusals.push(refusal);
    }

    /// Looks at the value of a key.
    fn at(&mut self, key: &str, look: impl FnOnce(&mut Self)) {
        self.path.push(PathStep::Key(key.to_owned()));
        look(self);
        self.path.pop();
    }

    /// Looks at an item of a list.
    fn item(&mut self, item: usize, look: impl FnOnce(&mut Self)) {
        self.path.push(PathStep::Item(item));
        look(self);
        self.path.pop();
    }

    /// The namespace of the environment.
    fn namespace(&self) -> &str {
        self.preview.name().as_str()
    }

    fn wrong_type(&mut self, expected: &str) {
        let value = self.path.iter().try_fold(&self.manifest.content, |value, step| match step {
            PathStep::Key(key) => value.get(key),
            PathStep::Item(item) => value.get(item),
        });
        let got = match value {
            None | Some(Value::Null) => "nothing",
            Some(Value::Bool(_)) => "true or false",
            Some(Value::Number(_)) => "a number",
            Some(Value::String(_)) => "a text",
            Some(Value::Array(_)) => "a list",
            Some(Value::Object(_)) => "a map",
        };
        let remedy = if expected == "a text" { "put the value in quotes" } else { "correct the value" };
        self.refuse(RefusalRule::Field, format!("must be {expected}, and is {got}"), remedy);
    }
}

/// Refuses the name of a Secret that the platform put into the namespace for itself.
fn not_of_platform(cx: &mut CheckContext<'_>, value: &Value) {
    let Some(name) = value.as_str() else { return };
    let policy = cx.preview.policy;
    let platform = [&policy.image_pull_secret, &policy.ingress.tls_secret];
    if platform.into_iter().flatten().any(|secret| secret.as_str() == name) {
        let message = format!("is `{name}`, a Secret of the platform that no container may read");
        cx.refuse(RefusalRule::Secret, message, "use a Secret of this environment");
    }
}
