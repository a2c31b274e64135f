//! Deliberate bugs: each is caught by the simulation or by a named scene.

use std::sync::atomic::{AtomicUsize, Ordering};

use strum::VariantArray;

use super::play::play;
use super::schedule::Schedule;
use super::{bad_input, branches, ends, returns, scenes, sweep};
use crate::mutation::{Mutation, switched_on, with_mutation};

/// Maximum number of schedules until a bug is caught.
const SCHEDULES: u64 = 3_000;

/// Bugs that one scene catches, each with its scene.
const IN_SCENES: &[(Mutation, fn())] = &[
    (Mutation::BreakerAfterTheFact, scenes::breaker_stops_the_run_before_the_first_end_without_a_warning),
    (Mutation::ShortListRemembered, scenes::short_list_is_reported_by_every_run_until_a_person_accepts_it),
    (Mutation::ClocksComparedOnce, ends::clock_that_jumps_in_the_middle_of_a_run_ends_nothing),
    (Mutation::FullLedgerStopsEnd, bad_input::full_ledger_stops_no_end),
    (Mutation::ProtectedEndIsStuck, ends::environment_that_is_protected_during_its_end_lives_on),
    (Mutation::NoLookBeforeHandOver, ends::deletion_by_argocd_is_confirmed_only_while_its_approval_is_valid),
    (Mutation::KeptEndsUnlabelled, returns::kept_copy_stays_if_the_pull_request_is_reopened_during_the_run),
    (Mutation::LeftWithoutLook, returns::copy_that_an_end_has_left_is_ended_only_after_a_look_at_the_pull_request),
    (Mutation::LiftStays, returns::closed_pull_request_takes_its_lift_back),
    (Mutation::OldLifeIsEnded, ends::namespace_without_a_ledger_of_its_own_life_expires),
    (Mutation::KeptOrphansAreCounted, scenes::orphans_that_may_not_be_removed_do_not_count_for_the_breaker),
    (Mutation::BeatOfJumpedClock, ends::clock_that_jumps_during_an_end_holds_it_no_longer_than_a_silent_run),
    (Mutation::LateMarkStays, ends::mark_that_is_stored_late_still_warns_for_the_whole_time),
    (Mutation::InvalidIsFull, bad_input::invalid_write_of_a_head_loses_no_event),
    (Mutation::SummaryWithoutLease, scenes::run_that_has_lost_its_lease_writes_no_summary),
    (Mutation::LeaseByClock, scenes::lease_is_taken_over_only_after_it_was_seen_unchanged),
    (Mutation::NoUid, ends::namespace_that_was_created_again_is_not_deleted_by_the_old_end),
    (Mutation::GenerationNotChecked, ends::suspended_run_leaves_the_next_life_alone),
    (Mutation::LabelLeftOff, ends::cancelled_end_waits_for_the_forge_and_puts_the_label_back),
    (Mutation::KeptCopyForgotten, returns::copy_that_a_person_keeps_is_not_an_orphan_after_the_retention),
    (Mutation::CloseNotRecorded, returns::late_create_is_refused_after_the_close_of_an_expired_environment),
    (Mutation::BranchesReadByEveryRun, branches::deleted_branches_are_read_as_rarely_as_orphans_are_searched),
    (Mutation::PartialSweepCounts, sweep::search_that_is_not_complete_is_repeated_by_the_next_run),
    (Mutation::AllDeletionsCount, sweep::namespace_that_others_delete_does_not_hold_up_an_end),
    (Mutation::LeftEndsAreCounted, sweep::vault_that_is_down_does_not_stop_the_ends_of_a_small_installation),
    (Mutation::LostAnswerIsFailure, sweep::item_is_ended_although_the_answer_was_lost),
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
    let mutations: Vec<Mutation> = Mutation::VARIANTS.iter().filter(in_simulation).copied().collect();
    let next = AtomicUsize::new(0);
    let workers = std::thread::available_parallelism().map_or(1, usize::from);
    let missed: Vec<Mutation> = std::thread::scope(|scope| {
        let work = || {
            let mut missed = Vec::new();
            while let Some(mutation) = mutations.get(next.fetch_add(1, Ordering::Relaxed)) {
                let seed = caught(*mutation);
                println!("{mutation:?}: caught by seed {seed:?}");
                missed.extend(seed.is_none().then_some(*mutation));
            }
            missed
        };
        let handles: Vec<_> = (0..workers).map(|_| scope.spawn(work)).collect();
        handles.into_iter().flat_map(|handle| handle.join().unwrap()).collect()
    });
    assert!(missed.is_empty(), "not caught by {SCHEDULES} schedules: {missed:?}");
}

#[test]
fn every_scene_of_a_deliberate_bug_switches_it_on() {
    for (mutation, scene) in IN_SCENES {
        assert!(switched_on(scene).contains(mutation), "{mutation:?} is not part of its scene");
    }
}
