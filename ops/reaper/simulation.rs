//! Simulation of the whole system in virtual time: the real engine and the real decisions over models of the cluster, the
//! ledgers, the forge, Argo CD, Vault and pipelines.
//!
//! A schedule is drawn from a seed. Calls fail before or after they are stored, hang, arrive late; runs and pipelines are
//! killed; two reapers run at once, without a lease, with different clocks. `EOD_SCHEDULES` sets the number of schedules,
//! `EOD_FIRST_SEED` the first one, and `EOD_SEED` plays a single one and prints its journal.

mod argocd;
mod backends;
mod bad_input;
mod branches;
mod calls;
mod day;
mod ends;
mod executor;
mod invariants;
mod limits;
mod models;
mod mutants;
mod play;
mod predictions;
mod random;
mod rest;
mod returns;
mod scene;
mod scenes;
mod schedule;
mod sweep;
mod terraform;
mod world;

use std::sync::atomic::{AtomicU64, Ordering};

use self::play::play;
use self::schedule::{Schedule, shrink};

/// Default number of schedules.
const SCHEDULES: u64 = 10_000;

/// A failed schedule: its seed, the shortest schedule that fails, its violations and its journal.
fn failure(schedule: &Schedule) -> Option<String> {
    let played = play(schedule, false);
    let first = played.violations.first()?;
    // The same kind of violation: the text without its time.
    let kind = |text: &str| text.split_once(": ").map_or("", |(_, rest)| rest).chars().take(24).collect::<String>();
    let expected = kind(first);
    let fails = |schedule: &Schedule| play(schedule, false).violations.iter().any(|text| kind(text) == expected);
    let mut shortest = shrink(&played.schedule, &fails);
    shortest.fault_percent = 0;
    let played = play(&shortest, true);
    let lines = |lines: &[String]| lines.join("\n  ");
    let steps: Vec<String> = shortest.steps.iter().map(|(time, step)| format!("{time} {step:?}")).collect();
    Some(format!(
        "seed {}: {first}\nshortest schedule:\n  {}\nfaults: {:?}\njournal:\n  {}",
        schedule.seed,
        lines(&steps),
        shortest.faults,
        lines(&played.journal)
    ))
}

#[test]
fn invariants_hold_in_every_schedule() {
    if let Some(seed) = number("EOD_SEED") {
        let played = play(&Schedule::new(seed), true);
        println!("{}", played.journal.join("\n"));
        if let Some(failure) = failure(&Schedule::new(seed)) {
            panic!("{failure}");
        }
        return;
    }
    let first = number("EOD_FIRST_SEED").unwrap_or(0);
    let end = first.saturating_add(number("EOD_SCHEDULES").unwrap_or(SCHEDULES));
    let next = AtomicU64::new(first);
    let workers = std::thread::available_parallelism().map_or(1, usize::from);
    let failures: Vec<String> = std::thread::scope(|scope| {
        let work = || {
            loop {
                let seed = next.fetch_add(1, Ordering::Relaxed);
                if seed >= end {
                    return None;
                }
                if !play(&Schedule::new(seed), false).violations.is_empty() {
                    next.store(end, Ordering::Relaxed);
                    return failure(&Schedule::new(seed));
                }
            }
        };
        let handles: Vec<_> = (0..workers).map(|_| scope.spawn(work)).collect();
        handles.into_iter().filter_map(|handle| handle.join().unwrap()).collect()
    });
    assert!(failures.is_empty(), "{}", failures.join("\n\n"));
}

fn number(variable: &str) -> Option<u64> {
    std::env::var(variable).ok()?.parse().ok()
}
