use eod_domain::{AccessGrant, AccessRole, Environment, EnvironmentSpec, Mesh, MeshKind, Settings, SubjectKind, Tiers};

use super::*;

#[test]
fn each_mistake_in_a_tier_has_its_remedy() {
    for (overrides, remedy) in [
        (r#"{"full":{"ttl":"8d"}}"#, "lower `ttl`, or raise `max_ttl` (at most 90d)"),
        (r#"{"full":{"warning":"25h"}}"#, "lower `warning`, or raise `ttl`"),
        (r#"{"staging":{"ttl":"4h"}}"#, "remove this value"),
    ] {
        let mistakes = Tiers::default().with_overrides(&serde_json::from_str(overrides).unwrap()).unwrap_err();
        assert_eq!(mistakes[0].error.remedy().unwrap(), remedy, "{overrides}");
    }
}

#[test]
fn each_mistake_in_limits_has_its_remedy() {
    for (limits, remedy) in [
        (r#"{"max_cpu":"9"}"#, "lower `limits.max_cpu`, or raise `quota.cpu`"),
        (r#"{"default_memory":"5Gi"}"#, "set `limits.default_memory`, or raise `limits.max_memory` and `quota.memory`"),
        (r#"{"default_memory":"32Mi"}"#, "set `limits.default_request_memory`"),
    ] {
        let spec = EnvironmentSpec {
            name: Some("shop".parse().unwrap()),
            limits: serde_json::from_str(limits).unwrap(),
            ..EnvironmentSpec::default()
        };
        let found = mistakes(&Environment::resolve(&spec, &Settings::default()).unwrap_err());
        let hints: Vec<_> = found.sorted().into_iter().map(|diag| diag.hint.unwrap()).collect();
        assert_eq!(hints, [remedy], "{limits}");
    }
}

#[test]
fn mistakes_in_access_and_mesh_have_their_remedies() {
    let remedy = |kind, name, namespace: Option<&str>| {
        let namespace = namespace.map(|namespace| namespace.parse().unwrap());
        AccessGrant::new(kind, name, namespace, AccessRole::Owner).unwrap_err().remedy()
    };
    assert_eq!(remedy(SubjectKind::User, "", None).unwrap(), EMPTY_STRING_HINT);
    assert_eq!(remedy(SubjectKind::ServiceAccount, "ci", None).unwrap(), "set `namespace`");
    assert!(remedy(SubjectKind::User, "alice", Some("ci")).unwrap().contains("`ServiceAccount`"));
    let mesh = Mesh::new(MeshKind::Linkerd, Some("1-26".parse().unwrap())).unwrap_err();
    assert!(mesh.remedy().unwrap().contains("`istio-ambient`"));
}
