//! Scenes about ended environments: returns, retention.

use eod_domain::Tier;
use eod_domain::ledger::{
    CreateRequest, EndReason, EndRequest, EndStep, EventKind, LedgerHead, MadeBy, StepOutcome, Transitions,
};
use jiff::SignedDuration;

use super::models::SimPorts;
use super::scene::Scene;
use super::schedule::{HOUR, MINUTE, Step};
use super::world::{World, identity_of, sha};
use crate::mutation::{Mutation, with_mutation};
use crate::ports::BackendKind;
use crate::settings::{ReaperSettings, RunOptions};

#[test]
fn ledger_is_deleted_after_the_retention_and_its_history_stays() {
    let mut scene = Scene::with_environments(2);
    scene.settings.retention = SignedDuration::from_hours(2);
    scene.close_all(2);
    scene.run();
    assert_eq!(scene.phase(), "ended");
    scene.step(&Step::Reopen(2));
    scene.wait(3 * HOUR);
    scene.run();
    let (ledgers, rows) =
        scene.sim.with(|world| (world.ledgers.keys().cloned().collect::<Vec<_>>(), world.history.len()));
    assert_eq!((ledgers, rows), (vec!["shop-pr-2".to_owned()], 2), "an open pull request keeps its tombstone");
}

#[test]
fn kept_copies_end_after_the_retention_if_no_forge_can_report_the_close() {
    let mut scene = Scene::with_environments(1);
    scene.settings.retention = SignedDuration::from_hours(2);
    scene.sim.with(|world| world.has_no_forge = true);
    scene.wait(2 * HOUR + 35 * MINUTE);
    scene.run();
    scene.wait(30 * MINUTE);
    assert_eq!((scene.run().exit_code(), scene.phase().as_str()), (0, "ended"));
    assert_eq!(scene.sim.with(|world| world.copies.len()), 1, "people may have edited it");
    scene.wait(2 * HOUR);
    scene.run();
    assert_eq!(scene.sim.with(|world| world.copies.len()), 0);
    scene.run();
    assert_eq!(scene.sim.with(|world| (world.ledgers.len(), world.history.len())), (0, 1));
}

#[test]
fn push_after_the_expiry_puts_the_label_back_and_the_environment_returns() {
    let scene = Scene::with_environments(1);
    scene.wait(2 * HOUR + 35 * MINUTE);
    scene.run();
    scene.wait(30 * MINUTE);
    scene.run();
    scene.run();
    assert!(scene.living().is_empty(), "the environment has expired");
    let is_labelled = || scene.sim.with(|world| world.pulls[&1].labels.contains("preview"));
    assert!(!is_labelled() && scene.sim.with(|world| world.copies.len()) == 1, "its copy is kept");
    scene.step(&Step::Push(1));
    scene.run();
    assert!(is_labelled());
    scene.step(&Step::Apply { number: 1, killed_after: None });
    scene.wait(5 * MINUTE);
    assert_eq!(scene.living(), ["shop-pr-1"]);
    let head = scene.sim.with(|world| world.ledgers["shop-pr-1"].head.clone());
    assert_eq!((head.generation, head.phase.as_str()), (2, "live"));
}

/// Scene with an ended environment, past its end, with a kept copy and an open pull request without its label.
fn expired() -> Scene {
    let scene = expired_with(|_| {});
    assert_eq!(copies_and_step(&scene), (1, Some(StepOutcome::Kept)));
    scene
}

/// Scene with an ended environment, past its end, and an open pull request without its label.
fn expired_with(change: impl FnOnce(&mut ReaperSettings)) -> Scene {
    let mut scene = Scene::with_environments(1);
    change(&mut scene.settings);
    scene.wait(2 * HOUR + 35 * MINUTE);
    scene.run();
    scene.wait(30 * MINUTE);
    scene.run();
    scene.run();
    scene
}

/// Records the wish to keep the copies of the first environment, as `eod end --keep-vault` does.
fn keep_vault(scene: &Scene) {
    scene.sim.with(|world| {
        let ledger = &world.ledgers["shop-pr-1"];
        let (head, version) = (ledger.head.clone(), ledger.object_version());
        let next = Transitions::at(world.time()).keep_vault(&head, head.generation).unwrap();
        world.write_head("shop-pr-1", Some(&version), &next, &[]).unwrap();
    });
}

fn copies_and_step(scene: &Scene) -> (usize, Option<StepOutcome>) {
    scene.sim.with(|world| {
        let step = world.ledgers["shop-pr-1"].head.steps.get(&EndStep::Vault).copied();
        (world.copies.len(), step)
    })
}

#[test]
pub(super) fn kept_copy_stays_if_the_pull_request_is_reopened_during_the_run() {
    let result = |mutation| {
        let scene = expired();
        scene.step(&Step::Close(1));
        scene.sim.with(|world| world.reopened_after_read.extend([1]));
        with_mutation(mutation, || scene.run());
        let result = copies_and_step(&scene);
        scene.step(&Step::Close(1));
        scene.run();
        assert_eq!(copies_and_step(&scene), (0, Some(StepOutcome::Done)));
        result
    };
    assert_eq!(result(None), (1, Some(StepOutcome::Kept)), "it is open again");
    assert_eq!(result(Some(Mutation::KeptEndsUnlabelled)).0, 0);
}

#[test]
fn suspended_run_ends_no_kept_copy_of_a_pull_request_that_was_reopened_since_its_look() {
    let scene = expired();
    scene.step(&Step::Close(1));
    let is_taken_up = |world: &World| {
        let head = &world.ledgers["shop-pr-1"].head;
        head.is_ended() && head.steps.get(&EndStep::Vault) == Some(&StepOutcome::Pending)
    };
    scene.sim.suspend(is_taken_up, 5 * MINUTE);
    let report = scene.start(SimPorts::new(&scene.sim, 0), RunOptions::default());
    scene.wait(MINUTE);
    assert_eq!(copies_and_step(&scene), (1, Some(StepOutcome::Pending)), "the run is suspended");
    scene.step(&Step::Reopen(1));
    scene.wait(15 * MINUTE);
    assert_eq!((report.take().unwrap().exit_code(), copies_and_step(&scene).0), (3, 1));
    scene.run();
    assert_eq!(copies_and_step(&scene), (1, Some(StepOutcome::Kept)));
}

#[test]
fn copy_is_kept_again_if_the_pull_request_is_reopened_before_vault_is_up() {
    let scene = expired();
    scene.step(&Step::Close(1));
    scene.sim.with(|world| world.is_vault_down = true);
    scene.run();
    assert_eq!(copies_and_step(&scene), (1, Some(StepOutcome::Failed)));
    scene.sim.with(|world| (world.is_vault_down, world.is_forge_down) = (false, true));
    scene.run();
    assert_eq!(copies_and_step(&scene), (1, Some(StepOutcome::Failed)), "the pull request is unknown");
    scene.sim.with(|world| world.is_forge_down = false);
    scene.step(&Step::Reopen(1));
    let report = scene.run();
    assert_eq!((report.exit_code(), report.left.len()), (0, 0), "{report:?}");
    assert!(report.actions.iter().any(|action| action.action == "keep"), "{report:?}");
    assert_eq!(copies_and_step(&scene), (1, Some(StepOutcome::Kept)));
    scene.step(&Step::Close(1));
    scene.run();
    assert_eq!(copies_and_step(&scene), (0, Some(StepOutcome::Done)));
}

#[test]
pub(super) fn copy_that_an_end_has_left_is_ended_only_after_a_look_at_the_pull_request() {
    let copies = |mutation| {
        let scene = expired();
        scene.step(&Step::Close(1));
        scene.sim.with(|world| world.is_vault_down = true);
        scene.run();
        scene.sim.with(|world| world.is_vault_down = false);
        scene.step(&Step::Reopen(1));
        with_mutation(mutation, || scene.run());
        scene.sim.with(|world| world.copies.len())
    };
    assert_eq!((copies(None), copies(Some(Mutation::LeftWithoutLook))), (1, 0));
}

#[test]
fn parts_of_a_lost_environment_are_kept_again_if_the_pull_request_is_reopened() {
    let scene = Scene::with_environments(1);
    scene.step(&Step::DeleteNamespace(1));
    scene.wait(MINUTE);
    scene.run();
    scene.step(&Step::Close(1));
    scene.sim.with(|world| world.is_vault_down = true);
    scene.run();
    assert_eq!(copies_and_step(&scene), (1, Some(StepOutcome::Failed)), "its parts ended, and Vault is down");
    scene.step(&Step::Reopen(1));
    scene.sim.with(|world| world.is_vault_down = false);
    scene.run();
    assert_eq!(copies_and_step(&scene), (1, Some(StepOutcome::Kept)));
}

#[test]
fn backend_that_is_down_does_not_delay_a_return() {
    let scene = Scene::with_environments(1);
    scene.close_all(1);
    scene.sim.with(|world| world.is_vault_down = true);
    scene.run();
    assert_eq!((scene.phase().as_str(), copies_and_step(&scene)), ("ended", (1, Some(StepOutcome::Failed))));
    scene.step(&Step::Reopen(1));
    scene.run();
    assert!(head(&scene).lifted);
    scene.sim.with(|world| world.is_vault_down = false);
    scene.run();
    assert_eq!(copies_and_step(&scene), (1, Some(StepOutcome::Kept)), "its pull request is open again");
    assert_eq!(scene.sim.with(|world| world.parts.len()), 0);
    scene.step(&Step::Close(1));
    scene.run();
    scene.run();
    assert_eq!(copies_and_step(&scene), (0, Some(StepOutcome::Done)), "what the end has left is tried again");
}

#[test]
fn copy_that_the_end_of_a_closed_pull_request_has_left_is_kept_while_the_return_is_queued() {
    let copies = |mutation| {
        let scene = Scene::with_environments(1);
        scene.close_all(1);
        scene.sim.with(|world| world.is_vault_down = true);
        scene.run();
        scene.step(&Step::Reopen(1));
        scene.run();
        queue(&scene);
        scene.sim.with(|world| world.is_vault_down = false);
        with_mutation(mutation, || scene.run());
        (scene.phase(), copies_and_step(&scene))
    };
    assert_eq!(copies(None), ("queued".to_owned(), (1, Some(StepOutcome::Kept))));
    let mutation = Some(Mutation::LeftWithoutLook);
    assert_eq!(copies(mutation), ("queued".to_owned(), (0, Some(StepOutcome::Done))));
}

/// Records the begin of a destroy of the first environment as the provider does, and deletes its namespace.
fn begin_destroy(scene: &Scene) {
    scene.sim.with(|world| {
        let ledger = &world.ledgers["shop-pr-1"];
        let (head, version) = (ledger.head.clone(), ledger.object_version());
        let (generation, uid, reason) = (head.generation, head.uid.clone(), EndReason::Destroyed);
        let request = EndRequest { generation, uid, reason, keep_vault: false, holder: "destroy".to_owned() };
        let ending = Transitions::at(world.time()).begin_end(&head, &request).unwrap();
        world.namespaces.remove("shop-pr-1");
        world.parts.retain(|(kind, _), _| *kind != BackendKind::Dns);
        world.write_head("shop-pr-1", Some(&version), &ending, &[]).unwrap();
    });
}

/// Destroys the first environment as the provider does, and leaves its copy and its other parts.
fn destroy(scene: &Scene) {
    begin_destroy(scene);
    scene.sim.with(|world| {
        let ledger = &world.ledgers["shop-pr-1"];
        let (head, version) = (ledger.head.clone(), ledger.object_version());
        let ended = Transitions::at(world.time()).finish_destroy(&head, head.generation, "destroy").unwrap();
        world.write_head("shop-pr-1", Some(&version), &ended, &[]).unwrap();
    });
}

#[test]
fn copy_that_a_destroy_leaves_is_kept_until_the_pull_request_is_closed() {
    let after_destroy = |change: fn(&mut World)| {
        let scene = Scene::with_environments(1);
        scene.run();
        destroy(&scene);
        scene.sim.with(change);
        let report = scene.run();
        assert_eq!(scene.sim.with(|world| world.parts.len()), 0, "only the copy may have changes of people");
        (scene, report)
    };
    let (scene, report) = after_destroy(|_| {});
    assert_eq!((copies_and_step(&scene), report.exit_code()), ((1, Some(StepOutcome::Kept)), 0), "{report:?}");
    scene.run();
    assert_eq!(copies_and_step(&scene), (1, Some(StepOutcome::Kept)));
    scene.step(&Step::Close(1));
    scene.run();
    assert_eq!(copies_and_step(&scene), (0, Some(StepOutcome::Done)));
    let (scene, report) = after_destroy(|world| world.is_forge_down = true);
    assert_eq!((copies_and_step(&scene), report.exit_code()), ((1, Some(StepOutcome::Kept)), 3), "unknown is open");
    let (scene, report) = after_destroy(|world| world.copies.clear());
    assert_eq!((copies_and_step(&scene), report.exit_code()), ((0, Some(StepOutcome::Kept)), 0), "{report:?}");
    let (scene, _) = after_destroy(|world| world.pulls.get_mut(&1).unwrap().is_open = false);
    let report = scene.run();
    assert_eq!((copies_and_step(&scene), report.exit_code()), ((0, Some(StepOutcome::Done)), 0), "{report:?}");
}

#[test]
fn copy_that_a_destroy_leaves_ends_after_the_retention_if_no_forge_can_report_the_close() {
    let mut scene = Scene::with_environments(1);
    scene.settings.retention = SignedDuration::from_hours(2);
    scene.sim.with(|world| world.has_no_forge = true);
    scene.run();
    destroy(&scene);
    assert_eq!((scene.run().exit_code(), copies_and_step(&scene)), (0, (1, Some(StepOutcome::Kept))));
    scene.wait(2 * HOUR);
    scene.run();
    assert_eq!(copies_and_step(&scene), (0, Some(StepOutcome::Done)));
}

#[test]
fn copy_of_an_environment_that_is_replaced_is_kept_while_its_create_waits_for_a_place() {
    let scene = Scene::with_environments(1);
    scene.run();
    destroy(&scene);
    queue(&scene);
    scene.run();
    assert_eq!((scene.phase().as_str(), copies_and_step(&scene)), ("queued", (1, Some(StepOutcome::Kept))));
    scene.step(&Step::Close(1));
    scene.run();
    assert_eq!((scene.phase().as_str(), copies_and_step(&scene)), ("ended", (0, Some(StepOutcome::Done))));
}

#[test]
fn copy_that_an_interrupted_destroy_leaves_is_kept_by_the_run_that_finishes_it() {
    let scene = Scene::with_environments(1);
    scene.run();
    begin_destroy(&scene);
    scene.wait(20 * MINUTE);
    scene.run();
    assert_eq!((scene.phase().as_str(), head(&scene).reason), ("ended", Some(EndReason::Destroyed)));
    assert_eq!(copies_and_step(&scene), (1, Some(StepOutcome::Kept)));
}

#[test]
pub(super) fn copy_that_a_person_keeps_is_not_an_orphan_after_the_retention() {
    let copies = |mutation| {
        let mut scene = Scene::with_environments(1);
        scene.settings.retention = SignedDuration::from_hours(2);
        scene.run();
        keep_vault(&scene);
        scene.step(&Step::Request(1));
        with_mutation(mutation, || {
            scene.run();
            // The end is cancelled, and begins again with the wish.
            scene.step(&Step::Protect(1, true));
            scene.run();
            assert_eq!(scene.phase(), "live");
            scene.step(&Step::Protect(1, false));
            scene.run();
            scene.wait(20 * MINUTE);
            scene.run();
            assert_eq!((scene.phase().as_str(), copies_and_step(&scene)), ("ended", (1, Some(StepOutcome::Kept))));
            scene.step(&Step::Close(1));
            for _ in 0..8 {
                scene.wait(HOUR);
                scene.run();
            }
        });
        scene.sim.with(|world| world.copies.len())
    };
    assert_eq!((copies(None), copies(Some(Mutation::KeptCopyForgotten))), (1, 0));
}

#[test]
pub(super) fn late_create_is_refused_after_the_close_of_an_expired_environment() {
    let is_refused = |mutation, keeps_vault| {
        let scene = expired_with(|settings| settings.keep_vault_until_closed = keeps_vault);
        scene.step(&Step::Close(1));
        let report = with_mutation(mutation, || scene.run());
        assert_eq!((copies_and_step(&scene), report.exit_code()), ((0, Some(StepOutcome::Done)), 0), "{report:?}");
        assert_eq!(with_mutation(mutation, || scene.run()).actions, [], "the close is recorded once");
        let (now, request) = scene.sim.with(|world| (world.time(), create_request(world)));
        Transitions::at(now).create(Some(&head(&scene)), &request).is_err()
    };
    for keeps_vault in [true, false] {
        let refused = [None, Some(Mutation::CloseNotRecorded)].map(|mutation| is_refused(mutation, keeps_vault));
        assert_eq!(refused, [true, false], "an end that keeps a copy: {keeps_vault}");
    }
}

#[test]
fn reopened_pull_request_lifts_the_end_of_an_expired_environment_only_if_no_trigger_label_is_used() {
    let is_lifted = |has_no_trigger_label| {
        let scene = Scene::with_environments(1);
        scene.sim.with(|world| world.has_no_trigger_label = has_no_trigger_label);
        scene.wait(2 * HOUR + 35 * MINUTE);
        scene.run();
        scene.wait(30 * MINUTE);
        scene.run();
        scene.run();
        scene.step(&Step::Close(1));
        scene.run();
        assert_eq!((scene.phase().as_str(), head(&scene).reason), ("ended", Some(EndReason::Closed)));
        scene.step(&Step::Reopen(1));
        scene.run();
        head(&scene).lifted
    };
    assert_eq!([true, false].map(is_lifted), [true, false]);
}

#[test]
fn ledger_of_kept_copies_is_deleted_after_the_retention_if_a_person_has_removed_them() {
    let mut scene = Scene::with_environments(1);
    scene.settings.retention = SignedDuration::from_hours(2);
    scene.run();
    keep_vault(&scene);
    scene.close_all(1);
    scene.run();
    scene.wait(3 * HOUR);
    scene.run();
    assert_eq!(copies_and_step(&scene), (1, Some(StepOutcome::Kept)));
    scene.sim.with(|world| world.copies.clear());
    scene.run();
    assert_eq!(scene.sim.with(|world| (world.ledgers.len(), world.history.len())), (0, 1));
}

#[test]
fn push_to_a_reopened_pull_request_brings_its_expired_environment_back() {
    let scene = expired();
    scene.step(&Step::Close(1));
    scene.run();
    assert_eq!(head(&scene).reason, Some(EndReason::Closed));
    scene.step(&Step::Reopen(1));
    scene.run();
    assert!(!head(&scene).lifted, "its trigger label is still removed");
    scene.step(&Step::Push(1));
    scene.run();
    assert!(head(&scene).lifted && scene.sim.with(|world| world.pulls[&1].labels.contains("preview")));
    scene.step(&Step::Apply { number: 1, killed_after: None });
    scene.wait(5 * MINUTE);
    assert_eq!(scene.living(), ["shop-pr-1"]);
}

#[test]
pub(super) fn closed_pull_request_takes_its_lift_back() {
    let returns = |mutation| {
        let scene = Scene::with_environments(1);
        scene.close_all(1);
        scene.run();
        scene.step(&Step::Reopen(1));
        scene.run();
        assert!(head(&scene).lifted);
        scene.step(&Step::Close(1));
        let report = with_mutation(mutation, || scene.run());
        let is_lifted = head(&scene).lifted;
        assert_eq!(report.actions.iter().any(|action| action.action == "unlift"), !is_lifted);
        assert_eq!(scene.events().ends_with(&[EventKind::Unlifted]), !is_lifted);
        scene.step(&Step::Reopen(1));
        scene.run();
        assert!(head(&scene).lifted, "it is lifted again with its pull request");
        is_lifted
    };
    assert_eq!((returns(None), returns(Some(Mutation::LiftStays))), (false, true));
}

#[test]
fn lift_that_was_taken_back_of_an_expired_environment_returns_with_its_label() {
    let scene = expired();
    scene.step(&Step::LabelOn(1));
    scene.run();
    assert!(head(&scene).lifted);
    scene.step(&Step::Close(1));
    scene.run();
    assert!(!head(&scene).lifted);
    scene.step(&Step::Reopen(1));
    scene.run();
    assert!(head(&scene).lifted);
}

#[test]
fn lift_stays_while_the_forge_does_not_answer() {
    let scene = Scene::with_environments(1);
    scene.close_all(1);
    scene.run();
    scene.step(&Step::Reopen(1));
    scene.run();
    scene.sim.with(|world| world.is_forge_down = true);
    scene.step(&Step::Close(1));
    scene.run();
    assert!(head(&scene).lifted, "unknown is not closed");
}

fn head(scene: &Scene) -> LedgerHead {
    scene.sim.with(|world| world.ledgers["shop-pr-1"].head.clone())
}

/// Create of the newest commit of the first pull request.
fn create_request(world: &World) -> CreateRequest {
    CreateRequest {
        head_sha: Some(sha(world.pulls[&1].sha)),
        namespace_is_gone: true,
        ..CreateRequest::new(&identity_of(1), Tier::Lightweight, MadeBy::Terraform, "apply")
    }
}

/// Refuses the return of the first environment for lack of a free place, as the provider does.
fn queue(scene: &Scene) {
    scene.sim.with(|world| {
        let request = create_request(world);
        let ledger = &world.ledgers["shop-pr-1"];
        let next = Transitions::at(world.time()).queue(Some(&ledger.head), &request).unwrap();
        let version = ledger.object_version();
        world.write_head("shop-pr-1", Some(&version), &next, &[]).unwrap();
    });
}

#[test]
fn queued_return_keeps_its_copy_while_its_pull_request_is_open() {
    let mut scene = expired();
    scene.settings.retention = SignedDuration::from_hours(3);
    scene.step(&Step::Push(1));
    queue(&scene);
    scene.wait(5 * HOUR);
    scene.run();
    assert_eq!((scene.phase().as_str(), copies_and_step(&scene).0), ("queued", 1), "its pull request is open");
    scene.sim.with(|world| world.is_forge_down = true);
    scene.run();
    assert_eq!((scene.phase().as_str(), copies_and_step(&scene).0), ("queued", 1), "unknown is open");
    scene.sim.with(|world| world.is_forge_down = false);
    scene.step(&Step::Close(1));
    scene.run();
    assert_eq!((scene.phase().as_str(), copies_and_step(&scene)), ("ended", (0, Some(StepOutcome::Done))));
    assert_eq!(head(&scene).reason, Some(EndReason::Closed), "a late create with the same commit is refused");
    scene.wait(4 * HOUR);
    scene.run();
    assert_eq!(scene.sim.with(|world| world.ledgers.len()), 0, "it is forgotten after the retention");
}

#[test]
fn life_has_one_history_row_if_its_end_is_completed_months_later() {
    for is_queued in [true, false] {
        let scene = expired();
        if is_queued {
            scene.step(&Step::Push(1));
            queue(&scene);
        }
        let row = || {
            scene.sim.with(|world| {
                let rows = &world.history[&("shop-pr-1".to_owned(), 1)];
                (rows.len(), rows[0].reason, rows[0].ended, rows[0].cost_micros)
            })
        };
        let first = row();
        assert_eq!((first.0, first.1), (1, EndReason::Expired));
        scene.wait(70 * 24 * HOUR);
        scene.step(&Step::Close(1));
        scene.run();
        assert_eq!((scene.phase().as_str(), copies_and_step(&scene).0), ("ended", 0), "queued: {is_queued}");
        // The next run may delete the ledger, which also writes the row if it is missing.
        scene.wait(10 * MINUTE);
        scene.run();
        assert_eq!(row(), first, "queued: {is_queued}");
        scene.sim.with(|world| assert_eq!(world.violations, Vec::<String>::new()));
    }
}

#[test]
fn copy_that_was_left_is_kept_again_while_the_return_is_queued() {
    let scene = expired();
    scene.step(&Step::Close(1));
    scene.sim.with(|world| world.is_vault_down = true);
    scene.run();
    scene.step(&Step::Reopen(1));
    scene.step(&Step::Push(1));
    queue(&scene);
    scene.sim.with(|world| world.is_vault_down = false);
    scene.run();
    assert_eq!((scene.phase().as_str(), copies_and_step(&scene)), ("queued", (1, Some(StepOutcome::Kept))));
}

#[test]
fn queued_environment_that_never_lived_is_forgotten_after_the_retention() {
    let mut scene = Scene::with_environments(0);
    scene.settings.retention = SignedDuration::from_hours(3);
    scene.step(&Step::Open { number: 1, tier: Tier::Lightweight, made_by: MadeBy::Terraform, fork: false });
    scene.sim.with(|world| {
        let request = CreateRequest::new(&identity_of(1), Tier::Lightweight, MadeBy::Terraform, "apply");
        let queued = Transitions::at(world.time()).queue(None, &request).unwrap();
        world.write_head("shop-pr-1", None, &queued, &[]).unwrap();
    });
    scene.run();
    assert_eq!(scene.phase(), "queued");
    scene.sim.executor.run_until(scene.sim.executor.now() + 4 * HOUR);
    scene.sim.with(|world| world.pulls.get_mut(&1).unwrap().is_open = false);
    scene.wait(10 * MINUTE);
    scene.run();
    assert_eq!(scene.sim.with(|world| world.ledgers.len()), 0);
}
