use serde_json::json;

use super::*;

fn condition(kind: &str, status: &str, message: &str) -> Value {
    json!({ "type": kind, "status": status, "message": message })
}

#[test]
fn false_conditions_are_ignored() {
    let namespace = json!({ "status": { "phase": "Terminating", "conditions": [
            condition("NamespaceDeletionDiscoveryFailure", "False", "All resources successfully discovered"),
            condition("NamespaceDeletionGroupVersionParsingFailure", "False", "All legacy kube types successfully parsed"),
            condition("NamespaceDeletionContentFailure", "False", "All content successfully deleted, may be waiting on finalization"),
            condition("NamespaceContentRemaining", "False", "All content successfully removed"),
            condition("NamespaceFinalizersRemaining", "False", "All content-preserving finalizers finished"),
        ] } });
    assert_eq!(Conditions::of(&namespace), Conditions::default());
    assert_eq!(summary(&namespace), "phase Terminating");
}

#[test]
fn resources_finalizers_and_groups_are_taken_from_the_messages() {
    let namespace = json!({ "status": { "conditions": [
            condition("NamespaceContentRemaining", "True", "Some resources are remaining: configmaps. has 2 resource instances, widgets.example.com has 1 resource instances"),
            condition("NamespaceFinalizersRemaining", "True", "Some content in the namespace has finalizers remaining: example.com/hold in 2 resource instances, foregroundDeletion in 1 resource instances"),
            condition("NamespaceDeletionDiscoveryFailure", "True", "Discovery failed for some groups, 1 failing: unable to retrieve the complete list of server APIs: metrics.k8s.io/v1beta1: stale GroupVersion discovery: metrics.k8s.io/v1beta1"),
            condition("NamespaceDeletionContentFailure", "True", "Failed to delete all resource types, 1 remaining: webhook down"),
        ] } });
    let found = Conditions::of(&namespace);
    let resource = |plural: &str, group: &str, count| Remaining { plural: plural.into(), group: group.into(), count };
    assert_eq!(found.resources, [resource("configmaps", "", 2), resource("widgets", "example.com", 1)]);
    assert_eq!(found.finalizers, [("example.com/hold".to_owned(), 2), ("foregroundDeletion".to_owned(), 1)]);
    assert_eq!(found.undiscovered, ["metrics.k8s.io/v1beta1"]);
    assert!(found.discovery_failed);
    assert_eq!(found.failures, ["Failed to delete all resource types, 1 remaining: webhook down"]);
}

#[test]
fn messages_of_another_form_are_ignored() {
    for message in ["", "x", "a: b", "a: b has c", "a: .has 1", "a: x in y", "a: has  resource"] {
        for kind in ["NamespaceContentRemaining", "NamespaceFinalizersRemaining"] {
            let namespace = json!({ "status": { "conditions": [condition(kind, "True", message)] } });
            let found = Conditions::of(&namespace);
            assert!(found.resources.is_empty() && found.finalizers.is_empty(), "{message}");
        }
    }
    assert_eq!(Conditions::of(&json!({ "status": { "conditions": "x" } })), Conditions::default());
}
