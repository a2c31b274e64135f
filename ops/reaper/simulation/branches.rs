//! Scenes about ended environments of branches: a branch is in no list, so each read of one is a request.

use eod_domain::Tier;
use eod_domain::ledger::{EndReason, EndStep, LedgerHead, LedgerPhase, MadeBy, StepOutcome, Transitions};
use jiff::SignedDuration;

use super::models::SimPorts;
use super::scene::Scene;
use super::schedule::{HOUR, MINUTE, Step};
use super::world::{BRANCHES, environment, name_of};
use crate::mutation::{Mutation, with_mutation};
use crate::settings::RunOptions;
use crate::summary::RunSummary;

/// Scene with living environments of branches.
fn branches(count: u64) -> Scene {
    let scene = Scene::with_environments(0);
    for number in BRANCHES + 1..=BRANCHES + count {
        scene.step(&Step::Open { number, tier: Tier::Lightweight, made_by: MadeBy::Terraform, fork: false });
        scene.step(&Step::Apply { number, killed_after: None });
        scene.wait(MINUTE);
    }
    scene
}

/// Scene with ended environments of deleted branches.
fn deleted_branches(count: u64) -> Scene {
    let scene = branches(count);
    (BRANCHES + 1..=BRANCHES + count).for_each(|number| scene.step(&Step::Close(number)));
    scene.run();
    scene.wait(10 * MINUTE);
    scene.run();
    for number in BRANCHES + 1..=BRANCHES + count {
        let head = head_of(&scene, number);
        assert_eq!((head.phase, head.reason), (LedgerPhase::Ended, Some(EndReason::BranchDeleted)));
    }
    scene
}

fn head_of(scene: &Scene, number: u64) -> LedgerHead {
    scene.sim.with(|world| world.ledgers[&name_of(number)].head.clone())
}

/// Number of branches that were read since the last call.
fn reads(scene: &Scene) -> usize {
    scene.sim.with(|world| std::mem::take(&mut world.branch_reads))
}

#[test]
fn branch_that_exists_again_lifts_the_end() {
    let scene = deleted_branches(1);
    let head = || head_of(&scene, BRANCHES + 1);
    scene.wait(HOUR);
    scene.run();
    assert!(!head().lifted);
    scene.step(&Step::Reopen(BRANCHES + 1));
    scene.wait(HOUR);
    scene.run();
    assert!(head().lifted);
}

#[test]
pub(super) fn deleted_branches_are_read_as_rarely_as_orphans_are_searched() {
    let scene = deleted_branches(3);
    scene.wait(HOUR);
    reads(&scene);
    scene.run();
    assert_eq!(reads(&scene), 3);
    (0..3).for_each(|_| drop(scene.run()));
    assert_eq!(reads(&scene), 0, "the search of all branches is not due yet");
    scene.step(&Step::Reopen(BRANCHES + 2));
    let only = RunOptions { only: [environment(&name_of(BRANCHES + 2))].into(), ..RunOptions::default() };
    scene.run_with(SimPorts::new(&scene.sim, 0), only);
    assert_eq!((reads(&scene), head_of(&scene, BRANCHES + 2).lifted), (1, true), "a person may name one");
    scene.wait(HOUR);
    scene.run();
    assert_eq!(reads(&scene), 3);
    with_mutation(Some(Mutation::BranchesReadByEveryRun), || scene.run());
    assert_ne!(reads(&scene), 0);
}

#[test]
fn run_without_time_leaves_deleted_branches_to_the_next_run() {
    let scene = deleted_branches(3);
    scene.wait(HOUR);
    reads(&scene);
    scene.sim.with(|world| {
        let summary = RunSummary::from_json(world.summary.as_ref().unwrap()).unwrap();
        let first = Some(name_of(BRANCHES + 1));
        world.summary = Some(RunSummary { branches_up_to: first, ..summary }.to_json());
    });
    scene.run_with(SimPorts::new(&scene.sim, 0).with_time_limit(0), RunOptions::default());
    assert_eq!(reads(&scene), 0);
    scene.run();
    assert_eq!(reads(&scene), 2, "it continues after the last one that was read");
    scene.wait(HOUR);
    scene.run();
    assert_eq!(reads(&scene), 3);
}

#[test]
fn kept_copy_of_an_expired_branch_ends_in_the_run_after_the_one_that_finds_the_branch_deleted() {
    let scene = branches(1);
    scene.wait(2 * HOUR + 35 * MINUTE);
    scene.run();
    scene.wait(30 * MINUTE);
    scene.run();
    let state = || {
        let head = head_of(&scene, BRANCHES + 1);
        let copies = scene.sim.with(|world| world.copies.len());
        (copies, head.reason.unwrap(), head.steps[&EndStep::Vault])
    };
    assert_eq!(state(), (1, EndReason::Expired, StepOutcome::Kept));
    scene.wait(HOUR);
    reads(&scene);
    scene.run();
    assert_eq!(reads(&scene), 1);
    (0..3).for_each(|_| drop(scene.run()));
    assert_eq!(reads(&scene), 0, "a branch that exists is not read by every run");
    scene.step(&Step::Close(BRANCHES + 1));
    scene.wait(HOUR);
    scene.run();
    assert_eq!(state(), (1, EndReason::Expired, StepOutcome::Kept));
    scene.run();
    assert_eq!(state(), (0, EndReason::BranchDeleted, StepOutcome::Done));
    assert_eq!(scene.sim.with(|world| world.violations.clone()), [""; 0]);
}

#[test]
fn ledger_of_a_deleted_branch_is_deleted_after_the_retention() {
    let mut scene = deleted_branches(1);
    scene.settings.retention = SignedDuration::from_hours(2);
    let ledgers = || scene.sim.with(|world| world.ledgers.len());
    scene.wait(2 * HOUR);
    scene.run();
    assert_eq!(ledgers(), 1, "its branch was read");
    scene.run();
    assert_eq!(ledgers(), 0);
}

#[test]
pub(super) fn lift_of_a_deleted_branch_is_taken_back_by_the_second_read() {
    let is_lifted = |mutation| {
        let scene = deleted_branches(1);
        let name = name_of(BRANCHES + 1);
        scene.wait(HOUR);
        scene.run();
        // As `eod wake` does.
        scene.sim.with(|world| {
            let ledger = &world.ledgers[&name];
            let (head, version) = (ledger.head.clone(), ledger.object_version());
            let lifted = Transitions::at(world.time()).lift(&head, head.generation).unwrap();
            world.write_head(&name, Some(&version), &lifted, &[]).unwrap();
        });
        scene.wait(HOUR);
        scene.run();
        assert!(head_of(&scene, BRANCHES + 1).lifted, "a person decides");
        scene.run();
        assert!(head_of(&scene, BRANCHES + 1).lifted, "not before the next read");
        scene.wait(HOUR);
        with_mutation(mutation, || scene.run());
        head_of(&scene, BRANCHES + 1).lifted
    };
    assert_eq!((is_lifted(None), is_lifted(Some(Mutation::LiftStays))), (false, true));
}
