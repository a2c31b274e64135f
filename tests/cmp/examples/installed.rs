//! Patches of Argo CD's objects, applied to substitutes of these objects.

use eod_testkit::argocd::{ArgoCd, Repository, Request};
use eod_testkit::cluster::{Cluster, PATIENCE};
use eod_testkit::wait::wait_until;
use serde_json::{Value, json};

use super::{folder, in_namespace, story, text, with};

/// Namespace with substitutes of Argo CD's objects and, like Argo CD's, with the level `restricted` of Pod Security.
fn installation(cluster: &Cluster) -> String {
    let namespace = cluster.installation("installed");
    let labels = json!({ "app.kubernetes.io/name": "argocd-repo-server" });
    let hardened = json!({
        "runAsNonRoot": true, "readOnlyRootFilesystem": true, "allowPrivilegeEscalation": false,
        "capabilities": { "drop": ["ALL"] }, "seccompProfile": { "type": "RuntimeDefault" },
    });
    let named = |kind: &str, name: &str| json!({ "apiVersion": "v1", "kind": kind, "metadata": { "name": name, "namespace": namespace } });
    let list = json!({ "apiVersion": "v1", "kind": "List", "items": [
        { "apiVersion": "v1", "kind": "Namespace", "metadata": {
            "name": namespace, "labels": { "pod-security.kubernetes.io/enforce": "restricted" } } },
        named("ConfigMap", "argocd-cmd-params-cm"),
        named("ConfigMap", "argocd-notifications-cm"),
        named("Secret", "argocd-secret"),
        { "apiVersion": "apps/v1", "kind": "Deployment",
          "metadata": { "name": "argocd-repo-server", "namespace": namespace },
          "spec": { "selector": { "matchLabels": labels }, "template": {
            "metadata": { "labels": labels },
            "spec": {
              "automountServiceAccountToken": false,
              "containers": [{
                "name": "argocd-repo-server", "image": "quay.io/argoproj/argocd:v3.5.7",
                "env": [{ "name": "HELM_CACHE_HOME", "value": "/helm-working-dir" }],
                "securityContext": hardened,
                "volumeMounts": [{ "name": "plugins", "mountPath": "/home/argocd/cmp-server/plugins" }],
              }],
              "volumes": [{ "name": "plugins", "emptyDir": {} }],
            } } } },
    ]});
    cluster.apply(&list.to_string());
    namespace
}

#[track_caller]
fn patch(cluster: &Cluster, namespace: &str, object: &[&str], file: &str) -> Value {
    let text = in_namespace(file, namespace);
    let arguments = [&["patch"], object, &["-n", namespace, "-o", "json", "--patch", &text]].concat();
    serde_json::from_str(&cluster.kubectl(&arguments)).unwrap()
}

fn find<'a>(list: &'a Value, name: &str) -> &'a Value {
    list.as_array().unwrap().iter().find(|item| item["name"] == name).unwrap_or_else(|| panic!("no {name} in {list}"))
}

#[test]
fn patches_apply_to_argo_cd() {
    let cluster = Cluster::shared();
    let namespace = installation(cluster);
    let settings = patch(cluster, &namespace, &["configmap", "argocd-cmd-params-cm"], "settings.yaml");
    assert_eq!(
        settings["data"],
        json!({ "reposerver.plugin.tar.exclusions": ".git", "reposerver.plugin.use.manifest.generate.paths": "true" })
    );
    let notifications = patch(cluster, &namespace, &["configmap", "argocd-notifications-cm"], "notifications.yaml");
    let secret = patch(cluster, &namespace, &["secret", "argocd-secret"], "webhook.yaml");
    assert!(secret["data"]["webhook.github.secret"].is_string());
    subscriptions(&notifications["data"]);

    // Created like in the comment of policy.yaml.
    let file = format!("--from-file={}", folder().join("policy.yaml").display());
    cluster.kubectl(&["create", "configmap", "eod-policy", &file, "-n", &namespace]);
    let policy = cluster.read(&format!("/api/v1/namespaces/{namespace}/configmaps/eod-policy")).unwrap();
    assert_eq!(policy["data"]["policy.yaml"], text("policy.yaml"));

    let patched = patch(cluster, &namespace, &["deployment", "argocd-repo-server"], "sidecar.yaml");
    sidecar(&patched["spec"]["template"]["spec"]);
    wait_until("a pod with the sidecar", PATIENCE, || {
        let path = format!("/apis/apps/v1/namespaces/{namespace}/deployments/argocd-repo-server");
        let status = cluster.read(&path).unwrap()["status"].clone();
        let is_ready = status["observedGeneration"] == 2 && status["updatedReplicas"] == 1;
        if is_ready && status["readyReplicas"] == 1 { Ok(()) } else { Err(status.to_string()) }
    });
    cluster.kubectl(&["delete", "namespace", &namespace, "--wait=false"]);
}

/// Expects that the existing container is unchanged and the plugin's container is complete.
#[track_caller]
fn sidecar(pod: &Value) {
    let server = find(&pod["containers"], "argocd-repo-server");
    assert_eq!(server["image"], "quay.io/argoproj/argocd:v3.5.7");
    assert_eq!(server["env"].as_array().unwrap().len(), 2, "{server}");
    let plugin = find(&pod["containers"], "eod-cmp");
    assert_eq!(plugin["command"], json!(["/eod-cmp", "serve"]));
    assert!(plugin["resources"]["limits"]["cpu"].is_null(), "a CPU limit could freeze the plugin");
    let security = &plugin["securityContext"];
    assert_eq!((&security["runAsUser"], &security["readOnlyRootFilesystem"]), (&json!(999), &json!(true)));
    for mount in plugin["volumeMounts"].as_array().unwrap() {
        find(&pod["volumes"], mount["name"].as_str().unwrap());
    }
    assert_eq!(find(&pod["volumes"], "eod-scratch")["emptyDir"]["medium"], "Memory");
}

/// Expects that every trigger sends an existing template and that the ApplicationSet subscribes to it.
#[track_caller]
fn subscriptions(data: &Value) {
    let set = text("applicationset.yaml");
    let mut triggers = 0;
    for (key, value) in data.as_object().unwrap() {
        let parsed = super::documents(value.as_str().unwrap());
        let Some(trigger) = key.strip_prefix("trigger.") else { continue };
        triggers += 1;
        let template = trigger.strip_prefix("on-").unwrap();
        assert!(value.as_str().unwrap().contains(&format!("send: [{template}]")), "{parsed:?}");
        assert!(data[format!("template.{template}")].is_string(), "no template {template}");
        assert!(set.contains(&format!("notifications.argoproj.io/subscribe.{trigger}.github: \"\"")), "{trigger}");
    }
    assert_eq!(triggers, 2);
}

#[test]
fn plugin_yaml_works_under_argocd_cmp_server() {
    let argocd = ArgoCd::own();
    let policy = folder().join("policy.yaml");
    let binary = crate::cmp::BINARY;
    let generate = format!("[\"{binary}\", generate, --policy, \"{}\"]", policy.display());
    let plugin = with(&text("plugin.yaml"), "[/eod-cmp, generate]", &generate);
    argocd.stock_plugin("classic", &with(&plugin, "[/eod-cmp, parameters]", &format!("[\"{binary}\", parameters]")));
    let repository = Repository::new(&[("web/web.yaml", &story::service("web", "registry.acme.internal/shop:main"))]);
    let request = Request::new(&repository, "web")
        .application("shop-pr-1")
        .project("previews")
        .namespace("shop-pr-1")
        .cluster("1.36.1", &["v1", "apps/v1"])
        .plugin("eod@v1")
        .parameter("environment", "shop-pr-1");
    let manifests = argocd.generate(&request).expect_manifests();
    let kinds: Vec<_> = manifests.iter().filter_map(|manifest| manifest["kind"].as_str()).collect();
    assert!(kinds.contains(&"Namespace") && kinds.contains(&"Ingress"), "{kinds:?}");
}
