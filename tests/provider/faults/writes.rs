//! A fault at every single write of a create, an update and a destroy.
//!
//! The number of writes is not fixed: the tables continue until a run has no fault.

use std::{
    sync::atomic::{AtomicBool, AtomicUsize, Ordering},
    thread,
};

use eod_testkit::{fault::Fault, terraform::Terraform};

use crate::provider::{
    each,
    faults::story::{FaultStory, expect_failure, expect_sound, run_story},
};

/// More writes than an environment can need, for a table that would never end.
const FAR_TOO_MANY: usize = 60;

/// Runs `case` with every Terraform and with 0, 1, 2, .. until it returns false, a few at a
/// time, because most of the time is spent waiting for deletions of namespaces.
#[track_caller]
fn for_each_faulty_write(at_least: usize, case: impl Fn(&Terraform, usize) -> bool + Sync) {
    each(|terraform| {
        let (next, done) = (AtomicUsize::new(0), AtomicBool::new(false));
        let hit = AtomicUsize::new(0);
        thread::scope(|scope| {
            for _ in 0..3 {
                scope.spawn(|| {
                    while !done.load(Ordering::Relaxed) {
                        let number = next.fetch_add(1, Ordering::Relaxed);
                        assert!(number < FAR_TOO_MANY, "the table does not end");
                        if case(terraform, number) {
                            hit.fetch_add(1, Ordering::Relaxed);
                        } else {
                            done.store(true, Ordering::Relaxed);
                        }
                    }
                });
            }
        });
        let hit = hit.into_inner();
        assert!(hit >= at_least, "only {hit} writes were spoiled, expected {at_least}");
    });
}

/// One create with faults in `times` writes from `number` on. False if it had
/// no such write.
fn create(terraform: &Terraform, test: &str, number: usize, times: usize, fault: Fault) -> bool {
    let story = FaultStory::new(terraform, &format!("{test}-{number}"));
    story.spoil_write(number, times, fault);
    let first = story.workspace.apply();
    let hit = story.spoiled() > 0;
    expect_sound(&first);
    story.proxy.clear_rules();
    if first.code == Some(0) {
        story.workspace.expect_no_changes();
    } else {
        assert!(hit, "the create failed, and nothing was spoiled\n{first}");
        expect_failure(first, &[&story.name, "run again"]);
        story.workspace.apply().expect_ok();
        story.workspace.expect_no_changes();
    }
    story.expect_whole();
    story.end();
    hit
}

#[test]
fn a_create_succeeds_despite_one_lost_answer_at_every_write() {
    for_each_faulty_write(9, |terraform, number| create(terraform, "lost-answer", number, 1, Fault::DropAfterStore));
}

#[test]
fn a_create_succeeds_despite_one_dropped_connection_at_every_write() {
    for_each_faulty_write(9, |terraform, number| create(terraform, "dropped", number, 1, Fault::DropBefore));
}

#[test]
fn create_that_loses_the_server_at_any_write_is_completed_by_the_next_apply() {
    for_each_faulty_write(9, |terraform, number| {
        create(terraform, "server-lost", number, usize::MAX, Fault::DropBefore)
    });
}

#[test]
fn a_create_that_loses_every_answer_from_any_write_on_is_completed_by_the_next_apply() {
    for_each_faulty_write(9, |terraform, number| create(terraform, "deaf", number, usize::MAX, Fault::DropAfterStore));
}

/// The arguments of the update with this number; every one of them changes with it.
fn arguments(number: usize) -> String {
    format!(
        "head_sha = \"{number:07x}\"\n  owner = \"alice-{number}\"\n  labels = {{ round = \"r{number}\" }}\n  \
         quota = {{ pods = {} }}\n  network = {{ allow_to_namespaces = [\"peer-{number}\"] }}\n",
        20 + number
    )
}

/// One environment is updated repeatedly, each time with a fault at a later write.
fn updates(test: &str, times: usize, fault: &Fault) {
    run_story(test, |story| {
        story.rewrite(&arguments(0));
        story.workspace.apply().expect_ok();
        let uid = story.uid();
        for number in 0.. {
            assert!(number < FAR_TOO_MANY, "the table does not end");
            story.rewrite(&arguments(number + 1));
            story.proxy.clear_log();
            story.spoil_write(number, times, fault.clone());
            let first = story.workspace.apply();
            let hit = story.spoiled() > 0;
            expect_sound(&first);
            story.proxy.clear_rules();
            if first.code != Some(0) {
                assert!(hit, "the update failed, and nothing was spoiled\n{first}");
                expect_failure(first, &[&story.name, "run again"]);
                assert!(!story.is_tainted(), "a failed update must not replace anything");
                story.workspace.apply().expect_ok().expect_said("0 added, 1 changed, 0 destroyed");
            }
            story.workspace.expect_no_changes();
            story.expect_whole();
            assert_eq!(story.uid(), uid, "an update must not replace the namespace");
            let namespace = story.namespace().unwrap();
            assert_eq!(namespace["metadata"]["labels"]["round"], format!("r{}", number + 1).as_str());
            if !hit {
                assert!(number >= 3, "only {number} writes were spoiled");
                break;
            }
        }
        story.discard();
    });
}

#[test]
fn an_update_succeeds_despite_one_lost_answer_at_every_write() {
    updates("update-lost-answer", 1, &Fault::DropAfterStore);
}

#[test]
fn an_update_succeeds_despite_one_dropped_connection_at_every_write() {
    updates("update-dropped", 1, &Fault::DropBefore);
}

#[test]
fn an_update_that_loses_the_server_at_any_write_is_completed_by_the_next_apply() {
    updates("update-server-lost", usize::MAX, &Fault::DropBefore);
}

/// One destroy with faults in `times` writes from `number` on.
fn destroy(terraform: &Terraform, test: &str, number: usize, times: usize, fault: Fault) -> bool {
    let story = FaultStory::new(terraform, &format!("{test}-{number}"));
    story.workspace.apply().expect_ok();
    story.proxy.clear_log();
    story.spoil_write(number, times, fault);
    let first = story.workspace.destroy();
    let hit = story.spoiled() > 0;
    expect_sound(&first);
    story.proxy.clear_rules();
    if first.code != Some(0) {
        assert!(hit, "the destroy failed, and nothing was spoiled\n{first}");
        expect_failure(first, &[&story.name, "run again"]);
        assert!(!story.is_tainted());
    } else if first.said().contains("The ledger of environment") {
        // The ledger stops no destroy. It may be left, and the warning names it.
        first.expect_said(&format!("`{0}.{0}`", story.name));
        story.delete_ledger();
    }
    story.end();
    hit
}

#[test]
fn a_destroy_succeeds_despite_one_lost_answer_at_every_write() {
    for_each_faulty_write(1, |terraform, number| destroy(terraform, "destroy-lost", number, 1, Fault::DropAfterStore));
}

#[test]
fn a_destroy_succeeds_despite_one_dropped_connection_at_every_write() {
    for_each_faulty_write(1, |terraform, number| destroy(terraform, "destroy-dropped", number, 1, Fault::DropBefore));
}

#[test]
fn destroy_that_loses_the_server_is_completed_by_the_next_one() {
    for_each_faulty_write(1, |terraform, number| {
        destroy(terraform, "destroy-server", number, usize::MAX, Fault::DropBefore)
    });
    for_each_faulty_write(1, |terraform, number| {
        destroy(terraform, "destroy-deaf", number, usize::MAX, Fault::DropAfterStore)
    });
}
