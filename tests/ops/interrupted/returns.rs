//! Returns of ended environments: a push puts the trigger label back, a reopened pull request lifts the end.

use serde_json::Value;

use super::{Interrupted, InterruptedCommand, Interruption, closed, expired};

const SECOND: &str = "2222222222222222222222222222222222222222";

/// Ends the environment, changes its pull request, and interrupts every run until the end is lifted.
fn interrupt_return(ended: &Interrupted, change: impl Fn(&Interrupted)) {
    ended.reap_until("the end", || ended.is_over());
    change(ended);
    let is_lifted = |ended: &Interrupted| ended.count("lifted") > 0;
    let interruptions = ended.interrupt(Interruption::Killed, InterruptedCommand::Reap, &is_lifted);
    assert!(interruptions >= 3, "only {interruptions} interruptions");
    assert_eq!((ended.count("lifted"), ended.count("ended")), (1, 1));
    assert_eq!(ended.story.forge.labels(1), ["preview"]);
    // The environment may return, and nothing has created it yet.
    let found = ended.listed().unwrap();
    assert!(!found["ended_at"].is_null() && found["left"] == Value::Array(Vec::new()), "{found:#}");
    ended.story.forge.clear_calls();
    ended.check_rest();
    assert!(ended.story.forge.writes().is_empty(), "{:?}", ended.story.forge.writes());
}

#[test]
fn push_puts_the_label_back_once_although_every_run_is_killed() {
    interrupt_return(&expired("opsintrevive"), |ended| {
        assert!(ended.story.forge.labels(1).is_empty());
        ended.story.forge.push(1, SECOND);
    });
}

#[test]
fn reopened_pull_request_lifts_the_end_once_although_every_run_is_killed() {
    interrupt_return(&closed("opsintlift"), |ended| ended.story.forge.set_open(1, true));
}
