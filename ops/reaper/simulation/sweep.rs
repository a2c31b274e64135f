//! Scenes about searches for orphans that are not complete, and about backends with faults.

use eod_domain::Tier;
use eod_domain::ledger::{EndStep, StepOutcome};
use jiff::SignedDuration;

use super::models::SimPorts;
use super::scene::Scene;
use super::schedule::{HOUR, MINUTE, Step};
use crate::mutation::{Mutation, with_mutation};
use crate::ports::BackendKind;
use crate::report::{RunOutcome, RunReport};
use crate::settings::{Breakers, RunOptions};

/// Scene with an orphan of an ended environment that was seen more than an hour ago. The next search is due.
fn orphan() -> Scene {
    let scene = Scene::with_environments(1);
    scene.close_all(1);
    scene.run();
    scene.step(&Step::StrayCopy(1));
    scene.wait(HOUR);
    scene.run();
    scene.wait(HOUR);
    scene
}

fn copies(scene: &Scene) -> usize {
    scene.sim.with(|world| world.copies.len())
}

#[test]
pub(super) fn search_that_is_not_complete_is_repeated_by_the_next_run() {
    let left = |mutation, interrupted: fn(&Scene)| {
        let scene = orphan();
        with_mutation(mutation, || {
            interrupted(&scene);
            assert_eq!(copies(&scene), 1);
            scene.run();
        });
        copies(&scene)
    };
    let without_vault = |scene: &Scene| {
        scene.sim.with(|world| world.is_vault_down = true);
        scene.run();
        scene.sim.with(|world| world.is_vault_down = false);
    };
    let without_time = |scene: &Scene| {
        scene.run_with(SimPorts::new(&scene.sim, 0).with_time_limit(0), RunOptions::default());
    };
    for interrupted in [without_vault as fn(&Scene), without_time] {
        assert_eq!(left(None, interrupted), 0);
        assert_eq!(left(Some(Mutation::PartialSweepCounts), interrupted), 1);
    }
}

#[test]
fn search_is_repeated_only_after_its_time_if_it_was_complete() {
    let scene = orphan();
    scene.run();
    assert_eq!(copies(&scene), 0);
    scene.step(&Step::StrayCopy(1));
    for _ in 0..2 {
        let report = scene.run();
        assert_eq!((report.orphans.len(), report.exit_code()), (0, 0), "the next search is not due: {report:?}");
    }
}

#[test]
fn orphans_that_a_breaker_has_stopped_are_removed_by_the_run_that_a_person_accepts() {
    let mut scene = orphan();
    scene.settings.breakers = Breakers { count: 0, percent: 0, minimum: 0 };
    assert_eq!((scene.run().outcome, copies(&scene)), (RunOutcome::Breaker { due: 1, limit: 0 }, 1));
    assert_eq!(scene.run().outcome, RunOutcome::Breaker { due: 1, limit: 0 }, "until a person has decided");
    let accepted = RunOptions { accept: Some(1), ..RunOptions::default() };
    let report = scene.run_with(SimPorts::new(&scene.sim, 0), accepted);
    assert_eq!((report.outcome, copies(&scene)), (RunOutcome::Complete, 0));
}

#[test]
pub(super) fn namespace_that_others_delete_does_not_hold_up_an_end() {
    let living = |mutation| {
        let mut scene = Scene::with_environments(3);
        scene.settings.in_deletion = 1;
        scene.settings.deletion_wait = SignedDuration::from_mins(10);
        scene.sim.with(|world| world.is_deletion_stuck = true);
        scene.step(&Step::DeleteNamespace(3));
        scene.sim.with(|world| world.is_deletion_stuck = false);
        with_mutation(mutation, || {
            scene.close_all(2);
            scene.run();
        });
        scene.living()
    };
    assert_eq!(living(None), ["shop-pr-3"]);
    assert_eq!(living(Some(Mutation::AllDeletionsCount)).len(), 3);
}

#[test]
pub(super) fn item_is_ended_although_the_answer_was_lost() {
    let left = |mutation| {
        let scene = Scene::with_environments(1);
        scene.close_all(1);
        scene.sim.with(|world| world.lost_answer = Some(BackendKind::Vault));
        let report = with_mutation(mutation, || scene.run());
        let step = scene.sim.with(|world| world.ledgers["shop-pr-1"].head.steps[&EndStep::Vault]);
        assert_eq!((scene.phase().as_str(), copies(&scene)), ("ended", 0));
        (step, report.exit_code())
    };
    assert_eq!(left(None), (StepOutcome::Done, 0));
    assert_eq!(left(Some(Mutation::LostAnswerIsFailure)), (StepOutcome::Failed, 3));
}

/// Actions about a snapshot in the run that ends an environment of a tier.
fn snapshots(tier: Tier, has_database: bool) -> Vec<(&'static str, String)> {
    let scene = Scene::with_environments_of(tier, 1);
    if !has_database {
        scene.sim.with(|world| world.parts.retain(|(kind, _), _| *kind != BackendKind::Database));
    }
    scene.close_all(1);
    let RunReport { actions, .. } = scene.run();
    assert_eq!(scene.phase(), "ended");
    let found = actions.into_iter().filter(|action| action.action.contains("snapshot"));
    found.map(|found| (found.action, found.reason)).collect()
}

#[test]
fn end_of_a_full_environment_reports_its_snapshot_or_that_no_backend_has_data() {
    assert_eq!(snapshots(Tier::Full, true), [("snapshot", "shop-pr-1.snapshot".to_owned())]);
    let none = ("no-snapshot", "no backend has data of the environment".to_owned());
    assert_eq!(snapshots(Tier::Full, false), [none]);
    assert_eq!(snapshots(Tier::Lightweight, true), []);
}

#[test]
pub(super) fn vault_that_is_down_does_not_stop_the_ends_of_a_small_installation() {
    let outcome = |mutation| {
        let scene = Scene::with_environments(8);
        let close = |numbers: std::ops::RangeInclusive<u64>| {
            numbers.for_each(|number| scene.step(&Step::Close(number)));
            scene.run();
            scene.wait(10 * MINUTE);
            scene.run()
        };
        scene.sim.with(|world| world.is_vault_down = true);
        close(1..=3);
        let report = with_mutation(mutation, || close(4..=6));
        let left = report.left.len();
        // Three ends are due. The three that have left their copies only wait for Vault, so they do not count.
        (report.outcome, left, scene)
    };
    let (first, left, scene) = outcome(None);
    assert_eq!((first, left, scene.living().len()), (RunOutcome::Complete, 6, 2));
    scene.sim.with(|world| world.is_vault_down = false);
    let report = scene.run();
    assert_eq!((report.outcome, report.left.len(), copies(&scene)), (RunOutcome::Complete, 0, 2));
    let mutation = Some(Mutation::LeftEndsAreCounted);
    assert_eq!(outcome(mutation).0, RunOutcome::Breaker { due: 6, limit: 5 });
}
