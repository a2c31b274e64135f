//! Scenes about a run as a whole: its limits, its lease, its clocks and its lists.

use std::cell::RefCell;
use std::rc::Rc;

use eod_domain::ledger::MadeBy;
use eod_domain::{Tier, labels};
use jiff::SignedDuration;

use super::backends::{BACKENDS, SimBackend};
use super::calls::Simulation;
use super::models::SimPorts;
use super::rest::check_owners;
use super::scene::Scene;
use super::schedule::{HOUR, MINUTE, Step};
use super::terraform::{add_copy, add_parts};
use super::world::{World, elapsed, environment, milliseconds, name_of, sha, timestamp};
use crate::contract::{ContractFixture, check_backend};
use crate::mutation::{Mutation, with_mutation};
use crate::ports::{BackendKind, LeaseRecord, ObjectVersion, StoredLease};
use crate::report::RunOutcome;
use crate::settings::RunOptions;
use crate::summary::RunSummary;

#[test]
fn dry_run_calls_no_method_that_writes() {
    let scene = Scene::with_environments(3);
    scene.step(&Step::Close(1));
    scene.wait(4 * HOUR);
    let options = || RunOptions { dry_run: true, ..RunOptions::default() };
    let report = scene.run_with(SimPorts::read_only(&scene.sim), options());
    assert_eq!(report.actions.iter().filter(|action| action.action == "mark").count(), 3, "{report:?}");
    scene.run();
    scene.wait(HOUR);
    let report = scene.run_with(SimPorts::read_only(&scene.sim), options());
    assert_eq!(report.actions.iter().filter(|action| action.action == "end").count(), 3, "{report:?}");
    assert_eq!(scene.living().len(), 3);
}

#[test]
pub(super) fn breaker_stops_the_run_before_the_first_end_without_a_warning() {
    let deleted = |mutation, accept| {
        let mut scene = Scene::with_environments(12);
        scene.settings.in_deletion = 20;
        scene.close_all(12);
        let ports = SimPorts::new(&scene.sim, 0);
        let options = RunOptions { accept, ..RunOptions::default() };
        let report = with_mutation(mutation, || scene.run_with(ports, options));
        (12 - scene.living().len(), report.exit_code())
    };
    assert_eq!(deleted(None, None), (0, 4));
    assert_eq!(deleted(None, Some(12)).0, 12, "a person accepts them");
    assert_ne!(deleted(Some(Mutation::BreakerAfterTheFact), None).0, 0);
}

#[test]
fn environments_with_nothing_left_to_lose_do_not_count_for_the_breaker() {
    let ended = |change: fn(&mut World)| {
        let scene = Scene::with_environments(12);
        scene.run();
        for number in 1..=12 {
            scene.step(&Step::Close(number));
            scene.step(&Step::DeleteNamespace(number));
        }
        scene.wait(MINUTE);
        scene.sim.with(change);
        let code = scene.run().exit_code();
        (code, scene.sim.with(|world| world.ledgers.values().filter(|ledger| ledger.head.is_ended()).count()))
    };
    let nothing: fn(&mut World) = |world| {
        world.copies.clear();
        world.parts.clear();
    };
    assert_eq!(ended(nothing), (0, 12), "Argo CD has removed everything while the reaper was down");
    let records: fn(&mut World) = |world| {
        world.copies.clear();
        world.parts.retain(|(kind, _), _| *kind == BackendKind::Dns);
    };
    assert_eq!(ended(records), (0, 12), "the next apply creates a DNS record again");
    assert_eq!(ended(|world| world.parts.clear()), (4, 0), "people may have edited their copies in Vault");
    assert_eq!(ended(|world| world.copies.clear()), (4, 0), "there are databases");
    let unknown: fn(&mut World) = |world| {
        world.copies.clear();
        world.parts.clear();
        world.is_vault_down = true;
    };
    assert_eq!(ended(unknown), (4, 0), "unknown is not empty");
}

#[test]
fn expected_ends_are_rationed_and_the_oldest_is_first() {
    let mut scene = Scene::with_environments(5);
    scene.settings.ends_per_run = 2;
    scene.wait(2 * HOUR + 40 * MINUTE);
    scene.run();
    scene.wait(30 * MINUTE);
    let report = scene.run();
    let ended: Vec<&str> =
        report.actions.iter().filter(|action| action.action == "end").map(|a| a.target.as_str()).collect();
    assert_eq!(ended, ["shop-pr-1", "shop-pr-2"], "{report:?}");
}

#[test]
fn environment_that_a_person_wakes_is_not_put_to_sleep_again_at_once() {
    let mut scene = Scene::with_environments(1);
    scene.settings.policy.sleep_when_idle.insert(Tier::Lightweight);
    let is_asleep = |scene: &Scene| scene.sim.with(|world| world.pulls[&1].labels.contains("asleep"));
    scene.wait(95 * MINUTE);
    scene.run();
    assert!(is_asleep(&scene), "it is idle after half of its TTL of three hours");
    scene.step(&Step::Wake(1));
    scene.run();
    scene.run();
    assert!(!is_asleep(&scene), "its idle time begins anew");
}

#[test]
fn label_for_sleep_of_a_person_counts_as_a_wake_after_its_removal() {
    let mut scene = Scene::with_environments(1);
    scene.settings.policy.sleep_when_idle.insert(Tier::Lightweight);
    scene.step(&Step::Sleep(1));
    scene.run();
    scene.wait(75 * MINUTE);
    scene.step(&Step::Wake(1));
    scene.run();
    scene.wait(5 * MINUTE);
    scene.run();
    assert!(!scene.sim.with(|world| world.pulls[&1].labels.contains("asleep")), "it would be idle without the wake");
}

#[test]
fn clocks_that_differ_by_more_than_two_minutes_stop_the_run() {
    let scene = Scene::with_environments(1);
    scene.wait(5 * HOUR);
    for skew in [-5 * HOUR, -130_000, 130_000, 5 * HOUR] {
        let report = scene.run_with(SimPorts::new(&scene.sim, skew), RunOptions::default());
        assert!(matches!(report.outcome, RunOutcome::NoEnds(_)), "{report:?}");
        assert!(report.actions.is_empty() && report.exit_code() == 3);
    }
}

#[test]
fn list_that_is_half_as_long_without_ends_stops_all_ends() {
    let scene = Scene::with_environments(2);
    scene.close_all(2);
    let mut summary = RunSummary { v: 1, environments: 5, at: Some(timestamp(0)), ..RunSummary::default() };
    scene.sim.with(|world| world.summary = Some(summary.to_json()));
    let report = scene.run();
    assert!(matches!(report.outcome, RunOutcome::NoEnds(_)), "{report:?}");
    assert_eq!(scene.living().len(), 2);
    summary.environments = 4;
    scene.sim.with(|world| world.summary = Some(summary.to_json()));
    scene.run();
    assert_eq!(scene.living().len(), 0, "half as long is not short");
}

#[test]
fn short_list_is_believed_only_if_a_read_by_name_confirms_each_end() {
    let ended = |change: fn(&Scene)| {
        let mut scene = Scene::with_environments(6);
        (scene.settings.breakers.count, scene.settings.breakers.minimum) = (20, 20);
        scene.close_all(6);
        change(&scene);
        let reports = [scene.run(), scene.run()].map(|report| report.exit_code());
        (reports, scene.sim.with(|world| world.ledgers.values().filter(|ledger| ledger.head.is_ended()).count()))
    };
    assert_eq!(ended(|scene| scene.sim.with(|world| world.is_list_cut_short = true)), ([3, 3], 0));
    let removed: fn(&Scene) = |scene| {
        (1..=6).for_each(|number| scene.step(&Step::DeleteNamespace(number)));
        scene.wait(MINUTE);
    };
    assert_eq!(ended(removed), ([0, 0], 6), "Argo CD has removed all of them");
}

#[test]
pub(super) fn short_list_is_reported_by_every_run_until_a_person_accepts_it() {
    let living = |mutation| {
        let scene = Scene::with_environments(2);
        scene.close_all(2);
        let summary = RunSummary { v: 1, environments: 7, at: Some(timestamp(0)), ..RunSummary::default() };
        scene.sim.with(|world| world.summary = Some(summary.to_json()));
        let reports = with_mutation(mutation, || [scene.run(), scene.run(), scene.run()]);
        (scene, reports)
    };
    let (scene, reports) = living(None);
    for report in reports {
        assert!(matches!(report.outcome, RunOutcome::NoEnds(_)), "{report:?}");
        assert!(report.problems.iter().any(|problem| problem.problem.contains("eod reap --accept 5")), "{report:?}");
    }
    assert_eq!(scene.living().len(), 2);
    let accept = |accept| RunOptions { accept: Some(accept), ..RunOptions::default() };
    let report = scene.run_with(SimPorts::new(&scene.sim, 0), accept(4));
    assert!(matches!(report.outcome, RunOutcome::NoEnds(_)), "five are missing: {report:?}");
    scene.run_with(SimPorts::new(&scene.sim, 0), accept(5));
    assert_eq!(scene.living().len(), 0, "a person accepts the list");
    let summary = scene.sim.with(|world| RunSummary::from_json(world.summary.as_ref().unwrap())).unwrap();
    assert_eq!(summary.environments, 2, "the accepted list is the one to compare with");
    assert_eq!(living(Some(Mutation::ShortListRemembered)).0.living().len(), 0);
}

#[test]
pub(super) fn lease_is_taken_over_only_after_it_was_seen_unchanged() {
    let outcome = |mutation, is_renewed: bool| {
        let mut scene = Scene::with_environments(1);
        scene.settings.lease = Some(SignedDuration::from_mins(1));
        // The clock of the other machine is ten minutes behind.
        let record = LeaseRecord {
            holder: Some("other".to_owned()),
            renewed_at: timestamp(scene.sim.executor.now() - 10 * MINUTE),
            duration: SignedDuration::from_mins(1),
            transitions: 3,
        };
        let version = ObjectVersion { uid: "lease".to_owned(), resource_version: "0".to_owned() };
        scene.sim.with(|world| world.lease = Some(StoredLease { version, record }));
        let other = scene.sim.clone();
        scene.sim.executor.spawn(async move {
            if !is_renewed {
                return;
            }
            loop {
                other.executor.sleep(20_000).await;
                other.with(|world| {
                    let next = world.next().to_string();
                    let lease = world.lease.as_mut().filter(|lease| lease.record.holder.as_deref() == Some("other"));
                    if let Some(lease) = lease {
                        lease.version.resource_version = next;
                        lease.record.renewed_at += SignedDuration::from_secs(20);
                    }
                });
            }
        });
        with_mutation(mutation, || scene.run()).outcome
    };
    assert_eq!(outcome(None, false), RunOutcome::Complete);
    assert_eq!(outcome(None, true), RunOutcome::Busy { holder: "other".to_owned() });
    assert_eq!(outcome(Some(Mutation::LeaseByClock), true), RunOutcome::Complete);
    assert_eq!(elapsed(1), SignedDuration::from_millis(1));
}

#[test]
fn other_environments_and_their_orphans_are_kept_with_only() {
    let scene = Scene::with_environments(2);
    scene.wait(4 * HOUR);
    let only = |names: &[&str]| RunOptions {
        only: names.iter().map(|name| environment(name)).collect(),
        ..RunOptions::default()
    };
    let report = scene.run_with(SimPorts::new(&scene.sim, 0), only(&["shop-pr-1"]));
    assert!(report.actions.iter().all(|action| action.target == "shop-pr-1"), "{report:?}");
    let report = scene.run_with(SimPorts::new(&scene.sim, 0), only(&["shop-pr-3"]));
    assert_eq!((report.actions.len(), report.exit_code()), (0, 3), "{report:?}");
}

#[test]
fn overtaken_run_writes_no_old_head_over_a_newer_one() {
    let scene = Scene::with_environments(0);
    scene.step(&Step::Open { number: 1, tier: Tier::Full, made_by: MadeBy::Argocd, fork: false });
    scene.sim.with(|world| world.create_namespace(1, MadeBy::Argocd)).unwrap();
    scene.run();
    scene.wait(2 * HOUR);
    scene.step(&Step::Push(1));
    scene.sim.with(|world| {
        let commit = sha(world.pulls[&1].sha).to_string();
        world.namespaces.get_mut("shop-pr-1").unwrap().annotations.insert(labels::HEAD_SHA.to_owned(), commit);
    });
    let is_restarted = |world: &World| {
        let reading = world.reading("shop-pr-1").unwrap();
        reading.times.last_activity_at.is_some_and(|at| milliseconds(at) > HOUR)
    };
    scene.sim.suspend(is_restarted, 5 * MINUTE);
    let overtaken = scene.start(SimPorts::new(&scene.sim, 0), RunOptions::default());
    scene.wait(MINUTE);
    assert!(overtaken.borrow().is_none());
    scene.run();
    assert!(overtaken.take().is_some());
    scene.run();
    scene.sim.with(check_owners);
    assert_eq!(scene.sim.with(|world| world.violations.clone()), [""; 0]);
}

#[test]
fn models_of_all_backends_pass_the_contract() {
    for kind in BACKENDS {
        let sim = Simulation::new(1, None, -1);
        sim.with(|world| {
            for name in [1, 12].map(name_of) {
                add_copy(world, &name);
                add_parts(world, &name);
            }
        });
        let broken = Rc::new(RefCell::new(None));
        let backend = SimBackend { kind, sim: sim.clone(), is_read_only: false, is_careless: false };
        let result = broken.clone();
        sim.executor.spawn(async move {
            let [ended, living, empty] = [1, 12, 2].map(|number| environment(&name_of(number)));
            let fixture = ContractFixture { ended: &ended, living: &living, empty: &empty };
            *result.borrow_mut() = Some(check_backend(&backend, fixture).await);
        });
        sim.executor.run_until(HOUR);
        assert_eq!(broken.take(), Some(Ok(Vec::new())), "{kind}");
    }
}

#[test]
pub(super) fn orphans_that_may_not_be_removed_do_not_count_for_the_breaker() {
    let result = |mutation, closes: bool| {
        let mut scene = Scene::with_environments(6);
        let breakers = scene.settings.breakers;
        scene.settings.breakers.minimum = 20;
        scene.wait(4 * HOUR);
        scene.run();
        scene.wait(HOUR);
        scene.run();
        scene.run();
        (1..=6).for_each(|number| scene.step(&Step::Close(number)));
        scene.run();
        scene.run();
        assert_eq!(scene.sim.with(|world| (world.namespaces.len(), world.copies.len())), (0, 0));
        (1..=6).for_each(|number| scene.step(&Step::Reopen(number)));
        (1..=6).for_each(|number| scene.step(&Step::StrayCopy(number)));
        scene.settings.breakers = breakers;
        scene.run();
        scene.wait(2 * HOUR);
        if closes {
            (1..=6).for_each(|number| scene.step(&Step::Close(number)));
        }
        let report = with_mutation(mutation, || scene.run());
        let removed = report.actions.iter().filter(|action| action.action == "remove-orphan").count();
        (report.exit_code(), removed, scene.sim.with(|world| world.copies.len()))
    };
    assert_eq!(result(None, false), (0, 0, 6), "their pull requests are open again");
    assert_eq!(result(Some(Mutation::KeptOrphansAreCounted), false).0, 4);
    assert_eq!(result(None, true), (4, 0, 6), "nobody was warned of so many");
}

#[test]
fn removed_orphan_is_an_action_only_after_its_removal() {
    let scene = Scene::with_environments(1);
    scene.close_all(1);
    scene.run();
    scene.step(&Step::StrayCopy(1));
    scene.wait(2 * HOUR);
    scene.run();
    scene.wait(2 * HOUR);
    scene.sim.with(|world| world.is_vault_down = true);
    let is_removal = |action: &&crate::report::ReportedAction| action.action == "remove-orphan";
    let report = scene.run();
    assert_eq!(report.actions.iter().filter(is_removal).count(), 0, "{report:?}");
    scene.sim.with(|world| world.is_vault_down = false);
    scene.wait(2 * HOUR);
    let dry = RunOptions { dry_run: true, ..RunOptions::default() };
    let report = scene.run_with(SimPorts::read_only(&scene.sim), dry);
    assert_eq!(report.actions.iter().filter(is_removal).count(), 1, "{report:?}");
    let report = scene.run();
    assert_eq!(report.actions.iter().filter(is_removal).count(), 1, "{report:?}");
    assert_eq!(scene.sim.with(|world| world.copies.len()), 0);
}

#[test]
pub(super) fn run_that_has_lost_its_lease_writes_no_summary() {
    let summary = |mutation| {
        let mut scene = Scene::with_environments(1);
        scene.settings.lease = Some(SignedDuration::from_mins(1));
        scene.step(&Step::LooseEvent(1));
        // The run is suspended while it seals the ledgers, which is after its last renewal.
        scene.sim.suspend(|world| !world.ledgers["shop-pr-1"].sealed.is_empty(), 5 * MINUTE);
        let report = with_mutation(mutation, || {
            let report = scene.start(SimPorts::new(&scene.sim, 0), RunOptions::default());
            scene.wait(MINUTE);
            scene.sim.with(|world| {
                let next = world.next().to_string();
                let lease = world.lease.as_mut().unwrap();
                lease.version.resource_version = next;
                lease.record.holder = Some("other".to_owned());
                world.summary = Some("of the other run".to_owned());
            });
            scene.wait(15 * MINUTE);
            report.take().unwrap()
        });
        let is_reported = report.problems.iter().any(|problem| problem.problem.contains("has taken the lease"));
        (scene.sim.with(|world| world.summary.clone()) == Some("of the other run".to_owned()), is_reported)
    };
    assert_eq!(summary(None), (true, true));
    assert_eq!(summary(Some(Mutation::SummaryWithoutLease)), (false, false));
}
