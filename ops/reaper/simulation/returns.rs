//! Scenes about ended environments: returns, retention.

use eod_domain::Tier;
use eod_domain::ledger::{EndReason, LedgerPhase, MadeBy};
use jiff::SignedDuration;

use super::scene::Scene;
use super::schedule::{HOUR, MINUTE, Step};
use super::world::{BRANCHES, name_of};

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
fn copies_that_were_taken_up_are_kept_again_if_the_pull_request_is_open_again() {
    let scene = Scene::with_environments(1);
    scene.wait(2 * HOUR + 35 * MINUTE);
    scene.run();
    scene.wait(30 * MINUTE);
    scene.run();
    scene.run();
    assert_eq!((scene.phase().as_str(), scene.sim.with(|world| world.copies.len())), ("ended", 1));
    scene.step(&Step::Close(1));
    scene.sim.with(|world| world.is_vault_down = true);
    assert_eq!(scene.run().left.len(), 1, "its copies are taken up, and Vault is down");
    scene.step(&Step::Reopen(1));
    scene.sim.with(|world| world.is_vault_down = false);
    for _ in 0..3 {
        scene.run();
    }
    assert_eq!(scene.sim.with(|world| world.copies.len()), 1, "its pull request is open again");
    scene.step(&Step::Close(1));
    scene.run();
    assert_eq!(scene.sim.with(|world| world.copies.len()), 0);
}

#[test]
fn branch_that_exists_again_lifts_the_end() {
    let scene = Scene::with_environments(0);
    let number = BRANCHES + 1;
    scene.step(&Step::Open { number, tier: Tier::Lightweight, made_by: MadeBy::Terraform, fork: false });
    scene.step(&Step::Apply { number, killed_after: None });
    scene.wait(MINUTE);
    scene.step(&Step::Close(number));
    scene.run();
    scene.wait(10 * MINUTE);
    scene.run();
    let head = || scene.sim.with(|world| world.ledgers[&name_of(number)].head.clone());
    assert_eq!((head().phase, head().reason), (LedgerPhase::Ended, Some(EndReason::BranchDeleted)));
    scene.run();
    assert!(!head().lifted);
    scene.step(&Step::Reopen(number));
    scene.run();
    assert!(head().lifted);
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
