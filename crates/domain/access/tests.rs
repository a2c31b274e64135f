use super::*;

fn grant(kind: &str, name: &str, namespace: Option<&str>, role: &str) -> Result<AccessGrant, AccessError> {
    AccessGrant::new(kind.parse().unwrap(), name, namespace.map(|text| text.parse().unwrap()), role.parse()?)
}

#[test]
fn grants_are_created_with_and_without_a_namespace() {
    for (kind, name, namespace, role) in [
        ("User", "alice@example.com", None, "owner"),
        ("Group", "oidc:acme:developers", None, "view"),
        ("ServiceAccount", "ci", Some("pipelines"), "system:aggregate-to-view"),
    ] {
        let grant = grant(kind, name, namespace, role).unwrap();
        let json = serde_json::to_string(&grant).unwrap();
        assert_eq!(serde_json::from_str::<AccessGrant>(&json).unwrap(), grant);
        assert_eq!(grant.role().as_str(), role);
    }
    let short: AccessGrant = serde_json::from_str(r#"{"kind":"User","name":"alice"}"#).unwrap();
    assert_eq!(short.role(), &AccessRole::Owner);
}

#[test]
fn invalid_values_are_refused() {
    for (kind, name, namespace, role, part) in [
        ("User", "", None, "owner", "must not be empty"),
        ("User", "a\nb", None, "owner", "invalid subject name"),
        ("ServiceAccount", "ci", None, "owner", "ServiceAccount `ci` requires a namespace"),
        ("ServiceAccount", "CI", Some("x"), "owner", "ServiceAccount `CI` contains"),
        ("User", "alice", Some("x"), "owner", "User `alice` must not have a namespace"),
        ("Group", "devs", Some("x"), "owner", "Group `devs` must not have a namespace"),
        ("User", "alice", None, "", "invalid role"),
        ("User", "alice", None, "a/b", "invalid role"),
    ] {
        let error = grant(kind, name, namespace, role).expect_err(name).to_string();
        assert!(error.contains(part), "{error}");
    }
}

#[test]
fn an_unsupported_kind_is_refused_with_the_supported_ones() {
    assert_eq!(
        "user".parse::<SubjectKind>().unwrap_err().to_string(),
        "unsupported kind of subject `user`: supported are User, Group, ServiceAccount"
    );
}

#[test]
fn each_grant_has_its_own_binding() {
    let list = [
        grant("User", "alice", None, "owner"),
        grant("User", "alice", None, "view"),
        grant("Group", "alice", None, "owner"),
        grant("ServiceAccount", "alice", Some("a"), "owner"),
        grant("ServiceAccount", "alice", Some("b"), "owner"),
    ];
    let names: std::collections::BTreeSet<_> = list.into_iter().map(|grant| grant.unwrap().binding_name()).collect();
    assert_eq!(names.len(), 5);
    let again = grant("User", "alice", None, "owner").unwrap().binding_name();
    assert!(names.contains(&again) && again.starts_with("eod-owner-"));
}
