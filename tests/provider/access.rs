//! Permissions in an environment, checked with the API server.

use eod_testkit::{cluster::PATIENCE, wait::wait_until};
use serde_json::json;

use crate::provider::{EnvironmentStory, run_story};

/// Request to the API server: verb, API group, resource, subresource.
type AccessRequest = (&'static str, &'static str, &'static str, &'static str);

/// True if the API server allows a user to make a request in the namespace.
fn may(story: &EnvironmentStory, who: &serde_json::Value, (verb, group, resource, subresource): AccessRequest) -> bool {
    let mut spec = json!({ "resourceAttributes": {
        "namespace": story.name, "verb": verb, "group": group, "resource": resource, "subresource": subresource,
    }});
    spec.as_object_mut().unwrap().extend(who.as_object().unwrap().clone());
    let path = "/apis/authorization.k8s.io/v1/subjectaccessreviews";
    let (status, answer) = story.cluster.call("POST", path, Some(&json!({ "spec": spec })));
    assert_eq!(status, 201, "{answer}");
    answer["status"]["allowed"] == true
}

/// A binding takes effect a moment after its creation.
fn wait_until_may(story: &EnvironmentStory, who: &serde_json::Value, request: AccessRequest) {
    wait_until(&format!("{who} to be allowed {request:?}"), PATIENCE, || {
        if may(story, who, request) { Ok(()) } else { Err("not allowed".to_owned()) }
    });
}

#[test]
fn owner_can_work_with_workloads_and_cannot_change_guards() {
    run_story("owner", "access = [{ kind = \"User\", name = \"alice@acme.example\" }]", |story| {
        story.settle();
        let alice = json!({ "user": "alice@acme.example" });
        for request in [
            ("get", "", "pods", ""),
            ("list", "", "services", ""),
            ("watch", "", "events", ""),
            ("list", "", "configmaps", ""),
            ("list", "apps", "deployments", ""),
            ("list", "batch", "jobs", ""),
            ("get", "", "resourcequotas", ""),
            ("get", "networking.k8s.io", "networkpolicies", ""),
            ("get", "", "pods", "log"),
            ("create", "", "pods", "exec"),
            ("create", "", "pods", "portforward"),
            ("delete", "", "pods", ""),
            ("patch", "apps", "deployments", "scale"),
        ] {
            wait_until_may(story, &alice, request);
        }
        for request in [
            // A pod template could mount any Secret, so a restart is the deletion of pods.
            ("patch", "apps", "deployments", ""),
            ("create", "", "pods", ""),
            ("get", "", "secrets", ""),
            ("list", "", "secrets", ""),
            ("create", "", "secrets", ""),
            ("update", "", "resourcequotas", ""),
            ("delete", "", "limitranges", ""),
            ("delete", "networking.k8s.io", "networkpolicies", ""),
            ("create", "networking.k8s.io", "networkpolicies", ""),
            ("create", "rbac.authorization.k8s.io", "rolebindings", ""),
            ("update", "rbac.authorization.k8s.io", "roles", ""),
            ("delete", "", "namespaces", ""),
            ("update", "", "namespaces", ""),
            ("create", "", "serviceaccounts", "token"),
            ("impersonate", "", "users", ""),
        ] {
            assert!(!may(story, &alice, request), "alice may {request:?}");
        }
        assert!(!may(story, &json!({ "user": "bob" }), ("get", "", "pods", "")));
    });
}

#[test]
fn owner_has_no_rights_in_other_namespaces() {
    run_story("elsewhere", "access = [{ kind = \"User\", name = \"alice\" }]", |story| {
        story.settle();
        wait_until_may(story, &json!({ "user": "alice" }), ("get", "", "pods", ""));
        let spec = json!({ "spec": { "user": "alice", "resourceAttributes": {
            "namespace": "default", "verb": "get", "resource": "pods",
        }}});
        let path = "/apis/authorization.k8s.io/v1/subjectaccessreviews";
        assert_ne!(story.cluster.call("POST", path, Some(&spec)).1["status"]["allowed"], true);
    });
}

#[test]
fn groups_and_service_accounts_get_the_configured_cluster_role() {
    let arguments = "access = [{ kind = \"Group\", name = \"acme:shop\", role = \"view\" }, \
                     { kind = \"ServiceAccount\", name = \"ci\", namespace = \"ci\", role = \"edit\" }]";
    run_story("roles", arguments, |story| {
        story.settle();
        let shop = json!({ "user": "somebody", "groups": ["acme:shop"] });
        let ci = json!({ "user": "system:serviceaccount:ci:ci" });
        wait_until_may(story, &shop, ("list", "", "pods", ""));
        assert!(!may(story, &shop, ("delete", "", "pods", "")));
        wait_until_may(story, &ci, ("delete", "", "pods", ""));
        let bindings = story.objects("rolebindings");
        assert_eq!(bindings.len(), 2, "{bindings:#?}");
        for binding in bindings {
            assert_eq!(binding["roleRef"]["kind"], "ClusterRole", "{binding:#}");
        }
    });
}

#[test]
fn order_of_access_entries_does_not_recreate_bindings() {
    let (alice, bob) =
        ("{ kind = \"User\", name = \"alice\" }", "{ kind = \"User\", name = \"bob\", role = \"view\" }");
    run_story("order", &format!("access = [{alice}, {bob}]"), |story| {
        story.settle();
        let uids = |story: &EnvironmentStory| {
            let mut uids: Vec<_> =
                story.objects("rolebindings").iter().map(|each| each["metadata"]["uid"].to_string()).collect();
            uids.sort();
            uids
        };
        let before = uids(story);
        story.arguments(&format!("access = [{bob}, {alice}]"));
        story.apply().expect_ok();
        story.expect_no_changes();
        assert_eq!(uids(story), before);
    });
}

#[test]
fn removed_access_is_revoked() {
    run_story("revoked", "access = [{ kind = \"User\", name = \"alice\" }]", |story| {
        story.settle();
        let alice = json!({ "user": "alice" });
        wait_until_may(story, &alice, ("get", "", "pods", ""));
        story.arguments("");
        story.settle();
        assert!(story.objects("rolebindings").is_empty());
        wait_until("alice to be refused", PATIENCE, || {
            if may(story, &alice, ("get", "", "pods", "")) { Err("still allowed".to_owned()) } else { Ok(()) }
        });
    });
}
