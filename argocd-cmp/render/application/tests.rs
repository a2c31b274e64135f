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
    let quota = "{version: 1, projects: {previews: {namespaces: ['*'], registries: [], \
                 tiers: {full: {max_ttl: 2d, quota: {cpu: 100m}}}}}}";
    let check = |namespace: &str, pairs: &[(&str, &str)], expected: expect_test::Expect| {
        let raw: Vec<_> = pairs.iter().map(|(name, value)| RawParameter::text(*name, *value)).collect();
        let application = Application { namespace: namespace.to_owned(), ..Application::default() };
        let policy = parse_policy("policy.yaml", quota.as_bytes()).unwrap();
        let refusals = Parameters::parse(&raw).and_then(|parameters| {
            Preview::resolve(&application, &parameters, policy.project("previews").unwrap()).map(|_| ())
        });
        let text = refusals.unwrap_err().to_string();
        for term in ["provider block", "timeouts", "Terraform", "limits."] {
            assert!(!text.contains(term), "{text}");
        }
        expected.assert_eq(&text);
    };
    check("a-pr-1", &[("ttl", "8d")], expect_test::expect![[r#""#]]);
    check("a-pr-1", &[("ttl", "3d"), ("tier", "full")], expect_test::expect![[r#""#]]);
    check("a-pr-1", &[("ttl", "4h"), ("tier", "staging")], expect_test::expect![[r#""#]]);
    check("a-pr-1", &[("ttl", "0s")], expect_test::expect![[r#""#]]);
    check("a-pr-1", &[("ttl", "91d")], expect_test::expect![[r#""#]]);
    check("a-pr-1", &[("ttl", "8")], expect_test::expect![[r#""#]]);
    check("a-pr-1", &[("tier", "fulll")], expect_test::expect![[r#""#]]);
    check("a-pr-1", &[("tier", "full")], expect_test::expect![[r#""#]]);
    check("a-pr-1", &[("labels", "tier/production")], expect_test::expect![[r#""#]]);
    check("a-pr-1", &[("repository", "shop")], expect_test::expect![[r#""#]]);
    check("a-pr-1", &[("head-sha", "main"), ("pull-request", "0")], expect_test::expect![[r#""#]]);
    check("a-pr-1", &[("owner", ""), ("domain", "acme")], expect_test::expect![[r#""#]]);
    check("a-pr-1", &[("secretRef", "secret/../prod"), ("services", "A")], expect_test::expect![[r#""#]]);
    check("eod-system", &[], expect_test::expect![[r#""#]]);
    check("kube-system", &[], expect_test::expect![[r#""#]]);
}

#[test]
fn built_in_policy_accepts_a_domain() {
    let policy = Policy::built_in();
    assert!(resolve(&policy, "demo", &[("domain", "demo.example"), ("environment", "demo")]).is_ok());
    assert!(resolve(&policy, "demo", &[("environment", "other")]).is_err());
}
