//! Steps of the preview transform.

use serde_json::Value;

use super::kit::{render_text, rendered, titles};
use crate::write::to_json;

fn pod(kind: &str, name: &str, metadata: &str, spec: &str, pod: &str) -> String {
    let version = if kind.ends_with("Job") { "batch/v1" } else { "apps/v1" };
    format!(
        "apiVersion: {version}\nkind: {kind}\nmetadata: {{name: {name}{metadata}}}\nspec: {{{spec}template: {{metadata: {{labels: {{app: x}}}}, spec: {{{pod}containers: [{{name: c, image: 'postgres:16'}}]}}}}}}\n---\n"
    )
}

/// Rendered object with a title.
fn one(text: &str, pairs: &[(&str, &str)], title: &str) -> Value {
    let found = rendered(render_text(text, pairs));
    let manifest = found.manifests().iter().find(|manifest| manifest.title() == title);
    manifest.unwrap_or_else(|| panic!("no {title} among {:?}", titles(&found))).content.clone()
}

#[test]
fn replicas_are_capped() {
    for (written, cap, state, expected) in [
        ("replicas: 6, ", "1", "active", "1"),
        ("replicas: 6, ", "2", "active", "2"),
        ("replicas: 1, ", "2", "active", "1"),
        ("replicas: 0, ", "1", "active", "0"),
        ("", "2", "active", "1"),
        ("replicas: 6, ", "2", "asleep", "0"),
        ("", "1", "asleep", "0"),
    ] {
        for kind in ["Deployment", "StatefulSet"] {
            let text = pod(kind, "web", "", written, "");
            let found = one(&text, &[("replicas", cap), ("state", state)], &format!("{kind}/web"));
            assert_eq!(to_json(&found["spec"]["replicas"]), expected, "{written} {cap} {state}");
        }
    }
}

#[test]
fn exclusive_volumes_set_the_strategy_recreate() {
    let claim = |modes: &str| {
        format!(
            "apiVersion: v1\nkind: PersistentVolumeClaim\nmetadata: {{name: data}}\nspec: {{accessModes: [{modes}]}}\n"
        )
    };
    let volume = "volumes: [{name: v, persistentVolumeClaim: {claimName: data}}], ";
    let strategy = |text: String| to_json(&one(&text, &[], "Deployment/web")["spec"]["strategy"]);
    let rolling = "strategy: {type: RollingUpdate}, ";
    let web = |pod_spec: &str| pod("Deployment", "web", "", rolling, pod_spec);
    assert_eq!(strategy(web("")), r#"{"type":"RollingUpdate"}"#);
    assert_eq!(strategy(web("volumes: [{name: v, emptyDir: {}}], ")), r#"{"type":"RollingUpdate"}"#);
    assert_eq!(strategy(web(volume) + &claim("ReadWriteMany")), r#"{"type":"RollingUpdate"}"#);
    for exclusive in ["ReadWriteOnce", "ReadWriteMany, ReadWriteOncePod", ""] {
        assert_eq!(strategy(web(volume) + &claim(exclusive)), r#"{"type":"Recreate"}"#);
    }
    assert_eq!(strategy(web(volume)), r#"{"type":"Recreate"}"#, "a claim of another Application");
}

#[test]
fn images_are_replaced() {
    let image = |pairs: &[(&str, &str)], written: &str| {
        let text = pod("Deployment", "web", "", "", "").replace("postgres:16", written);
        let found = one(&text, pairs, "Deployment/web");
        found["spec"]["template"]["spec"]["containers"][0]["image"].as_str().unwrap().to_owned()
    };
    let shop = "registry.acme.internal/shop";
    let built = [("image.repository", shop), ("head-sha", "0123456")];
    assert_eq!(image(&built, "registry.acme.internal/shop:main"), "registry.acme.internal/shop:0123456");
    assert_eq!(image(&built, "REGISTRY.acme.internal/shop"), "registry.acme.internal/shop:0123456");
    assert_eq!(image(&built, "registry.acme.internal/shop-tools:1"), "registry.acme.internal/shop-tools:1");
    assert_eq!(image(&built, "postgres:16"), "postgres:16", "what is not named keeps its reference");
    let tagged = [built[0], built[1], ("image.tag", "v2")];
    assert_eq!(
        image(
            &tagged,
            "registry.acme.internal/shop@sha256:0000000000000000000000000000000000000000000000000000000000000000"
        ),
        "registry.acme.internal/shop:v2"
    );
    let named = [
        ("images", r#"{"postgres": "registry.acme.internal/postgres:17", "acme/x": "postgres:1"}"#),
        built[0],
        built[1],
    ];
    assert_eq!(image(&named, "docker.io/library/postgres"), "registry.acme.internal/postgres:17");
    assert_eq!(image(&named, "acme/x:9"), "postgres:1", "as it was given");
    assert_eq!(
        image(&[("image.repository", shop)], "registry.acme.internal/shop:main"),
        "registry.acme.internal/shop:main"
    );
}

#[test]
fn configuration_is_applied_with_the_first_pods_that_need_it() {
    let object = |kind: &str, name: &str, metadata: &str, rest: &str| {
        format!("apiVersion: v1\nkind: {kind}\nmetadata: {{name: {name}{metadata}}}\n{rest}---\n")
    };
    let job = |name: &str, hook: &str, needs: &str| {
        pod("Job", name, &format!(", annotations: {{argocd.argoproj.io/hook: {hook}}}"), "", needs)
    };
    let needs = "serviceAccountName: migrate, volumes: [{name: a, secret: {secretName: key}}, {name: b, persistentVolumeClaim: {claimName: data}}, {name: c, configMap: {name: settings}}], ";
    let text = [
        job("migrate", "PreSync", needs),
        job("report", "PostSync", "volumes: [{name: a, configMap: {name: texts}}], "),
        pod(
            "Deployment",
            "web",
            "",
            "",
            "volumes: [{name: a, configMap: {name: late}}, {name: b, configMap: {name: settings}}], ",
        ),
        object("ServiceAccount", "migrate", "", "imagePullSecrets: [{name: pull}]\n"),
        object("ServiceAccount", "other", "", ""),
        object("Secret", "pull", "", "type: kubernetes.io/dockerconfigjson\n"),
        object("Secret", "key", "", ""),
        object("ConfigMap", "settings", ", annotations: {argocd.argoproj.io/sync-wave: '1'}", ""),
        object("ConfigMap", "late", ", annotations: {argocd.argoproj.io/sync-wave: '1'}", ""),
        object("ConfigMap", "early", ", annotations: {argocd.argoproj.io/sync-wave: '-3'}", ""),
        object("ConfigMap", "texts", "", ""),
        object(
            "PersistentVolumeClaim",
            "data",
            "",
            "spec: {accessModes: [ReadWriteOnce], resources: {requests: {storage: 1Gi}}}\n",
        ),
    ]
    .concat();
    let wave = |title: &str| {
        let found = one(&text, &[], title)["metadata"]["annotations"]["argocd.argoproj.io/sync-wave"].clone();
        found.as_str().unwrap_or_default().to_owned()
    };
    for (title, expected) in [
        ("Job/migrate", "-10"),
        ("ServiceAccount/migrate", "-10"),
        ("Secret/pull", "-10"),
        ("Secret/key", "-10"),
        ("ConfigMap/settings", "-10"),
        ("PersistentVolumeClaim/data", "-10"),
        ("ConfigMap/late", "0"),
        ("ConfigMap/early", "-3"),
        ("ConfigMap/texts", ""),
        ("ServiceAccount/other", ""),
        ("Deployment/web", ""),
    ] {
        assert_eq!(wave(title), expected, "{title}");
    }
}

#[test]
fn hooks_before_the_sync_run_after_the_guards() {
    let hook = |name: &str, annotations: &str| pod("Job", name, &format!(", annotations: {{{annotations}}}"), "", "");
    let annotations =
        |text: &str, name: &str| to_json(&one(text, &[], &format!("Job/{name}"))["metadata"]["annotations"]);
    let single = hook(
        "a",
        "helm.sh/hook: 'pre-install, pre-upgrade', helm.sh/hook-weight: '7', helm.sh/hook-delete-policy: 'hook-succeeded,before-hook-creation', helm.sh/hook-output-log-policy: hook-failed",
    );
    assert_eq!(
        annotations(&single, "a"),
        r#"{"argocd.argoproj.io/hook":"Sync","argocd.argoproj.io/hook-delete-policy":"HookSucceeded,BeforeHookCreation","argocd.argoproj.io/sync-wave":"-10"}"#
    );
    let mut several = String::new();
    for weight in 0..12 {
        several.push_str(&hook(
            &format!("h{weight}"),
            &format!("helm.sh/hook: pre-upgrade, helm.sh/hook-weight: '{weight}'"),
        ));
    }
    several.push_str(&hook("argo", "argocd.argoproj.io/hook: PreSync, argocd.argoproj.io/sync-wave: '11'"));
    let wave = |name: &str| {
        one(&several, &[], &format!("Job/{name}"))["metadata"]["annotations"]["argocd.argoproj.io/sync-wave"].clone()
    };
    let waves: Vec<_> =
        ["h0", "h2", "h3", "h10", "h11", "argo"].map(|name| wave(name).as_str().unwrap().to_owned()).into();
    assert_eq!(waves, ["-19", "-19", "-18", "-11", "-10", "-10"]);
    for (stays, hook_is) in
        [("PostSync", "PostSync"), ("SyncFail", "SyncFail"), ("Sync", "Sync"), ("'PreSync,PostSync'", "PostSync,Sync")]
    {
        let found = one(&hook("a", &format!("argocd.argoproj.io/hook: {stays}")), &[], "Job/a");
        assert_eq!(found["metadata"]["annotations"]["argocd.argoproj.io/hook"], hook_is);
    }
}

#[test]
fn immutable_fields_do_not_change_with_the_tier() {
    let job = pod("Job", "seed", "", "", "");
    let set = "apiVersion: apps/v1\nkind: StatefulSet\nmetadata: {name: db}\nspec: {serviceName: db, selector: {matchLabels: {a: b}}, template: {metadata: {labels: {a: b}}, spec: {containers: [{name: c, image: 'postgres:16'}]}}, volumeClaimTemplates: [{metadata: {name: data}, spec: {accessModes: [ReadWriteOnce], resources: {requests: {storage: 1Gi}}}}]}\n";
    let claims = |tier: &str| {
        let found = one(set, &[("tier", tier)], "StatefulSet/db");
        to_json(&found["spec"]["volumeClaimTemplates"][0]["metadata"])
    };
    assert_eq!(
        claims("full"),
        r#"{"labels":{"environment.on-demand/env":"shop-pr-7","environment.on-demand/installation":"acme"},"name":"data"}"#
    );
    assert_eq!(claims("full"), claims("lightweight"));
    let annotations = |text: &str| one(text, &[], "Job/seed")["metadata"]["annotations"].clone();
    assert_eq!(annotations(&job)["argocd.argoproj.io/sync-options"], "Force=true,Replace=true");
    let hook = pod("Job", "seed", ", annotations: {argocd.argoproj.io/hook: PostSync}", "", "");
    assert_eq!(annotations(&hook).get("argocd.argoproj.io/sync-options"), None);
    for options in ["Prune=false", "Force=true"] {
        let job =
            pod("Job", "seed", &format!(", annotations: {{argocd.argoproj.io/sync-options: '{options}'}}"), "", "");
        assert_eq!(annotations(&job)["argocd.argoproj.io/sync-options"], "Force=true,Replace=true", "{options}");
    }
}

#[test]
fn objects_that_previews_do_not_run_are_dropped() {
    let text = pod("Deployment", "web", "", "", "")
        + &pod("Job", "test", ", annotations: {helm.sh/hook: 'test-success,test'}", "", "hostNetwork: true, ")
        + "apiVersion: autoscaling/v1\nkind: HorizontalPodAutoscaler\nmetadata: {name: web}\n---\napiVersion: policy/v1\nkind: PodDisruptionBudget\nmetadata: {name: web}\n";
    assert_eq!(titles(&rendered(render_text(&text, &[("guards", "none")]))), ["Deployment/web"]);
}

#[test]
fn unselected_services_lead_to_the_stable_namespace() {
    let text = pod("Deployment", "web", "", "", "")
        + &pod("Deployment", "payments", "", "", "")
        + "apiVersion: v1\nkind: Service\nmetadata: {name: payments}\nspec: {selector: {app: payments}}\n";
    let kinds = |pairs: &[(&str, &str)]| {
        let found = rendered(render_text(&text, &[pairs, &[("guards", "terraform")]].concat()));
        let external = |manifest: &crate::Manifest| manifest.content["spec"]["type"] == "ExternalName";
        let title = |manifest: &crate::Manifest| {
            format!("{}{}", if external(manifest) { "stable " } else { "" }, manifest.title())
        };
        found.manifests().iter().filter(|manifest| manifest.kind() != "ConfigMap").map(title).collect::<Vec<_>>()
    };
    assert_eq!(kinds(&[]), ["Service/payments", "stable Service/search", "Deployment/payments", "Deployment/web"]);
    assert_eq!(kinds(&[("services", "web")]), ["stable Service/payments", "stable Service/search", "Deployment/web"]);
    let own_name =
        text.replace("metadata: {name: payments}\nspec: {selector", "metadata: {name: pay}\nspec: {selector");
    let found = rendered(render_text(&own_name, &[("guards", "terraform")]));
    assert_eq!(titles(&found), ["Service/pay", "Service/search", "Deployment/payments", "Deployment/web"]);
    let both = kinds(&[("labels", r#"["service:web","service:payments","service:search"]"#)]);
    assert_eq!(both, ["Service/payments", "Deployment/payments", "Deployment/web"]);
}

#[test]
fn hosts_tls_and_gateways_are_replaced() {
    let path = "http: {paths: [{path: /a, pathType: Prefix, backend: {service: {name: api, port: {number: 80}}}}, {path: /, pathType: Prefix, backend: {service: {name: web, port: {number: 80}}}}]}";
    let ingress = format!(
        "apiVersion: networking.k8s.io/v1\nkind: Ingress\nmetadata: {{name: x}}\nspec: {{tls: [{{hosts: [a.example, b.example], secretName: mine}}, {{}}], rules: [{{host: a.example, {path}}}, {{host: b.example, {path}}}]}}\n"
    );
    let spec = one(&ingress, &[("guards", "none")], "Ingress/x")["spec"].clone();
    assert_eq!(spec["rules"].as_array().unwrap().len(), 1, "two hosts of one service are one");
    assert_eq!(spec["rules"][0]["host"], "shop-pr-7-web.preview.acme.internal");
    assert_eq!(
        to_json(&spec["tls"]),
        r#"[{"hosts":["shop-pr-7-web.preview.acme.internal"],"secretName":"wildcard-preview-tls"},{"secretName":"wildcard-preview-tls"}]"#
    );
    assert_eq!(spec["ingressClassName"], "internal");
    let route = "apiVersion: gateway.networking.k8s.io/v1\nkind: HTTPRoute\nmetadata: {name: x}\nspec: {hostnames: [a.example, b.example], rules: [{backendRefs: [{name: web, namespace: shop-pr-7, port: 80}]}]}\n";
    let spec = one(route, &[("guards", "none")], "HTTPRoute/x")["spec"].clone();
    assert_eq!(to_json(&spec["hostnames"]), r#"["shop-pr-7-web.preview.acme.internal"]"#);
    assert_eq!(spec["parentRefs"][0]["name"], "private");
}

#[test]
fn tokens_are_not_mounted_and_pull_secrets_are_added() {
    let text = "apiVersion: v1\nkind: ServiceAccount\nmetadata: {name: web}\nimagePullSecrets: [{name: mine}]\n";
    let account = one(text, &[], "ServiceAccount/web");
    assert_eq!(account["automountServiceAccountToken"], false);
    assert_eq!(to_json(&account["imagePullSecrets"]), r#"[{"name":"registry"}]"#);
    let pod = one(&pod("Job", "x", "", "", "automountServiceAccountToken: false, "), &[], "Job/x");
    assert_eq!(pod["spec"]["template"]["spec"]["automountServiceAccountToken"], false);
}
