//! Processes that end in the middle: the provider, Terraform, and a run that is interrupted.
//!
//! A write that hangs shows that the run is in the middle. Such a write was not stored, so
//! hanging at write 1, 2, 3, .. produces every state that a killed create can leave.

use eod_testkit::{
    cases::for_each_number,
    cluster::PATIENCE,
    fault::Fault,
    process::{Signal, is_running, send_signal},
    terraform::Terraform,
    wait::wait_until,
    workspace::{Run, Running},
};

use serde_json::json;

use crate::provider::{
    each,
    faults::story::{FaultStory, IT, expect_sound, is_write, run_story},
    reaper::head_of,
};

const APPLY: [&str; 3] = ["apply", "-no-color", "-auto-approve"];

/// Starts a run with hanging writes from `number` on, and waits until one hangs.
#[track_caller]
fn run_until_write(story: &FaultStory, arguments: &[&str], number: usize) -> Running {
    story.spoil_write(number, usize::MAX, Fault::Hang);
    let running = story.workspace.spawn(arguments);
    wait_until(&format!("write {number} to hang"), PATIENCE, || match story.spoiled() {
        0 => Err(story.proxy.story()),
        _ => Ok(()),
    });
    running
}

/// Number of writes of a create.
fn writes_of_a_create(terraform: &Terraform) -> usize {
    let story = FaultStory::new(terraform, "count-writes");
    story.workspace.apply().expect_ok();
    let writes = story.proxy.calls(is_write);
    story.discard();
    writes
}

#[track_caller]
fn wait_until_ended(pids: &[u32]) {
    assert!(!pids.is_empty(), "no provider was running");
    wait_until("the provider to end", PATIENCE, || {
        let left: Vec<_> = pids.iter().filter(|pid| is_running(**pid)).collect();
        if left.is_empty() { Ok(()) } else { Err(format!("{left:?} run")) }
    });
}

/// Sends a signal to all processes, as a terminal does, which does not distinguish parents from children.
#[track_caller]
fn signal(pids: &[u32], signal: Signal) {
    for pid in pids {
        send_signal(signal, *pid);
    }
}

/// Panics unless Terraform noticed that it lost its provider. Which of the two messages it prints
/// depends on the position in the connection.
#[track_caller]
pub(crate) fn expect_lost(run: &Run) {
    let said = run.said();
    let noticed = said.contains("Plugin did not respond") || said.contains("Request cancelled");
    assert!(run.code != Some(0) && noticed, "{run}");
}

/// Kills the provider at one write; the next apply finishes the create.
fn kill_at(terraform: &Terraform, number: usize) {
    let story = FaultStory::new(terraform, &format!("killed-{number}"));
    let running = run_until_write(&story, &APPLY, number);
    running.kill_providers();
    expect_lost(&running.wait());
    let state = story.workspace.raw_state_text();
    assert!(!state.contains("eod_environment"), "write {number}: no state can contain the environment yet\n{state}");
    let left = story.namespace().map(|_| story.uid());
    // The first write is that of the ledger, the second one that of the namespace.
    assert_eq!(left.is_some(), number > 1, "{}", story.proxy.story());
    story.proxy.clear_rules();
    story.workspace.apply().expect_ok().expect_said("1 added");
    story.expect_whole();
    if let Some(uid) = left {
        assert_eq!(story.uid(), uid, "the interrupted create is continued");
    }
    story.workspace.expect_no_changes();
    assert!(!story.is_tainted());
    let head = head_of(story.cluster, &story.name, &story.name).unwrap();
    assert_eq!((&head["phase"], &head["uid"], &head["generation"]), (&json!("live"), &json!(story.uid()), &json!(1)));
    story.discard();
}

#[test]
fn create_killed_at_any_write_is_continued_by_the_next_apply() {
    each(|terraform| {
        let writes = writes_of_a_create(terraform);
        assert!(writes >= 11, "only {writes} writes");
        for_each_number(writes, |number| kill_at(terraform, number));
    });
}

#[test]
fn killed_create_is_continued_with_the_current_configuration() {
    run_story("killed-changed", |story| {
        story.rewrite("quota = { pods = 21 }\n  owner = \"alice\"\n  labels = { old = \"yes\" }");
        let running = run_until_write(&story, &APPLY, 9);
        running.kill_providers();
        expect_lost(&running.wait());
        let uid = story.uid();
        story.proxy.clear_rules();
        story.rewrite("quota = { pods = 22 }\n  owner = \"bob\"\n  network = { isolation = \"none\" }\n  pod_security = \"restricted\"");
        story.workspace.apply().expect_ok().expect_said("1 added");
        story.workspace.expect_no_changes();
        assert_eq!(story.uid(), uid);
        let namespace = story.namespace().unwrap();
        let labels = &namespace["metadata"]["labels"];
        assert_eq!(labels["environment.on-demand/owner"], "bob", "{namespace}");
        assert_eq!(labels["pod-security.kubernetes.io/enforce"], "restricted", "{namespace}");
        assert!(labels["old"].is_null(), "what the killed run has labelled is left\n{namespace}");
        let path = format!("/apis/networking.k8s.io/v1/namespaces/{}/networkpolicies", story.name);
        let policies = story.cluster.read(&path).unwrap();
        assert_eq!(policies["items"], serde_json::json!([]), "policies of the killed run are left");
        let quotas = story.cluster.read(&format!("/api/v1/namespaces/{}/resourcequotas", story.name)).unwrap();
        assert_eq!(quotas["items"][0]["spec"]["hard"]["pods"], "22");
        story.discard();
    });
}

#[test]
fn update_killed_at_any_write_is_finished_by_the_next_apply() {
    for number in 0..3 {
        run_story(&format!("killed-update-{number}"), |story| {
            story.workspace.apply().expect_ok();
            let uid = story.uid();
            story.rewrite("quota = { pods = 21 }\n  owner = \"bob\"\n  head_sha = \"0000001\"");
            let running = run_until_write(&story, &APPLY, number);
            running.kill_providers();
            expect_lost(&running.wait());
            assert!(!story.is_tainted());
            story.proxy.clear_rules();
            story.workspace.apply().expect_ok().expect_said("0 added, 1 changed, 0 destroyed");
            story.workspace.expect_no_changes();
            assert_eq!(story.uid(), uid);
            story.discard();
        });
    }
}

/// Arguments of an environment that a replacement takes over before the old object is destroyed.
const TAKES_OVER: &str = "adopt = true\n  lifecycle {\n    create_before_destroy = true\n  }";

const REPLACE: [&str; 4] = ["apply", "-no-color", "-auto-approve", "-replace=eod_environment.it"];

/// An environment with an object that only a destroy removes.
fn in_use(terraform: &Terraform, test: &str) -> FaultStory {
    let story = FaultStory::new(terraform, test);
    story.rewrite(TAKES_OVER);
    story.workspace.apply().expect_ok();
    story.cluster.kubectl(&["-n", &story.name, "create", "configmap", "data", "--from-literal=key=value"]);
    story.proxy.clear_log();
    story
}

/// Panics unless the namespace is the one with this uid, with its objects.
#[track_caller]
fn expect_data(story: &FaultStory, uid: &str) {
    assert_eq!(story.uid(), uid);
    let data = story.cluster.read(&format!("/api/v1/namespaces/{}/configmaps/data", story.name));
    assert!(data.is_some_and(|data| data["metadata"]["deletionTimestamp"].is_null()), "{}", story.proxy.story());
}

/// Number of writes of a replacement that takes the environment over.
fn writes_of_a_takeover(terraform: &Terraform) -> usize {
    let story = in_use(terraform, "count-takeover");
    story.workspace.run(&REPLACE).expect_ok();
    let writes = story.proxy.calls(is_write);
    story.discard();
    writes
}

/// Kills the provider at one write of a takeover; the next apply finishes it.
fn kill_takeover_at(terraform: &Terraform, number: usize) {
    let story = in_use(terraform, &format!("takeover-killed-{number}"));
    let uid = story.uid();
    let running = run_until_write(&story, &REPLACE, number);
    running.kill_providers();
    expect_lost(&running.wait());
    expect_data(&story, &uid);
    story.proxy.clear_rules();
    story.workspace.apply().expect_ok();
    story.expect_whole();
    expect_data(&story, &uid);
    story.workspace.expect_no_changes();
    assert!(!story.is_tainted());
    story.discard();
}

/// Loses the answer to one write of a takeover, after the write was stored.
fn lose_answer_of_takeover_at(terraform: &Terraform, number: usize) {
    let story = in_use(terraform, &format!("takeover-lost-{number}"));
    let uid = story.uid();
    story.spoil_write(number, 1, Fault::DropAfterStore);
    let run = story.workspace.run(&REPLACE);
    expect_sound(&run);
    expect_data(&story, &uid);
    story.proxy.clear_rules();
    story.workspace.apply().expect_ok();
    story.expect_whole();
    expect_data(&story, &uid);
    story.workspace.expect_no_changes();
    story.discard();
}

#[test]
fn takeover_killed_or_unanswered_at_any_write_keeps_the_content_of_the_namespace() {
    each(|terraform| {
        let writes = writes_of_a_takeover(terraform);
        assert!(writes >= 3, "only {writes} writes");
        for_each_number(writes, |number| kill_takeover_at(terraform, number));
        // The claim is written by the first two writes, and checked by the last but one. The last is that of the
        // ledger.
        let claims = [0, 1, writes - 2, writes - 1];
        for_each_number(claims.len(), |number| lose_answer_of_takeover_at(terraform, claims[number]));
    });
}

#[test]
fn killed_update_after_an_import_is_finished_by_the_next_one() {
    for number in 0..2 {
        run_story(&format!("killed-import-{number}"), |story| {
            story.workspace.apply().expect_ok();
            let uid = story.uid();
            story.workspace.run(&["state", "rm", IT]).expect_ok();
            story.workspace.run(&["import", "-no-color", IT, &story.name]).expect_ok();
            story.rewrite("owner = \"bob\"\n  head_sha = \"0000001\"");
            let running = run_until_write(&story, &APPLY, number);
            let providers = running.providers();
            running.signal(Signal::SIGKILL);
            assert_eq!(running.wait().code, None);
            wait_until_ended(&providers);
            story.proxy.clear_rules();
            story.workspace.apply().expect_ok().expect_said("0 added, 1 changed, 0 destroyed");
            story.workspace.expect_no_changes();
            assert_eq!(story.uid(), uid);
            story.discard();
        });
    }
}

#[test]
fn killed_destroy_is_finished_by_the_next_one() {
    run_story("killed-destroy", |story| {
        story.workspace.apply().expect_ok();
        let running = run_until_write(&story, &["destroy", "-no-color", "-auto-approve"], 0);
        running.kill_providers();
        expect_lost(&running.wait());
        assert!(story.workspace.resource(IT).is_some());
        story.proxy.clear_rules();
        // And once more while the namespace is being deleted.
        story.hold();
        story.proxy.clear_log();
        let running = story.workspace.spawn(&["destroy", "-no-color", "-auto-approve"]);
        wait_until("the namespace to be deleted", PATIENCE, || {
            match story.proxy.calls(|call| call.method == "DELETE") {
                0 => Err(story.proxy.story()),
                _ => Ok(()),
            }
        });
        running.kill_providers();
        expect_lost(&running.wait());
        assert!(story.workspace.resource(IT).is_some());
        story.release();
        story.end();
    });
}

#[test]
fn provider_ends_by_itself_if_terraform_was_killed() {
    for number in [0, 4] {
        run_story(&format!("orphan-{number}"), |story| {
            let running = run_until_write(&story, &APPLY, number);
            let providers = running.providers();
            running.signal(Signal::SIGKILL);
            assert_eq!(running.wait().code, None);
            wait_until_ended(&providers);
            story.proxy.clear_rules();
            story.workspace.apply().expect_ok().expect_said("1 added");
            story.expect_whole();
            story.workspace.expect_no_changes();
            story.discard();
        });
    }
}

#[test]
fn interrupted_create_is_saved_and_completed_by_the_next_apply() {
    // Ctrl-C, and the signal of a CI system that cancels a job.
    for (number, sent) in [(2, Signal::SIGINT), (4, Signal::SIGTERM), (9, Signal::SIGINT)] {
        run_story(&format!("interrupted-{number}"), |story| {
            let running = run_until_write(&story, &APPLY, number);
            let providers = running.providers();
            if sent == Signal::SIGINT {
                // A terminal sends the signal to all processes in the foreground.
                signal(&providers, sent);
            }
            running.signal(sent);
            let run = running.wait();
            expect_sound(&run);
            run.expect_err("Interrupt received");
            wait_until_ended(&providers);
            // The namespace exists, so the state must contain the environment.
            assert!(story.namespace().is_some());
            assert_eq!(story.workspace.resource(IT).unwrap()["name"], story.name.as_str());
            assert!(story.is_tainted());
            story.proxy.clear_rules();
            story.workspace.apply().expect_ok();
            story.expect_whole();
            story.workspace.expect_no_changes();
            assert!(!story.is_tainted());
            story.discard();
        });
    }
}

#[test]
fn create_interrupted_before_its_first_write_leaves_nothing() {
    for number in 0..2 {
        run_story(&format!("interrupted-{number}"), |story| {
            let running = run_until_write(&story, &APPLY, number);
            let providers = running.providers();
            running.signal(Signal::SIGINT);
            let run = running.wait();
            expect_sound(&run);
            run.expect_err("Interrupt received");
            wait_until_ended(&providers);
            assert!(story.namespace().is_none());
            story.proxy.clear_rules();
            story.workspace.apply().expect_ok();
            story.expect_whole();
            story.workspace.expect_no_changes();
            story.discard();
        });
    }
}

#[test]
fn an_interrupted_update_does_not_cause_a_replacement() {
    run_story("interrupted-update", |story| {
        story.workspace.apply().expect_ok();
        story.rewrite("quota = { pods = 21 }\n  owner = \"bob\"");
        let running = run_until_write(&story, &APPLY, 1);
        running.signal(Signal::SIGINT);
        let run = running.wait();
        expect_sound(&run);
        run.expect_err("Interrupt received");
        assert!(!story.is_tainted());
        story.proxy.clear_rules();
        story.workspace.apply().expect_ok();
        story.workspace.expect_no_changes();
        story.discard();
    });
}

#[test]
fn destroy_interrupted_during_its_wait_keeps_the_environment_in_the_state() {
    run_story("interrupted-wait", |story| {
        story.workspace.apply().expect_ok();
        story.hold();
        let running = story.workspace.spawn(&["destroy", "-no-color", "-auto-approve"]);
        wait_until("the namespace to report its blockers", PATIENCE, || {
            let text = story.namespace().ok_or("gone")?["status"].to_string();
            if text.contains("example.com/hold") { Ok(()) } else { Err(text) }
        });
        let providers = running.providers();
        signal(&providers, Signal::SIGINT);
        running.signal(Signal::SIGINT);
        // The run does not wait for its timeout of ten minutes: the kit would not wait as long.
        let run = running.wait();
        expect_sound(&run);
        run.expect_err("Interrupt received").expect_said("Error: Stopped");
        wait_until_ended(&providers);
        assert!(story.workspace.resource(IT).is_some());
        assert!(!story.is_tainted());
        story.release();
        story.end();
    });
}

#[test]
fn an_interrupted_refresh_ends_before_its_timeout() {
    run_story("interrupted-refresh", |story| {
        story.rewrite("timeouts = { read = \"2h\" }");
        story.workspace.apply().expect_ok();
        let before = story.workspace.raw_state_text();
        story.proxy.rule(|call| call.method == "GET", usize::MAX, Fault::Hang);
        let running = story.workspace.spawn(&["plan", "-no-color"]);
        wait_until("the refresh to hang", PATIENCE, || match story.spoiled() {
            0 => Err(story.proxy.story()),
            _ => Ok(()),
        });
        let providers = running.providers();
        running.signal(Signal::SIGINT);
        let run = running.wait();
        expect_sound(&run);
        run.expect_err("the operation was cancelled");
        wait_until_ended(&providers);
        assert_eq!(story.workspace.raw_state_text(), before);
        story.proxy.clear_rules();
        story.workspace.expect_no_changes();
        story.discard();
    });
}
