use serde_json::json;

use super::*;

fn namespace(name: &str, created: &str, is_finished: bool) -> Value {
    let mut annotations = serde_json::Map::new();
    if is_finished {
        annotations.insert(labels::PROVISIONED_AT.to_owned(), json!("2026-01-01T00:00:09Z"));
    }
    json!({ "metadata": { "name": name, "creationTimestamp": created, "annotations": annotations } })
}

/// True if another environment takes the only place before ours.
fn counts_first(other: &Value, ours: &Value, progress: Progress) -> bool {
    let own = place(ours).unwrap();
    let claimed = [counted_place(other, progress).unwrap(), own.clone()];
    Waiting::default().place(&own, &claimed, 1, own.0).is_some()
}

#[test]
fn earlier_environments_count_first() {
    let ours = namespace("b", "2026-01-01T00:00:05Z", false);
    for progress in [Progress::Claimed, Progress::Finished] {
        assert!(counts_first(&namespace("z", "2026-01-01T00:00:04Z", false), &ours, progress));
        assert!(counts_first(&namespace("a", "2026-01-01T00:00:05Z", false), &ours, progress));
        assert!(!counts_first(&namespace("c", "2026-01-01T00:00:05Z", false), &ours, progress));
        assert!(!counts_first(&namespace("a", "2026-01-01T00:00:06Z", false), &ours, progress));
    }
}

#[test]
fn a_finished_environment_counts_before_one_that_is_not() {
    let ours = namespace("b", "2026-01-01T00:00:05Z", false);
    let later = namespace("c", "2026-01-01T00:00:05Z", true);
    assert!(counts_first(&later, &ours, Progress::Claimed));
    assert!(!counts_first(&later, &ours, Progress::Finished));
}

/// Every order in which two creates of one second can claim, check and finish leaves at most one environment.
#[test]
fn no_order_of_two_creates_exceeds_a_limit_of_one() {
    // Steps of a create: claim, first check, finish, second check.
    for interleaving in 0_u32..256 {
        if interleaving.count_ones() != 4 {
            continue;
        }
        let mut states = [State::default(), State::default()];
        for at in 0..8 {
            let who = usize::from(interleaving >> at & 1 == 1);
            step(&mut states, who);
        }
        let left = states.iter().filter(|state| state.exists && state.is_finished).count();
        assert!(left <= 1, "{interleaving:08b}: {states:?}");
    }
}

/// Every order in which two creates of one second can claim and check lets at most one finish, if the last check
/// comes after all claims of the second.
#[test]
fn no_order_of_two_creates_finishes_more_than_one() {
    // Steps of a create: claim, first check, check after the second is over, finish.
    for interleaving in (0_u32..256).filter(|bits| bits.count_ones() == 4) {
        let order: Vec<usize> = (0..8).map(|at| usize::from(interleaving >> at & 1 == 1)).collect();
        let claims = [0, 1].map(|who| order.iter().position(|each| *each == who).unwrap());
        let settled = [0, 1].map(|who| order.iter().enumerate().filter(|(_, each)| **each == who).nth(2).unwrap().0);
        if settled.iter().any(|settled| claims.iter().any(|claim| claim > settled)) {
            continue;
        }
        let mut states = [State::default(), State::default()];
        for who in order {
            let other = states[1 - who];
            let own = &mut states[who];
            own.steps += 1;
            match own.steps {
                1 => own.exists = true,
                4 => own.is_finished = own.exists,
                _ if own.exists && is_beaten(*own, other, who, Progress::Claimed) => own.exists = false,
                _ => {}
            }
        }
        let finished = states.iter().filter(|state| state.is_finished).count();
        assert_eq!(finished, 1, "{interleaving:08b}: {states:?}");
    }
}

#[derive(Clone, Copy, Debug, Default)]
struct State {
    steps: u32,
    exists: bool,
    is_finished: bool,
    has_failed: bool,
}

fn step(states: &mut [State; 2], who: usize) {
    let other = states[1 - who];
    let own = &mut states[who];
    own.steps += 1;
    if own.has_failed {
        return;
    }
    match own.steps {
        1 => own.exists = true,
        2 => {
            if is_beaten(*own, other, who, Progress::Claimed) {
                (own.exists, own.has_failed) = (false, true);
            }
        }
        3 => own.is_finished = true,
        _ => {
            if is_beaten(*own, other, who, Progress::Finished) {
                (own.exists, own.has_failed) = (false, true);
            }
        }
    }
}

/// True if the other create takes the place of the one with this number.
fn is_beaten(own: State, other: State, who: usize, progress: Progress) -> bool {
    let of = |state: State, index: usize| namespace(["a", "b"][index], "2026-01-01T00:00:05Z", state.is_finished);
    other.exists && counts_first(&of(other, 1 - who), &of(own, who), progress)
}
