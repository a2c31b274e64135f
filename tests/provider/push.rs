//! A push needs two calls and no read before them: the server compares the namespace with the one in the state. If they
//! differ, the provider reads the namespace before it changes anything.
//!
//! These pushes do not refresh, so that changes of others happen between refresh and apply.

use std::time::Duration;

use base64::{Engine as _, prelude::BASE64_STANDARD};
use eod_testkit::{
    fault::{Fault, FaultProxy, Logged},
    workspace::Run,
};
use serde_json::{Value, json};

use crate::provider::{EnvironmentStory, done, errors, later, run_story, vault::meanwhile};

const BLIND: [&str; 4] = ["apply", "-refresh=false", "-auto-approve", "-no-color"];

/// Calls of a push that has to read first: the refused write, the read, the write and the clock.
const AFTER_A_LOOK: [&str; 4] = ["apply 409", "get 200", "apply 200", "clock 200"];

/// A story with an environment at its first commit, and the second in its configuration. All calls from now on are in
/// the proxy's log.
#[track_caller]
fn pushed(test: &str, arguments: &str, story: impl Fn(&mut EnvironmentStory, &FaultProxy)) {
    run_story(test, &format!("head_sha = \"aaaaaaa1\"\n{arguments}"), |it| {
        let proxy = FaultProxy::start(it.cluster);
        it.through(&proxy);
        it.settle();
        it.arguments(&format!("head_sha = \"aaaaaaa2\"\n{arguments}"));
        proxy.clear_log();
        let_a_second_pass();
        story(it, &proxy);
    });
}

/// The clock has whole seconds: in the second of the previous write, a push does not change it.
fn let_a_second_pass() {
    std::thread::sleep(Duration::from_secs(1));
}

/// The calls to the namespace itself, with the answers of the server.
fn calls(story: &EnvironmentStory, proxy: &FaultProxy) -> Vec<String> {
    let name = |call: &Logged| match call.headers.get("content-type").and_then(|kind| kind.to_str().ok()) {
        Some("application/apply-patch+yaml") => "apply".to_owned(),
        Some("application/merge-patch+json") => "clock".to_owned(),
        _ => call.method.to_lowercase(),
    };
    let log = proxy.log();
    let of_namespace = log.iter().filter(|call| call.path == story.namespace_path());
    of_namespace.map(|call| format!("{} {}", name(call), call.stored.unwrap_or_default())).collect()
}

/// Pushes, and expects that it is refused with this text after a read, and that the namespace is not changed.
#[track_caller]
fn refused(story: &EnvironmentStory, proxy: &FaultProxy, words: &str) -> Run {
    let before = story.namespace();
    let run = story.run(&BLIND).expect_err(words);
    let calls = calls(story, proxy);
    let (look, refused) = calls.split_last().unwrap();
    assert_eq!(look, "get 200", "{}", proxy.story());
    assert!(!refused.is_empty() && refused.iter().all(|call| call == "apply 409"), "{}", proxy.story());
    assert_eq!(story.namespace(), before);
    run
}

#[test]
fn push_writes_the_namespace_and_its_clock() {
    pushed("push", "", |story, proxy| {
        story.run(&BLIND).expect_ok().expect_said(&done(0, 1, 0));
        assert_eq!(calls(story, proxy), ["apply 200", "clock 200"]);
        assert_eq!(proxy.log().len(), 2, "{}", proxy.story());
        assert_eq!(story.annotation("environment.on-demand/head-sha"), "aaaaaaa2");
        // The next push needs no refresh in between; with a refresh there are only the reads of the refresh in
        // addition.
        story.arguments("head_sha = \"aaaaaaa3\"");
        proxy.clear_log();
        let_a_second_pass();
        story.apply().expect_ok().expect_said(&done(0, 1, 0));
        assert_eq!(calls(story, proxy), ["get 200", "apply 200", "clock 200"]);
        assert_eq!(proxy.calls(|call| call.method != "GET"), 2, "{}", proxy.story());
        story.expect_no_changes();
    });
}

#[test]
fn change_without_activity_is_one_call() {
    pushed("push-quiet", "", |story, proxy| {
        story.arguments("head_sha = \"aaaaaaa1\"\npull_request_url = \"https://git.acme.example/shop/7\"");
        story.run(&BLIND).expect_ok().expect_said(&done(0, 1, 0));
        assert_eq!(calls(story, proxy), ["apply 200"]);
        assert_eq!(story.annotation("environment.on-demand/pr-url"), "https://git.acme.example/shop/7");
        story.expect_no_changes();
    });
}

#[test]
fn fields_of_the_create_call_are_changed_without_a_read() {
    pushed("push-owner", "owner = \"alice\"", |story, proxy| {
        // To the server the call that created the namespace is another manager, of the same name.
        for (owner, expected) in [("bob", &["apply 409", "apply 200"][..]), ("carol", &["apply 200"])] {
            story.arguments(&format!("head_sha = \"aaaaaaa1\"\nowner = \"{owner}\""));
            proxy.clear_log();
            story.run(&BLIND).expect_ok().expect_said(&done(0, 1, 0));
            assert_eq!(calls(story, proxy), expected);
            assert_eq!(story.label("environment.on-demand/owner"), owner);
        }
        story.expect_no_changes();
    });
}

#[test]
fn a_push_to_a_missing_namespace_creates_none() {
    pushed("push-gone", "", |story, proxy| {
        story.delete_namespace();
        story.run(&BLIND).expect_err("does not exist any more");
        // The server itself refuses to create an object with a uid.
        assert_eq!(calls(story, proxy), ["apply 409", "get 404"]);
        assert!(!story.cluster.namespace_exists(&story.name));
        story.settle().expect_said(&done(1, 0, 0));
    });
}

#[test]
fn a_push_to_a_namespace_that_is_being_deleted_changes_nothing() {
    pushed("push-going", "", |story, proxy| {
        story.hold();
        story.delete(&story.namespace_path());
        story.wait_until_terminating();
        let before = story.namespace();
        story.run(&BLIND).expect_err("is being deleted");
        assert_eq!(calls(story, proxy), AFTER_A_LOOK[..2]);
        let after = story.namespace();
        for key in ["uid", "labels", "annotations"] {
            assert_eq!(after["metadata"][key], before["metadata"][key], "{key}");
        }
        story.release();
        story.cluster.wait_until_gone(&story.name);
    });
}

#[test]
fn push_to_a_namespace_created_again_by_others_changes_nothing() {
    pushed("push-foreign", "", |story, proxy| {
        story.delete_namespace();
        story.make_foreign_namespace();
        refused(story, proxy, "was deleted and created again");
    });
}

#[test]
fn ownership_labels_on_another_namespace_do_not_make_it_ours() {
    pushed("push-twin", "", |story, proxy| {
        let ours = story.namespace()["metadata"].clone();
        story.delete_namespace();
        let twin = json!({ "metadata": {
            "name": story.name, "labels": ours["labels"], "annotations": ours["annotations"],
        }});
        let (status, answer) = story.cluster.call("POST", "/api/v1/namespaces", Some(&twin));
        assert_eq!(status, 201, "{answer}");
        refused(story, proxy, "was deleted and created again");
    });
}

#[test]
fn namespace_of_another_installation_after_the_refresh_is_not_changed() {
    pushed("push-handed", "force_conflicts = true", |story, proxy| {
        story.patch_metadata(&json!({ "labels": { "environment.on-demand/installation": "another" } }));
        let said = errors(&refused(story, proxy, "`another`"));
        assert!(said.contains("belongs to another installation"), "{said}");
    });
}

#[test]
fn another_installation_in_the_provider_block_takes_over_nothing() {
    pushed("push-renamed", "", |story, proxy| {
        story.install(&format!("{}-b", story.installation));
        story.arguments("head_sha = \"aaaaaaa2\"");
        let before = story.namespace();
        let said = errors(&story.run(&BLIND).expect_err("belongs to another installation"));
        assert!(said.contains(&story.installation), "{said}");
        assert_eq!(calls(story, proxy), ["get 200"]);
        assert_eq!(story.namespace(), before);
    });
}

#[test]
fn a_namespace_without_its_ownership_labels_after_the_refresh_is_not_changed() {
    pushed("push-stripped", "", |story, proxy| {
        story.patch_metadata(&json!({
            "labels": { "app.kubernetes.io/managed-by": null, "environment.on-demand/installation": null },
            "annotations": { "environment.on-demand/nonce": null },
        }));
        refused(story, proxy, "ownership labels");
        // A refresh does not change that: the state has the namespace without its labels, and it is not changed.
        let before = story.namespace();
        story.apply().expect_err("ownership labels");
        assert_eq!(story.namespace(), before);
    });
}

#[test]
fn changes_after_the_refresh_are_found_before_the_update() {
    pushed("push-changed", "", |story, proxy| {
        let end = later(&story.attribute("created_at"), "30d");
        story.patch_metadata(&json!({
            "labels": { "environment.on-demand/tier": null, "theirs": "yes" },
            "annotations": { "environment.on-demand/expires-at": end },
        }));
        story.run(&BLIND).expect_ok().expect_said(&done(0, 1, 0));
        assert_eq!(calls(story, proxy), AFTER_A_LOOK);
        assert_eq!(story.label("environment.on-demand/tier"), "lightweight");
        assert_eq!(story.label("theirs"), "yes");
        assert_eq!(story.attribute("expires_at"), end);
        story.expect_no_changes();
    });
}

#[test]
fn label_taken_by_others_after_the_refresh_is_taken_back_only_with_force_conflicts() {
    let wanted = "labels = { team = \"checkout\" }";
    pushed("push-conflict", wanted, |story, proxy| {
        story.cluster.kubectl(&["label", "--overwrite", "namespace", &story.name, "team=payments"]);
        let said = errors(&story.run(&BLIND).expect_err("force_conflicts"));
        assert!(said.contains("kubectl-label"), "{said}");
        assert_eq!(calls(story, proxy), ["apply 409", "get 200", "apply 409"]);
        assert_eq!(story.label("team"), "payments");
        story.arguments(&format!("head_sha = \"aaaaaaa2\"\nforce_conflicts = true\n{wanted}"));
        proxy.clear_log();
        story.run(&BLIND).expect_ok().expect_said(&done(0, 1, 0));
        assert_eq!(calls(story, proxy), AFTER_A_LOOK);
        assert_eq!(story.label("team"), "checkout");
        story.expect_no_changes();
    });
}

#[test]
fn label_of_eod_taken_by_others_after_the_refresh_is_taken_back_after_a_read() {
    pushed("push-own", "owner = \"alice\"", |story, proxy| {
        story.patch_metadata(&json!({ "labels": { "environment.on-demand/owner": "mallory" } }));
        story.run(&BLIND).expect_ok().expect_said(&done(0, 1, 0));
        let forced = ["apply 409", "apply 409", "get 200", "apply 409", "apply 200", "clock 200"];
        assert_eq!(calls(story, proxy), forced);
        assert_eq!(story.label("environment.on-demand/owner"), "alice");
    });
}

#[test]
fn push_with_a_lost_answer_is_recognised() {
    let faults = [Fault::DropAfterStore, Fault::AnswerAfterStore(504), Fault::HalfBody];
    for (number, fault) in faults.into_iter().enumerate() {
        pushed(&format!("push-lost-{number}"), "", |story, proxy| {
            proxy.rule(|call| call.method == "PATCH", 1, fault.clone());
            story.run(&BLIND).expect_ok().expect_said(&done(0, 1, 0));
            proxy.assert_rules_used();
            assert_eq!(calls(story, proxy), [&["apply 200"], &AFTER_A_LOOK[..]].concat());
            story.expect_no_changes();
        });
    }
}

#[test]
fn extension_by_others_between_both_writes_is_not_overwritten() {
    pushed("push-extended", "", |story, proxy| {
        let end = later(&story.annotation("environment.on-demand/created-at"), "2d");
        let patch = json!({ "metadata": { "annotations": { "environment.on-demand/expires-at": end.as_str() } } });
        let (cluster, path) = (story.cluster, format!("{}?fieldManager=eod-clock", story.namespace_path()));
        let is_clock = |call: &Logged| {
            call.headers.get("content-type").is_some_and(|kind| kind.as_bytes() == b"application/merge-patch+json")
        };
        meanwhile(proxy, is_clock, move || assert_eq!(cluster.call("PATCH", &path, Some(&patch)).0, 200));
        story.run(&BLIND).expect_ok().expect_said(&done(0, 1, 0));
        assert_eq!(calls(story, proxy), ["apply 200", "clock 409", "get 200", "clock 200"]);
        assert_eq!(story.annotation("environment.on-demand/expires-at"), end);
        story.expect_no_changes();
    });
}

#[test]
fn saved_plan_is_checked_in_the_same_way() {
    pushed("push-saved", "", |story, proxy| {
        story.run(&["plan", "-no-color", "-out=saved"]).expect_ok();
        proxy.clear_log();
        story.run(&["apply", "-no-color", "saved"]).expect_ok().expect_said(&done(0, 1, 0));
        assert_eq!(calls(story, proxy), ["apply 200", "clock 200"]);
        story.arguments("head_sha = \"aaaaaaa3\"");
        story.run(&["plan", "-no-color", "-out=saved"]).expect_ok();
        story.patch_metadata(&json!({ "labels": { "environment.on-demand/installation": "another" } }));
        let before = story.namespace();
        story.run(&["apply", "-no-color", "saved"]).expect_err("`another`");
        assert_eq!(story.namespace(), before);
    });
}

#[test]
fn update_without_a_known_version_reads_first() {
    pushed("push-former", "", |story, proxy| {
        forget_version(story);
        story.run(&BLIND).expect_ok().expect_said(&done(0, 1, 0));
        assert_eq!(calls(story, proxy), ["get 200", "apply 200", "clock 200"]);
        // The version is known from now on.
        story.arguments("head_sha = \"aaaaaaa3\"");
        proxy.clear_log();
        let_a_second_pass();
        story.run(&BLIND).expect_ok();
        assert_eq!(calls(story, proxy), ["apply 200", "clock 200"]);
    });
}

#[test]
fn namespace_with_drift_is_read_before_it_is_restored() {
    pushed("push-drift", "", |story, proxy| {
        story.patch_metadata(&json!({ "labels": { "environment.on-demand/tier": "staging" } }));
        story.apply().expect_ok().expect_said(&done(0, 1, 0));
        // The first read is that of the refresh.
        let expected = ["get 200", "get 200", "apply 409", "apply 200", "clock 200"];
        assert_eq!(calls(story, proxy), expected, "{}", proxy.story());
        assert_eq!(story.label("environment.on-demand/tier"), "lightweight");
        story.expect_no_changes();
    });
}

/// Removes the version of the namespace from the state, as in a state of an older provider.
#[track_caller]
fn forget_version(story: &EnvironmentStory) {
    let mut state: Value = serde_json::from_str(&story.raw_state_text()).unwrap();
    let private = state.pointer_mut("/resources/0/instances/0/private").unwrap();
    let mut kept: Value = serde_json::from_slice(&BASE64_STANDARD.decode(private.as_str().unwrap()).unwrap()).unwrap();
    let version = kept.as_object_mut().unwrap().remove("version");
    assert!(version.is_some_and(|version| version.is_string()), "{kept}");
    *private = BASE64_STANDARD.encode(kept.to_string()).into();
    story.write("terraform.tfstate", &state.to_string());
}
