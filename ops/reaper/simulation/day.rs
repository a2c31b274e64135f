//! A day of 35 developers: cost and waiting with the reaper, beside the same day without it.

use std::cell::RefCell;
use std::rc::Rc;

use eod_domain::ledger::MadeBy;
use eod_domain::{Tier, Tiers, labels};

use super::calls::Simulation;
use super::models::SimPorts;
use super::play::{spawn_reaper, take};
use super::random::Random;
use super::rest;
use super::schedule::{HOUR, MINUTE, Step};
use super::world::{World, milliseconds, name_of, sha};
use super::{argocd, terraform};

/// Pull requests of a working day: 2,250 a month.
const PULL_REQUESTS: u64 = 102;
/// Maximum number of environments in the cluster.
const ROOM: usize = 110;
/// The day before is simulated, too, so that the measured day begins with its environments.
const DAYS: i64 = 2;
const DAY: i64 = 24 * HOUR;
/// Time between two runs, and between two measurements of the cost.
const EVERY: i64 = 10 * MINUTE;

/// Measurements of the last day.
#[derive(Clone, Debug, Default)]
struct Measured {
    /// Cost in millionths of a dollar.
    cost: i128,
    /// Waiting time of each pull request for its environment, in milliseconds.
    waiting: Vec<i64>,
    /// Largest number of environments.
    most: usize,
    /// Environments at the end of the day.
    left: usize,
    violations: Vec<String>,
}

fn day(has_reaper: bool) -> Measured {
    let sim = Simulation::new(35, None, -1);
    sim.world.borrow_mut().has_preset_ttls = true;
    let measured = Rc::new(RefCell::new(Measured::default()));
    let mut random = Random::new(35);
    sim.executor.spawn(argocd::reconcile(sim.clone(), 35));
    for number in 1..=PULL_REQUESTS * u64::try_from(DAYS).unwrap() {
        sim.executor.spawn(developer(sim.clone(), measured.clone(), number, random.next()));
    }
    for time in (0..DAYS * DAY).step_by(usize::try_from(EVERY).unwrap()) {
        if has_reaper {
            spawn_reaper(&sim, SimPorts::new(&sim, 0));
        }
        sim.executor.run_until(time + EVERY);
        if time >= (DAYS - 1) * DAY {
            measure(&sim, &mut measured.borrow_mut());
        }
    }
    if has_reaper {
        sim.with(rest::check_owners);
        sim.with(|world| differences(world).iter().for_each(|problem| world.violate(problem)));
    }
    let mut measured = measured.borrow().clone();
    measured.left = sim.with(|world| world.namespaces.len());
    measured.violations = sim.with(|world| std::mem::take(&mut world.violations));
    measured
}

fn measure(sim: &Simulation, measured: &mut Measured) {
    sim.with(|world| {
        let names: Vec<String> = world.namespaces.keys().cloned().collect();
        let costs = names.iter().filter_map(|name| world.reading(name)?.cost_per_day);
        measured.cost +=
            costs.map(|cost| i128::from(cost.micros())).sum::<i128>() * i128::from(EVERY) / i128::from(DAY);
        measured.most = measured.most.max(names.len());
    });
}

/// One pull request: opened in working hours, pushed to a few times, closed within two days. Its pipeline applies each commit
/// while the pull request has its label, and waits for room before its first apply.
async fn developer(sim: Rc<Simulation>, measured: Rc<RefCell<Measured>>, number: u64, seed: u64) {
    let mut random = Random::new(seed);
    let day = i64::try_from(number / PULL_REQUESTS).unwrap().min(DAYS - 1) * DAY;
    sim.executor.sleep(day + 8 * HOUR + random.below(10 * HOUR)).await;
    let tiers = [Tier::Lightweight, Tier::Lightweight, Tier::Lightweight, Tier::Full, Tier::Full, Tier::Compliance];
    let tier = random.pick(&tiers);
    let opened = sim.executor.now();
    take(&sim, &Step::Open { number, tier, made_by: MadeBy::Terraform, fork: random.percent(5) }, opened);
    let closed = opened + HOUR + random.below(40 * HOUR);
    let mut next_push = opened + HOUR + random.below(12 * HOUR);
    let mut waits = true;
    while sim.executor.now() < closed {
        if sim.executor.now() >= next_push {
            take(&sim, &Step::Push(number), sim.executor.now());
            next_push = sim.executor.now() + HOUR + random.below(12 * HOUR);
        }
        let is_wanted = sim.with(|world| wants_apply(world, number));
        let has_room =
            sim.with(|world| world.namespaces.len() < ROOM || world.namespaces.contains_key(&name_of(number)));
        if is_wanted && has_room {
            if std::mem::take(&mut waits) {
                note_waiting(&sim, &measured, opened);
            }
            sim.executor.spawn(terraform::apply(sim.clone(), number));
        }
        sim.executor.sleep(EVERY).await;
    }
    if waits {
        note_waiting(&sim, &measured, opened);
    }
    take(&sim, &Step::Close(number), sim.executor.now());
    // Two of three pipelines destroy on close, the others are cancelled or forgotten.
    if random.percent(66) {
        sim.executor.spawn(terraform::destroy(sim.clone(), number));
    }
    sim.executor.sleep(HOUR).await;
    take(&sim, &Step::Approve(number), sim.executor.now());
}

fn note_waiting(sim: &Simulation, measured: &RefCell<Measured>, opened: i64) {
    if opened >= (DAYS - 1) * DAY {
        measured.borrow_mut().waiting.push(sim.executor.now() - opened);
    }
}

/// True if a pipeline has to apply: the pull request has its label, and its newest commit is not deployed.
fn wants_apply(world: &World, number: u64) -> bool {
    let pull = &world.pulls[&number];
    let is_deployed = world.namespaces.get(&name_of(number)).is_some_and(|namespace| {
        namespace.gone_at.is_some() || namespace.annotations.get(labels::HEAD_SHA) == Some(&sha(pull.sha).to_string())
    });
    pull.is_open && pull.labels.contains("preview") && !is_deployed
}

/// Differences between the environments that live and those that should live.
fn differences(world: &World) -> Vec<String> {
    let mut problems = Vec::new();
    let is_late = |time: i64| world.now - time > HOUR;
    for (name, namespace) in world.namespaces.iter().filter(|(_, namespace)| namespace.gone_at.is_none()) {
        let (Some(pull), Some(reading)) = (world.pull_of(name), world.reading(name)) else { continue };
        // The end of a compliance environment waits for its approval, an hour after the close.
        let is_late = |time: i64| is_late(time + if pull.tier == Tier::Compliance { 2 * HOUR } else { 0 });
        if !pull.is_open && is_late(pull.changed) && is_late(namespace.created) {
            problems.push(format!("{name} lives, and its pull request is closed"));
        }
        let end = reading.expires_at().map(milliseconds);
        if pull.tier != Tier::Compliance && end.is_some_and(is_late) {
            problems.push(format!("{name} lives after its end {end:?}"));
        }
    }
    for pull in world.pulls.values().filter(|pull| pull.is_open && !pull.fork) {
        let name = name_of(pull.number);
        let ttl =
            Tiers::default().get(pull.tier).ttl.map_or(0, |ttl| i64::try_from(ttl.duration().as_millis()).unwrap());
        let is_used = is_late(pull.pushed) && world.now - pull.pushed < ttl - HOUR;
        let is_waiting = world.namespaces.len() >= ROOM;
        if is_used && !is_waiting && !world.namespaces.contains_key(&name) {
            problems.push(format!("{name} does not live, and was pushed to at {}", pull.pushed));
        }
    }
    problems
}

#[test]
fn day_of_35_developers_costs_less_with_the_reaper_and_breaks_no_invariant() {
    let (with, without) = (day(true), day(false));
    let line = |name: &str, measured: &Measured| {
        let mut waiting = measured.waiting.clone();
        waiting.sort_unstable();
        let minutes = |at: usize| waiting.get(at).copied().unwrap_or_default() / MINUTE;
        println!(
            "{name}: {}.{:02} dollars, waiting {} min in the median, {} min at most, most environments {}, at the end {}",
            measured.cost / 1_000_000,
            measured.cost / 10_000 % 100,
            minutes(waiting.len() / 2),
            minutes(waiting.len().saturating_sub(1)),
            measured.most,
            measured.left
        );
    };
    line("with the reaper   ", &with);
    line("without the reaper", &without);
    assert!(with.violations.is_empty(), "{:#?}", with.violations);
    assert!(with.cost < without.cost, "the same day is cheaper with the reaper");
    assert!(
        with.waiting.iter().sum::<i64>() <= without.waiting.iter().sum(),
        "and nobody waits longer for an environment"
    );
}

/// Unused worlds have no namespaces.
#[test]
fn empty_world_has_no_problem_at_rest() {
    let mut world = World::default();
    rest::check(&mut world);
    assert_eq!(world.violations, [""; 0]);
}
