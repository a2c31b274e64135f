//! Renders with more than their build.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::widened;

/// A Deployment whose pods have fields in addition to their container.
fn deployment(pod: &Value, container: &Value) -> Value {
    let mut spec = json!({ "automountServiceAccountToken": false });
    let mut only = json!({ "name": "web", "image": "nginx:1" });
    for (into, more) in [(&mut spec, pod), (&mut only, container)] {
        into.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    }
    spec["containers"] = json!([only]);
    json!({
        "apiVersion": "apps/v1", "kind": "Deployment", "metadata": { "name": "web" },
        "spec": { "template": { "metadata": {}, "spec": spec } },
    })
}

fn found(built: &Value, rendered: &Value) -> Vec<String> {
    widened(std::slice::from_ref(built), std::slice::from_ref(rendered), &BTreeSet::new())
}

#[test]
fn equal_and_smaller_renders_are_accepted() {
    let plain = deployment(&json!({}), &json!({}));
    let tolerant = json!({ "tolerations": [{}], "nodeSelector": { "gpu": "yes" }, "volumes": [] });
    assert!(found(&deployment(&tolerant, &json!({ "env": null })), &plain).is_empty());
    let service = |spec: Value| json!({ "kind": "Service", "metadata": { "name": "web" }, "spec": spec });
    let built = service(json!({ "type": "NodePort", "ports": [{ "port": 80, "nodePort": 30080 }] }));
    assert!(found(&built, &service(json!({ "type": "ClusterIP", "ports": [{ "port": 80 }] }))).is_empty());
    assert_eq!(found(&built, &built).len(), 2, "the type and the port of the node");
}

#[test]
fn requests_that_no_preview_gets_are_found() {
    let plain = (json!({}), json!({}));
    let pods = [
        json!({ "hostNetwork": true }),
        json!({ "tolerations": [{}] }),
        json!({ "automountServiceAccountToken": true }),
        json!({ "volumes": [{ "name": "v", "hostPath": { "path": "/" } }] }),
        json!({ "affinity": { "nodeAffinity": { "x": 1 } } }),
    ];
    let containers = [
        json!({ "securityContext": { "privileged": true } }),
        json!({ "securityContext": { "capabilities": { "add": ["NET_ADMIN"] } } }),
        json!({ "ports": [{ "containerPort": 80, "hostPort": 80 }] }),
        json!({ "image": "evil.example/web:1" }),
    ];
    let all = pods.map(|pod| deployment(&pod, &plain.1)).into_iter();
    for hostile in all.chain(containers.map(|container| deployment(&plain.0, &container))) {
        assert_eq!(found(&hostile, &hostile).len(), 1, "{hostile}: {:?}", found(&hostile, &hostile));
    }
    let role = json!({ "kind": "ClusterRole", "metadata": { "name": "x" } });
    assert_eq!(found(&role, &role), ["ClusterRole/x: is of a kind that is not allowed"]);
}

#[test]
fn objects_and_parts_that_the_source_does_not_have_are_found() {
    let plain = deployment(&json!({}), &json!({}));
    let other = deployment(&json!({}), &json!({ "command": ["sh"] }));
    assert!(found(&plain, &other)[0].starts_with("Deployment/web: containers is "));
    let more = widened(&[], std::slice::from_ref(&plain), &BTreeSet::new());
    assert_eq!(more, ["Deployment/web: is not in the build"]);
    let own = BTreeSet::from(["Deployment/web".to_owned()]);
    assert!(widened(&[], &[plain], &own).is_empty(), "an object of EoD");
}
