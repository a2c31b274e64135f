use eod_clients::ErrorKind;
use eod_clients::kubernetes::BlockingObject;

use super::*;

#[test]
fn every_blocker_has_advice() {
    let found = Blockers {
        namespace: "shop".into(),
        objects: vec![BlockingObject {
            kind: "ConfigMap".into(),
            name: "held".into(),
            finalizers: vec!["example.com/hold".into()],
            age: None,
        }],
        finalizers: vec![("example.com/hold".into(), 4)],
        discovery: vec!["v1beta1.metrics.k8s.io (MissingEndpoints: none)".into(), "example.com/v1".into()],
        ..Blockers::default()
    };
    let advice = blockers(&found);
    assert!(advice[0].contains("kubectl delete apiservice v1beta1.metrics.k8s.io`"), "{advice:?}");
    assert!(advice[1].contains("kubectl delete apiservice v1.example.com`"), "{advice:?}");
    assert!(advice[2].contains("finalizer `example.com/hold` runs"), "{advice:?}");
    assert!(advice[3].contains("kubectl patch -n shop configmap held --type=merge"), "{advice:?}");
}

#[test]
fn finalizers_of_the_namespace_have_advice_for_their_field() {
    let found = Blockers {
        namespace: "shop".into(),
        metadata_finalizers: vec!["example.com/a".into()],
        spec_finalizers: vec!["example.com/b".into()],
        ..Blockers::default()
    };
    let advice = blockers(&found);
    assert!(advice[0].contains("`example.com/a` runs") && advice[1].contains("`example.com/b` runs"), "{advice:?}");
    assert!(advice[2].contains("kubectl patch namespace shop --type=merge"), "{advice:?}");
    assert!(advice[3].contains("/api/v1/namespaces/shop/finalize"), "{advice:?}");
}

#[test]
fn unknown_cause_has_no_advice() {
    let found = Blockers { namespace: "shop".into(), ..Blockers::default() };
    assert_eq!(blockers(&found), Vec::<String>::new());
}

#[test]
fn error_about_a_role_with_more_rights_names_the_verb_bind() {
    let message =
        "rolebindings \"x\" is forbidden: user \"ci\" is attempting to grant RBAC permissions not currently held: ...";
    let rejection =
        Rejection { code: 403, reason: "Forbidden".into(), message: message.into(), ..Rejection::default() };
    let error = Error::new("Kubernetes", "apply", "RoleBinding `x`", ErrorKind::Denied).because(rejection);
    assert!(hint(&error).unwrap().contains("`bind` on the ClusterRole"));
}
