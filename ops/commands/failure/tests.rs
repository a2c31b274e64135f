use super::*;

#[test]
fn remedy_for_a_missing_permission_is_that_of_the_system() {
    let remedy = |system: &'static str| {
        Failure::from(ClientError::new(system, "read", "something", ErrorKind::Denied)).remedy.unwrap_or_default()
    };
    assert!(remedy("Kubernetes").contains("eod doctor rights"));
    assert!(remedy("Vault").contains("policy"));
    for forge in ["GitHub", "GitLab"] {
        assert!(remedy(forge).contains("token"), "{forge}");
    }
}
