//! A destroy waits until the environment is gone, deletes only our namespace, and names the blockers of the deletion.

use eod_testkit::fault::{Fault, FaultProxy};
use serde_json::json;

use crate::provider::{ADDRESS, done, run_story};

#[test]
fn a_destroy_waits_until_the_namespace_is_gone() {
    run_story("destroy", "", |story| {
        story.apply().expect_ok();
        story.destroy().expect_ok().expect_said("1 destroyed");
        assert!(!story.cluster.namespace_exists(&story.name));
        assert_eq!(story.attributes_of("preview"), None);
        assert_eq!(story.plan_exit_code(), 2);
    });
}

#[test]
fn a_second_destroy_has_nothing_to_do() {
    run_story("twice", "", |story| {
        story.apply().expect_ok();
        story.destroy().expect_ok().expect_said("1 destroyed");
        story.destroy().expect_ok().expect_said("0 destroyed");
    });
}

#[test]
fn a_destroy_of_a_missing_namespace_succeeds() {
    run_story("gone", "", |story| {
        story.apply().expect_ok();
        story.delete_namespace();
        // Without a refresh the provider really receives the delete.
        story.run(&["destroy", "-refresh=false", "-auto-approve", "-no-color"]).expect_ok().expect_said("1 destroyed");
        assert_eq!(story.attributes_of("preview"), None);
    });
}

#[test]
fn a_destroy_waits_for_a_deletion_that_has_begun() {
    run_story("going", "", |story| {
        story.apply().expect_ok();
        story.hold();
        story.delete(&story.namespace_path());
        story.wait_until_terminating();
        let destroy = story.spawn(&["destroy", "-auto-approve", "-no-color"]);
        destroy.wait_for_log(&format!("Starting apply for {ADDRESS}"));
        assert!(story.cluster.namespace_exists(&story.name));
        story.release();
        destroy.wait().expect_ok().expect_said("1 destroyed");
        assert!(!story.cluster.namespace_exists(&story.name));
    });
}

#[test]
fn protected_environment_is_destroyed_only_without_its_protection() {
    run_story("protected", "protected = true", |story| {
        story.apply().expect_ok();
        let uid = story.uid();
        let said = story.destroy().expect_err("protected").said();
        assert!(said.contains("protected = false"), "{said}");
        assert_eq!((story.uid(), story.attribute("uid")), (uid.clone(), json!(uid)));
        assert!(story.namespace()["metadata"]["deletionTimestamp"].is_null());
        story.arguments("protected = false");
        story.apply().expect_ok().expect_said(&done(0, 1, 0));
        story.destroy().expect_ok().expect_said("1 destroyed");
    });
}

#[test]
fn protected_environment_is_not_replaced() {
    run_story("protected-replace", "protected = true", |story| {
        story.apply().expect_ok();
        let uid = story.uid();
        let other = story.block("preview", "protected = true").replace("pull_request = 7", "pull_request = 8");
        story.body(&other);
        story.apply().expect_err("protected");
        assert_eq!(story.uid(), uid);
        assert!(story.namespace()["metadata"]["deletionTimestamp"].is_null());
    });
}

#[test]
fn blocking_finalizer_is_named_and_a_second_destroy_finishes() {
    run_story("stuck", "timeouts = { delete = \"8s\" }", |story| {
        story.apply().expect_ok();
        story.hold();
        let said = story.destroy().expect_err("example.com/hold").said();
        for part in [story.name.as_str(), "ConfigMap", "held", "kubectl"] {
            assert!(said.contains(part), "expected it to name `{part}`: {said}");
        }
        // The environment is still in the state, so that the next destroy continues.
        assert_eq!(story.attribute("name"), story.name);
        story.release();
        story.cluster.wait_until_gone(&story.name);
        story.destroy().expect_ok();
        assert_eq!(story.attributes_of("preview"), None);
    });
}

#[test]
fn finalizers_of_the_namespace_itself_are_named() {
    run_story("own-finalizers", "timeouts = { delete = \"8s\" }", |story| {
        story.apply().expect_ok();
        let path = format!("/api/v1/namespaces/{}", story.name);
        // Only the subresource `finalize` changes `spec.finalizers`.
        let finalize = |finalizers: serde_json::Value| {
            let mut namespace = story.namespace();
            namespace["spec"]["finalizers"] = finalizers;
            let (status, answer) = story.cluster.call("PUT", &format!("{path}/finalize"), Some(&namespace));
            assert_eq!(status, 200, "{answer}");
        };
        let own = json!({ "metadata": { "finalizers": ["example.com/own"] } });
        let (status, answer) = story.cluster.call("PATCH", &path, Some(&own));
        assert_eq!(status, 200, "{answer}");
        finalize(json!(["kubernetes", "example.com/policy"]));
        story
            .destroy()
            .expect_err("in `metadata.finalizers`: `example.com/own`")
            .expect_said("in `spec.finalizers`: `example.com/policy`")
            .expect_said(&format!("kubectl replace --raw /api/v1/namespaces/{}/finalize", story.name));
        assert_eq!(story.attribute("name"), story.name);
        let none = json!({ "metadata": { "finalizers": null } });
        let (status, answer) = story.cluster.call("PATCH", &path, Some(&none));
        assert_eq!(status, 200, "{answer}");
        finalize(json!([]));
        story.cluster.wait_until_gone(&story.name);
        story.destroy().expect_ok();
        assert_eq!(story.attributes_of("preview"), None);
    });
}

/// Answers of the real server while an aggregated API does not answer. The proxy gives them, because a real one would
/// block every namespace of every other story.
#[test]
fn an_api_that_does_not_answer_is_named() {
    run_story("apiservice", "timeouts = { delete = \"8s\" }", |story| {
        let proxy = FaultProxy::start(story.cluster);
        story.through(&proxy);
        story.apply().expect_ok();
        let mut stuck = story.namespace();
        stuck["metadata"]["deletionTimestamp"] = json!("2026-01-01T00:00:00Z");
        stuck["status"] = json!({ "phase": "Terminating", "conditions": [
            { "type": "NamespaceDeletionDiscoveryFailure", "status": "True", "reason": "DiscoveryFailed",
              "lastTransitionTime": "2026-01-01T00:00:05Z",
              "message": "Discovery failed for some groups, 1 failing: unable to retrieve the complete list of server APIs: \
                          metrics.example.com/v1beta1: stale GroupVersion discovery: metrics.example.com/v1beta1" },
            { "type": "NamespaceDeletionContentFailure", "status": "False", "reason": "ContentDeleted", "message": "All content successfully deleted" },
        ]});
        let services = json!({ "apiVersion": "apiregistration.k8s.io/v1", "kind": "APIServiceList", "metadata": {}, "items": [{
            "apiVersion": "apiregistration.k8s.io/v1", "kind": "APIService", "metadata": { "name": "v1beta1.metrics.example.com" },
            "spec": { "group": "metrics.example.com", "version": "v1beta1" },
            "status": { "conditions": [{ "type": "Available", "status": "False", "reason": "MissingEndpoints",
                "message": "endpoints for service/metrics in kube-system have no addresses" }] },
        }]});
        let answer =
            |body: &serde_json::Value| Fault::Status { code: 200, headers: Vec::new(), body: body.to_string() };
        let name = story.name.clone();
        let deleted = std::sync::atomic::AtomicBool::new(false);
        proxy.rule(
            move |call| {
                use std::sync::atomic::Ordering::Relaxed;
                let ours = call.path.ends_with(&format!("/api/v1/namespaces/{name}"));
                if ours && call.method == "DELETE" {
                    deleted.store(true, Relaxed);
                }
                ours && call.method == "GET" && deleted.load(Relaxed)
            },
            usize::MAX,
            answer(&stuck),
        );
        proxy.rule(|call| call.is("GET", "/apiservices"), usize::MAX, answer(&services));
        let said = story.destroy().expect_err("v1beta1.metrics.example.com").said();
        assert!(said.contains("kubectl delete apiservice v1beta1.metrics.example.com"), "{said}");
        proxy.clear_rules();
        story.destroy().expect_ok();
        assert!(!story.cluster.namespace_exists(&story.name));
    });
}

#[test]
fn namespace_created_by_a_person_is_not_destroyed() {
    run_story("successor", "", |story| {
        story.apply().expect_ok();
        story.delete_namespace();
        story.make_foreign_namespace();
        let uid = story.uid();
        for arguments in [
            &["destroy", "-auto-approve", "-no-color"][..],
            &["destroy", "-refresh=false", "-auto-approve", "-no-color"],
        ] {
            // The namespace has another owner: there is nothing to destroy, or the destroy is refused.
            story.run(arguments);
            assert_eq!(story.uid(), uid);
            assert!(story.namespace()["metadata"]["deletionTimestamp"].is_null());
        }
    });
}

#[test]
fn former_state_does_not_destroy_the_environment_created_again() {
    run_story("own-successor", "", |story| {
        story.apply().expect_ok();
        let former = story.elsewhere();
        former.write("terraform.tfstate", &story.raw_state_text());
        story.destroy().expect_ok();
        story.apply().expect_ok();
        let uid = story.uid();
        former.plan().expect_ok().expect_said("The environment was created again").expect_said("1 to add");
        former.run(&["destroy", "-refresh=false", "-auto-approve", "-no-color"]);
        assert_eq!(story.uid(), uid);
        assert!(story.namespace()["metadata"]["deletionTimestamp"].is_null());
        story.expect_no_changes();
    });
}
