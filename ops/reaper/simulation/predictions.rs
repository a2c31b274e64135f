//! Dry runs: if nothing changes before it, the next run does exactly what a dry run predicts.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

use jiff::SignedDuration;

use super::argocd;
use super::calls::Simulation;
use super::models::SimPorts;
use super::play::{settings, take};
use super::schedule::{Schedule, Step};
use crate::reap::reap;
use crate::report::RunReport;
use crate::settings::RunOptions;

/// Number of schedules.
const SCHEDULES: u64 = 500;
/// Actions that follow from a step of an end, and that are known only after it.
const CONSEQUENCES: [&str; 3] = ["snapshot", "no-snapshot", "cancel"];

/// Runs the reaper without passing of time.
fn run_now(sim: &Rc<Simulation>, dry_run: bool) -> RunReport {
    let report = Rc::new(RefCell::new(None));
    let (result, world) = (report.clone(), sim.clone());
    sim.set_instant(true);
    sim.executor.spawn(async move {
        let ports = if dry_run { SimPorts::read_only(&world) } else { SimPorts::new(&world, 0) };
        let mut settings = settings();
        settings.deletion_wait = SignedDuration::ZERO;
        let options = RunOptions { holder: format!("run-{dry_run}"), dry_run, ..RunOptions::default() };
        *result.borrow_mut() = Some(reap(&ports, &settings, &options).await);
    });
    sim.executor.run_until(sim.executor.now());
    sim.set_instant(false);
    report.take().expect("a run without waiting ends at once")
}

/// Actions that a dry run can predict: target, name and reason.
fn actions(report: &RunReport) -> Vec<(&str, &str, &str)> {
    let predicted = report.actions.iter().filter(|action| !CONSEQUENCES.contains(&action.action));
    predicted.map(|action| (action.target.as_str(), action.action, action.reason.as_str())).collect()
}

#[test]
fn dry_run_predicts_exactly_what_the_next_run_does() {
    let mut seen = BTreeSet::new();
    for seed in 0..SCHEDULES {
        let schedule = Schedule::new(seed);
        let sim = Simulation::new(seed, Some(BTreeMap::new()), -1);
        sim.world.borrow_mut().set_rules(seed);
        sim.executor.spawn(argocd::reconcile(sim.clone(), seed));
        for (time, step) in &schedule.steps {
            sim.executor.run_until(*time);
            if !matches!(step, Step::Reap { .. }) {
                take(&sim, step, *time);
                continue;
            }
            let (dry, real) = (run_now(&sim, true), run_now(&sim, false));
            assert_eq!(actions(&dry), actions(&real), "seed {seed} at {time}: {dry:#?}\n{real:#?}");
            assert_eq!((&dry.outcome, &dry.orphans), (&real.outcome, &real.orphans), "seed {seed} at {time}");
            seen.extend(real.actions.iter().map(|action| action.action));
        }
        assert_eq!(sim.with(|world| world.violations.clone()), [""; 0], "seed {seed}");
    }
    let expected = [
        "adopt",
        "await-approval",
        "commit",
        "deployed",
        "end",
        "end-absent",
        "end-kept",
        "failing",
        "forget",
        "keep",
        "label-on",
        "lift",
        "mark",
        "remove-orphan",
        "resume",
        "revive",
        "sleep",
        "unmark",
        "wake",
    ];
    let missing: Vec<&str> = expected.into_iter().filter(|action| !seen.contains(action)).collect();
    assert!(missing.is_empty(), "no schedule has these actions: {missing:?}; seen: {seen:?}");
}
