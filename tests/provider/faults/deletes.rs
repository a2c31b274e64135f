//! Deletes of namespaces that others delete, block or have created again.

use eod_testkit::{
    cluster::{Cluster, PATIENCE},
    fault::{Fault, FaultProxy},
    wait::wait_until,
};

use crate::provider::{
    each,
    faults::story::{FaultStory, IT, expect_failure, expect_sound, run_story},
};

/// A destroy without a refresh, which has to verify the ownership itself.
const BLIND: [&str; 4] = ["destroy", "-no-color", "-auto-approve", "-refresh=false"];

/// Runs a story of an environment with a create that failed in the middle.
#[track_caller]
fn partial_create(test: &str, then: impl Fn(FaultStory)) {
    run_story(test, |story| {
        story.spoil_write(3, usize::MAX, Fault::status(403, "Forbidden", "not today"));
        expect_failure(story.workspace.apply(), &["not today"]);
        assert!(story.is_tainted());
        story.proxy.clear_rules();
        story.proxy.clear_log();
        then(story);
    });
}

#[test]
fn namespace_created_again_is_not_deleted() {
    run_story("made-again", |story| {
        story.workspace.apply().expect_ok();
        let mut twin = story.namespace().unwrap();
        let ours = story.uid();
        story.cluster.kubectl(&["delete", "namespace", &story.name]);
        // With all ownership labels: only the uid shows that it is another namespace.
        let metadata = twin["metadata"].as_object_mut().unwrap();
        metadata.retain(|key, _| ["name", "labels", "annotations"].contains(&key.as_str()));
        twin.as_object_mut().unwrap().retain(|key, _| ["apiVersion", "kind", "metadata"].contains(&key.as_str()));
        let (status, answer) = story.cluster.call("POST", "/api/v1/namespaces", Some(&twin));
        assert_eq!(status, 201, "{answer}");
        let theirs = story.uid();
        assert_ne!(ours, theirs);
        // Without a refresh the state still has the uid of the first namespace.
        let run = story.workspace.run(&BLIND);
        assert_eq!(story.uid(), theirs, "the second namespace was deleted\n{run}");
        let namespace = story.namespace().unwrap();
        assert!(namespace["metadata"]["deletionTimestamp"].is_null(), "{namespace}\n{run}");
        // The namespace in the state is gone, so there is nothing to destroy.
        run.expect_ok();
        assert!(story.workspace.resource(IT).is_none());
        story.discard();
    });
}

#[test]
fn foreign_namespace_of_the_same_name_is_not_deleted() {
    run_story("foreign-again", |story| {
        story.workspace.apply().expect_ok();
        story.cluster.kubectl(&["delete", "namespace", &story.name]);
        story.cluster.kubectl(&["create", "namespace", &story.name]);
        let theirs = story.uid();
        story.proxy.clear_log();
        story.workspace.run(&BLIND).expect_ok();
        assert_eq!(story.uid(), theirs);
        let writes = story.proxy.calls(|call| call.method == "PATCH" || call.method == "POST");
        assert_eq!(writes, 0, "{}", story.proxy.story());
        story.discard();
    });
}

#[test]
fn every_delete_has_the_uid_as_precondition() {
    run_story("names-uid", |story| {
        story.workspace.apply().expect_ok();
        let uid = story.uid();
        story.proxy.clear_log();
        story.workspace.destroy().expect_ok();
        let log = story.proxy.log();
        let deletes: Vec<_> = log.iter().filter(|call| call.method == "DELETE").collect();
        let (ledgers, namespaces): (Vec<_>, Vec<_>) =
            deletes.into_iter().partition(|call| call.path.contains("/configmaps/"));
        assert_eq!((ledgers.len(), namespaces.len()), (1, 1), "{}", story.proxy.story());
        for delete in namespaces {
            let body = delete.body.as_ref().unwrap();
            assert_eq!(body["preconditions"]["uid"], uid.as_str(), "{body}");
        }
        assert!(ledgers[0].body.as_ref().unwrap()["preconditions"]["uid"].is_string());
        story.assert_nothing_left();
    });
}

#[test]
fn an_unfinished_environment_is_destroyed_by_its_uid() {
    partial_create("half-made", |story| {
        let uid = story.uid();
        story.workspace.run(&BLIND).expect_ok();
        let log = story.proxy.log();
        let delete = log.iter().find(|call| call.method == "DELETE").unwrap();
        assert_eq!(delete.body.as_ref().unwrap()["preconditions"]["uid"], uid.as_str());
        story.assert_nothing_left();
    });
}

#[test]
fn unfinished_environment_created_again_by_others_is_not_deleted() {
    partial_create("half-foreign", |story| {
        story.cluster.kubectl(&["delete", "namespace", &story.name]);
        story.cluster.kubectl(&["create", "namespace", &story.name]);
        let theirs = story.uid();
        let run = story.workspace.run(&BLIND);
        expect_sound(&run);
        assert_eq!(story.uid(), theirs, "{run}");
        assert!(story.namespace().unwrap()["metadata"]["deletionTimestamp"].is_null(), "{run}");
        // Nor does a replacement change it: the next apply reports the conflict.
        let run = story.workspace.apply();
        expect_failure(run, &[&story.name, "was not created by EoD"]);
        assert_eq!(story.uid(), theirs);
        story.discard();
    });
}

#[test]
fn destroy_waits_for_a_running_deletion() {
    run_story("second-delete", |story| {
        story.workspace.apply().expect_ok();
        story.hold();
        story.cluster.kubectl(&["delete", "namespace", &story.name, "--wait=false"]);
        story.proxy.clear_log();
        let running = story.workspace.spawn(&["destroy", "-no-color", "-auto-approve"]);
        // A second DELETE (answered with 409) is optional; the provider waits.
        wait_until("the destroy to look at the namespace", PATIENCE, || {
            match story.proxy.calls(|call| call.is("GET", &story.name)) {
                0 | 1 => Err(story.proxy.story()),
                _ => Ok(()),
            }
        });
        story.release();
        running.wait().expect_ok();
        story.assert_nothing_left();
        // And once more, with no namespace left.
        story.workspace.destroy().expect_ok();
    });
}

#[test]
fn blocked_delete_names_its_cause_and_a_second_destroy_finishes() {
    each(|terraform| {
        let story = FaultStory::with(
            terraform,
            "held",
            FaultProxy::start(Cluster::shared()),
            "timeouts = { delete = \"15s\" }",
        );
        story.workspace.apply().expect_ok();
        story.hold();
        let run = story.workspace.destroy();
        expect_failure(run, &[&story.name, "15 s", "held", "example.com/hold"]);
        assert!(!story.is_tainted(), "a failed destroy keeps the state");
        // A second destroy finds the namespace Terminating; its error must not be the 409 of a second DELETE.
        let run = expect_failure(story.workspace.destroy(), &["held", "example.com/hold"]);
        assert!(!run.said().contains("The system is ensuring all content is removed"), "{run}");
        story.release();
        story.end();
    });
}

#[test]
fn a_missing_environment_is_destroyed() {
    run_story("already-gone", |story| {
        story.workspace.apply().expect_ok();
        story.cluster.kubectl(&["delete", "namespace", &story.name]);
        story.workspace.run(&BLIND).expect_ok();
        assert!(story.workspace.resource(IT).is_none());
        story.workspace.destroy().expect_ok();
        story.assert_nothing_left();
    });
}
