//! Features of the test cluster that tests rely on.

use eod_testkit::{
    access::Access,
    cluster::{Cluster, PATIENCE},
    http::Origin,
    wait::wait_until,
};
use serde_json::json;

fn pod(namespace: &str, name: &str, cpu: &str, privileged: bool) -> String {
    json!({
        "apiVersion": "v1", "kind": "Pod",
        "metadata": { "name": name, "namespace": namespace },
        "spec": { "containers": [{
            "name": "main", "image": "example.invalid/none",
            "resources": { "requests": { "cpu": cpu }, "limits": { "cpu": cpu } },
            "securityContext": { "privileged": privileged },
        }]},
    })
    .to_string()
}

fn namespace(name: &str, labels: &serde_json::Value) -> String {
    json!({ "apiVersion": "v1", "kind": "Namespace", "metadata": { "name": name, "labels": labels } }).to_string()
}

#[test]
fn pods_are_scheduled_and_run() {
    let cluster = Cluster::shared();
    let name = cluster.installation("pods-run");
    cluster.apply(&namespace(&name, &json!({})));
    // Pods need the default service account, which is created shortly after the namespace.
    wait_until("a pod to be accepted", PATIENCE, || {
        let applied = cluster.try_apply(&pod(&name, "one", "1", false));
        if applied.code == Some(0) { Ok(()) } else { Err(applied.report()) }
    });
    wait_until("the pod to be ready", PATIENCE, || {
        let pod = cluster.get(&["pod", "one", "-n", &name]).ok_or("no pod")?;
        if pod["status"]["phase"] == "Running" { Ok(()) } else { Err(pod["status"].to_string()) }
    });
    cluster.kubectl(&["delete", "namespace", &name, "--wait=false"]);
}

#[test]
fn quota_rejects_excess() {
    let cluster = Cluster::shared();
    let name = cluster.installation("quota");
    cluster.apply(&namespace(&name, &json!({})));
    cluster.apply(
        &json!({
            "apiVersion": "v1", "kind": "ResourceQuota",
            "metadata": { "name": "limit", "namespace": &name },
            "spec": { "hard": { "requests.cpu": "2" } },
        })
        .to_string(),
    );
    wait_until("the first pod to be accepted", PATIENCE, || {
        let applied = cluster.try_apply(&pod(&name, "fits", "1500m", false));
        if applied.code == Some(0) { Ok(()) } else { Err(applied.report()) }
    });
    let refused = cluster.try_apply(&pod(&name, "too-much", "1", false));
    assert_ne!(refused.code, Some(0));
    assert!(refused.stderr.contains("exceeded quota: limit"), "{}", refused.report());
    cluster.kubectl(&["delete", "namespace", &name, "--wait=false"]);
}

#[test]
fn pod_security_rejects_a_privileged_pod() {
    let cluster = Cluster::shared();
    let name = cluster.installation("pod-security");
    let labels = json!({ "pod-security.kubernetes.io/enforce": "baseline" });
    cluster.apply(&namespace(&name, &labels));
    wait_until("the harmless pod to be accepted", PATIENCE, || {
        let applied = cluster.try_apply(&pod(&name, "harmless", "1", false));
        if applied.code == Some(0) { Ok(()) } else { Err(applied.report()) }
    });
    let refused = cluster.try_apply(&pod(&name, "privileged", "1", true));
    assert_ne!(refused.code, Some(0));
    assert!(refused.stderr.contains("violates PodSecurity"), "{}", refused.report());
    cluster.kubectl(&["delete", "namespace", &name, "--wait=false"]);
}

#[test]
fn service_account_has_exactly_its_rules() {
    let cluster = Cluster::shared();
    let name = cluster.installation("rules");
    cluster.apply(&namespace(&name, &json!({})));
    let rules = json!([{ "apiGroups": [""], "resources": ["configmaps"], "verbs": ["list"] }]);
    let limited = cluster.service_account(&name, "limited", &rules);
    cluster.kubectl_as(limited.path(), &["get", "configmaps", "-n", &name]).expect_ok();
    let refused = cluster.kubectl_as(limited.path(), &["get", "secrets", "-n", &name]);
    assert_eq!(refused.code, Some(1), "{}", refused.report());
    assert!(refused.stderr.contains("Forbidden"), "{}", refused.report());
    cluster.kubectl(&["delete", "namespace", &name, "--wait=false"]);
}

#[test]
fn restricted_user_is_authenticated_without_permissions() {
    let cluster = Cluster::shared();
    let nobody = cluster.nobody();
    cluster.kubectl_as(nobody.path(), &["auth", "whoami"]).expect_ok();
    let refused = cluster.kubectl_as(nobody.path(), &["get", "namespaces"]);
    assert!(refused.stderr.contains("Forbidden"), "{}", refused.report());
}

#[test]
fn token_has_administrator_permissions() {
    let cluster = Cluster::shared();
    let access = Access {
        server: cluster.server().to_owned(),
        ca_pem: Some(cluster.ca_pem().to_owned()),
        token: cluster.token().to_owned(),
    };
    let ask = |access: &Access| {
        let call = Origin::new(access).call("GET", "/api/v1/secrets", "application/json", "");
        call.unwrap().0
    };
    assert_eq!(ask(&access), 200);
    assert_eq!(ask(&Access { token: "wrong".to_owned(), ..access }), 401);
    let text = std::fs::read_to_string(cluster.kubeconfig()).unwrap();
    assert!(text.contains(cluster.server()));
}

#[test]
fn deleted_namespace_disappears_with_its_pods() {
    let cluster = Cluster::shared();
    let name = cluster.installation("goes-away");
    cluster.apply(&namespace(&name, &json!({})));
    wait_until("a pod to be accepted", PATIENCE, || {
        let applied = cluster.try_apply(&pod(&name, "one", "1", false));
        if applied.code == Some(0) { Ok(()) } else { Err(applied.report()) }
    });
    assert!(cluster.namespace_exists(&name));
    cluster.kubectl(&["delete", "namespace", &name, "--wait=false"]);
    cluster.wait_until_gone(&name);
    assert_eq!(cluster.get(&["namespace", &name]), None);
}

#[test]
fn finalizer_blocks_the_deletion_of_a_namespace() {
    let cluster = Cluster::shared();
    let name = cluster.installation("held");
    cluster.apply(&namespace(&name, &json!({})));
    cluster.apply(
        &json!({
            "apiVersion": "v1", "kind": "ConfigMap",
            "metadata": { "name": "held", "namespace": &name, "finalizers": ["example.com/hold"] },
        })
        .to_string(),
    );
    cluster.kubectl(&["delete", "namespace", &name, "--wait=false"]);
    wait_until("the namespace to say what holds it", PATIENCE, || {
        let text = cluster.read(&format!("/api/v1/namespaces/{name}")).ok_or("gone")?.to_string();
        let says = text.contains("NamespaceFinalizersRemaining") && text.contains("example.com/hold");
        if says { Ok(()) } else { Err(text) }
    });
    let path = format!("/api/v1/namespaces/{name}/configmaps/held");
    let (status, answer) = cluster.call("PATCH", &path, Some(&json!({ "metadata": { "finalizers": null } })));
    assert_eq!(status, 200, "{answer}");
    cluster.wait_until_gone(&name);
}

#[test]
fn aggregated_api_becomes_unavailable() {
    let cluster = Cluster::shared();
    let group = format!("{}.example.com", cluster.installation("aggregated"));
    let name = format!("v1.{group}");
    cluster.apply(
        &json!({
            "apiVersion": "apiregistration.k8s.io/v1", "kind": "APIService",
            "metadata": { "name": name },
            "spec": {
                "group": group, "version": "v1", "groupPriorityMinimum": 1, "versionPriority": 1,
                "insecureSkipTLSVerify": true,
                "service": { "name": "nobody", "namespace": "default" },
            },
        })
        .to_string(),
    );
    wait_until("the API to be called unavailable", PATIENCE, || {
        let service = cluster.get(&["apiservice", &name]).ok_or("no APIService")?;
        let text = service["status"].to_string();
        if text.contains("ServiceNotFound") { Ok(()) } else { Err(text) }
    });
    cluster.kubectl(&["delete", "apiservice", &name]);
}

#[test]
fn installation_ids_are_unique_labels() {
    let cluster = Cluster::shared();
    let one = cluster.installation("A very long NAME of a test, with everything in it!");
    let two = cluster.installation("A very long NAME of a test, with everything in it!");
    assert_ne!(one, two);
    for id in [one, two] {
        let letters = id.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-');
        assert!(letters && id.len() <= 40 && !id.ends_with('-'), "{id}");
    }
}
