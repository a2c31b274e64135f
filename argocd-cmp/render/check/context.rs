//! Context of the checks of one object.

use std::collections::BTreeSet;

use eod_yaml::PathStep;
use serde_json::Value;

use crate::application::Preview;
use crate::manifest::Manifest;
use crate::refusal::{Refusal, RefusalRule};
use crate::transform::Hosts;

/// Context and refusals of the checks of one object.
pub(crate) struct CheckContext<'a> {
    pub(crate) preview: &'a Preview<'a>,
    pub(crate) hosts: &'a Hosts,
    pub(super) names: &'a ReferableNames,
    pub(super) manifest: &'a Manifest,
    path: Vec<PathStep>,
    refusals: Vec<Refusal>,
}

/// Names of objects that other objects can refer to.
pub(super) struct ReferableNames {
    /// Service accounts of the source.
    pub(super) accounts: BTreeSet<String>,
    /// Secrets of the source.
    pub(super) secrets: BTreeSet<String>,
    /// Services of the environment: those of the source, and the stable ones.
    pub(super) services: BTreeSet<String>,
}

/// Number of refusals of one object after which further ones are left out.
const MAX_REFUSALS_OF_OBJECT: usize = 100;

impl ReferableNames {
    pub(super) fn of(preview: &Preview<'_>, manifests: &[Manifest]) -> Self {
        let names = |kind: &str| -> BTreeSet<String> {
            let of_kind = manifests.iter().filter(|manifest| (manifest.group(), manifest.kind()) == ("", kind));
            of_kind.map(|manifest| manifest.name().to_owned()).collect()
        };
        let mut services = names("Service");
        services.extend(preview.policy.stable_services.iter().map(|service| service.name.as_str().to_owned()));
        Self { accounts: names("ServiceAccount"), secrets: names("Secret"), services }
    }
}

impl<'a> CheckContext<'a> {
    pub(super) fn new(
        preview: &'a Preview<'a>,
        hosts: &'a Hosts,
        names: &'a ReferableNames,
        manifest: &'a Manifest,
    ) -> Self {
        Self { preview, hosts, names, manifest, path: Vec::new(), refusals: Vec::new() }
    }

    pub(super) fn into_refusals(self) -> Vec<Refusal> {
        self.refusals
    }
    /// Refuses the current value.
    pub(super) fn refuse(
        &mut self,
        rule: RefusalRule,
        message: impl std::fmt::Display,
        remedy: impl std::fmt::Display,
    ) {
        if self.refusals.len() >= MAX_REFUSALS_OF_OBJECT {
            return;
        }
        let refusal = self.manifest.refuse(&self.path, rule, message, remedy);
        self.refusals.push(refusal);
    }

    /// Checks the value of a key.
    pub(super) fn at(&mut self, key: &str, check: impl FnOnce(&mut Self)) {
        self.path.push(PathStep::Key(key.to_owned()));
        check(self);
        self.path.pop();
    }

    /// Checks an item of a list.
    pub(super) fn item(&mut self, item: usize, check: impl FnOnce(&mut Self)) {
        self.path.push(PathStep::Item(item));
        check(self);
        self.path.pop();
    }

    /// Namespace of the environment.
    pub(super) fn namespace(&self) -> &str {
        self.preview.name().as_str()
    }

    /// Refuses the current value because of its type. `expected` has an article.
    pub(super) fn wrong_type(&mut self, expected: &str) {
        let value = self.path.iter().try_fold(&self.manifest.content, |value, step| match step {
            PathStep::Key(key) => value.get(key),
            PathStep::Item(item) => value.get(item),
        });
        let got = match value {
            None | Some(Value::Null) => "null",
            Some(Value::Bool(_)) => "a boolean",
            Some(Value::Number(_)) => "a number",
            Some(Value::String(_)) => "a string",
            Some(Value::Array(_)) => "a list",
            Some(Value::Object(_)) => "a map",
        };
        let remedy = if expected == "a string" { "put the value in quotes" } else { "correct the value" };
        self.refuse(RefusalRule::Field, format!("must be {expected}, got {got}"), remedy);
    }
}

/// Refuses the name of a Secret that belongs to the platform.
pub(super) fn refuse_secret_of_platform(cx: &mut CheckContext<'_>, value: &Value) {
    let Some(name) = value.as_str() else { return };
    let policy = cx.preview.policy;
    let platform = [&policy.image_pull_secret, &policy.ingress.tls_secret];
    if platform.into_iter().flatten().any(|secret| secret.as_str() == name) {
        let message = format!("is `{name}`, a Secret of the platform, which containers must not read");
        cx.refuse(RefusalRule::Secret, message, "use a Secret of this environment");
    }
}
