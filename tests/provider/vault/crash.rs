//! Processes that end in the middle. A call that hangs was not carried out, so hanging at call 0, 1, 2, ..
//! produces every state that a killed run can leave.

use std::sync::atomic::{AtomicUsize, Ordering};

use eod_testkit::{
    cases::for_each_number,
    cluster::PATIENCE,
    fault::{Fault, FaultProxy, Logged},
    process::Signal,
    wait::wait_until,
    workspace::{Run, Running},
};

use super::{SOURCE, TARGET, VaultStory, behind_proxy};
use crate::provider::faults::story::expect_sound;

const APPLY: [&str; 3] = ["apply", "-no-color", "-auto-approve"];
const DESTROY: [&str; 3] = ["destroy", "-no-color", "-auto-approve"];

/// Starts a run in which matching calls hang from `number` on, and waits until one hangs.
#[track_caller]
fn run_until(
    story: &VaultStory,
    proxy: &FaultProxy,
    arguments: &[&str],
    like: fn(&Logged) -> bool,
    number: usize,
) -> Running {
    proxy.clear_log();
    let seen = AtomicUsize::new(0);
    proxy.rule(move |call| like(call) && seen.fetch_add(1, Ordering::Relaxed) >= number, usize::MAX, Fault::Hang);
    let running = story.spawn(arguments);
    wait_until(&format!("call {number} to hang"), PATIENCE, || match proxy.calls(|call| call.spoiled) {
        0 => Err(proxy.story()),
        _ => Ok(()),
    });
    running
}

/// Kills the provider at one call; afterwards every call succeeds.
#[track_caller]
fn kill_at(
    story: &VaultStory,
    proxy: &FaultProxy,
    arguments: &[&str],
    like: fn(&Logged) -> bool,
    number: usize,
) -> Run {
    let running = run_until(story, proxy, arguments, like, number);
    running.kill_providers();
    let run = running.wait();
    let said = run.said();
    let noticed = said.contains("Plugin did not respond") || said.contains("Request cancelled");
    assert!(run.code != Some(0) && noticed, "{run}");
    proxy.clear_rules();
    run
}

fn any(_: &Logged) -> bool {
    true
}

fn is_write(call: &Logged) -> bool {
    matches!(call.method.as_str(), "POST" | "DELETE")
}

/// Number of matching calls in a run.
#[track_caller]
fn calls_of(story: &VaultStory, proxy: &FaultProxy, arguments: &[&str], like: fn(&Logged) -> bool) -> usize {
    proxy.clear_log();
    story.run(arguments).expect_ok();
    proxy.calls(like)
}

#[test]
fn create_killed_at_any_call_is_finished_by_the_next_apply() {
    let (counted, proxy) = behind_proxy("killed-create", SOURCE, true);
    let calls = calls_of(&counted, &proxy, &APPLY, any);
    assert_eq!(calls, 5, "{}", proxy.story());
    for_each_number(calls, |number| {
        let (story, proxy) = behind_proxy(&format!("killed-create-{number}"), SOURCE, true);
        kill_at(&story, &proxy, &APPLY, any, number);
        assert!(story.attributes_of("config").is_none(), "no state can contain the copy yet");
        let left = story.version(TARGET);
        assert_eq!(left, u64::from(number == 4), "{}", proxy.story());
        story.settle();
        story.expect_whole("stage/shop", TARGET);
        assert_eq!(story.results()[TARGET], if left == 1 { "adopted" } else { "cloned" });
        story.destroy().expect_ok();
        story.expect_nothing_left();
    });
}

#[test]
fn create_of_a_subtree_killed_at_any_write_is_finished_by_the_next_apply() {
    const NAMES: [&str; 6] = ["a", "b", "c", "d", "e/f", "g"];
    let arguments = format!("{SOURCE}\nrecursive = true");
    let begin = |test: &str| {
        let (story, proxy) = behind_proxy(test, &arguments, true);
        for name in NAMES {
            story.vault.put(&story.mount, &format!("stage/shop/{name}"), &[("NAME", name)]);
        }
        (story, proxy)
    };
    let (counted, proxy) = begin("killed-subtree");
    let writes = calls_of(&counted, &proxy, &APPLY, is_write);
    assert_eq!(writes, 14, "{}", proxy.story());
    for_each_number(writes, |number| {
        let (story, proxy) = begin(&format!("killed-subtree-{number}"));
        kill_at(&story, &proxy, &APPLY, is_write, number);
        let run = story.apply().expect_ok();
        assert!(!run.said().contains("of another owner was kept"), "{run}");
        assert_eq!(story.results().len(), 7);
        story.expect_whole("stage/shop", TARGET);
        for name in NAMES {
            story.expect_whole(&format!("stage/shop/{name}"), &format!("{TARGET}/{name}"));
        }
        if number % 5 == 0 {
            story.expect_no_changes();
            story.destroy().expect_ok();
            story.expect_nothing_left();
        }
    });
}

#[test]
fn destroy_killed_at_any_call_is_finished_by_the_next_one() {
    let (counted, proxy) = behind_proxy("killed-destroy", SOURCE, true);
    counted.apply().expect_ok();
    let calls = calls_of(&counted, &proxy, &DESTROY, any);
    assert_eq!(calls, 5, "{}", proxy.story());
    for_each_number(calls, |number| {
        let (story, proxy) = behind_proxy(&format!("killed-destroy-{number}"), SOURCE, true);
        story.apply().expect_ok();
        kill_at(&story, &proxy, &DESTROY, any, number);
        assert!(!story.is_tainted());
        assert_eq!(story.version(TARGET), 1, "{}", proxy.story());
        story.destroy().expect_ok();
        story.expect_nothing_left();
        assert!(story.attributes_of("config").is_none());
    });
}

#[test]
fn destroy_of_a_subtree_killed_at_any_delete_is_finished_by_the_next_one() {
    for_each_number(3, |number| {
        let (story, proxy) =
            behind_proxy(&format!("killed-deletes-{number}"), &format!("{SOURCE}\nrecursive = true"), true);
        for name in ["a", "b"] {
            story.vault.put(&story.mount, &format!("stage/shop/{name}"), &[("NAME", name)]);
        }
        story.apply().expect_ok();
        kill_at(&story, &proxy, &DESTROY, is_write, number);
        assert_eq!(story.attributes()["keys"].as_object().unwrap().len(), 3);
        story.destroy().expect_ok();
        story.expect_nothing_left();
    });
}

#[test]
fn update_killed_at_any_call_writes_once_and_is_not_reported_as_an_edit() {
    let overriding = |url: &str, version: u32| {
        format!("{SOURCE}\noverrides_wo = {{ URL = \"{url}\" }}\noverrides_wo_version = {version}")
    };
    let first = overriding("https://one.example", 1);
    let begin = |test: &str| {
        let (mut story, proxy) = behind_proxy(test, &first, true);
        story.apply().expect_ok();
        story.arguments(&overriding("https://two.example", 2));
        (story, proxy)
    };
    let (counted, proxy) = begin("killed-update");
    let calls = calls_of(&counted, &proxy, &APPLY, any);
    assert_eq!(calls, 7, "{}", proxy.story());
    for_each_number(calls, |number| {
        let (story, proxy) = begin(&format!("killed-update-{number}"));
        kill_at(&story, &proxy, &APPLY, any, number);
        assert!(!story.is_tainted());
        let run = story.apply().expect_ok();
        assert!(!run.said().contains("not written"), "{number}\n{run}");
        story.expect_no_changes();
        assert_eq!(story.get(TARGET).unwrap()["URL"], "https://two.example", "call {number}\n{run}\n{}", proxy.story());
        assert_eq!(story.version(TARGET), 2, "call {number}");
        let key = story.key(TARGET);
        assert_eq!((&key["version"], &key["edited"]), (&2.into(), &false.into()), "call {number}: {key}");
    });
}

#[test]
fn private_data_lost_in_a_killed_update_is_recovered_for_a_destroy() {
    // The state keeps the attributes and loses the private data, and with it the nonce of the copies.
    let overriding =
        |version: u32| format!("{SOURCE}\noverrides_wo = {{ URL = \"x\" }}\noverrides_wo_version = {version}");
    let (mut story, proxy) = behind_proxy("killed-forgotten", &overriding(1), true);
    story.apply().expect_ok();
    story.arguments(&overriding(2));
    kill_at(&story, &proxy, &APPLY, |call| call.method == "POST", 0);
    assert!(
        !story.raw_state_text().contains("\"private\""),
        "Terraform keeps the private data now, so this story proves nothing"
    );
    let run = story.destroy().expect_ok();
    assert!(!run.said().contains("Warning: A "), "{run}");
    story.expect_nothing_left();
}

#[test]
fn interrupted_create_of_a_copy_is_saved_and_completed_by_the_next_apply() {
    for number in 0..5 {
        let (story, proxy) = behind_proxy(&format!("interrupted-{number}"), SOURCE, true);
        let running = run_until(&story, &proxy, &APPLY, any, number);
        running.signal(Signal::SIGINT);
        let run = running.wait();
        expect_sound(&run);
        run.expect_err("Interrupt received");
        // Copies that may exist must be in the state.
        let known = story.attributes_of("config").is_some();
        assert_eq!(known, number >= 3, "call {number}\n{}", proxy.story());
        assert!(!known || story.is_tainted());
        story.expect_recovery(&proxy);
    }
}

#[test]
fn an_interrupted_create_writes_the_ownership_metadata_of_its_copy() {
    let (story, proxy) = behind_proxy("interrupted-marks", &format!("{SOURCE}\nrecursive = true"), true);
    for name in ["a", "b", "c", "d", "e", "f"] {
        story.vault.put(&story.mount, &format!("stage/shop/{name}"), &[("NAME", name)]);
    }
    let path = format!("{TARGET}/c");
    proxy.rule(|call| call.is("POST", &format!("/metadata/{TARGET}/c")), 1, Fault::Hang);
    let running = story.spawn(&APPLY);
    wait_until("the ownership metadata to hang", PATIENCE, || match proxy.calls(|call| call.spoiled) {
        0 => Err(proxy.story()),
        _ => Ok(()),
    });
    running.signal(Signal::SIGINT);
    let run = running.wait();
    expect_sound(&run);
    run.expect_err("Interrupt received").expect_said("run again to continue; all completed steps are kept");
    assert!(story.is_tainted());
    story.expect_whole("stage/shop/c", &path);
    assert!(story.results().contains_key(&path));
    story.destroy().expect_ok();
    story.expect_nothing_left();
}
