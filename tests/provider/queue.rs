//! `max_environments`: environments without a place wait in a queue, and the first in the queue is served first.

use serde_json::json;

use crate::provider::{
    DOMAIN, EnvironmentStory, done, errors,
    reaper::{change_head, head},
    tell,
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
fn apply_only(story: &EnvironmentStory, number: u32) -> eod_testkit::workspace::Run {
    let target = format!("-target=eod_environment.e{number}");
    story.run(&[&APPLY[..], &[target.as_str()]].concat())
}

#[test]
fn first_in_the_queue_gets_the_free_place() {
    tell("queue", "", |story| {
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
    tell("impatient", "", |story| {
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
