//! `max_environments`: environments without a place wait in a queue, and the first in the queue gets the free place.

use std::{
    sync::atomic::{AtomicUsize, Ordering},
    thread,
};

use eod_testkit::{cluster::PATIENCE, wait::wait_until, workspace::Run};
use serde_json::json;

use crate::provider::{
    DOMAIN, EnvironmentStory, done, errors,
    reaper::{change_head, head, head_of},
    run_story, text,
};

const APPLY: [&str; 4] = ["apply", "-no-color", "-auto-approve", "-parallelism=1"];

/// Blocks of environments `e7`, `e8`, .. with these pull requests.
fn blocks(story: &EnvironmentStory, numbers: &[u32]) -> String {
    let block = |number: &u32| {
        let block = story.block(&format!("e{number}"), "");
        block.replace("pull_request = 7", &format!("pull_request = {number}"))
    };
    numbers.iter().map(block).collect()
}

/// Applies only the environment of one pull request.
fn apply_only(story: &EnvironmentStory, number: u32) -> Run {
    let target = format!("-target=eod_environment.e{number}");
    story.run(&[&APPLY[..], &[target.as_str()]].concat())
}

#[test]
fn first_in_the_queue_gets_the_free_place() {
    run_story("queue", "", |story| {
        story.provider(&format!("domain = \"{DOMAIN}\"\nmax_environments = 1"));
        let text = blocks(story, &[7, 8, 9]);
        story.body(&text);
        apply_only(story, 7).expect_ok();
        let installation = story.installation.clone();
        let names = |number: u32| format!("{installation}-pr-{number}");
        for (number, place) in [(9, "number 1 of 1"), (8, "number 2 of 2"), (9, "number 1 of 2")] {
            let said = errors(&apply_only(story, number).expect_err("Too many environments"));
            assert!(said.contains(place), "{place}: {said}");
            story.name = names(number);
            assert_eq!(head(story).unwrap()["phase"], "queued");
        }
        story.run(&["destroy", "-no-color", "-auto-approve", "-target=eod_environment.e7"]).expect_ok();
        let said = errors(&apply_only(story, 8).expect_err("Too many environments"));
        assert!(said.contains("number 2 of 2"), "{said}");
        apply_only(story, 9).expect_ok();
        story.name = names(9);
        assert_eq!(head(story).unwrap()["phase"], "live");
        story.run(&["destroy", "-no-color", "-auto-approve"]).expect_ok();
    });
}

#[test]
fn environment_that_is_not_applied_again_loses_its_place() {
    run_story("impatient", "", |story| {
        story.provider(&format!("domain = \"{DOMAIN}\"\nmax_environments = 1"));
        let text = blocks(story, &[7, 8, 9]);
        story.body(&text);
        apply_only(story, 7).expect_ok();
        apply_only(story, 8).expect_err("number 1 of 1");
        story.name = format!("{}-pr-8", story.installation);
        change_head(story, &json!({ "beat": "2026-01-01T00:00:00Z", "queued_at": "2026-01-01T00:00:00Z" }));
        story.run(&["destroy", "-no-color", "-auto-approve", "-target=eod_environment.e7"]).expect_ok();
        apply_only(story, 9).expect_ok().expect_said(&done(1, 0, 0));
        story.run(&["destroy", "-no-color", "-auto-approve"]).expect_ok();
    });
}

/// Names of the environments of the installation that are complete and not being deleted.
#[track_caller]
fn complete(story: &EnvironmentStory) -> Vec<String> {
    let selector = format!("labelSelector=environment.on-demand%2Finstallation%3D{}", story.installation);
    let list = story.cluster.read(&format!("/api/v1/namespaces?{selector}")).unwrap();
    let metadata = list["items"].as_array().unwrap().iter().map(|namespace| &namespace["metadata"]);
    let complete = metadata.filter(|metadata| {
        let is_complete = metadata["annotations"]["environment.on-demand/provisioned-at"].is_string();
        is_complete && metadata["deletionTimestamp"].is_null()
    });
    complete.map(|metadata| metadata["name"].as_str().unwrap().to_owned()).collect()
}

/// Number of a pull request, from the name of its environment.
fn number_of(name: &str) -> u32 {
    name.rsplit('-').next().unwrap().parse().unwrap()
}

#[test]
fn thirty_creates_at_once_keep_the_maximum_and_wait_in_one_queue() {
    const MAX: usize = 10;
    run_story("rush", "", |story| {
        story.provider(&format!("domain = \"{DOMAIN}\"\nmax_environments = {MAX}"));
        let mut states = [story.elsewhere(), story.elsewhere(), story.elsewhere()];
        let numbers = |state: u32| -> Vec<u32> { (1..=10).map(|number| state * 10 + number).collect() };
        for (at, state) in (0..).zip(&mut states) {
            let text = blocks(state, &numbers(at));
            state.body(&text);
        }
        let left = AtomicUsize::new(states.len());
        let (runs, states): (Vec<Run>, Vec<EnvironmentStory>) = thread::scope(|scope| {
            let left = &left;
            let apply = |state: EnvironmentStory| {
                let run = state.run(&["apply", "-no-color", "-auto-approve", "-parallelism=10"]);
                left.fetch_sub(1, Ordering::Relaxed);
                (run, state)
            };
            let runs: Vec<_> = states.into_iter().map(|state| scope.spawn(move || apply(state))).collect();
            wait_until("all runs to end", PATIENCE, || {
                let complete = complete(story);
                assert!(complete.len() <= MAX, "{complete:?}");
                let left = left.load(Ordering::Relaxed);
                if left == 0 { Ok(()) } else { Err(format!("{left} runs")) }
            });
            runs.into_iter().map(|run| run.join().unwrap()).unzip()
        });
        let complete = complete(story);
        assert_eq!(complete.len(), MAX, "{complete:?}");
        let refused: usize = runs.iter().map(|run| run.said().matches("Error: Too many environments").count()).sum();
        let placed: usize = runs.iter().map(|run| run.said().matches("It waits as number").count()).sum();
        let errors: usize = runs.iter().map(|run| run.said().matches("Error: ").count()).sum();
        let shown: String = runs.iter().map(ToString::to_string).collect();
        assert_eq!((refused, placed, errors), (30 - MAX, 30 - MAX, 30 - MAX), "{shown}");

        // All others wait, in the order of their first refusal.
        let head = |number: u32| {
            let name = format!("{}-pr-{number}", story.installation);
            head_of(story.cluster, &story.installation, &name).unwrap()
        };
        let is_complete = |number: &u32| complete.iter().any(|name| number_of(name) == *number);
        let mut queue: Vec<(jiff::Timestamp, String, u32)> = (1..=30)
            .filter(|number| !is_complete(number))
            .map(|number| {
                let head = head(number);
                assert_eq!(head["phase"], "queued", "{head}");
                (text(&head["queued_at"]).parse().unwrap(), format!("{}-pr-{number}", story.installation), number)
            })
            .collect();
        queue.sort();
        let state_of = |number: u32| &states[usize::try_from((number - 1) / 10).unwrap()];
        let (first, last) = (queue[0].2, queue[queue.len() - 1].2);
        let gone = number_of(&complete[0]);
        let target = format!("-target=eod_environment.e{gone}");
        state_of(gone).run(&["destroy", "-no-color", "-auto-approve", &target]).expect_ok();
        apply_only(state_of(last), last).expect_err("number 20 of 20");
        apply_only(state_of(first), first).expect_ok();
        assert_eq!(head(first)["phase"], "live");
        for state in &states {
            state.run(&["destroy", "-no-color", "-auto-approve"]).expect_ok();
        }
    });
}
