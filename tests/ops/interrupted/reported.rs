//! Ends that the forge reports: a deleted branch, and a pull request without its trigger label.

use super::{Interrupted, InterruptedCommand, Interruption, PLAIN, Subject, interrupt_everywhere};

#[test]
fn end_of_a_deleted_branch_is_finished_although_every_run_is_killed() {
    let branch = Interrupted::new(Subject { test: "opsintbranch", identity: "@gone", ..PLAIN });
    // The pull request of the story has nothing to do with the branch.
    branch.story.forge.remove_label(1, "preview");
    interrupt_everywhere(&branch, InterruptedCommand::Reap, Interruption::Killed, "branch-deleted");
    assert!(branch.story.forge.writes().is_empty(), "{:?}", branch.story.forge.writes());
}

#[test]
fn end_of_an_unlabelled_pull_request_is_finished_although_every_run_is_killed() {
    let unlabelled = Interrupted::new(Subject { test: "opsintlabel", ..PLAIN });
    unlabelled.reap_until("the label to be seen", || {
        unlabelled.listed().is_some_and(|found| found["generation"] == 1) && unlabelled.count("label-on") == 1
    });
    unlabelled.story.forge.remove_label(1, "preview");
    interrupt_everywhere(&unlabelled, InterruptedCommand::Reap, Interruption::Killed, "unlabelled");
    assert!(unlabelled.story.forge.writes().is_empty(), "a label that a person has removed stays off");
}
