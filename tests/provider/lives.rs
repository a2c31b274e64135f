//! Runs that are killed at a write of a return or of a recorded destroy: the next run finishes the operation, and there
//! is one namespace with one owner and one record.

use std::sync::atomic::{AtomicUsize, Ordering};

use eod_testkit::{
    cases::for_each_number,
    cluster::PATIENCE,
    fault::{Fault, FaultProxy},
    terraform::Terraform,
    wait::wait_until,
};
use serde_json::{Value, json};

use crate::provider::{
    EnvironmentStory,
    crash::expect_lost,
    done, each,
    faults::story::is_write,
    reaper::{eod, expire, head, history, silence},
};

const APPLY: [&str; 3] = ["apply", "-no-color", "-auto-approve"];
const DESTROY: [&str; 3] = ["destroy", "-no-color", "-auto-approve"];

/// Number of writes of a run that succeeds.
#[track_caller]
fn writes_of(story: &EnvironmentStory, proxy: &FaultProxy, arguments: &[&str]) -> usize {
    proxy.clear_log();
    story.run(arguments).expect_ok();
    proxy.calls(is_write)
}

/// Kills the provider at one write, which is not stored; afterwards every call succeeds.
#[track_caller]
fn kill_at(story: &EnvironmentStory, proxy: &FaultProxy, arguments: &[&str], number: usize) {
    proxy.clear_log();
    let seen = AtomicUsize::new(0);
    proxy.rule(move |call| is_write(call) && seen.fetch_add(1, Ordering::Relaxed) >= number, usize::MAX, Fault::Hang);
    let running = story.spawn(arguments);
    wait_until(&format!("write {number} to hang"), PATIENCE, || match proxy.calls(|call| call.spoiled) {
        0 => Err(proxy.story()),
        _ => Ok(()),
    });
    running.kill_providers();
    expect_lost(&running.wait());
    proxy.clear_rules();
}

/// Names of the namespaces of the installation.
#[track_caller]
fn namespaces(story: &EnvironmentStory) -> Vec<Value> {
    let selector = format!("labelSelector=environment.on-demand%2Finstallation%3D{}", story.installation);
    let list = story.cluster.read(&format!("/api/v1/namespaces?{selector}")).unwrap();
    list["items"].as_array().unwrap().iter().map(|namespace| namespace["metadata"]["name"].clone()).collect()
}

/// Asserts that there is one complete environment, in state and ledger, and that a plan is empty.
#[track_caller]
fn expect_one(story: &EnvironmentStory, generation: u64) {
    assert_eq!(namespaces(story), [json!(story.name)]);
    let (uid, head) = (story.uid(), head(story).unwrap());
    assert_eq!(story.attribute("uid"), uid);
    assert_eq!((&head["phase"], &head["uid"], &head["generation"]), (&json!("live"), &json!(uid), &json!(generation)));
    assert!(story.annotation("environment.on-demand/provisioned-at").is_string());
    assert_eq!(story.objects("resourcequotas").len(), 1);
    assert_eq!(story.objects("networkpolicies").len(), 4);
    eod(story, &["audit", &story.name]).expect_ok();
    story.expect_no_changes();
}

/// A story through a proxy, with an environment that has ended and is requested again by a new commit.
#[track_caller]
fn requested_again(terraform: &'static Terraform, test: &str) -> (EnvironmentStory, FaultProxy) {
    let mut story = EnvironmentStory::new(terraform, test, "head_sha = \"aaaaaaa1\"");
    story.apply().expect_ok();
    expire(&story);
    let proxy = FaultProxy::start(story.cluster);
    story.through(&proxy);
    story.arguments("head_sha = \"aaaaaaa2\"");
    (story, proxy)
}

#[test]
fn return_that_was_killed_at_any_write_is_finished_by_the_next_apply() {
    each(|terraform| {
        let (counted, proxy) = requested_again(terraform, "count-return");
        let writes = writes_of(&counted, &proxy, &APPLY);
        assert!(writes >= 11, "only {writes} writes");
        let ledger = format!("/configmaps/{}.{}", counted.installation, counted.name);
        // The first write is that of the refresh, because the namespace is gone.
        assert!(proxy.calls(|call| call.path.ends_with(&ledger)) <= 1 + 3, "{}", proxy.story());
        expect_one(&counted, 2);
        for_each_number(writes, |number| {
            let (story, proxy) = requested_again(terraform, &format!("return-{number}"));
            let before = story.attribute("uid");
            kill_at(&story, &proxy, &APPLY, number);
            assert_eq!(story.attribute("uid"), before, "the state still has the ended one");
            // The first write is that of the ledger, the second one that of the namespace.
            let left = story.cluster.namespace_exists(&story.name).then(|| story.uid());
            assert_eq!(left.is_some(), number > 1, "{}", proxy.story());
            // Terraform drops the private data of a run with a lost provider, so the refresh cannot detect that the
            // environment was absent. The return is a create then, which continues the interrupted one.
            let run = story.apply().expect_ok().expect_said("0 destroyed");
            let is_interrupted =
                run.said().contains(&format!("The return of environment {} was interrupted", story.name));
            assert_eq!(is_interrupted, number > 0, "{run}");
            assert!(!run.said().contains("was replaced"), "{run}");
            assert_eq!(left.filter(|left| *left != story.uid()), None, "the interrupted return is continued");
            expect_one(&story, 2);
        });
    });
}

/// A story through a proxy with an environment, and with a reaper if `is_reaped`.
#[track_caller]
fn living(terraform: &'static Terraform, test: &str, is_reaped: bool) -> (EnvironmentStory, FaultProxy) {
    let mut story = EnvironmentStory::new(terraform, test, "");
    story.apply().expect_ok();
    if is_reaped {
        eod(&story, &["reap"]).expect_ok();
    }
    let proxy = FaultProxy::start(story.cluster);
    story.through(&proxy);
    (story, proxy)
}

#[test]
fn recorded_destroy_that_was_killed_at_any_write_is_finished_by_the_next_run() {
    each(|terraform| {
        let (counted, proxy) = living(terraform, "count-destroy", true);
        let writes = writes_of(&counted, &proxy, &DESTROY);
        assert_eq!(writes, 4, "{}", proxy.story());
        for_each_number(writes, |number| {
            let (story, proxy) = living(terraform, &format!("destroy-{number}"), true);
            kill_at(&story, &proxy, &DESTROY, number);
            assert_eq!(head(&story).unwrap()["phase"], if number == 0 { "live" } else { "ending" });
            story.destroy().expect_ok();
            assert_eq!(namespaces(&story), Vec::<Value>::new());
            if head(&story).unwrap()["phase"] == "ending" {
                // The namespace was gone before the second destroy, which had nothing to do. The reaper finishes the
                // record.
                silence(&story);
                eod(&story, &["reap"]).expect_ok();
            }
            let ended = head(&story).unwrap();
            assert_eq!((&ended["phase"], &ended["reason"]), (&json!("ended"), &json!("destroyed")));
            assert_eq!(history(&story).len(), 1, "{:?}", history(&story));
            story.apply().expect_ok().expect_said(&done(1, 0, 0));
            expect_one(&story, 2);
        });
    });
}

#[test]
fn environment_can_be_created_after_a_destroy_killed_before_the_delete_of_the_ledger() {
    each(|terraform| {
        for_each_number(2, |number| {
            let (story, proxy) = living(terraform, &format!("unreaped-{number}"), false);
            // The first write deletes the namespace, the second one the ledger.
            kill_at(&story, &proxy, &DESTROY, number);
            story.destroy().expect_ok();
            assert_eq!(namespaces(&story), Vec::<Value>::new());
            story.apply().expect_ok().expect_said(&done(1, 0, 0));
            let generation = if number == 0 { 1 } else { 2 };
            expect_one(&story, generation);
        });
    });
}
