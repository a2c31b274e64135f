use super::*;

#[test]
fn words() {
    for (kind, name, group, _) in KNOWN {
        assert_eq!(name.parse(), Ok(kind.clone()));
        assert_eq!(kind.to_string(), name);
        assert_eq!(SourceKind::of(group, name), Some(kind));
    }
    assert_eq!("apps/Deployment".parse(), Ok(SourceKind::Deployment));
    let widget = SourceKind::Other { group: "acme.io".to_owned(), kind: "Widget".to_owned() };
    assert_eq!("acme.io/Widget".parse(), Ok(widget));
    for unknown in ["", "DaemonSet", "apps/DaemonSet", "deployment", "acme.io/widget", "policy/X", "x.k8s.io/X"] {
        assert!(matches!(unknown.parse::<SourceKind>(), Err(SourceKindError::Unknown(_))), "{unknown}");
    }
}

#[test]
fn what_is_never_allowable() {
    for never in [
        "Namespace",
        "ClusterRole",
        "rbac.authorization.k8s.io/Anything",
        "argoproj.io/Rollout",
        "generators.external-secrets.io/Password",
        "secrets.hashicorp.com/VaultStaticSecret",
        "networking.istio.io/VirtualService",
        "NetworkPolicy",
        "cilium.io/CiliumNetworkPolicy",
        "Endpoints",
        "discovery.k8s.io/EndpointSlice",
        "ResourceQuota",
        "LimitRange",
    ] {
        assert!(matches!(never.parse::<SourceKind>(), Err(SourceKindError::Never { .. })), "{never}");
    }
    assert_eq!(SourceKind::of("apps", "DaemonSet"), None);
    assert_eq!(SourceKind::of("extensions", "Ingress"), None);
}
