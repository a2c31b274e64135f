use super::*;

#[test]
fn kinds_are_parsed_with_and_without_their_group() {
    for (kind, name, group, _) in &KNOWN {
        assert_eq!(name.parse(), Ok(kind.clone()));
        assert_eq!(kind.to_string(), *name);
        assert_eq!(SourceKind::of(group, name), Some(kind.clone()));
    }
    assert_eq!("apps/Deployment".parse(), Ok(SourceKind::Deployment));
    let widget = SourceKind::Other { group: "acme.io".to_owned(), kind: "Widget".to_owned() };
    assert_eq!("acme.io/Widget".parse(), Ok(widget));
    for unknown in ["", "DaemonSet", "apps/DaemonSet", "deployment", "acme.io/widget", "policy/X", "x.k8s.io/X"] {
        assert!(matches!(unknown.parse::<SourceKind>(), Err(SourceKindError::Unsupported(_))), "{unknown}");
    }
}

#[test]
fn forbidden_kinds_cannot_be_allowed() {
    for forbidden in [
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
        assert!(matches!(forbidden.parse::<SourceKind>(), Err(SourceKindError::Forbidden { .. })), "{forbidden}");
    }
    assert_eq!(SourceKind::of("apps", "DaemonSet"), None);
    assert_eq!(SourceKind::of("extensions", "Ingress"), None);
}

#[test]
fn an_unsupported_kind_names_the_supported_ones() {
    let error = "DaemonSet".parse::<SourceKind>().unwrap_err();
    let supported = "ServiceAccount, ConfigMap, Secret, PersistentVolumeClaim, Service, Deployment, StatefulSet, Job, CronJob, \
                     Ingress, HTTPRoute, and kinds of your own API group as `group/Kind`";
    assert_eq!(error.to_string(), format!("unsupported kind `DaemonSet`: supported are {supported}"));
}
