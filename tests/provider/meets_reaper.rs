//! Runs of Terraform while the reaper runs: neither reverts the work of the other.

use std::time::Duration;

use eod_testkit::{cluster::PATIENCE, fault::Fault, fault::FaultProxy, wait::wait_until};

use crate::provider::{
    EnvironmentStory,
    reaper::{eod, events, head, mark},
    run_story,
};

const COMMIT: &str = "head_sha = \"aaaaaaa1\"\n";

/// Delay of a call of Terraform: longer than a run of the reaper needs to its first delete.
const HELD: Fault = Fault::Delay(Duration::from_secs(5));

/// Starts a run with a delayed first matching call, and waits for that call.
#[track_caller]
fn wait_for_spoiled(proxy: &FaultProxy) {
    wait_until("a call of Terraform to be delayed", PATIENCE, || {
        if proxy.calls(|call| call.spoiled) > 0 { Ok(()) } else { Err(proxy.story()) }
    });
}

/// Runs the reaper, which must have nothing to do.
#[track_caller]
fn reap_nothing(story: &EnvironmentStory) {
    let run = eod(story, &["reap", "-o", "json"]);
    assert_eq!(run.code, Some(0), "{}", run.report());
    let report: serde_json::Value = serde_json::from_str(&run.stdout).unwrap();
    assert_eq!(report["actions"], serde_json::json!([]), "{report:#}");
}

#[test]
fn create_is_not_disturbed_by_the_reaper() {
    run_story("reaper-create", COMMIT, |story| {
        let proxy = FaultProxy::start(story.cluster);
        story.through(&proxy);
        proxy.rule(|call| call.method == "PATCH" && call.path.contains("/resourcequotas/"), 1, HELD);
        let running = story.spawn(&["apply", "-auto-approve", "-no-color"]);
        wait_for_spoiled(&proxy);
        assert!(story.cluster.namespace_exists(&story.name));
        reap_nothing(story);
        assert_eq!(running.wait().code, Some(0), "{}", proxy.story());
        assert_eq!(story.plan_exit_code(), 0);
        assert_eq!(head(story).unwrap()["phase"], "live");
    });
}

#[test]
fn plan_during_an_end_is_empty() {
    run_story("reaper-plan", COMMIT, |story| {
        story.settle();
        mark(story);
        let proxy = FaultProxy::start(story.cluster);
        story.through(&proxy);
        let path = format!("/api/v1/namespaces/{}", story.name);
        proxy.rule(move |call| call.is("GET", &path), 1, HELD);
        let running = story.spawn(&["plan", "-detailed-exitcode", "-no-color"]);
        wait_for_spoiled(&proxy);
        let run = eod(story, &["reap"]);
        assert_eq!(run.code, Some(0), "{}", run.report());
        let plan = running.wait();
        assert_eq!(plan.code, Some(0), "{plan}");
        plan.expect_said(&format!("Environment {} has ended", story.name));
        assert_eq!(head(story).unwrap()["reason"], "expired");
        assert_eq!(story.plan_exit_code(), 0);
    });
}

#[test]
fn destroy_is_finished_by_its_own_run() {
    run_story("reaper-destroy", COMMIT, |story| {
        story.settle();
        // A destroy records its begin if the installation has a reaper.
        reap_nothing(story);
        mark(story);
        story.hold();
        let running = story.spawn(&["destroy", "-auto-approve", "-no-color"]);
        story.wait_until_terminating();
        reap_nothing(story);
        story.release();
        let run = running.wait();
        assert_eq!(run.code, Some(0), "{run}");
        assert!(!story.cluster.namespace_exists(&story.name));
        let ended = head(story).unwrap();
        assert_eq!((&ended["phase"], &ended["reason"]), (&"ended".into(), &"destroyed".into()), "{ended}");
        reap_nothing(story);
        assert_eq!(events(story).iter().filter(|event| *event == "ended").count(), 1);
    });
}
