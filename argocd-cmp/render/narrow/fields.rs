//! Narrowing of Services, ServiceAccounts and pods.

use eod_yaml::PathStep;
use serde_json::Value;

use super::narrower::{Narrower, keys, value_at, value_mut};
use crate::kind::SourceKind;
use crate::manifest::{Manifest, text};
use crate::policy::NarrowClass;
use crate::transform::{DELETE_POLICY, HOOK, WAVE};
use crate::workload::{is_empty_value, items, template_path};

/// Fields of Services of the types `LoadBalancer` and `NodePort`.
const SERVICE_FIELDS: [&str; 6] = [
    "allocateLoadBalancerNodePorts",
    "externalTrafficPolicy",
    "healthCheckNodePort",
    "loadBalancerClass",
    "loadBalancerIP",
    "loadBalancerSourceRanges",
];
/// Fields of pods that control their scheduling. `priority` and `preemptionPolicy` belong to the priority class,
/// `overhead` to the runtime class.
const SCHEDULING_FIELDS: [&str; 8] = [
    "nodeSelector",
    "overhead",
    "preemptionPolicy",
    "priority",
    "priorityClassName",
    "runtimeClassName",
    "schedulerName",
    "tolerations",
];

impl Narrower<'_> {
    pub(super) fn service(&mut self, manifest: &mut Manifest) {
        let class = NarrowClass::ServiceType;
        let written = text(&manifest.content, &["spec", "type"]).to_owned();
        if !self.has(class) || written == "ExternalName" {
            return;
        }
        let spec = keys(&["spec"]);
        if ["LoadBalancer", "NodePort"].contains(&written.as_str()) {
            self.replace(manifest, &spec, "type", class, "ClusterIP");
        }
        for field in SERVICE_FIELDS {
            self.remove(manifest, &spec, field, class);
        }
        for port in 0..items(&manifest.content, &["spec", "ports"]).len() {
            let port = [keys(&["spec", "ports"]), vec![PathStep::Item(port)]].concat();
            self.remove(manifest, &port, "nodePort", class);
        }
    }

    pub(super) fn account(&mut self, manifest: &mut Manifest) {
        self.token(manifest, &[]);
        let class = NarrowClass::Identity;
        if !self.has(class) {
            return;
        }
        self.remove(manifest, &[], "secrets", class);
        self.pull_secrets(manifest);
        let path = keys(&["metadata", "annotations"]);
        let annotations = value_at(&manifest.content, &path).and_then(Value::as_object);
        let foreign = |key: &&String| ![HOOK, DELETE_POLICY, WAVE].contains(&key.as_str());
        let foreign: Vec<String> =
            annotations.into_iter().flat_map(|map| map.keys().filter(foreign).cloned()).collect();
        for key in foreign {
            // An annotation with an empty text is a request too.
            self.remove_key(manifest, &path, &key, class);
        }
    }

    /// Removes pull secrets that are neither in the source nor that of the platform.
    fn pull_secrets(&mut self, manifest: &mut Manifest) {
        let platform = self.preview.policy.image_pull_secret.as_ref().map(ToString::to_string);
        let is_known = |secret: &Value| {
            let name = secret.get("name").and_then(Value::as_str);
            name.is_none_or(|name| self.secrets.contains(name) || platform.as_deref() == Some(name))
        };
        let (known, unknown): (Vec<Value>, Vec<Value>) =
            items(&manifest.content, &["imagePullSecrets"]).iter().cloned().partition(is_known);
        if unknown.is_empty() {
            return;
        }
        if let Some(account) = manifest.content.as_object_mut() {
            if known.is_empty() {
                account.remove("imagePullSecrets");
            } else {
                account.insert("imagePullSecrets".to_owned(), Value::Array(known));
            }
        }
        for secret in unknown {
            let change = format!("loses `{}`, which is not in the source", text(&secret, &["name"]));
            self.note(manifest, &keys(&["imagePullSecrets"]), NarrowClass::Identity, change);
        }
    }

    pub(super) fn pod(&mut self, manifest: &mut Manifest, kind: &SourceKind) {
        let Some(template) = template_path(kind) else { return };
        let pod = keys(&[template, &["spec"]].concat());
        self.token(manifest, &pod);
        let class = NarrowClass::Scheduling;
        if !self.has(class) {
            return;
        }
        for field in SCHEDULING_FIELDS {
            self.remove(manifest, &pod, field, class);
        }
        let affinity = [pod.clone(), keys(&["affinity"])].concat();
        self.remove(manifest, &affinity, "nodeAffinity", class);
        if value_at(&manifest.content, &affinity).is_some_and(is_empty_value)
            && let Some(pod) = value_mut(&mut manifest.content, &pod).and_then(Value::as_object_mut)
        {
            pod.remove("affinity");
        }
    }

    /// Replaces `automountServiceAccountToken: true`. Values of another type are refused later.
    fn token(&mut self, manifest: &mut Manifest, parent: &[PathStep]) {
        const FIELD: &str = "automountServiceAccountToken";
        let value = value_at(&manifest.content, parent).and_then(|parent| parent.get(FIELD));
        if self.has(NarrowClass::Token) && value == Some(&Value::Bool(true)) {
            self.replace(manifest, parent, FIELD, NarrowClass::Token, false);
        }
    }
}
