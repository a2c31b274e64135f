use super::*;
use crate::parameters::RawParameter;
use crate::policy::{Policy, parse_policy};

const POLICY: &str = "{version: 1, projects: {previews: {namespaces: ['*-pr-*'], registries: [], \
        domain: preview.acme.internal}}}";

fn settle(policy: &Policy, namespace: &str, pairs: &[(&str, &str)]) -> Result<String, Vec<String>> {
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
    Preview::settle(&application, &parameters, project).map(|preview| preview.environment.spec.to_json()).map_err(rules)
}

#[test]
fn parameters_agree_with_the_application() {
    let policy = parse_policy("policy.yaml", POLICY.as_bytes()).unwrap();
    let identity = [("repository", "acme/shop"), ("pull-request", "7"), ("labels", "[\"tier/full\"]")];
    assert_eq!(
        settle(&policy, "shop-pr-7", &identity).unwrap(),
        r#"{"repository":"acme/shop","pull_request":7,"tier":"full"}"#
    );
    assert!(settle(&policy, "shop-pr-7", &[("environment", "shop-pr-7")]).is_ok());
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
        assert_eq!(settle(&policy, namespace, pairs).unwrap_err(), [expected], "{namespace} {pairs:?}");
    }
    assert!(settle(&policy, "a-pr-1", &[("secretRef", "secret/data/preview/a-pr-1/x")]).is_ok());
}

#[test]
fn a_ttl_is_refused_in_terms_of_parameters_and_policy() {
    let policy = parse_policy("policy.yaml", POLICY.as_bytes()).unwrap();
    for (pairs, message, remedy) in [
        (
            &[("ttl", "8d")][..],
            "TTL must be at most 7d in tier lightweight, got 8d",
            "lower the parameter `ttl` to at most 7d, or raise `tiers.lightweight.max_ttl` in the policy file",
        ),
        (
            &[("ttl", "4h"), ("tier", "staging")],
            "an environment of tier staging is permanent and has no TTL, got 4h",
            "remove the parameter `ttl`, or use another tier",
        ),
    ] {
        let raw: Vec<_> = pairs.iter().map(|(name, value)| RawParameter::text(*name, *value)).collect();
        let parameters = Parameters::parse(&raw).unwrap();
        let application = Application { namespace: "a-pr-1".to_owned(), ..Application::default() };
        let refusals = Preview::settle(&application, &parameters, policy.project("previews").unwrap()).unwrap_err();
        let [refusal] = refusals.as_slice() else { panic!("{refusals}") };
        assert_eq!((refusal.message.as_str(), refusal.remedy.as_str()), (message, remedy));
    }
}

#[test]
fn a_person_may_name_a_domain() {
    let policy = Policy::built_in();
    assert!(settle(&policy, "demo", &[("domain", "demo.example"), ("environment", "demo")]).is_ok());
    assert!(settle(&policy, "demo", &[("environment", "other")]).is_err());
}
