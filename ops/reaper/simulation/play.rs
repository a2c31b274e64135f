//! One simulation: plays a schedule, lets everything come to rest, and checks the invariants.

use std::rc::Rc;

use eod_domain::ledger::{Actor, Event, EventKind};
use eod_domain::{Approval, ClockChange, EndMark, Tier, labels, mark_annotations};

use super::argocd;
use super::calls::Simulation;
use super::models::SimPorts;
use super::rest;
use super::schedule::{MINUTE, Schedule, Step};
use super::terraform::{self, add_copy, remove_copy, use_environment};
use super::world::{SimPull, World, name_of};
use crate::reap::reap;
use crate::settings::{ReaperSettings, RunOptions};

/// Number of runs within which everything is at rest after the last fault.
const RUNS_TO_REST: i64 = 5;
/// Time between these runs: longer than a hand-over, and than the silence of a killed run. Three of them are longer than the
/// longest warning that can be due.
const BETWEEN_RUNS: i64 = 41 * MINUTE;

/// Result of a simulation.
pub(super) struct Played {
    pub(super) violations: Vec<String>,
    pub(super) journal: Vec<String>,
    /// Schedule with the faults that have happened.
    pub(super) schedule: Schedule,
}

/// Plays a schedule.
pub(super) fn play(schedule: &Schedule, is_traced: bool) -> Played {
    let sim = Simulation::new(schedule.seed, schedule.faults.clone(), schedule.fault_percent);
    sim.world.borrow_mut().is_traced = is_traced;
    sim.world.borrow_mut().set_rules(schedule.seed);
    sim.executor.spawn(argocd::reconcile(sim.clone(), schedule.seed));
    for (time, step) in &schedule.steps {
        sim.executor.run_until(*time);
        let now = *time;
        sim.with(|world| world.note(|| format!("{step:?}")));
        take(&sim, step, now);
    }
    sim.executor.run_until(schedule.end() + 2 * MINUTE);
    sim.stop_faults();
    sim.with(|world| world.is_vault_down = false);
    // A pipeline or run that hangs is over by now, and its silence has lasted long enough for a takeover.
    sim.executor.run_until(schedule.end() + 20 * MINUTE);
    for run in 0..RUNS_TO_REST {
        spawn_reaper(&sim, SimPorts::new(&sim, 0));
        sim.executor.run_until(schedule.end() + 20 * MINUTE + (run + 1) * BETWEEN_RUNS);
    }
    sim.with(rest::check);
    let faults = sim.faults.borrow().clone();
    let mut world = sim.world.borrow_mut();
    Played {
        violations: std::mem::take(&mut world.violations),
        journal: std::mem::take(&mut world.journal),
        schedule: Schedule { faults: Some(faults), ..schedule.clone() },
    }
}

pub(super) fn spawn_reaper(sim: &Rc<Simulation>, ports: SimPorts) -> usize {
    let settings = settings();
    let holder = format!("run-{}", sim.with(World::next));
    let world = sim.clone();
    sim.executor.spawn(async move {
        let options = RunOptions { holder, ..RunOptions::default() };
        let report = reap(&ports, &settings, &options).await;
        world.with(|world| {
            let holder = &options.holder;
            let (actions, problems) = (&report.actions, &report.problems);
            world.note(|| format!("{holder} is finished: {:?} {actions:?} {problems:?}", report.outcome));
        });
    })
}

/// Settings of all runs of a schedule.
pub(super) fn settings() -> ReaperSettings {
    let mut settings = ReaperSettings::new("acme".parse().unwrap());
    // Two reapers run without a lease: correctness does not depend on it.
    settings.lease = None;
    settings.seal_calls_per_run = 3;
    settings.policy.sleep_when_idle.insert(Tier::Full);
    // Ledgers are deleted within the simulation.
    settings.retention = jiff::SignedDuration::from_hours(8);
    settings
}

fn kill_later(sim: &Rc<Simulation>, task: usize, killed_after: Option<i64>) {
    let Some(after) = killed_after else { return };
    let killer = sim.clone();
    sim.executor.spawn(async move {
        killer.executor.sleep(after).await;
        if killer.executor.runs(task) {
            killer.with(|world| world.note(|| format!("task {task} is killed")));
            killer.executor.kill(task);
        }
    });
}

/// Takes one step of a schedule.
pub(super) fn take(sim: &Rc<Simulation>, step: &Step, now: i64) {
    match step {
        Step::Reap { skew, jump, killed_after } => {
            let task = spawn_reaper(sim, SimPorts::new(sim, *skew).with_jump(*jump));
            kill_later(sim, task, *killed_after);
        }
        Step::Apply { number, killed_after } => {
            let task = sim.executor.spawn(terraform::apply(sim.clone(), *number));
            kill_later(sim, task, *killed_after);
        }
        Step::Destroy { number, killed_after } => {
            let task = sim.executor.spawn(terraform::destroy(sim.clone(), *number));
            kill_later(sim, task, *killed_after);
        }
        step => sim.with(|world| change(world, step, now)),
    }
}

/// Changes the world as a developer or an operator does.
fn change(world: &mut World, step: &Step, now: i64) {
    match *step {
        Step::Open { number, tier, made_by, fork } => {
            let sha = world.next() * 0x0100_0001;
            let pull = SimPull {
                number,
                tier,
                made_by,
                fork,
                is_open: true,
                labels: ["preview".to_owned()].into(),
                sha,
                changed: now,
                used: now,
                pushed: now,
                label_off: None,
                is_label_off_by_developer: false,
                was_put_to_sleep: false,
            };
            world.pulls.insert(number, pull);
        }
        Step::Push(number) => world.push(number),
        Step::PushAtLabelOff(number) => drop(world.pushed_at_label_off.insert(number)),
        Step::Close(number) | Step::Reopen(number) => {
            let opens = matches!(step, Step::Reopen(_));
            used(world, number, now, |pull| {
                if pull.is_open != opens {
                    (pull.is_open, pull.changed) = (opens, now);
                }
            });
        }
        Step::LabelOff(number) | Step::LabelOn(number) => {
            let sets = matches!(step, Step::LabelOn(_));
            used(world, number, now, |pull| {
                let is_changed =
                    if sets { pull.labels.insert("preview".to_owned()) } else { pull.labels.remove("preview") };
                if is_changed {
                    pull.changed = now;
                    pull.is_label_off_by_developer = !sets;
                    pull.label_off = None;
                }
            });
        }
        Step::Sleep(number) | Step::Wake(number) => {
            let sets = matches!(step, Step::Sleep(_));
            used(world, number, now, |pull| {
                let _ = if sets { pull.labels.insert("asleep".to_owned()) } else { pull.labels.remove("asleep") };
            });
        }
        Step::Break(number) => drop(world.broken.insert(name_of(number))),
        Step::Mend(number) => drop(world.broken.remove(&name_of(number))),
        Step::Touch(number) | Step::Extend(number) => {
            used(world, number, now, |_| {});
            let extension = matches!(step, Step::Extend(_));
            let change = ClockChange { head_sha: !extension, extension, ttl: false };
            use_environment(world, &name_of(number), change, &[]);
        }
        Step::Approve(number) => approve(world, &name_of(number)),
        Step::Protect(number, protected) => {
            used(world, number, now, |_| {});
            let annotations = [(labels::PROTECTED.to_owned(), Some(protected.to_string()))].into();
            let _ = world.annotate(&name_of(number), None, &annotations);
        }
        Step::Request(number) => {
            let mark = EndMark { reap_after: world.time(), reason: eod_domain::ledger::EndReason::Requested };
            let _ = world.annotate(&name_of(number), None, &mark_annotations(Some(mark)));
        }
        Step::DeleteNamespace(number) => {
            let _ = world.delete_namespace(&name_of(number), None, 10_000);
        }
        Step::StrayCopy(number) => add_copy(world, &name_of(number)),
        Step::CopyAgain(number) => {
            if world.namespaces.contains_key(&name_of(number)) {
                remove_copy(world, &name_of(number));
                add_copy(world, &name_of(number));
            }
        }
        Step::KeepOnDestroy(number) => drop(world.copies_left_by_destroy.insert(number)),
        Step::KeepVault(number) => {
            world.change_head(&name_of(number), |transitions, head| transitions.keep_vault(head, head.generation));
        }
        Step::WakeEnded(number) => wake_ended(world, number, now),
        Step::VaultDown(is_down) => world.is_vault_down = is_down,
        Step::LooseEvent(number) => {
            let event = Event::new(world.time(), 1, EventKind::Activity, Actor::Cli);
            let _ = world.append(&name_of(number), &[event]);
        }
        Step::Apply { .. } | Step::Destroy { .. } | Step::Reap { .. } => {}
    }
}

fn used(world: &mut World, number: u64, now: i64, change: impl FnOnce(&mut SimPull)) {
    if let Some(pull) = world.pulls.get_mut(&number) {
        pull.used = now;
        change(pull);
    }
}

/// Lifts the end of an open pull request and sets its label, as `eod wake` does.
fn wake_ended(world: &mut World, number: u64, now: i64) {
    let is_of_open = world.pulls.get(&number).is_some_and(|pull| pull.is_open && !pull.fork);
    if is_of_open && world.change_head(&name_of(number), |transitions, head| transitions.lift(head, head.generation)) {
        used(world, number, now, |pull| {
            pull.changed = now;
            pull.labels.insert("preview".to_owned());
            pull.is_label_off_by_developer = false;
            pull.label_off = None;
        });
    }
}

/// Approves the present end.
fn approve(world: &mut World, name: &str) {
    let Some(reading) = world.reading(name) else { return };
    let approval = Approval {
        by: "alice".to_owned(),
        at: world.time(),
        expires_at: reading.expires_at(),
        generation: reading.generation,
    };
    let text = serde_json::to_string(&approval).unwrap();
    let _ = world.annotate(name, None, &[(labels::APPROVED.to_owned(), Some(text))].into());
}
