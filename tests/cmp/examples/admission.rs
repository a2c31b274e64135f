//! Admission policies of the example: every rule refuses with its message and accepts valid objects.

use eod_testkit::cluster::{Cluster, PATIENCE};
use eod_testkit::wait::wait_until;
use serde_json::{Value, json};

use super::{text, with};

/// The three policies, bound to some namespaces and deleted on drop.
///
/// Unchanged, they would apply to every environment of the cluster, including those of other tests.
pub(super) struct Rules {
    cluster: &'static Cluster,
    prefix: String,
}

const NAMES: [&str; 3] = ["namespaces", "services", "images"];

impl Rules {
    #[track_caller]
    pub(super) fn begin(cluster: &'static Cluster, namespaces: &[&str]) -> Self {
        let prefix = cluster.installation("rules");
        let only = json!({ "namespaceSelector": { "matchExpressions": [
            { "key": "kubernetes.io/metadata.name", "operator": "In", "values": namespaces },
        ] } });
        let mut yaml = text("admission.yaml");
        for name in NAMES {
            let own = format!("{prefix}-{name}");
            yaml = with(&yaml, &format!("  name: eod-{name}\n"), &format!("  name: {own}\n"));
            yaml = with(&yaml, &format!("  policyName: eod-{name}\n"), &format!("  policyName: {own}\n"));
        }
        let actions = "  validationActions: [Deny]\n";
        yaml = with(&yaml, actions, &format!("{actions}  matchResources: {only}\n"));
        cluster.apply(&yaml);
        let rules = Self { cluster, prefix };
        rules.expect_no_warnings();
        rules
    }

    /// Waits until the server has type-checked the expressions.
    #[track_caller]
    fn expect_no_warnings(&self) {
        for name in NAMES {
            let group = "/apis/admissionregistration.k8s.io/v1";
            let path = format!("{group}/validatingadmissionpolicies/{}-{name}", self.prefix);
            wait_until(&format!("{name} to be checked"), PATIENCE, || {
                let status = self.cluster.read(&path).unwrap()["status"].clone();
                if status["observedGeneration"].is_null() { Err(status.to_string()) } else { Ok(()) }
            });
            let checked = &self.cluster.read(&path).unwrap()["status"]["typeChecking"];
            assert!(checked["expressionWarnings"].is_null(), "{name}: {checked}");
        }
    }
}

impl Drop for Rules {
    fn drop(&mut self) {
        for kind in ["validatingadmissionpolicybinding", "validatingadmissionpolicy"] {
            for name in NAMES {
                let name = format!("{}-{name}", self.prefix);
                drop(self.cluster.try_kubectl(&["delete", kind, &name, "--ignore-not-found", "--wait=false"]));
            }
        }
    }
}

#[test]
fn policies_are_accepted_unchanged() {
    let cluster = Cluster::shared();
    let file = super::folder().join("admission.yaml").display().to_string();
    let said = cluster.kubectl(&["apply", "--dry-run=server", "-f", &file]);
    assert_eq!(said.lines().count(), 2 * NAMES.len(), "{said}");
    // Same registries and same stable namespace as the policy of the plugin.
    let policy = super::documents(&text("policy.yaml")).remove(0);
    let project = policy.get("projects").unwrap().get("previews").unwrap();
    let items = |key: &str| match &project.get(key).unwrap().content {
        eod_render::Content::List(items) => {
            items.iter().map(|item| item.text().unwrap().to_owned()).collect::<Vec<_>>()
        }
        other => panic!("{key}: {other:?}"),
    };
    let rules = text("admission.yaml");
    assert!(rules.contains(&format!("['{}']", items("registries").join("', '"))));
    for service in items("stable_services") {
        let (namespace, _) = service.split_once('/').unwrap();
        assert!(rules.contains(&format!("[.]{namespace}[.]svc")), "{service}");
    }
}

/// An environment and an ordinary namespace.
struct Ground {
    cluster: &'static Cluster,
    environment: String,
    _rules: Rules,
}

impl Ground {
    #[track_caller]
    fn prepare() -> Self {
        let cluster = Cluster::shared();
        let environment = cluster.installation("pr-1");
        let labels = json!({
            "app.kubernetes.io/managed-by": "eod", "app.kubernetes.io/name": "preview",
            "app.kubernetes.io/instance": environment, "environment.on-demand/env": environment,
            "environment.on-demand/installation": "acme", "environment.on-demand/ttl": "4h",
            "pod-security.kubernetes.io/enforce": "baseline", "pod-security.kubernetes.io/enforce-version": "latest",
        });
        let annotations = json!({ "environment.on-demand/identity": "github.com/acme/shop#1" });
        let metadata = json!({ "name": environment, "labels": labels, "annotations": annotations });
        cluster.apply(&json!({ "apiVersion": "v1", "kind": "Namespace", "metadata": metadata }).to_string());
        let rules = Rules::begin(cluster, &[&environment]);
        let ground = Self { cluster, environment, _rules: rules };
        // A new policy is active shortly after its creation.
        for (kind, object) in [("services", service(&json!({ "type": "NodePort" }))), ("pods", pod("docker.io/a"))] {
            wait_until("the rules to be active", PATIENCE, || match ground.create(kind, &object) {
                (422, _) => Ok(()),
                (status, answer) => {
                    ground.cluster.call("DELETE", &ground.path(kind, "a"), None);
                    Err(format!("{status} {answer}"))
                }
            });
        }
        wait_until("the rule for namespaces to be active", PATIENCE, || {
            match ground.relabel("environment.on-demand/env", &json!("probe")) {
                (422, _) => Ok(()),
                other => Err(format!("{other:?}")),
            }
        });
        ground
    }

    fn path(&self, kind: &str, name: &str) -> String {
        let group = match kind {
            "pods" | "services" => "api/v1",
            "jobs" | "cronjobs" => "apis/batch/v1",
            _ => "apis/apps/v1",
        };
        format!("/{group}/namespaces/{}/{kind}/{name}", self.environment)
    }

    #[track_caller]
    fn create(&self, kind: &str, object: &Value) -> (u16, Value) {
        let path = self.path(kind, "");
        self.cluster.call("POST", path.trim_end_matches('/'), Some(object))
    }

    #[track_caller]
    fn relabel(&self, key: &str, value: &Value) -> (u16, Value) {
        self.patch(&json!({ "metadata": { "labels": { key: value } } }))
    }

    #[track_caller]
    fn patch(&self, patch: &Value) -> (u16, Value) {
        self.cluster.call("PATCH", &format!("/api/v1/namespaces/{}", self.environment), Some(patch))
    }
}

impl Drop for Ground {
    fn drop(&mut self) {
        drop(self.cluster.try_kubectl(&["delete", "namespace", &self.environment, "--wait=false"]));
    }
}

/// Expects a refusal with these words.
#[track_caller]
fn refused((status, answer): (u16, Value), words: &[&str]) {
    let message = answer["message"].as_str().unwrap_or_default();
    assert_eq!(status, 422, "{answer}");
    for word in words {
        assert!(message.contains(word), "expected `{word}` in `{message}`");
    }
}

#[track_caller]
fn accepted((status, answer): (u16, Value)) {
    assert!((200..300).contains(&status), "{status} {answer}");
}

fn service(spec: &Value) -> Value {
    let mut object = json!({ "apiVersion": "v1", "kind": "Service", "metadata": { "name": "a" },
        "spec": { "selector": { "app": "a" }, "ports": [{ "port": 80 }] } });
    for (key, value) in spec.as_object().unwrap() {
        object["spec"][key] = value.clone();
    }
    object
}

fn pod(image: &str) -> Value {
    json!({ "apiVersion": "v1", "kind": "Pod", "metadata": { "name": "a" },
        "spec": { "containers": [{ "name": "a", "image": image }] } })
}

const OURS: &str = "registry.acme.internal/shop:1";
const THEIRS: &str = "docker.io/mallory/miner:1";

#[test]
fn ownership_labels_are_immutable() {
    let ground = Ground::prepare();
    for (key, value) in [
        ("app.kubernetes.io/managed-by", json!(null)),
        ("app.kubernetes.io/managed-by", json!("helm")),
        ("app.kubernetes.io/name", json!("shop")),
        ("app.kubernetes.io/instance", json!("other")),
        ("environment.on-demand/env", json!("other")),
        ("environment.on-demand/installation", json!(null)),
    ] {
        refused(ground.relabel(key, &value), &[&ground.environment, key, "are ownership labels and cannot be changed"]);
    }
    let identity = json!({ "environment.on-demand/identity": "github.com/acme/shop#2" });
    refused(
        ground.patch(&json!({ "metadata": { "annotations": identity } })),
        &["environment.on-demand/identity", "identify the pull request and cannot be changed"],
    );
    for (key, value, words) in [
        ("enforce", json!("privileged"), "Pod Security level baseline must not be changed to privileged"),
        ("enforce", json!(null), "Pod Security level baseline must not be changed to privileged"),
        ("enforce-version", json!("v1.20"), "version must be latest, got v1.20"),
    ] {
        refused(ground.relabel(&format!("pod-security.kubernetes.io/{key}"), &value), &[words]);
    }
    for (key, value) in [
        ("environment.on-demand/ttl", json!("24h")),
        ("environment.on-demand/owner", json!("alice")),
        ("team", json!("checkout")),
        ("pod-security.kubernetes.io/enforce", json!("restricted")),
    ] {
        accepted(ground.relabel(key, &value));
    }
    refused(
        ground.relabel("pod-security.kubernetes.io/enforce", &json!("baseline")),
        &["Pod Security level restricted must not be changed to baseline"],
    );
}

#[test]
fn services_cannot_bypass_the_gateway() {
    let ground = Ground::prepare();
    for (spec, words) in [
        (json!({ "type": "LoadBalancer" }), "type LoadBalancer bypasses the gateway"),
        (json!({ "type": "NodePort" }), "type NodePort bypasses the gateway"),
        (json!({ "externalIPs": ["203.0.113.7"] }), "externalIPs can redirect the traffic of other addresses"),
        (json!({ "type": "ExternalName", "externalName": "mallory.example" }), "got mallory.example"),
        (
            json!({ "type": "ExternalName", "externalName": "a.stable.svc.cluster.local.mallory.example" }),
            "externalName must be a service in the namespace stable",
        ),
        (json!({ "type": "ExternalName", "externalName": "a.shop-pr-2.svc.cluster.local" }), "got a.shop-pr-2"),
    ] {
        refused(ground.create("services", &service(&spec)), &["service a: ", words]);
    }
    accepted(ground.create("services", &service(&json!({}))));
    // An update is checked like a creation.
    let patch = json!({ "spec": { "type": "NodePort" } });
    refused(ground.cluster.call("PATCH", &ground.path("services", "a"), Some(&patch)), &["bypasses the gateway"]);
    let mut stable = service(&json!({ "type": "ExternalName", "externalName": "payments.stable.svc.cluster.local" }));
    stable["metadata"]["name"] = json!("payments");
    accepted(ground.create("services", &stable));
}

#[test]
fn images_must_come_from_the_registries() {
    let ground = Ground::prepare();
    let template = |image: &str| {
        let metadata = json!({ "labels": { "app": "a" } });
        json!({ "metadata": metadata, "spec": { "restartPolicy": "Always", "containers": [{ "name": "a", "image": image }] } })
    };
    let workload = |kind: &str, image: &str| {
        let selector = json!({ "matchLabels": { "app": "a" } });
        let mut job = template(image);
        job["spec"]["restartPolicy"] = json!("Never");
        let (group, spec) = match kind {
            "Job" => ("batch", json!({ "template": job })),
            "CronJob" => ("batch", json!({ "schedule": "0 0 * * *", "jobTemplate": { "spec": { "template": job } } })),
            "StatefulSet" => ("apps", json!({ "serviceName": "a", "selector": selector, "template": template(image) })),
            _ => ("apps", json!({ "selector": selector, "template": template(image) })),
        };
        json!({ "apiVersion": format!("{group}/v1"), "kind": kind, "metadata": { "name": "a" }, "spec": spec })
    };
    let foreign = format!("images must come from registry.acme.internal/, not {THEIRS}");
    for (kind, plural) in [
        ("DaemonSet", "daemonsets"),
        ("Deployment", "deployments"),
        ("ReplicaSet", "replicasets"),
        ("StatefulSet", "statefulsets"),
        ("Job", "jobs"),
        ("CronJob", "cronjobs"),
    ] {
        refused(ground.create(plural, &workload(kind, THEIRS)), &[&format!("{kind} a: {foreign}")]);
        accepted(ground.create(plural, &workload(kind, OURS)));
    }
    refused(ground.create("pods", &pod(THEIRS)), &[&format!("Pod a: {foreign}")]);
    // A host that only begins like the registry's host.
    refused(ground.create("pods", &pod("registry.acme.internal.mallory.example/a")), &["Pod a: images must come from"]);
    let mut prepared = pod(OURS);
    prepared["spec"]["initContainers"] = json!([{ "name": "b", "image": THEIRS }]);
    refused(ground.create("pods", &prepared), &[&foreign]);
    accepted(ground.create("pods", &pod(OURS)));
    let debugger = json!({ "spec": { "ephemeralContainers": [{ "name": "c", "image": THEIRS }] } });
    let path = ground.path("pods", "a/ephemeralcontainers");
    refused(ground.cluster.call("PATCH", &path, Some(&debugger)), &[&foreign]);
}
