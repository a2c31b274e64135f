//! Deliberate bugs: each is caught by the simulation or by a named scene.

use strum::VariantArray;

use super::play::play;
use super::schedule::Schedule;
use crate::mutation::{Mutation, with_mutation};

/// Maximum number of schedules until a bug is caught.
const SCHEDULES: u64 = 3_000;

/// Bugs that one scene catches, each with its test.
const IN_SCENES: &[(Mutation, &str)] = &[
    (Mutation::BreakerAfterTheFact, "breaker_stops_the_run_before_the_first_end_without_a_warning"),
    (Mutation::LeaseByClock, "lease_is_taken_over_only_after_it_was_seen_unchanged"),
];

/// First schedule that catches a bug.
fn caught(mutation: Mutation) -> Option<u64> {
    with_mutation(Some(mutation), || {
        (0..SCHEDULES).find(|seed| !play(&Schedule::new(*seed), false).violations.is_empty())
    })
}

#[test]
fn every_deliberate_bug_is_caught() {
    assert!(Mutation::VARIANTS.len() >= 20);
    let in_simulation = |mutation: &&Mutation| !IN_SCENES.iter().any(|(other, _)| other == *mutation);
    let mut missed = Vec::new();
    for mutation in Mutation::VARIANTS.iter().filter(in_simulation) {
        let seed = caught(*mutation);
        println!("{mutation:?}: caught by seed {seed:?}");
        missed.extend(seed.is_none().then_some(mutation));
    }
    assert!(missed.is_empty(), "not caught by {SCHEDULES} schedules: {missed:?}");
}
