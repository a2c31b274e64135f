use super::*;

/// Specification with every argument.
pub(crate) const EVERYTHING: &str = r#"{"name":"shop-pr-123","repository":"Acme/Shop","pull_request":123,"pull_request_url":"https://git.acme.internal/shop/123","head_sha":"0123456789abcdef","owner":"dependabot[bot]","tier":"full","ttl":"36h","extension":"waiting for review","protected":true,"labels":{"team":"checkout"},"annotations":{"acme.io/note":"a\nb"},"services":["api","web"],"quota":{"cpu":"4000m","load_balancers":1},"limits":{"default_cpu":"0.5","max_memory":"2Gi"},"network":{"allow_from_namespaces":["monitoring"],"allow_to_namespaces":["shared"],"allow_to_cidrs":["0.0.0.0/0","10.0.0.0/8"],"stable_services":["stable/payments:8080","stable/search:9200"],"dns_namespace":"kube-system","ingress_namespaces":["istio-ingress"]},"pod_security":"restricted","access":[{"kind":"User","name":"alice@example.com","role":"owner"},{"kind":"ServiceAccount","name":"ci","namespace":"pipelines","role":"view"}],"image_pull_secrets":["registry"],"mesh":{"kind":"istio-ambient","revision":"1-28"},"dns":{"mode":"wildcard"},"on_expired":"recreate"}"#;

#[test]
fn a_specification_round_trips() {
    for text in [EVERYTHING, "{}", r#"{"branch":"feature/FOO"}"#] {
        assert_eq!(EnvironmentSpec::from_json(text).expect(text).to_json(), text);
    }
}

#[test]
fn invalid_values_are_refused_and_unknown_fields_ignored() {
    for bad in [
        "",
        "7",
        r#"{"ttl":"0h"}"#,
        r#"{"pull_request":0}"#,
        r#"{"labels":{"k8s.io/x":"y"}}"#,
        r#"{"tier":"production"}"#,
    ] {
        assert!(EnvironmentSpec::from_json(bad).is_err(), "{bad}");
    }
    assert!(EnvironmentSpec::from_json(r#"{"from_a_newer_version":1}"#).is_ok());
}

#[test]
fn the_identity_follows_from_the_arguments() {
    let identity = |text: &str| EnvironmentSpec::from_json(text).unwrap().identity().canonical();
    assert_eq!(identity(EVERYTHING), "github.com/acme/shop#123");
    assert_eq!(identity(r#"{"repository":"acme/shop","branch":"x"}"#), "github.com/acme/shop@x");
    assert_eq!(identity(r#"{"name":"demo"}"#), "=given");
}
