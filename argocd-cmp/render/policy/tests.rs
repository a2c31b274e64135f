use super::*;
use crate::image::Image;

const WHOLE: &str = r#"
version: 1
projects:
  previews:
    installation: acme
    namespaces: ["*-pr-*"]
    domain: preview.acme.internal
    registries: ["registry.acme.internal/"]
    kinds: [Deployment, Service, acme.io/Widget]
    default_labels: { team: checkout }
    pod_security: restricted
    tiers: { full: { ttl: 12h, quota: { cpu: 8, pods: 30 } } }
    network: { dns_namespace: kube-system, ingress_namespaces: [ingress], allow_to_cidrs: [10.0.0.0/8] }
    stable_services: ["stable/payments:8080", "stable/search:9200"]
    secret_prefixes: ["secret/preview/{environment}/"]
    sensitive_secret_prefixes: ["secret/sensitive/{environment}"]
    image_pull_secret: registry
    caps: { objects: 200, bytes: 4Mi, replicas: 2, cpu: "4", memory: 8Gi, storage: 20Gi }
    helm: { enabled: true, binary: helm, sandbox: required }
    kustomize: { enabled: false, binary: kustomize, sandbox: required }
    secrets: { kind: external-secrets, store: vault-preview, store_kind: ClusterSecretStore }
    ingress: { gateway: ingress/private, class: internal, tls_secret: wildcard-preview-tls, private: true }
    storage_classes: [standard]
    metadata_allow: ["nginx.ingress.kubernetes.io/"]
    approval: { trusted_authors: [alice, "dependabot[bot]"], label_prefix: reviewed/ }
"#;

fn mistakes(text: &str) -> Vec<String> {
    let refusals = parse_policy("policy.yaml", text.as_bytes()).expect_err(text);
    let line = |refusal: &Refusal| format!("{}: {}", refusal.location, refusal.message);
    refusals.as_slice().iter().map(line).collect()
}

#[test]
fn all_keys_of_a_policy_are_parsed() {
    let policy = parse_policy("policy.yaml", WHOLE.as_bytes()).unwrap_or_else(|error| panic!("{error}"));
    let project = policy.project("previews").unwrap();
    assert_eq!(project.installation.as_str(), "acme");
    assert!(project.namespaces[0].matches("shop-pr-1") && !project.namespaces[0].matches("shop-1"));
    assert_eq!(project.domain, DomainRule::Fixed("preview.acme.internal".parse().unwrap()));
    let image: Image = "registry.acme.internal/shop:1".parse().unwrap();
    let other: Image = "postgres:16".parse().unwrap();
    assert!(project.registries.allow(&image.name) && !project.registries.allow(&other.name));
    assert_eq!(project.kinds.len(), 3);
    assert_eq!(project.pod_security, PodSecurity::Restricted);
    let full = project.tiers.get(eod_domain::Tier::Full);
    assert_eq!((full.quota.cpu.to_string(), full.quota.pods), ("8".to_owned(), 30));
    assert_eq!(project.stable_services.len(), 2);
    assert_eq!(project.caps, Caps::default());
    assert!(project.helm.tool.enabled && !project.kustomize.enabled);
    let store_kind = StoreKind::ClusterSecretStore;
    assert_eq!(project.secrets, SecretOperator::ExternalSecrets { store: "vault-preview".to_owned(), store_kind });
    assert_eq!(project.ingress.class.as_deref(), Some("internal"));
    assert_eq!(project.metadata_allow, ["nginx.ingress.kubernetes.io/"]);
    let trusted_authors = ["alice", "dependabot[bot]"].map(ToOwned::to_owned).to_vec();
    let approval = ApprovalRule { trusted_authors, label_prefix: "reviewed/".to_owned() };
    assert_eq!(project.approval, Some(approval));
    let error = policy.project("other").unwrap_err();
    assert!(error.message.contains("it has: `previews`"), "{error}");
}

#[test]
fn star_is_the_policy_of_other_projects() {
    let text =
        "version: 1\nprojects:\n  a: {namespaces: [a], registries: []}\n  '*': {namespaces: [b], registries: []}";
    let policy = parse_policy("policy.yaml", text.as_bytes()).unwrap();
    assert_eq!(policy.project("a").unwrap().approval, None, "no commit needs an approval by default");
    assert!(policy.project("a").unwrap().namespaces[0].matches("a"));
    assert!(policy.project("x").unwrap().namespaces[0].matches("b"));
    assert!(policy.project("*").unwrap().namespaces[0].matches("b"));
}

#[test]
fn all_mistakes_are_reported_with_their_paths() {
    let text = r#"
version: 2
projets: {}
projects:
  previews:
    namespaces: ["*_pr"]
    domain: Preview
    registries: ["https://x/"]
    kinds: [Namespace, Deployment]
    default_labels: { environment.on-demand/env: x }
    tiers: { fulll: {}, full: { ttl: 9d, quota: { cpus: 1 } } }
    network: { stable_services: [] }
    stable_services: [payments]
    secret_prefixes: ["secret/*"]
    caps: { replicas: many }
    helm: { enabled: 1 }
    secrets: { kind: vault }
    ingress: { gateway: private }
    metadata_allow: ["argocd.argoproj.io/", "x"]
    narrow: [guards, all]
    drop_kinds: [Pod, "acme.io/*"]
    kustomise: {}
  a: { namespaces: [a], registries: [], approval: }
  b: { namespaces: [b], registries: [], approval: { trusted_authors: alice, label_prefix: "", labels: [] } }
  c: { namespaces: [c], registries: [], approval: true }
  d: { namespaces: [d], registries: [], tiers: { full: { quota: { cpu: 100m, memory: 64Mi } } } }
"#;
    expect_test::expect![[r#"
        policy.yaml:2: version: unsupported version 2; the supported version is 1
        policy.yaml:3: projets: unknown key
        policy.yaml:6: projects.previews.namespaces[0]: invalid pattern `*_pr`: expected lower-case letters, digits, `-`, and `*` for any text
        policy.yaml:7: projects.previews.domain: domain `Preview` contains 'P': only lower-case letters, digits and `-` are allowed
        policy.yaml:8: projects.previews.registries[0]: invalid registry `https://x/`: expected a host, or a host and the first segments of a path
        policy.yaml:9: projects.previews.kinds[0]: kind `Namespace` is never allowed: it is cluster-scoped
        policy.yaml:10: projects.previews.default_labels: key `environment.on-demand/env` is set by EoD; use another key
        policy.yaml:11: projects.previews.tiers.full.quota.cpus: unknown key
        policy.yaml:11: projects.previews.tiers.full.ttl: TTL 9d is above the maximum TTL 7d of the tier
        policy.yaml:11: projects.previews.tiers.fulll: unsupported tier `fulll`: supported are lightweight, full, compliance, staging
        policy.yaml:12: projects.previews.network.stable_services: unknown key
        policy.yaml:13: projects.previews.stable_services[0]: invalid service `payments`: expected namespace, name and the port of its pods, as in `stable/payments:8080`
        policy.yaml:14: projects.previews.secret_prefixes[0]: invalid prefix of secrets `secret/*`: the only supported placeholder is `{environment}`
        policy.yaml:15: projects.previews.caps.replicas: expected a non-negative integer, got `many`
        policy.yaml:16: projects.previews.helm.enabled: expected true or false, got a number
        policy.yaml:17: projects.previews.secrets.kind: expected `external-secrets` or `vault-operator` or `none`, got `vault`
        policy.yaml:18: projects.previews.ingress.gateway: invalid gateway `private`: expected `<namespace>/<name>`
        policy.yaml:19: projects.previews.metadata_allow[0]: prefix `argocd.argoproj.io/` is never allowed: a source must not set keys of `argoproj.io`
        policy.yaml:19: projects.previews.metadata_allow[1]: prefix `x` has no slash, so it would match several domains
        policy.yaml:20: projects.previews.narrow[1]: expected `service-type` or `cluster-kinds` or `guards` or `kinds` or `token` or `identity` or `scheduling` or `metadata` or `hooks`, got `all`
        policy.yaml:21: projects.previews.drop_kinds[0]: invalid pattern `Pod`: expected `group/Kind`, in which `*` matches any text, such as `monitoring.coreos.com/*`
        policy.yaml:22: projects.previews.kustomise: unknown key
        policy.yaml:23: projects.a.approval: expected a map, got null
        policy.yaml:24: projects.b.approval.label_prefix: prefix is empty, so every label with a commit would approve it
        policy.yaml:24: projects.b.approval.labels: unknown key
        policy.yaml:24: projects.b.approval.trusted_authors: expected a list, got a string
        policy.yaml:25: projects.c.approval: expected a map, got a boolean
        policy.yaml:26: projects.d.tiers.full.quota.cpu: quota 100m is below the default cpu limit 250m of a container
        policy.yaml:26: projects.d.tiers.full.quota.memory: quota 64Mi is below the default memory limit 256Mi of a container"#]]
    .assert_eq(&mistakes(text).join("\n"));
}

#[test]
fn empty_policies_are_refused() {
    for text in ["", "version: 1", "version: 1\nprojects: {}", "a: 1\n---\nb: 2", "[]", "version: 1\nprojects: {a: }"] {
        assert!(!mistakes(text).is_empty(), "{text}");
    }
    assert!(mistakes("version: 1\nversion: 1")[0].contains("duplicate key `version`"));
}

#[test]
fn secret_prefixes_allow_references_of_the_environment() {
    let environment = "shop-pr-1".parse().unwrap();
    let holds = |prefix: &str, secret: &str| {
        prefix.parse::<SecretPrefix>().unwrap().allows(&secret.parse().unwrap(), &environment)
    };
    assert!(holds("secret/preview/{environment}/", "secret/preview/shop-pr-1/api"));
    assert!(holds("secret/preview/{environment}/", "secret/data/preview/shop-pr-1/api"));
    assert!(holds("secret/preview/{environment}", "secret/preview/shop-pr-1"));
    assert!(!holds("secret/preview/{environment}/", "secret/preview/shop-pr-1"));
    assert!(!holds("secret/preview/{environment}", "secret/preview/shop-pr-1/api"));
    assert!(!holds("secret/preview/{environment}", "secret/preview/shop-pr-12"));
    assert!(!holds("secret/preview/{environment}/", "secret/preview/shop-pr-12/api"));
    assert!(!holds("secret/preview/{environment}/", "kv/preview/shop-pr-1/api"));
    for bad in ["", "secret", "secret/", "/secret/x", "secret/../x/", "secret/{env}/", "secret/data/x/", "a//b"] {
        let parsed = bad.parse::<SecretPrefix>();
        assert_eq!(parsed.is_err(), bad != "secret/", "{bad}");
    }
}

#[test]
fn patterns_match_whole_names() {
    let fits = |pattern: &str, name: &str| pattern.parse::<NamePattern>().unwrap().matches(name);
    for (pattern, name) in [("*", "x"), ("*-pr-*", "a-pr-1"), ("a", "a"), ("a*", "a"), ("*-pr-*-x", "a-pr-b-pr-c-x")] {
        assert!(fits(pattern, name), "{pattern} {name}");
    }
    for (pattern, name) in [("a", "ab"), ("*-pr-*", "pr-1"), ("a*b", "ab-c"), ("ab*ba", "aba")] {
        assert!(!fits(pattern, name), "{pattern} {name}");
    }
}

#[test]
fn mistakes_in_a_tier_have_their_remedies() {
    for (tier, remedy) in [
        ("full: { ttl: 9d }", "remedy: lower `ttl`, or raise `max_ttl` (at most 90d)"),
        ("full: { warning: 25h }", "remedy: lower `warning`, or raise `ttl`"),
        ("staging: { ttl: 4h }", "remedy: remove this key"),
    ] {
        let text = format!("{{version: 1, projects: {{a: {{namespaces: [a], registries: [], tiers: {{{tier}}}}}}}}}");
        let refusals = parse_policy("policy.yaml", text.as_bytes()).expect_err(tier).to_string();
        assert!(refusals.contains(remedy), "{refusals}");
    }
}
