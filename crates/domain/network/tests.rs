use super::*;

#[test]
fn network_has_defaults() {
    let network = Network::resolve(&NetworkSettings::default());
    assert_eq!(
        serde_json::to_string(&network).unwrap(),
        r#"{"isolation":"strict","allow_from_namespaces":[],"allow_to_namespaces":[],"allow_to_cidrs":[],"stable_services":[],"dns_namespace":"kube-system","ingress_namespaces":["istio-system","istio-ingress","envoy-gateway-system","ingress-nginx","traefik"]}"#
    );
}

#[test]
fn stable_services_are_parsed_or_refused() {
    let service: StableService = "stable/payments:8080".parse().unwrap();
    assert_eq!((service.namespace.as_str(), service.name.as_str(), service.port), ("stable", "payments", 8080));
    assert_eq!(service.to_string(), "stable/payments:8080");
    for bad in [
        "",
        "payments",
        "stable/payments",
        "payments:80",
        "stable/payments:",
        "stable/payments:0",
        "a/b:65536",
        "a/b:+80",
        "a/b:080",
        "A/b:80",
        "a/b/c:80",
        "/b:80",
        "a/:80",
    ] {
        assert!(bad.parse::<StableService>().is_err(), "{bad}");
    }
}
