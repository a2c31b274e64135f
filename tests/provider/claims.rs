//! Claims: the newest takeover owns an environment, and the previous state no longer manages it.

use std::time::Duration;

use eod_testkit::{
    cluster::PATIENCE,
    fault::{Fault, FaultProxy},
    wait::wait_until,
    workspace::Run,
};

use crate::provider::{ADDRESS, EnvironmentStory, done, errors, run_story};

const REPLACE: [&str; 4] = ["apply", "-no-color", "-auto-approve", "-replace=eod_environment.preview"];
const DESTROY_WITHOUT_REFRESH: [&str; 4] = ["destroy", "-refresh=false", "-auto-approve", "-no-color"];
const NONCE: &str = "environment.on-demand/nonce";

/// Creates an object in the namespace that only a destroy removes.
#[track_caller]
fn put_data(story: &EnvironmentStory) {
    story.cluster.kubectl(&["-n", &story.name, "create", "configmap", "data", "--from-literal=key=value"]);
}

#[track_caller]
fn has_data(story: &EnvironmentStory) -> bool {
    let found = story.cluster.read(&format!("{}/data", story.collection("configmaps")));
    found.is_some_and(|data| data["data"]["key"] == "value" && data["metadata"]["deletionTimestamp"].is_null())
}

/// Expects that a run did not change the namespace, named it and printed the reason.
#[track_caller]
fn expect_no_longer_owned(story: &EnvironmentStory, run: &Run, uid: &str) {
    let said = run.said();
    assert!(said.contains(&format!("Namespace `{}` has a newer claim", story.name)), "{run}");
    assert_eq!(story.uid(), uid);
    assert!(story.namespace()["metadata"]["deletionTimestamp"].is_null());
}

#[test]
fn replacement_with_adopt_keeps_the_content_of_the_namespace() {
    run_story("deposed", "adopt = true\nlifecycle {\ncreate_before_destroy = true\n}", |story| {
        story.settle();
        put_data(story);
        let (uid, nonce) = (story.uid(), story.annotation(NONCE));
        let run = story.run(&REPLACE).expect_ok().expect_said(&done(1, 0, 1));
        expect_no_longer_owned(story, &run, &uid);
        assert!(has_data(story));
        assert_ne!(story.annotation(NONCE), nonce, "taking over writes a new claim");
        story.expect_no_changes();
        // The replacement owns the environment like any other state.
        story.destroy().expect_ok().expect_said("1 destroyed");
        assert!(!story.cluster.namespace_exists(&story.name));
    });
}

#[test]
fn error_explains_create_before_destroy_without_adopt() {
    run_story("cbd", "lifecycle {\ncreate_before_destroy = true\n}", |story| {
        story.settle();
        put_data(story);
        let uid = story.uid();
        let said = errors(&story.run(&REPLACE).expect_err(&story.name));
        let remedy = said.find("remove `create_before_destroy`").unwrap_or_else(|| panic!("{said}"));
        let import = said.find("import {").unwrap_or_else(|| panic!("{said}"));
        assert!(remedy < import, "the more likely cause comes first: {said}");
        assert!(said.contains("two environments of one identity cannot exist at once"), "{said}");
        assert_eq!(story.uid(), uid);
        assert!(has_data(story));
        story.expect_no_changes();
        story.arguments("");
        story.run(&REPLACE).expect_ok().expect_said(&done(1, 0, 1));
        assert_ne!(story.uid(), uid);
        story.expect_no_changes();
    });
}

#[test]
fn state_no_longer_manages_an_environment_that_another_state_adopted() {
    run_story("adopted", "", |story| {
        story.settle();
        put_data(story);
        let (uid, state) = (story.uid(), story.raw_state_text());
        let mut other = story.elsewhere();
        other.arguments("adopt = true\nowner = \"bob\"");
        other.settle().expect_said(&done(1, 0, 0));

        // An update that was planned before is refused.
        story.arguments("owner = \"alice\"");
        let update = story.run(&["apply", "-refresh=false", "-no-color", "-auto-approve"]);
        let said = errors(&update.expect_err(&story.name));
        assert!(said.contains("Another state has taken over the environment"), "{said}");
        assert_eq!(other.label("environment.on-demand/owner"), "bob");

        // A destroy does not delete the namespace. Terraform does not show warnings of the refresh before a destroy.
        story.write("terraform.tfstate", &state);
        story.destroy().expect_ok().expect_said("0 destroyed");
        assert_eq!(story.uid(), uid);
        story.write("terraform.tfstate", &state);
        let run = story.run(&DESTROY_WITHOUT_REFRESH).expect_ok();
        expect_no_longer_owned(story, &run, &uid);
        assert_eq!(story.attributes_of("preview"), None);

        // A plan shows that the environment is no longer managed here.
        story.write("terraform.tfstate", &state);
        let plan = story.plan().expect_ok().expect_said("1 to add, 0 to change, 0 to destroy");
        expect_no_longer_owned(story, &plan, &uid);

        // The planned create is refused with the remedies, and nothing changes for the owner.
        story.apply().expect_err("The environment exists already");
        assert!(has_data(story));
        other.expect_no_changes();
        other.destroy().expect_ok().expect_said("1 destroyed");
    });
}

#[test]
fn one_of_two_runs_with_separate_states_owns_the_environment() {
    run_story("two-runs", "", |story| {
        let mut other = story.elsewhere();
        let proxy = FaultProxy::start(story.cluster);
        // One run is in the middle of its create when the other one considers it interrupted.
        proxy.rule(
            |call| call.method == "PATCH" && call.query.contains("eod-clock"),
            1,
            Fault::Delay(Duration::from_secs(15)),
        );
        story.through(&proxy);
        let slow = story.spawn(&["apply", "-no-color", "-auto-approve"]);
        wait_until("the clock to be written", PATIENCE, || {
            match proxy.calls(|call| call.method == "PATCH" && call.query.contains("eod-clock")) {
                0 => Err(proxy.story()),
                _ => Ok(()),
            }
        });
        other.arguments("owner = \"bob\"");
        let fast = other.apply();
        let slow = slow.wait();
        let (owner, loser, refused) =
            if fast.code == Some(0) { (&other, &*story, slow) } else { (&*story, &other, fast) };
        let said = errors(&refused.expect_err(&story.name));
        let reported = ["Another state has taken over the environment", "The environment exists already"];
        assert!(reported.iter().any(|title| said.contains(title)), "{said}");
        assert_eq!(loser.attributes_of("preview"), None);
        owner.expect_no_changes();
        let uid = owner.uid();
        loser.run(&DESTROY_WITHOUT_REFRESH).expect_ok().expect_said("0 destroyed");
        assert_eq!(owner.uid(), uid);
        owner.destroy().expect_ok().expect_said("1 destroyed");
    });
}

#[test]
fn first_update_after_an_import_takes_the_environment_over() {
    run_story("import-over", "", |story| {
        story.settle();
        put_data(story);
        let (uid, nonce) = (story.uid(), story.annotation(NONCE));
        let mut other = story.elsewhere();
        other.run(&["import", "-no-color", ADDRESS, &story.name]).expect_ok();
        // An import, a refresh and a plan write nothing: the plan may never be applied.
        other.expect_no_changes();
        assert_eq!(story.annotation(NONCE), nonce);
        story.expect_no_changes();
        other.arguments("owner = \"bob\"");
        other.apply().expect_ok().expect_said(&done(0, 1, 0));
        assert_ne!(story.annotation(NONCE), nonce);
        other.expect_no_changes();
        let run = story.run(&DESTROY_WITHOUT_REFRESH).expect_ok();
        expect_no_longer_owned(story, &run, &uid);
        assert!(has_data(story));
        // Further updates keep the claim.
        let nonce = story.annotation(NONCE);
        other.arguments("owner = \"carol\"");
        other.settle().expect_said(&done(0, 1, 0));
        assert_eq!(story.annotation(NONCE), nonce);
        other.destroy().expect_ok().expect_said("1 destroyed");
    });
}

#[test]
fn destroy_right_after_an_import_deletes_the_environment() {
    run_story("import-destroyed", "", |story| {
        story.settle();
        let other = story.elsewhere();
        other.run(&["import", "-no-color", ADDRESS, &story.name]).expect_ok();
        other.run(&DESTROY_WITHOUT_REFRESH).expect_ok().expect_said("1 destroyed");
        assert!(!story.cluster.namespace_exists(&story.name));
        // No namespace is left for the previous state.
        story.run(&DESTROY_WITHOUT_REFRESH).expect_ok();
    });
}

#[test]
fn destroy_does_not_delete_an_environment_that_was_taken_over() {
    run_story("destroy-race", "", |story| {
        story.settle();
        let (uid, state) = (story.uid(), story.raw_state_text());
        // The namespace is claimed after the destroy has read it and before its DELETE arrives.
        let proxy = FaultProxy::start(story.cluster);
        proxy.rule(|call| call.method == "DELETE", usize::MAX, Fault::Hold);
        story.through(&proxy);
        let destroy = story.spawn(&DESTROY_WITHOUT_REFRESH);
        wait_until("the DELETE to be sent", PATIENCE, || match proxy.calls(|call| call.method == "DELETE") {
            0 => Err(proxy.story()),
            _ => Ok(()),
        });
        let mut other = story.elsewhere();
        other.arguments("adopt = true");
        other.apply().expect_ok();
        proxy.release();
        let run = destroy.wait().expect_ok();
        expect_no_longer_owned(story, &run, &uid);
        assert_ne!(state, story.raw_state_text());
        other.expect_no_changes();
    });
}
