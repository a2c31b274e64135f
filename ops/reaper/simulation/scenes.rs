//! Scenes: short schedules without faults, each about one rule of a run.

use std::cell::RefCell;
use std::rc::Rc;

use eod_domain::Tier;
use eod_domain::ledger::MadeBy;
use jiff::SignedDuration;

use super::argocd;
use super::calls::Simulation;
use super::models::{SimBackend, SimPorts};
use super::play::take;
use super::schedule::{HOUR, MINUTE, Step};
use super::terraform::add_copy;
use super::world::{elapsed, environment, name_of, timestamp};
use crate::contract::{ContractFixture, check_backend};
use crate::mutation::{Mutation, with_mutation};
use crate::ports::{BackendKind, LeaseRecord, ObjectVersion, StoredLease};
use crate::reap::reap;
use crate::report::{RunOutcome, RunReport};
use crate::settings::{ReaperSettings, RunOptions};
use crate::summary::RunSummary;

/// World without faults, and the runs of one reaper.
struct Scene {
    sim: Rc<Simulation>,
    settings: ReaperSettings,
}

impl Scene {
    /// Scene with environments of lightweight pull requests that Terraform has created.
    fn with_environments(count: u64) -> Self {
        let sim = Simulation::new(1, None, -1);
        let mut settings = ReaperSettings::new("acme".parse().unwrap());
        settings.lease = None;
        let scene = Self { sim, settings };
        for number in 1..=count {
            scene.step(&Step::Open { number, tier: Tier::Lightweight, made_by: MadeBy::Terraform, fork: false });
            scene.step(&Step::Apply { number, killed_after: None });
            scene.wait(MINUTE);
        }
        scene
    }

    fn step(&self, step: &Step) {
        take(&self.sim, step, self.sim.executor.now());
    }

    fn wait(&self, milliseconds: i64) {
        self.sim.executor.run_until(self.sim.executor.now() + milliseconds);
    }

    fn run(&self) -> RunReport {
        self.run_with(SimPorts::new(&self.sim, 0), RunOptions::default())
    }

    fn run_with(&self, ports: SimPorts, options: RunOptions) -> RunReport {
        let report = Rc::new(RefCell::new(None));
        let (result, settings) = (report.clone(), self.settings.clone());
        let holder = format!("run at {}", self.sim.executor.now());
        self.sim.executor.spawn(async move {
            let options = RunOptions { holder, ..options };
            let report = reap(&ports, &settings, &options).await;
            *result.borrow_mut() = Some(report);
        });
        self.wait(15 * MINUTE);
        report.take().expect("a run ends within 15 minutes")
    }

    /// Names of the environments with a namespace.
    fn living(&self) -> Vec<String> {
        self.sim.with(|world| world.namespaces.keys().cloned().collect())
    }

    /// Phase of the first environment's ledger.
    fn phase(&self) -> String {
        self.sim.with(|world| world.ledgers["shop-pr-1"].head.phase.to_string())
    }

    fn close_all(&self, count: u64) {
        (1..=count).for_each(|number| self.step(&Step::Close(number)));
        self.run();
        self.wait(10 * MINUTE);
    }
}

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
fn breaker_stops_the_run_before_the_first_end_without_a_warning() {
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
fn clocks_that_differ_by_more_than_two_minutes_stop_the_run() {
    let scene = Scene::with_environments(1);
    scene.wait(5 * HOUR);
    for skew in [-130_000, 130_000] {
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
fn lease_is_taken_over_only_after_it_was_seen_unchanged() {
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

/// Lets the first environment expire, until its end has begun and waits for its tool.
fn begin_end_of_the_first(scene: &Scene, warned_after: i64, ended_after: i64) {
    scene.run();
    scene.wait(warned_after);
    scene.run();
    scene.wait(ended_after);
    scene.step(&Step::Approve(1));
    scene.run();
    assert_eq!(scene.phase(), "ending");
}

#[test]
fn environment_that_is_protected_during_its_end_lives_on() {
    let phase = |mutation| {
        let scene = Scene::with_environments(1);
        begin_end_of_the_first(&scene, 2 * HOUR + 20 * MINUTE, 20 * MINUTE);
        scene.step(&Step::Protect(1, true));
        with_mutation(mutation, || scene.run());
        let is_labelled = scene.sim.with(|world| world.pulls[&1].labels.contains("preview"));
        (scene.phase(), scene.living().len(), is_labelled)
    };
    assert_eq!(phase(None), ("live".to_owned(), 1, true));
    assert_eq!(phase(Some(Mutation::ProtectedEndIsStuck)), ("ending".to_owned(), 1, false));
}

#[test]
fn deletion_by_argocd_is_confirmed_only_while_its_approval_is_valid() {
    let violations = |mutation| {
        let scene = Scene::with_environments(0);
        scene.sim.executor.spawn(argocd::reconcile(scene.sim.clone(), 1));
        scene.step(&Step::Open { number: 1, tier: Tier::Compliance, made_by: MadeBy::Argocd, fork: false });
        scene.wait(10 * MINUTE);
        begin_end_of_the_first(&scene, 3 * HOUR, 3 * HOUR);
        scene.step(&Step::Extend(1));
        scene.wait(10 * MINUTE);
        with_mutation(mutation, || scene.run());
        (scene.phase(), scene.sim.with(|world| world.violations.len()))
    };
    assert_eq!(violations(None), ("live".to_owned(), 0));
    assert_eq!(violations(Some(Mutation::NoLookBeforeHandOver)), ("ending".to_owned(), 1));
}

#[test]
fn other_environments_and_their_orphans_are_left_alone_with_only() {
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

fn vault(sim: &Rc<Simulation>) -> SimBackend {
    SimBackend { kind: BackendKind::Vault, sim: sim.clone(), is_read_only: false, is_careless: false }
}

#[test]
fn model_of_vault_passes_the_contract_of_a_backend() {
    let sim = Simulation::new(1, None, -1);
    sim.with(|world| [1, 12].map(|number| add_copy(world, &name_of(number))));
    let broken = Rc::new(RefCell::new(None));
    let (result, backend) = (broken.clone(), vault(&sim));
    sim.executor.spawn(async move {
        let [ended, living, empty] = [1, 12, 2].map(|number| environment(&name_of(number)));
        let fixture = ContractFixture { ended: &ended, living: &living, empty: &empty };
        *result.borrow_mut() = Some(check_backend(&backend, fixture).await);
    });
    sim.executor.run_until(HOUR);
    assert_eq!(broken.take(), Some(Ok(Vec::new())));
}
