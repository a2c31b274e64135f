//! Rules that depend on the policy and the parameters.

use proptest::prelude::*;

use super::kit::{files, policy_of, policy_text, render_text, render_under, render_with, rendered, rules, titles};
use super::samples::sample;
use crate::policy::Policy;
use crate::refusal::RefusalRule;
use crate::tools::NoTools;

const WEB: &str = "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: web}\nspec:\n  template:\n    metadata: {labels: {app: web}}\n    spec:\n";

fn web(pod: &str) -> String {
    format!("{WEB}{}", pod.lines().map(|line| format!("      {line}\n")).collect::<String>())
}

const GOOD: &str = "securityContext: {runAsNonRoot: true, seccompProfile: {type: RuntimeDefault}}\ncontainers:\n- name: c\n  image: postgres:16\n  securityContext: {allowPrivilegeEscalation: false, capabilities: {drop: [ALL]}}\n";

#[test]
fn restricted_level_requires_its_fields() {
    let policy = policy_of(&(policy_text() + "    pod_security: restricted\n"));
    let under = |pod: &str| render_under(&policy, &files(&[("app/all.yaml", &web(pod))]), &[], &NoTools);
    rendered(under(GOOD));
    for (from, to) in [
        ("runAsNonRoot: true", "runAsNonRoot: false"),
        ("runAsNonRoot: true, ", ""),
        ("runAsNonRoot: true", "runAsNonRoot: true, runAsUser: 0"),
        (", seccompProfile: {type: RuntimeDefault}", ""),
        ("allowPrivilegeEscalation: false, ", ""),
        ("allowPrivilegeEscalation: false", "allowPrivilegeEscalation: true"),
        ("drop: [ALL]", "drop: [NET_RAW]"),
        ("{drop: [ALL]}", "{drop: [ALL]}, runAsUser: 0"),
        ("{drop: [ALL]}", "{drop: [ALL]}, runAsNonRoot: false"),
        ("containers:", "initContainers: [{name: i, image: busybox}]\ncontainers:"),
    ] {
        let bad = GOOD.replace(from, to);
        assert_eq!(rules(under(&bad)).into_iter().collect::<Vec<_>>(), ["pod-security"], "{bad}");
        rendered(render_text(&web(&bad), &[]));
    }
}

#[test]
fn guards_are_rendered_by_their_owner_only() {
    let text = web(GOOD);
    let titles = |guards: &str| {
        titles(&rendered(render_text(&text, &[("guards", guards), ("secretRef", "secret/preview/shop-pr-7")])))
    };
    let rendered_here = titles("render");
    assert_eq!(
        rendered_here[..4],
        ["Namespace/shop-pr-7", "ServiceAccount/default", "ResourceQuota/eod", "LimitRange/eod"]
    );
    let names = ["ExternalSecret/shop-pr-7-config", "Service/payments", "Service/search", "Deployment/web"];
    assert_eq!(titles("terraform"), names);
    assert_eq!(titles("none"), [names[0], names[3]]);
}

#[test]
fn guards_equal_those_of_the_provider() {
    let found = rendered(render_text(&web(GOOD), &[("repository", "acme/shop"), ("pull-request", "7")]));
    let spec = r#"{"repository":"acme/shop","pull_request":7,"network":{"stable_services":["stable/payments:8080","stable/search:9200"],"dns_namespace":"kube-system","ingress_namespaces":["ingress"]},"image_pull_secrets":["registry"]}"#;
    let spec = eod_domain::EnvironmentSpec::from_json(spec).unwrap();
    let settings = eod_domain::Settings {
        installation: "acme".parse().unwrap(),
        domain: Some("preview.acme.internal".parse().unwrap()),
        default_labels: serde_json::from_str(r#"{"team":"checkout"}"#).unwrap(),
        ..eod_domain::Settings::default()
    };
    let environment = eod_domain::Environment::resolve(&spec, &settings).unwrap();
    let provenance = eod_domain::NamespaceProvenance {
        made_by: Some(eod_domain::ledger::MadeBy::Argocd),
        ..eod_domain::NamespaceProvenance::default()
    };
    let objects = eod_domain::objects(&environment, &provenance);
    assert!(objects.len() >= 8);
    for object in objects {
        let key = object.key();
        let same = found.manifests().iter().find(|manifest| manifest.title() == key);
        let same = same.unwrap_or_else(|| panic!("{key} is missing"));
        let mut content = same.content.clone();
        let annotations = content["metadata"]["annotations"].as_object_mut().unwrap();
        assert_eq!(annotations.remove("argocd.argoproj.io/sync-wave").unwrap(), "-20");
        let state = annotations.remove("environment.on-demand/state");
        assert_eq!(state.is_some(), object.kind == eod_domain::ObjectKind::Namespace);
        if annotations.is_empty() {
            content["metadata"].as_object_mut().unwrap().remove("annotations");
        }
        assert_eq!(content, object.content);
    }
}

#[test]
fn namespace_has_the_state_and_requires_a_confirmation_of_its_deletion_if_protected() {
    let confirm = Some("Delete=confirm,Prune=confirm");
    for (pairs, state, options) in [
        (vec![], "active", None),
        (vec![("state", "asleep")], "asleep", None),
        (vec![("tier", "full")], "active", None),
        (vec![("tier", "compliance")], "active", confirm),
        // Tier `staging` is protected.
        (vec![("tier", "staging")], "active", confirm),
        (vec![("tier", "staging"), ("state", "asleep")], "asleep", confirm),
    ] {
        let found = rendered(render_text(&web(GOOD), &pairs));
        let namespace = found.manifests().iter().find(|manifest| manifest.kind() == "Namespace").unwrap();
        assert_eq!(namespace.annotation("environment.on-demand/made-by"), Some("argocd"));
        assert_eq!(namespace.annotation("environment.on-demand/state"), Some(state), "{pairs:?}");
        assert_eq!(namespace.annotation("argocd.argoproj.io/sync-options"), options, "{pairs:?}");
        // The plugin renders no time, and such an environment is complete.
        let reading = eod_domain::EnvironmentReading::new(
            &namespace.content,
            None,
            &eod_domain::Tiers::default(),
            &eod_domain::Prices::default(),
            "2026-03-01T12:00:00Z".parse().unwrap(),
        );
        assert!(reading.provisioned && reading.status != eod_domain::Status::Pending, "{pairs:?}");
        assert_eq!(reading.asleep, state == "asleep");
    }
}

#[test]
fn secret_references_become_objects_of_the_operator() {
    let text = web(GOOD);
    let pairs = [("secretRef", "secret/data/preview/shop-pr-7/db")];
    let operator = policy_text().replace(
        "kind: external-secrets, store: vault-preview, store_kind: ClusterSecretStore",
        "kind: vault-operator, store: preview",
    );
    let found = rendered(render_under(&policy_of(&operator), &files(&[("app/a.yaml", &text)]), &pairs, &NoTools));
    let secret = found.manifests().iter().find(|manifest| manifest.kind() == "VaultStaticSecret").unwrap();
    assert_eq!(
        crate::to_json(&secret.content["spec"]),
        r#"{"destination":{"create":true,"name":"shop-pr-7-config"},"mount":"secret","path":"preview/shop-pr-7/db","refreshAfter":"1m","type":"kv-v2","vaultAuthRef":"preview"}"#
    );
    let none = policy_text()
        .replace("kind: external-secrets, store: vault-preview, store_kind: ClusterSecretStore", "kind: none");
    let refused = render_under(&policy_of(&none), &files(&[("app/a.yaml", &text)]), &pairs, &NoTools);
    assert_eq!(rules(refused).into_iter().collect::<Vec<_>>(), ["secret"]);
    assert_eq!(
        rules(render_text(&text, &[("sensitiveSecretRef", "secret/sensitive/shop")])).into_iter().collect::<Vec<_>>(),
        ["secret"]
    );
    let open = policy_text() + "    sensitive_secret_prefixes: [secret/sensitive/]\n";
    let both = [pairs[0], ("sensitiveSecretRef", "secret/sensitive/shop")];
    let found = rendered(render_under(&policy_of(&open), &files(&[("app/a.yaml", &text)]), &both, &NoTools));
    assert!(found.yaml().contains("name: shop-pr-7-sensitive"));
}

#[test]
fn hosts_are_derived_from_services() {
    let route = |host: &str, service: &str| {
        format!(
            "apiVersion: networking.k8s.io/v1\nkind: Ingress\nmetadata: {{name: web}}\nspec: {{rules: [{{host: {host}, http: {{paths: [{{path: /, pathType: Prefix, backend: {{service: {{name: {service}, port: {{number: 80}}}}}}}}]}}}}]}}\n"
        )
    };
    let host = |service: &str, pairs: &[(&str, &str)]| {
        let found = rendered(render_text(&route("shop.example", service), &[pairs, &[("guards", "none")]].concat()));
        let ingress = found.manifests().iter().find(|manifest| manifest.kind() == "Ingress").unwrap();
        ingress.content["spec"]["rules"][0]["host"].as_str().unwrap().to_owned()
    };
    assert_eq!(host("web", &[]), "shop-pr-7-web.preview.acme.internal");
    assert_eq!(host("shop-pr-7-web", &[]), "shop-pr-7-web.preview.acme.internal");
    assert_eq!(host("shop-pr-7", &[]), "shop-pr-7.preview.acme.internal");
    let wanted = "shop-pr-7-front.preview.acme.internal";
    assert_eq!(host("web", &[("host", wanted)]), wanted);
    for bad in [
        "shop-pr-8-web.preview.acme.internal",
        "shop-pr-7x.preview.acme.internal",
        "shop-pr-7-pr-8.preview.acme.internal",
        "shop-pr-7-web.evil.example",
        "shop-pr-7-web.preview.acme.internal.evil.example",
        "a.shop-pr-7-web.preview.acme.internal",
        "shop-pr-7-web.preview.acme.internal.",
        "SHOP-PR-7-web.preview.acme.internal",
        "preview.acme.internal",
        "*.preview.acme.internal",
    ] {
        assert_eq!(
            rules(render_text(&route("x", "web"), &[("host", bad), ("guards", "none")]))
                .into_iter()
                .collect::<Vec<_>>(),
            ["host"],
            "{bad}"
        );
    }
    let without = policy_text().replace("    domain: preview.acme.internal\n", "");
    let refused = render_under(
        &policy_of(&without),
        &files(&[("app/a.yaml", &route("x", "web"))]),
        &[("guards", "none")],
        &NoTools,
    );
    assert_eq!(rules(refused).into_iter().collect::<Vec<_>>(), ["host"]);
}

#[test]
fn a_host_of_the_source_becomes_one_host() {
    let ingress = |name: &str, host: &str, path: &str, service: &str| {
        format!(
            "apiVersion: networking.k8s.io/v1\nkind: Ingress\nmetadata: {{name: {name}}}\nspec: {{tls: [{{hosts: ['*.example']}}], rules: [{{host: {host}, http: {{paths: [{{path: {path}, pathType: Prefix, backend: {{service: {{name: {service}, port: {{number: 80}}}}}}}}]}}}}]}}\n---\n"
        )
    };
    let route = |name: &str, host: &str, rules: &[(&str, &str)]| {
        let rule = |(path, service): &(&str, &str)| {
            format!(
                "{{matches: [{{path: {{type: PathPrefix, value: {path}}}}}], backendRefs: [{{name: {service}, port: 80}}]}}"
            )
        };
        let rules: Vec<_> = rules.iter().map(rule).collect();
        format!(
            "apiVersion: gateway.networking.k8s.io/v1\nkind: HTTPRoute\nmetadata: {{name: {name}}}\nspec: {{hostnames: [{host}], rules: [{}]}}\n---\n",
            rules.join(", ")
        )
    };
    let hosts = |text: &str| -> Vec<String> {
        let found = rendered(render_text(text, &[("guards", "none")]));
        let host = |spec: &serde_json::Value| {
            let host = spec.get("hostnames").map_or(&spec["rules"][0]["host"], |hosts| &hosts[0]);
            host.as_str().unwrap().trim_end_matches(".preview.acme.internal").to_owned()
        };
        let routes = found.manifests().iter().filter(|manifest| manifest.kind() != "ConfigMap");
        routes.map(|manifest| host(&manifest.content["spec"])).collect()
    };
    let both = ingress("a", "shop.example", "/api", "api") + &ingress("b", "shop.example", "/", "web");
    assert_eq!(hosts(&both), ["shop-pr-7-web", "shop-pr-7-web"]);
    let both =
        route("a", "shop.example", &[("/api", "api"), ("/", "web")]) + &route("b", "api.example", &[("/", "api")]);
    assert_eq!(hosts(&both), ["shop-pr-7-web", "shop-pr-7-api"]);
    let both = route("a", "shop.example", &[("/long/path", "api")]) + &route("b", "shop.example", &[("/x", "web")]);
    assert_eq!(hosts(&both), ["shop-pr-7-web", "shop-pr-7-web"], "the shortest path");
    let both = ingress("a", "shop.example", "/", "web") + &route("b", "www.example", &[("/", "web"), ("/api", "api")]);
    assert_eq!(hosts(&both), ["shop-pr-7-web", "shop-pr-7-web"], "two hosts share one name");
    let clash = route("a", "a.example", &[("/", "web"), ("/api", "one")])
        + &route("b", "b.example", &[("/", "web"), ("/api", "two")]);
    let refusals = render_text(&clash, &[("guards", "none")]).unwrap_err();
    let [refusal] = refusals.as_slice() else { panic!("{refusals}") };
    assert_eq!(
        refusal.message,
        "`spec` uses host `b.example`, which becomes `shop-pr-7-web.preview.acme.internal` like host `a.example`, but their \
         path `/api` has the Services `two` and `one`"
    );
    let found = rendered(render_text(&ingress("a", "shop.example", "/", "web"), &[("guards", "none")]));
    let ingress = found.manifests().iter().find(|manifest| manifest.kind() == "Ingress").unwrap();
    let tls = &ingress.content["spec"]["tls"][0]["hosts"];
    assert_eq!(
        crate::to_json(tls),
        r#"["shop-pr-7-web.preview.acme.internal"]"#,
        "wildcards become the hosts of the rules"
    );
}

#[test]
fn policies_can_allow_kinds_and_metadata() {
    let widget = "apiVersion: acme.io/v1\nkind: Widget\nmetadata: {name: x, annotations: {acme.io/size: large}}\nspec: {anything: [1]}\n";
    let wider = policy_of(&(policy_text() + "    kinds: [acme.io/Widget]\n    metadata_allow: ['acme.io/']\n"));
    let tree = |text: &str| files(&[("app/a.yaml", text)]);
    let found = rendered(render_under(&wider, &tree(widget), &[], &NoTools));
    assert!(found.yaml().contains("environment.on-demand/env: shop-pr-7"));
    let pods = widget.replace("[1]", "{template: {spec: {hostNetwork: true, containers: []}}}");
    assert_eq!(
        rules(render_under(&wider, &tree(&pods), &[], &NoTools)).into_iter().collect::<Vec<_>>(),
        ["host-access"]
    );
    let list = format!("{widget}items: []\n");
    assert_eq!(rules(render_under(&wider, &tree(&list), &[], &NoTools)).into_iter().collect::<Vec<_>>(), ["kind"]);
    assert_eq!(rules(render_under(&wider, &tree(&web(GOOD)), &[], &NoTools)).into_iter().collect::<Vec<_>>(), ["kind"]);
}

#[test]
fn output_above_the_caps_is_refused() {
    let caps = |caps: &str| policy_of(&(policy_text() + &format!("    caps: {{ {caps} }}\n")));
    let tree = files(&[("app/a.yaml", &web(GOOD))]);
    for cap in ["objects: 5", "bytes: 1Ki", "cpu: 1m"] {
        let limited = web(&GOOD.replace("image: postgres:16", "image: postgres:16\n  resources: {limits: {cpu: 2m}}"));
        let refused = render_under(&caps(cap), &files(&[("app/a.yaml", &limited)]), &[], &NoTools);
        assert_eq!(rules(refused).into_iter().collect::<Vec<_>>(), ["caps"], "{cap}");
    }
    rendered(render_under(&caps("replicas: 5"), &tree, &[("replicas", "5")], &NoTools));
    let six = web(GOOD).replace("spec:\n  template", "spec:\n  replicas: 6\n  template");
    let found =
        rendered(render_under(&caps("replicas: 5"), &files(&[("app/a.yaml", &six)]), &[("replicas", "4")], &NoTools));
    assert!(found.yaml().contains("replicas: 4"));
}

#[test]
fn built_in_policy_keeps_all_other_rules() {
    let policy = Policy::built_in();
    let tree = |text: &str| files(&[("app/a.yaml", text)]);
    rendered(render_under(&policy, &tree(&web(&GOOD.replace("postgres:16", "anywhere.example/x"))), &[], &NoTools));
    let refused = render_under(&policy, &tree(&web("hostNetwork: true\ncontainers: []")), &[], &NoTools);
    assert_eq!(rules(refused).into_iter().collect::<Vec<_>>(), ["host-access"]);
}

#[test]
fn built_in_policy_renders_routes_if_a_domain_is_set() {
    let policy = Policy::built_in();
    let route = "apiVersion: gateway.networking.k8s.io/v1\nkind: HTTPRoute\nmetadata: {name: web}\nspec: {hostnames: [shop.example], parentRefs: [{name: any}], rules: [{backendRefs: [{name: web, port: 80}]}]}\n";
    let service =
        "apiVersion: v1\nkind: Service\nmetadata: {name: web}\nspec: {selector: {app: web}, ports: [{port: 80}]}\n";
    let ingress = "apiVersion: networking.k8s.io/v1\nkind: Ingress\nmetadata: {name: web}\nspec: {rules: [{host: shop.example, http: {paths: [{path: /, pathType: Prefix, backend: {service: {name: web, port: {number: 80}}}}]}}]}\n";
    let text = format!("{service}---\n{route}---\n{ingress}");
    let tree = files(&[("app/a.yaml", &text)]);
    let found = rendered(render_under(&policy, &tree, &[("domain", "preview.example")], &NoTools));
    let yaml = found.yaml();
    assert!(yaml.contains("ingressClassName: preview\n"), "{yaml}");
    assert!(yaml.contains("name: preview\n") && yaml.contains("namespace: preview\n"), "{yaml}");
    assert!(yaml.contains("shop-pr-7-web.preview.example") && !yaml.contains("shop.example"), "{yaml}");
    let refused = render_under(&policy, &tree, &[], &NoTools).unwrap_err();
    for refusal in refused.as_slice() {
        assert_eq!(refusal.rule, RefusalRule::Host, "{refusal}");
        assert!(refusal.remedy.starts_with("set the parameter `domain`"), "{refusal}");
    }
}

#[test]
fn labels_of_selectors_are_kept() {
    let text = web(GOOD)
        .replace("spec:\n  template", "spec:\n  selector: {matchLabels: {team: mine}}\n  template")
        .replace("{app: web}", "{team: mine}");
    let found = rendered(render_text(&text, &[]));
    let content = &found.manifests().iter().find(|manifest| manifest.kind() == "Deployment").unwrap().content;
    assert_eq!(content["spec"]["template"]["metadata"]["labels"]["team"], "mine");
    assert_eq!(content["metadata"]["labels"]["team"], "checkout");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    /// A changed line of a valid source causes no panic, no empty result, and no object in another namespace.
    #[test]
    fn damaged_sources_give_all_objects_or_none(at in 0_usize..60, text in "[ \\-:{}\\[\\]a-z0-9\"']{0,20}") {
        let (files, parameters) = sample("plain");
        let pairs: Vec<(&str, &str)> = parameters.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        let mut damaged = crate::Files::default();
        for name in files.names("app") {
            let bytes = files.read("app", name).unwrap();
            let mut lines: Vec<String> = String::from_utf8(bytes.to_vec()).unwrap().lines().map(ToOwned::to_owned).collect();
            if let (Some(line), "deployment.yaml" | "network.yml") = (lines.get_mut(at), name) {
                line.push_str(&text);
            }
            damaged.add_file(&format!("app/{name}"), lines.join("\n").into_bytes()).unwrap();
        }
        match render_with(&damaged, &pairs, &NoTools) {
            Err(refusals) => prop_assert!(!refusals.as_slice().is_empty()),
            Ok(found) => {
                prop_assert!(found.manifests().len() > 8);
                for manifest in found.manifests().iter().filter(|manifest| manifest.kind() != "Namespace") {
                    prop_assert_eq!(&manifest.content["metadata"]["namespace"], "shop-pr-7");
                }
            }
        }
    }
}
