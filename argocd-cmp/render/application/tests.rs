use super::*;
use crate::parameters::RawParameter;
use crate::policy::{Policy, parse_policy};

const POLICY: &str = "{version: 1, projects: {previews: {namespaces: ['*-pr-*'], registries: [], \
        domain: preview.acme.internal}}}";

fn resolve(policy: &Policy, namespace: &str, pairs: &[(&str, &str)]) -> Result<String, Vec<String>> {
    let raw: Vec<_> = pairs.iter().map(|(name, value)| RawParameter::text(*name, *value)).collect();
    let parameters = Parameters::parse(&raw).unwrap();
    let application = Application {
        name: "shop".to_owned(),
        namespace: namespace.to_owned(),
        project: "previews".to_owned(),
        ..Application::default()
    };
    let project = policy.project("previews").unwrap();
    let rules = |refusals: Refusals| {
        refusals.as_slice().iter().map(|refusal| format!("{}: {}", refusal.location, refusal.rule)).collect()
    };
    Preview::resolve(&application, &parameters, project)
        .map(|preview| preview.environment.spec.to_json())
        .map_err(rules)
}

#[test]
fn parameters_must_agree_with_the_application() {
    let policy = parse_policy("policy.yaml", POLICY.as_bytes()).unwrap();
    let identity = [("repository", "acme/shop"), ("pull-request", "7"), ("labels", "[\"tier/full\"]")];
    assert_eq!(
        resolve(&policy, "shop-pr-7", &identity).unwrap(),
        r#"{"repository":"acme/shop","pull_request":7,"tier":"full"}"#
    );
    assert!(resolve(&policy, "shop-pr-7", &[("environment", "shop-pr-7")]).is_ok());
    for (namespace, pairs, expected) in [
        ("shop-pr-8", &identity[..], "parameters: pull-request: identity"),
        ("shop-pr-8", &[("environment", "shop-pr-7")][..], "parameters: environment: identity"),
        ("kube-system", &[][..], "Application shop: identity"),
        ("", &[][..], "Application shop: identity"),
        ("shop", &[][..], "Application shop: identity"),
        ("a-pr-1", &[("domain", "evil.example")][..], "parameters: domain: host"),
        ("a-pr-1", &[("ttl", "8d")][..], "parameters: ttl: parameter"),
        ("a-pr-1", &[("labels", "[\"tier/production\"]")][..], "parameters: labels: parameter"),
        ("a-pr-1", &[("labels", "[\"tier/staging\"]")][..], "parameters: labels: parameter"),
        ("a-pr-1", &[("replicas", "3")][..], "parameters: replicas: caps"),
        ("a-pr-1", &[("secretRef", "secret/preview/a-pr-2/x")][..], "parameters: secretRef: secret"),
        ("a-pr-1", &[("secretRef", "secret/stage/shop")][..], "parameters: secretRef: secret"),
        ("a-pr-1", &[("sensitiveSecretRef", "secret/preview/a-pr-1")][..], "parameters: sensitiveSecretRef: secret"),
    ] {
        assert_eq!(resolve(&policy, namespace, pairs).unwrap_err(), [expected], "{namespace} {pairs:?}");
    }
    assert!(resolve(&policy, "a-pr-1", &[("secretRef", "secret/data/preview/a-pr-1/x")]).is_ok());
}

#[test]
fn errors_are_about_parameters_and_the_policy() {
    let text = "{version: 1, projects: {previews: {namespaces: ['*'], registries: [], \
                 tiers: {full: {max_ttl: 3d}}}}}";
    let policy = parse_policy("policy.yaml", text.as_bytes()).unwrap();
    for (namespace, pairs, expected) in [
        (
            "a-pr-1",
            &[("ttl", "8d")][..],
            "remedy: set `ttl` to at most 7d, or have the platform raise `tiers.lightweight.max_ttl` in the policy",
        ),
        ("a-pr-1", &[("ttl", "4d"), ("tier", "full")], "remedy: set `ttl` to at most 3d, or have the platform raise"),
        ("a-pr-1", &[("ttl", "4h"), ("tier", "staging")], "remedy: remove the parameter, or use another tier"),
        ("a-pr-1", &[("ttl", "0s")], "parameters: ttl\n  rule:   parameter\n"),
        ("a-pr-1", &[("ttl", "91d")], "parameters: ttl\n  rule:   parameter\n"),
        ("a-pr-1", &[("ttl", "8")], "parameters: ttl\n  rule:   parameter\n"),
        ("a-pr-1", &[("tier", "fulll")], "parameters: tier\n  rule:   parameter\n"),
        ("a-pr-1", &[("labels", "tier/production")], "parameters: labels\n  rule:   parameter\n"),
        ("a-pr-1", &[("head-sha", "main")], "parameters: head-sha\n  rule:   parameter\n"),
        ("a-pr-1", &[("secretRef", "secret/../prod")], "parameters: secretRef\n  rule:   parameter\n"),
        ("eod-system", &[], "rule:   identity\n"),
        ("kube-system", &[], "rule:   identity\n"),
    ] {
        let raw: Vec<_> = pairs.iter().map(|(name, value)| RawParameter::text(*name, *value)).collect();
        let application = Application { namespace: namespace.to_owned(), ..Application::default() };
        let resolved = Parameters::parse(&raw).and_then(|parameters| {
            Preview::resolve(&application, &parameters, policy.project("previews").unwrap()).map(|_| ())
        });
        let text = resolved.unwrap_err().to_string();
        assert!(text.contains(expected), "{text}");
        for term in ["provider block", "timeouts", "Terraform", "limits."] {
            assert!(!text.contains(term), "{text}");
        }
    }
}

#[test]
fn built_in_policy_accepts_a_domain() {
    let policy = Policy::built_in();
    assert!(resolve(&policy, "demo", &[("domain", "demo.example"), ("environment", "demo")]).is_ok());
    assert!(resolve(&policy, "demo", &[("environment", "other")]).is_err());
}
