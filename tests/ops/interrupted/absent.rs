//! Ends without a namespace: a lost environment, an end that has left the copies in Vault, and one that has kept them.

use serde_json::json;

use super::{Interrupted, InterruptedCommand, Interruption, PLAIN, Subject};
use crate::ops::objects::objects_exist;

#[test]
fn lost_environment_is_ended_after_its_pull_request_is_closed_although_every_run_is_killed() {
    let lost = Interrupted::new(Subject { test: "opsintlost", ..PLAIN });
    lost.reap_until("the ledger to be written", || {
        lost.listed().is_some_and(|found| found["generation"] == 1) && lost.count("label-on") == 1
    });
    lost.story.ops.cluster.kubectl(&["delete", "namespace", &lost.name, "--wait=false"]);
    lost.story.ops.cluster.wait_until_gone(&lost.name);
    let interruptions = lost.interrupt(Interruption::Killed, InterruptedCommand::Reap, &Interrupted::is_over);
    assert!(interruptions >= 3, "only {interruptions} interruptions");
    // The pull request is open: people may still need the rest.
    assert_eq!((lost.copies_exist(), objects_exist(&lost.story.ops, &lost.name)), ([true; 2], [true; 2]));
    assert_eq!(lost.count("ended"), 1);
    lost.story.forge.set_open(1, false);
    let is_over = |lost: &Interrupted| {
        let is_left = lost.copies_exist().contains(&true) || objects_exist(&lost.story.ops, &lost.name).contains(&true);
        !is_left && lost.is_over()
    };
    let interruptions = lost.interrupt(Interruption::Killed, InterruptedCommand::Reap, &is_over);
    assert!(interruptions >= 5, "only {interruptions} interruptions");
    lost.check("lost", true);
}

#[test]
fn rest_of_an_end_is_finished_after_vault_is_up_again_although_every_run_is_killed() {
    let left = Interrupted::new(Subject { test: "opsintleft", ..PLAIN });
    left.write_config("http://127.0.0.1:1", false);
    left.story.eod(&["end", &left.name, "--yes"]);
    left.reap_until("all other steps to be done", || {
        left.listed().is_some_and(|found| !found["ended_at"].is_null() && found["left"] == json!(["vault"]))
    });
    assert_eq!(left.copies_exist(), [true; 2]);
    left.write_config(&left.proxies[1].access().server, false);
    let interruptions = left.interrupt(Interruption::Killed, InterruptedCommand::Reap, &Interrupted::is_over);
    assert!(interruptions >= 4, "only {interruptions} interruptions");
    left.check("requested", false);
}

#[test]
fn kept_copies_end_after_the_close_of_the_pull_request_although_every_run_is_killed() {
    let kept = Interrupted::new(Subject { test: "opsintkept", is_due: true, ..PLAIN });
    kept.write_config_with(&kept.proxies[1].access().server, false, "until_closed");
    kept.reap_until("the environment to be ended", || kept.is_over());
    assert_eq!((kept.copies_exist(), objects_exist(&kept.story.ops, &kept.name)), ([true; 2], [false; 2]));
    assert_eq!(kept.listed().unwrap()["ended_reason"], "expired");
    kept.story.forge.set_open(1, false);
    let is_over = |kept: &Interrupted| kept.copies_exist() == [false; 2] && kept.is_over();
    let interruptions = kept.interrupt(Interruption::Killed, InterruptedCommand::Reap, &is_over);
    assert!(interruptions >= 5, "only {interruptions} interruptions");
    kept.check("closed", false);
}
