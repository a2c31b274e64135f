//! An environment that the reaper has ended is absent: it stays in the state and makes no diff.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use eod_testkit::fault::{Fault, FaultProxy};
use serde_json::{Value, json};

use crate::provider::{
    EnvironmentStory, done,
    reaper::{change_head, eod, expire, head, ledger_path, mark},
    run_story,
};

const COMMIT: &str = "head_sha = \"aaaaaaa1\"\n";

/// A story with an environment that has expired. Its state is the one from before the end.
#[track_caller]
fn expired(test: &str, arguments: &str, then: impl Fn(&mut EnvironmentStory)) {
    run_story(test, &format!("{COMMIT}{arguments}"), |story| {
        story.settle();
        expire(story);
        then(story);
    });
}

/// Saves the absence in the state.
#[track_caller]
fn refresh(story: &EnvironmentStory) {
    story.run(&["apply", "-refresh-only", "-auto-approve", "-no-color"]).expect_ok();
}

#[test]
fn plan_after_the_end_is_empty_and_warns() {
    expired("ended", "", |story| {
        let plan = story.run(&["plan", "-detailed-exitcode", "-no-color"]);
        assert_eq!(plan.code, Some(0), "{plan}");
        plan.expect_said(&format!("Environment {} has ended", story.name))
            .expect_said("with reason `expired`")
            .expect_said("push a commit")
            .expect_said(&format!("eod wake {}", story.name));
        refresh(story);
        let state = story.attributes();
        assert_eq!((&state["status"], &state["ended_reason"]), (&json!("destroyed"), &json!("expired")));
        assert_eq!(state["ended_at"], head(story).unwrap()["since"]);
        assert_eq!((&state["id"], &state["drift"]), (&json!(story.name), &json!([])));
        assert_eq!(story.plan_exit_code(), 0);
        story.apply().expect_ok().expect_said(&done(0, 0, 0));
        assert!(!story.cluster.namespace_exists(&story.name));
    });
}

#[test]
fn commit_that_was_pushed_before_the_end_is_not_a_new_one() {
    run_story("pushed", COMMIT, |story| {
        story.settle();
        story.arguments("head_sha = \"aaaaaaa2\"");
        story.settle().expect_said(&done(0, 1, 0));
        expire(story);
        assert_eq!(head(story).unwrap()["head_sha"], "aaaaaaa2");
        assert_eq!(story.plan_exit_code(), 0);
        // The previous commit is another one.
        story.arguments(COMMIT);
        story.settle().expect_said(&done(0, 1, 0));
        assert!(story.cluster.namespace_exists(&story.name));
    });
}

#[test]
fn living_environment_has_no_end() {
    run_story("living", COMMIT, |story| {
        story.settle();
        let state = story.attributes();
        assert_eq!((&state["ended_at"], &state["ended_reason"]), (&Value::Null, &Value::Null));
        assert_eq!(state["on_expired"], "keep_absent");
    });
}

#[test]
fn environment_that_is_being_ended_is_absent_too() {
    run_story("ending", COMMIT, |story| {
        story.settle();
        story.hold();
        mark(story);
        let run = eod(story, &["reap", "--timeout", "10s"]);
        assert!(run.code.is_some(), "{}", run.report());
        story.wait_until_terminating();
        assert_eq!(head(story).unwrap()["phase"], "ending");
        assert_eq!(story.plan_exit_code(), 0);
        refresh(story);
        let ended_at = story.attribute("ended_at");
        story.release();
        story.cluster.wait_until_gone(&story.name);
        assert_eq!(story.plan_exit_code(), 0);
        assert_eq!(story.attribute("ended_at"), ended_at, "an output with this time does not change");
    });
}

#[test]
fn deletion_by_hand_is_not_an_end() {
    run_story("lost", COMMIT, |story| {
        story.settle();
        story.delete_namespace();
        story.plan().expect_ok().expect_said("1 to add, 0 to change, 0 to destroy");
        story.settle().expect_said(&done(1, 0, 0));
        assert_eq!(head(story).unwrap()["generation"], 2);
    });
}

#[test]
fn recreate_creates_an_ended_environment_again() {
    expired("recreate", "on_expired = \"recreate\"", |story| {
        story.plan().expect_ok().expect_said("has ended").expect_said("1 to add, 0 to change, 0 to destroy");
        story.settle().expect_said(&done(1, 0, 0));
        assert_eq!(head(story).unwrap()["generation"], 2);
        // The argument is recorded, so an import restores it.
        story.forget();
        story.run(&["import", "-no-color", "eod_environment.preview", &story.name]).expect_ok();
        story.expect_no_changes();
    });
}

#[test]
fn recreate_does_not_bring_the_same_commit_of_a_closed_pull_request_back() {
    expired("recreate-closed", "on_expired = \"recreate\"", |story| {
        change_head(story, &json!({ "reason": "closed" }));
        let wake = format!("eod wake {}", story.name);
        story
            .plan()
            .expect_ok()
            .expect_said("with reason `closed`")
            .expect_said("same commit is refused")
            .expect_said(&wake);
        story.apply().expect_err("The environment has ended").expect_said(&wake);
        assert!(!story.cluster.namespace_exists(&story.name));
        assert_eq!(head(story).unwrap()["phase"], "ended");
        // Another commit is a request.
        story.arguments("head_sha = \"aaaaaaa2\"\non_expired = \"recreate\"");
        story.settle().expect_said(&done(1, 0, 0));
        assert_eq!(head(story).unwrap()["generation"], 2);
    });
    // An environment that is absent already returns when the argument becomes `recreate`, independent of the reason.
    expired("becomes-recreate", "", |story| {
        change_head(story, &json!({ "reason": "closed" }));
        assert_eq!(story.plan_exit_code(), 0);
        story.arguments(&format!("{COMMIT}on_expired = \"recreate\""));
        story.settle().expect_said(&done(0, 1, 0));
        assert_eq!(head(story).unwrap()["generation"], 2);
    });
}

#[test]
fn other_change_is_only_recorded_in_the_state() {
    expired("recorded", "", |story| {
        story.arguments(&format!("{COMMIT}owner = \"bob\"\ntier = \"full\""));
        story.apply().expect_ok().expect_said(&done(0, 1, 0));
        let state = story.attributes();
        assert_eq!(
            (&state["owner"], &state["tier"], &state["status"]),
            (&json!("bob"), &json!("full"), &json!("destroyed"))
        );
        assert_eq!(story.plan_exit_code(), 0);
        assert!(!story.cluster.namespace_exists(&story.name));
        assert_eq!(head(story).unwrap()["generation"], 1);
        // The change takes effect when the environment returns.
        story.arguments("head_sha = \"aaaaaaa2\"\nowner = \"bob\"\ntier = \"full\"");
        story.settle().expect_said(&done(0, 1, 0));
        assert_eq!(story.label("environment.on-demand/tier"), "full");
        assert_eq!(story.label("environment.on-demand/owner"), "bob");
    });
}

#[test]
fn destroy_of_an_absent_environment_succeeds() {
    for arguments in ["", "protected = true"] {
        run_story("absent-destroyed", COMMIT, |story| {
            story.settle();
            expire(story);
            // Protected only after its end: the reaper never ends a protected one.
            story.arguments(&format!("{COMMIT}{arguments}"));
            story.apply().expect_ok();
            story.destroy().expect_ok().expect_said("1 destroyed");
            assert_eq!(story.attributes_of("preview"), None);
            // The record of the end stays the reaper's.
            assert_eq!(head(story).unwrap()["reason"], "expired");
        });
    }
}

#[test]
fn unreadable_ledger_keeps_the_state() {
    expired("unreadable", "", |story| {
        let proxy = FaultProxy::start(story.cluster);
        story.through(&proxy);
        let before = story.attributes();
        let is_ledger = |path: &str| path.contains("/configmaps");
        proxy.rule(move |call| is_ledger(&call.path), usize::MAX, Fault::status(403, "Forbidden", "no ledgers today"));
        story
            .plan()
            .expect_err("cannot be read")
            .expect_said("no ledgers today")
            .expect_said("resources: [configmaps]");
        proxy.clear_rules();
        proxy.rule(move |call| is_ledger(&call.path), usize::MAX, Fault::status(400, "BadRequest", "not like this"));
        story.plan().expect_err("not like this");
        assert_eq!(story.attributes(), before);
        proxy.clear_rules();
        story.patch(
            &ledger_path(story),
            &json!({ "metadata": { "annotations": { "environment.on-demand/head": "{" } } }),
        );
        story.plan().expect_err("is damaged").expect_said(&story.name);
        assert_eq!(story.attributes(), before);
    });
}

#[test]
fn saved_absence_stays_after_the_deletion_of_its_ledger() {
    expired("forgotten", "", |story| {
        refresh(story);
        story.delete(&ledger_path(story));
        assert_eq!(story.plan_exit_code(), 0);
        assert_eq!(story.attribute("ended_reason"), "expired");
        story.arguments("head_sha = \"aaaaaaa2\"");
        story.settle().expect_said(&done(0, 1, 0));
        assert_eq!(head(story).unwrap()["generation"], 1);
    });
}

#[test]
fn state_of_an_older_provider_gives_an_empty_plan() {
    run_story("older", COMMIT, |story| {
        story.settle();
        let mut state = story.raw_state();
        let attributes = state["resources"][0]["instances"][0]["attributes"].as_object_mut().unwrap();
        for name in ["on_expired", "ended_at", "ended_reason"] {
            attributes.remove(name).unwrap();
        }
        // Its private data has no generation, and its namespace has no annotation about the tool.
        let private = &mut state["resources"][0]["instances"][0]["private"];
        let bytes = STANDARD.decode(private.as_str().unwrap()).unwrap();
        let text = String::from_utf8(bytes).unwrap();
        assert!(text.contains("generation"), "{text}");
        *private = json!(STANDARD.encode(text.replace("generation", "of_another_version")));
        story.patch_metadata(&json!({ "annotations": { "environment.on-demand/made-by": null } }));
        story.delete(&ledger_path(story));
        state["serial"] = json!(state["serial"].as_u64().unwrap() + 1);
        story.write("terraform.tfstate", &state.to_string());
        story.expect_no_changes();
        // Its end is an end like any other.
        expire(story);
        assert_eq!(story.plan_exit_code(), 0);
        story.arguments("head_sha = \"aaaaaaa2\"");
        story.settle().expect_said(&done(0, 1, 0));
        assert_eq!(head(story).unwrap()["generation"], 2);
    });
}
